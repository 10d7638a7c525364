//! The secrets of clients that sign with them: sealed in the database, opened when they are needed.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gatepass_proto::{ClientId, Secret};

use crate::seal::{MasterKey, SealError};

/// A client's secret as it lies in the database (`sealed_secret`).
pub(crate) fn seal(
    master: &MasterKey,
    client_id: &ClientId,
    secret: &Secret,
) -> Result<String, SealError> {
    let sealed = master.seal(&aad(client_id), secret.expose().as_bytes())?;
    Ok(URL_SAFE_NO_PAD.encode(sealed))
}

pub(super) fn open(
    master: &MasterKey,
    client_id: &ClientId,
    sealed: &str,
) -> Result<Secret, SealError> {
    let sealed = URL_SAFE_NO_PAD
        .decode(sealed)
        .map_err(|_| SealError::Malformed)?;
    let opened = master.open(&aad(client_id), &sealed)?;
    let text = std::str::from_utf8(&opened).map_err(|_| SealError::Malformed)?;
    Ok(Secret::new(text))
}

/// It opens only as the secret of this client.
fn aad(client_id: &ClientId) -> String {
    format!("client-secret:{client_id}")
}

#[cfg(test)]
mod tests {
    use gatepass_http::OsEntropy;
    use gatepass_proto::{ClientId, Secret};

    use super::{open, seal};
    use crate::seal::{MasterKey, SealError};

    #[test]
    fn a_secret_opens_as_its_own_clients_alone() {
        let master = MasterKey::ephemeral(&mut OsEntropy).expect("a key");
        let (own, other) = (ClientId::new("a"), ClientId::new("b"));
        let secret = Secret::new("hunter2");
        let sealed = seal(&master, &own, &secret).expect("sealed");
        assert!(!sealed.contains("hunter2"));
        assert_eq!(open(&master, &own, &sealed), Ok(secret));
        assert_eq!(open(&master, &other, &sealed), Err(SealError::Refused));
        assert_eq!(open(&master, &own, "!"), Err(SealError::Malformed));
        let another = MasterKey::ephemeral(&mut OsEntropy).expect("a key");
        assert_eq!(open(&another, &own, &sealed), Err(SealError::Refused));
    }
}
