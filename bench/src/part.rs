//! What can be measured by itself.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::scenario::Scenario;

/// A part of the measurement.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Requests to the server.
    Server(Scenario),
    /// `gatepass token` and authenticated requests.
    Client,
    /// The guard as a layer and as a proxy.
    Guard,
}

impl Part {
    /// The scenarios among these, or all when nothing is named.
    pub(crate) fn scenarios(only: &[Self]) -> Vec<Scenario> {
        let all = Self::value_variants().iter();
        all.filter(|part| only.is_empty() || only.contains(part))
            .filter_map(|part| match part {
                Self::Server(scenario) => Some(*scenario),
                Self::Client | Self::Guard => None,
            })
            .collect()
    }

    /// Whether the client is among these, or nothing is named.
    pub(crate) fn client(only: &[Self]) -> bool {
        only.is_empty() || only.contains(&Self::Client)
    }

    /// Whether the guard is among these, or nothing is named.
    pub(crate) fn guard(only: &[Self]) -> bool {
        only.is_empty() || only.contains(&Self::Guard)
    }
}

impl ValueEnum for Part {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self::Server(Scenario::Token),
            Self::Server(Scenario::TokenOpaque),
            Self::Server(Scenario::IntrospectUser),
            Self::Server(Scenario::IntrospectClient),
            Self::Server(Scenario::IntrospectOpaque),
            Self::Server(Scenario::Jwks),
            Self::Server(Scenario::Refresh),
            Self::Server(Scenario::Code),
            Self::Client,
            Self::Guard,
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::Server(scenario) => scenario.to_possible_value(),
            Self::Client => {
                Some(PossibleValue::new("client").help("Cached tokens, authenticated requests"))
            }
            Self::Guard => Some(
                PossibleValue::new("guard").help("The layer, the proxy beside nginx, open streams"),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Part;
    use crate::scenario::Scenario;

    #[test]
    fn nothing_named_is_everything() {
        assert_eq!(Part::scenarios(&[]).len(), 8);
        assert!(Part::client(&[]) && Part::guard(&[]));
    }

    #[test]
    fn what_is_named_is_all() {
        let only = [Part::Server(Scenario::Jwks)];
        assert!(Part::scenarios(&only) == [Scenario::Jwks] && !Part::client(&only));
        assert!(Part::scenarios(&[Part::Client]).is_empty());
        assert!(Part::client(&[Part::Client]));
    }
}
