//! What is said of a person, and to whom (OpenID Connect Core 1.0 §5.4, §5.5).

use serde_json::{Map, Value};

use super::record::User;
use crate::Scope;
use crate::message::claims::{Claim, STANDARD, Wanted};

/// What a scope opens (§5.4).
pub(crate) fn by_scope(user: &User, scope: &Scope) -> Map<String, Value> {
    let open = STANDARD.iter().filter(|claim| scope.contains(claim.scope));
    open.filter_map(|claim| told(user, claim.name, None))
        .collect()
}

/// What the `claims` parameter asks for, as far as it is known and is what was asked for (§5.5.1).
pub(crate) fn asked(user: &User, wanted: &Wanted) -> Map<String, Value> {
    let each = wanted.iter();
    each.filter_map(|(name, claim)| told(user, name, Some(claim)))
        .collect()
}

fn told(user: &User, name: &str, wanted: Option<&Claim>) -> Option<(String, Value)> {
    let value = match user.details.claims.get(name) {
        Some(value) => value.clone(),
        None if name == "preferred_username" => user.username.as_str().into(),
        None => return None,
    };
    let fits = wanted.is_none_or(|wanted| wanted.admits(&value));
    fits.then(|| (name.to_owned(), value))
}
