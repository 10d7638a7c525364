//! Scopes: within bounds, a set, and the same when read again.

use gatepass_proto::Scope;

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let Ok(scope) = text.parse::<Scope>() else {
        return;
    };
    assert!(scope.iter().count() <= 64);
    assert!(
        scope
            .iter()
            .all(|token| !token.is_empty() && scope.contains(token))
    );
    let written = scope.to_string();
    assert!(written.len() <= text.len());
    assert_eq!(written.parse::<Scope>().expect("reads back"), scope);
    assert!(scope.is_subset_of(&scope.union(&scope)));
    let json = serde_json::to_string(&scope).expect("serialises");
    assert_eq!(
        serde_json::from_str::<Scope>(&json).expect("reads back"),
        scope
    );
}
