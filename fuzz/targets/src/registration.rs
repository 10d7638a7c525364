//! A client's metadata, and what a server says of a client that it has registered.

use gatepass_proto::flow::{ReadClientFlow, UpdateClientFlow};
use gatepass_proto::message::registration::{ClientInformation, ClientMetadata};

pub(crate) fn run(body: &[u8]) {
    if let Ok(metadata) = serde_json::from_slice::<ClientMetadata>(body) {
        let written = serde_json::to_value(&metadata).expect("serialises");
        let read: ClientMetadata = serde_json::from_value(written).expect("reads back");
        assert_eq!(read, metadata);
    }
    let Ok(client) = ClientInformation::parse(body) else {
        return;
    };
    let id = client.client_id.as_str();
    assert!(!id.is_empty() && !id.contains(char::is_control));
    let stored = client.expose_json().to_string();
    let read = ClientInformation::parse(stored.as_bytes()).expect("reads back");
    assert_eq!(read.client_id, client.client_id);
    assert_eq!(read.client_secret, client.client_secret);
    assert_eq!(
        read.client_secret_expires_at,
        client.client_secret_expires_at
    );
    assert_eq!(
        read.registration_access_token,
        client.registration_access_token
    );
    assert_eq!(read.registration_client_uri, client.registration_client_uri);
    // A float may lose its last bit on the way through text.
    assert_eq!(read.metadata.redirect_uris, client.metadata.redirect_uris);
    assert_eq!(read.metadata.scope, client.metadata.scope);
    let _ = UpdateClientFlow::new(client.clone(), ClientMetadata::default());
    if ReadClientFlow::new(client.clone()).is_ok() {
        let uri = client.registration_client_uri.expect("a place");
        let uri = uri.trim_start().to_ascii_lowercase();
        assert!(
            uri.starts_with("https:") || uri.starts_with("http:"),
            "{uri}"
        );
    }
}
