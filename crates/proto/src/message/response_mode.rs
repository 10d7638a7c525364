//! `response_mode`: how the answer to an authorization request travels (OAuth 2.0 Multiple Response Types §2.1, Form Post
//! Response Mode, JARM §2.3).

/// How the answer travels. Fragments are not among them, for they would carry it to scripts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ResponseMode {
    /// In the query of the redirect URI; what is meant where nothing is said.
    #[default]
    Query,
    /// In a form that the browser posts there.
    FormPost,
    /// Signed, in the query.
    QueryJwt,
    /// Signed, in a form.
    FormPostJwt,
}

impl ResponseMode {
    /// Every name, for the metadata (`response_modes_supported`).
    pub const NAMES: [&str; 5] = ["query", "form_post", "jwt", "query.jwt", "form_post.jwt"];

    /// The mode of this name. For a code `jwt` means `query.jwt` (JARM §2.3.4).
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "query" => Some(Self::Query),
            "form_post" => Some(Self::FormPost),
            "query.jwt" | "jwt" => Some(Self::QueryJwt),
            "form_post.jwt" => Some(Self::FormPostJwt),
            _ => None,
        }
    }

    /// Whether the browser posts it.
    pub fn is_posted(self) -> bool {
        matches!(self, Self::FormPost | Self::FormPostJwt)
    }

    /// Whether it is signed (JARM).
    pub fn is_signed(self) -> bool {
        matches!(self, Self::QueryJwt | Self::FormPostJwt)
    }
}

#[cfg(test)]
mod tests {
    use super::ResponseMode;

    #[test]
    fn names_are_known_or_nothing() {
        for (name, posted, signed) in [
            ("query", false, false),
            ("form_post", true, false),
            ("jwt", false, true),
            ("query.jwt", false, true),
            ("form_post.jwt", true, true),
        ] {
            let mode = ResponseMode::parse(name).expect("a mode");
            assert_eq!(
                (mode.is_posted(), mode.is_signed()),
                (posted, signed),
                "{name}"
            );
        }
        for name in ["", "fragment", "fragment.jwt", "QUERY", "form_post "] {
            assert_eq!(ResponseMode::parse(name), None, "{name}");
        }
    }
}
