//! What requests need, by the settings.

use std::time::Duration;

use gatepass_guard::{Access, Requirement, Rule, Rules};
use gatepass_proto::Scope;
use http::Method;

use crate::config::{AccessEntry, Config, ConfigError, RuleEntry};

/// The rules of these settings.
///
/// # Errors
///
/// A method is none.
pub(super) fn rules(config: &Config) -> Result<Rules, ConfigError> {
    let rules = config.rule.iter().map(rule);
    let rules: Vec<Rule> = rules.collect::<Result<_, _>>()?;
    let entry = &config.otherwise;
    let otherwise = access(entry.access, &entry.scope, &entry.acr_values, entry.max_age);
    Ok(Rules::new(rules, otherwise))
}

fn rule(entry: &RuleEntry) -> Result<Rule, ConfigError> {
    let methods = entry.methods.iter().map(|name| method(name, entry));
    Ok(Rule {
        path: entry.path.clone(),
        methods: methods.collect::<Result<_, _>>()?,
        access: access(entry.access, &entry.scope, &entry.acr_values, entry.max_age),
    })
}

/// Methods are told apart by case (RFC 9110 §9.1), and none that is in use has small letters.
fn method(name: &str, of: &RuleEntry) -> Result<Method, ConfigError> {
    let method = name.parse().ok();
    let method = method.filter(|_| !name.contains(|letter: char| letter.is_ascii_lowercase()));
    method.ok_or_else(|| {
        let reason = format!(
            "{}: {name:?} is not a method; expected one like \"GET\"",
            of.path
        );
        ConfigError::setting("rule", reason)
    })
}

fn access(
    entry: AccessEntry,
    scope: &Scope,
    acr_values: &[String],
    max_age: Option<Duration>,
) -> Access {
    match entry {
        AccessEntry::Open => Access::Open,
        AccessEntry::Denied => Access::Denied,
        AccessEntry::Required => Access::Required(Requirement {
            scope: scope.clone(),
            acr_values: acr_values.to_vec(),
            max_age: max_age.map(|age| age.as_secs()),
        }),
    }
}
