//! Names and values, as forms and queries carry them.

use url::form_urlencoded;

/// Parameters in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Pairs(Vec<(String, String)>);

impl Pairs {
    pub(crate) fn of(pairs: &[(&str, &str)]) -> Self {
        pairs
            .iter()
            .fold(Self::default(), |all, (name, value)| all.and(name, value))
    }

    pub(crate) fn parse(form: &str) -> Self {
        Self(
            form_urlencoded::parse(form.as_bytes())
                .into_owned()
                .collect(),
        )
    }

    /// Adds one, whether or not there is one of that name.
    pub(crate) fn and(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Puts one in the place of those of that name.
    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        self.without(name).and(name, value)
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(own, _)| own != name);
        self
    }

    /// Each of `changes` with [`Pairs::with`].
    pub(crate) fn with_all(self, changes: &[(&str, &str)]) -> Self {
        changes
            .iter()
            .fold(self, |all, (name, value)| all.with(name, value))
    }

    /// The value of a parameter that must not come twice.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut found = self.0.iter().filter(|(own, _)| own == name);
        let value = found.next().map(|(_, value)| value.as_str());
        assert!(found.next().is_none(), "{name} comes more than once");
        value
    }

    /// Names and values in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub(crate) fn form(&self) -> String {
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.0)
            .finish()
    }
}
