//! `WWW-Authenticate`: bounded, and the same when written and read again.

use gatepass_proto::message::challenge::Challenge;

pub(crate) fn run(data: &[u8]) {
    let Ok(value) = std::str::from_utf8(data) else {
        return;
    };
    let list = Challenge::parse_list(value);
    assert!(list.len() <= 32);
    for challenge in &list {
        assert!(!challenge.scheme.is_empty() && challenge.params.len() <= 32);
        assert!(challenge.token68.is_none() || challenge.params.is_empty());
    }
    let total: usize = list
        .iter()
        .flat_map(|challenge| &challenge.params)
        .map(|(name, value)| name.len() + value.len())
        .sum();
    assert!(total <= 8 * 1024, "more than is looked at");
    let clean = list
        .iter()
        .flat_map(|challenge| &challenge.params)
        .all(|(_, value)| !value.chars().any(char::is_control));
    let text = list
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ");
    if clean && text.len() <= 8 * 1024 {
        assert_eq!(Challenge::parse_list(&text), list, "{text}");
    }
}
