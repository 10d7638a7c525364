//! The token endpoint's answers and refusals, as sloppy as other servers send them.

use std::sync::LazyLock;

use gatepass_proto::message::introspection::IntrospectionResponse;
use gatepass_proto::message::known::KnownSecrets;
use gatepass_proto::message::quirks::Quirks;
use gatepass_proto::message::said::{said, title};
use gatepass_proto::message::token::{ErrorResponse, TokenResponse};

static QUIRKS: LazyLock<[Quirks; 2]> = LazyLock::new(|| {
    let quirks = Quirks {
        token_at: Some("/authed_user".to_owned()),
        invalid_grant: vec!["bad_refresh_token".to_owned()],
        ..Quirks::default()
    };
    [Quirks::default(), quirks]
});

pub(crate) fn run(body: &[u8]) {
    let nothing = KnownSecrets::default();
    for quirks in &*QUIRKS {
        if let Ok(token) = TokenResponse::parse_by(body, quirks) {
            reads_back(token);
        }
        let refusals = [
            ErrorResponse::parse_by(body, quirks),
            ErrorResponse::parse_failure(body, quirks, &nothing),
        ];
        for refusal in refusals.into_iter().flatten() {
            let page = refusal.error_uri.unwrap_or_default();
            // The code may stand before the description.
            let texts = refusal.description.unwrap_or_default();
            assert!(is_shown(&refusal.error, 301) && is_shown(&texts, 604) && is_shown(&page, 301));
        }
    }
    for text in [said(body, &nothing), title(body, &nothing)]
        .into_iter()
        .flatten()
    {
        assert!(is_shown(&text, 301) && !text.is_empty());
    }
    if let Ok(answer) = serde_json::from_slice::<IntrospectionResponse>(body) {
        let written = serde_json::to_vec(&answer).expect("serialises");
        let read = serde_json::from_slice::<IntrospectionResponse>(&written).expect("reads back");
        assert!(read.extra.keys().eq(answer.extra.keys()));
        // As above.
        let without = |answer: IntrospectionResponse| IntrospectionResponse {
            extra: Default::default(),
            ..answer
        };
        assert_eq!(without(read), without(answer));
    }
}

fn reads_back(mut token: TokenResponse) {
    // Some servers put commas between scopes, so one inside a scope does not survive; it cannot be told apart.
    token.scope = token.scope.filter(|scope| !scope.to_string().contains(','));
    assert!(!token.access_token.is_empty());
    assert!(token.extra.len() <= 64);
    let secret = token.access_token.expose();
    assert!(secret.len() < 16 || !format!("{token:?}").contains(secret));
    let written = token.to_json().to_string();
    let mut read = TokenResponse::parse(written.as_bytes()).expect("reads back");
    assert!(read.extra.keys().all(|name| token.extra.contains_key(name)));
    assert_eq!(
        read.authorization_details.is_some(),
        token.authorization_details.is_some()
    );
    // The last digit of a float may change on its way through text.
    for token in [&mut read, &mut token] {
        token.extra.clear();
        token.authorization_details = None;
    }
    assert_eq!(read, token);
}

fn is_shown(text: &str, longest: usize) -> bool {
    text.chars().count() <= longest && !text.contains(char::is_control)
}
