//! Where the database is, and how it is talked to.

use std::net::IpAddr;
use std::str::FromStr as _;

use gatepass_proto::Secret;
use sqlx::ConnectOptions as _;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::Url;

use crate::tokens::StoreError;

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

/// The address of a database.
pub(super) struct Address {
    pub(super) options: PgConnectOptions,
    /// For people: without user and password.
    pub(super) place: String,
}

impl Address {
    /// Reads `postgres://user:password@host:port/database?sslmode=…`; what it leaves out, the environment
    /// (`PGHOST`, `PGPASSWORD` …) and the password file say.
    pub(super) fn parse(url: &Secret) -> Result<Self, StoreError> {
        let unusable = |reason: String| StoreError::Unusable {
            place: "PostgreSQL".to_owned(),
            reason,
        };
        // Neither library's own text is shown: it could repeat a password.
        let wrong = || {
            unusable(
                "its address is not one like postgres://user@host/database?sslmode=verify-full"
                    .into(),
            )
        };
        let parsed = Url::parse(url.expose()).map_err(|_| wrong())?;
        let known = matches!(parsed.scheme(), "postgres" | "postgresql");
        if !known || parsed.cannot_be_a_base() {
            return Err(wrong());
        }
        let mut says_sslmode = std::env::var_os("PGSSLMODE").is_some();
        for (name, _) in parsed.query_pairs() {
            let known = PARAMETERS.contains(&&*name) || name.starts_with("options[");
            if !known {
                return Err(unusable(format!(
                    "its address has a parameter that is not known; known are {}",
                    PARAMETERS.join(", ")
                )));
            }
            says_sslmode |= name == "sslmode";
        }
        let mut options = PgConnectOptions::from_str(url.expose())
            .map_err(|_| wrong())?
            .disable_statement_logging();
        if options.get_application_name().is_none() {
            options = options.application_name("gatepass");
        }
        if !says_sslmode && !is_local(&options) {
            options = options.ssl_mode(PgSslMode::VerifyFull);
        }
        let place = place(&options);
        Ok(Self { options, place })
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

fn place(options: &PgConnectOptions) -> String {
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

#[cfg(test)]
mod tests {
    use gatepass_proto::Secret;
    use sqlx::postgres::PgSslMode;

    use super::Address;

    fn parse(url: &str) -> Result<Address, String> {
        Address::parse(&Secret::new(url)).map_err(|error| error.to_string())
    }

    #[test]
    fn another_host_has_to_prove_itself() {
        let mode = |url: &str| parse(url).expect("an address").options.get_ssl_mode();
        for url in [
            "postgres://db.example/tokens",
            "postgres://192.0.2.1/tokens",
            "postgres:///tokens?host=db.example",
            "postgresql://u:p@localhost.example:6000/tokens",
        ] {
            assert!(matches!(mode(url), PgSslMode::VerifyFull), "{url}");
        }
        for url in [
            "postgres://localhost/tokens",
            "postgres://127.0.0.1/tokens",
            "postgres://[::1]/tokens",
            "postgres:///tokens?host=/run/postgresql",
            "postgres://%2Frun%2Fpostgresql/tokens",
        ] {
            assert!(matches!(mode(url), PgSslMode::Prefer), "{url}");
        }
        let said = mode("postgres://db.example/tokens?sslmode=require");
        assert!(matches!(said, PgSslMode::Require));
    }

    #[test]
    fn the_place_names_neither_user_nor_password() {
        let address = parse("postgres://somebody:hunter2@db.example:6000/tokens").expect("good");
        assert_eq!(
            address.place,
            "PostgreSQL database \"tokens\" at db.example:6000"
        );
    }

    #[test]
    fn what_is_no_address_is_refused_without_being_repeated() {
        for url in [
            "",
            "hunter2",
            "mysql://u:hunter2@db/x",
            "postgres://u:hunter2@db:port/x",
            "postgres://db/x?pasword=hunter2",
            "postgres://db/x?hunter2=1",
            "postgres:hunter2",
            "postgres://db/x?sslmode=hunter2",
        ] {
            let error = parse(url).err().expect("refused");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
