//! Where the database is, and how it is talked to.

use std::net::IpAddr;
use std::str::FromStr as _;

use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::Url;

use crate::StoreError;

/// The parameters that an address may have. sqlx logs those that it does not know, with their values; so they do not
/// get that far.
const PARAMETERS: &[&str] = &[
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "user",
];

/// Reads `postgres://user:password@host:port/database?sslmode=…`; what it leaves out, the environment (`PGHOST`,
/// `PGPASSWORD` …) and the password file say. A server on another machine has to prove itself, unless told otherwise.
pub(super) fn parse(address: &str) -> Result<PgConnectOptions, StoreError> {
    // Neither library's own text is shown: it could repeat a password.
    let wrong = || {
        let text = "its address is not one like postgres://user@host/database?sslmode=verify-full";
        StoreError::Unavailable(text.into())
    };
    let parsed = Url::parse(address).map_err(|_| wrong())?;
    if parsed.cannot_be_a_base() {
        return Err(wrong());
    }
    let mut says_sslmode = std::env::var_os("PGSSLMODE").is_some();
    for (name, _) in parsed.query_pairs() {
        if !PARAMETERS.contains(&&*name) {
            let known = PARAMETERS.join(", ");
            let text = format!("its address has a parameter that is not known; known are {known}");
            return Err(StoreError::Unavailable(text));
        }
        says_sslmode |= name == "sslmode";
    }
    let mut options = PgConnectOptions::from_str(address)
        .map_err(|_| wrong())?
        .disable_statement_logging();
    if options.get_application_name().is_none() {
        options = options.application_name("gatepass");
    }
    if !says_sslmode && !is_local(&options) {
        options = options.ssl_mode(PgSslMode::VerifyFull);
    }
    Ok(options)
}

/// Which database it is, for people: without user and password.
pub(super) fn place(options: &PgConnectOptions) -> String {
    let database = options
        .get_database()
        .unwrap_or_else(|| options.get_username());
    match options.get_socket() {
        Some(folder) => format!("PostgreSQL database {database:?} at {}", folder.display()),
        None => format!(
            "PostgreSQL database {database:?} at {}:{}",
            options.get_host(),
            options.get_port()
        ),
    }
}

fn is_local(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    options.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || host
            .trim_matches(['[', ']'])
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use sqlx::postgres::PgSslMode;

    use super::{parse, place};

    #[test]
    fn another_host_has_to_prove_itself() {
        let mode = |address: &str| parse(address).expect("an address").get_ssl_mode();
        for address in [
            "postgres://db.example/gatepass",
            "postgres:///gatepass?host=192.0.2.1",
        ] {
            assert!(matches!(mode(address), PgSslMode::VerifyFull), "{address}");
        }
        for address in [
            "postgres://localhost/gatepass",
            "postgres://[::1]/gatepass",
            "postgresql:///gatepass?host=/run/postgresql",
        ] {
            assert!(matches!(mode(address), PgSslMode::Prefer), "{address}");
        }
        let said = mode("postgres://db.example/gatepass?sslmode=require");
        assert!(matches!(said, PgSslMode::Require));
    }

    #[test]
    fn the_place_names_neither_user_nor_password() {
        let options = parse("postgres://somebody:hunter2@db.example:6000/x").expect("good");
        assert_eq!(
            place(&options),
            "PostgreSQL database \"x\" at db.example:6000"
        );
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_repeated() {
        for address in [
            "postgres:hunter2",
            "postgres://u:hunter2@db:port/x",
            "postgres://db/x?hunter2=1",
            "postgres://db/x?pasword=hunter2",
            "postgres://db/x?sslmode=hunter2",
        ] {
            let error = match parse(address) {
                Ok(options) => place(&options),
                Err(error) => error.to_string(),
            };
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
