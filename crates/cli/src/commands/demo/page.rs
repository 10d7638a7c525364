//! A web page, as far as a person with a program's patience reads it: its heading, its one form, what it complains of.

use gatepass_proto::Params;

use super::check::{Checked, Fault};
use super::html::{Tag, Tags};

/// What a page says and asks.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// The status it came with.
    pub(super) status: u16,
    /// Its heading.
    pub(super) heading: String,
    /// What it complains of (`role="alert"`).
    pub(super) problem: Option<String>,
    /// The code it shows, to be copied into a program.
    pub(super) code: Option<String>,
    /// Its form.
    pub(super) form: Option<Form>,
}

/// A form.
#[derive(Debug, Default)]
pub(super) struct Form {
    /// Where it is posted to, relative to the page.
    pub(super) action: String,
    fields: Vec<Field>,
    buttons: Vec<(String, String)>,
}

#[derive(Debug)]
struct Field {
    name: String,
    value: String,
    hidden: bool,
}

impl Page {
    /// Reads a page.
    ///
    /// # Errors
    ///
    /// It has more than one form, or one that is not posted: ours have neither.
    pub(super) fn read(status: u16, html: &str) -> Checked<Self> {
        let mut page = Self {
            status,
            ..Self::default()
        };
        for tag in Tags::of(html) {
            match tag.name.as_str() {
                "h1" => page.heading.clone_from(&tag.text),
                "form" if page.form.is_some() => {
                    return Err(Fault::new("a page has more than one form"));
                }
                "form" if tag.attribute("method") != Some("post") => {
                    return Err(Fault::new("a form is not posted"));
                }
                "form" => {
                    let action = tag.attribute("action").unwrap_or_default().to_owned();
                    page.form = Some(Form {
                        action,
                        ..Form::default()
                    });
                }
                "input" | "button" => {
                    if let Some(form) = &mut page.form {
                        form.add(&tag);
                    }
                }
                _ => {}
            }
            if tag.attribute("role") == Some("alert") {
                page.problem = Some(tag.text.clone());
            }
            if tag.name == "code" && tag.attribute("id") == Some("code") {
                page.code = Some(tag.text);
            }
        }
        Ok(page)
    }
}

impl Form {
    fn add(&mut self, tag: &Tag) {
        let Some(name) = tag.attribute("name") else {
            return;
        };
        let value = tag.attribute("value").unwrap_or_default().to_owned();
        if tag.name == "button" {
            self.buttons.push((name.to_owned(), value));
        } else {
            let hidden = tag.attribute("type") == Some("hidden");
            self.fields.push(Field {
                name: name.to_owned(),
                value,
                hidden,
            });
        }
    }

    /// The form as it is sent: hidden fields as they are, the others as `typed` says, and the button that says
    /// `decision`, if it has buttons to choose from.
    ///
    /// # Errors
    ///
    /// It asks for something that nobody knows, or has no such button.
    pub(super) fn filled(
        &self,
        typed: impl Fn(&str) -> Option<String>,
        decision: &str,
    ) -> Checked<Params> {
        let mut params = Params::new();
        for field in &self.fields {
            let value = if field.hidden {
                Some(field.value.clone())
            } else {
                typed(&field.name)
            };
            let unknown = || Fault::new(format!("a form asks for {:?}", field.name));
            params.push(field.name.as_str(), value.ok_or_else(unknown)?);
        }
        if !self.buttons.is_empty() {
            let button = self.buttons.iter().find(|(_, value)| value == decision);
            let missing = || Fault::new(format!("a form has no button {decision:?}"));
            let (name, value) = button.ok_or_else(missing)?;
            params.push(name.as_str(), value.as_str());
        }
        Ok(params)
    }
}

#[cfg(test)]
mod tests {
    use super::Page;

    const LOGIN: &str = r#"<!doctype html><html><body><h1 id="h">Log in</h1><!-- <form> no -->
        <form method="post" action="/oauth/login?a=1&#38;b=%3C">
        <p class="problem" role="alert">Wrong &amp; sorry</p>
        <input type="hidden" name="csrf" value="a&quot;b">
        <label for="username">Username</label>
        <input id="username" name="username" value="old" required autofocus/>
        <input name=password type=password>
        <button type="submit">Log in</button></form></body></html>"#;

    #[test]
    fn a_form_is_read_and_filled() {
        let page = Page::read(403, LOGIN).expect("a page");
        assert_eq!((page.status, page.heading.as_str()), (403, "Log in"));
        assert_eq!(page.problem.as_deref(), Some("Wrong & sorry"));
        let form = page.form.expect("a form");
        assert_eq!(form.action, "/oauth/login?a=1&b=%3C");
        let typed = |name: &str| Some(format!("my {name}"));
        let sent = form.filled(typed, "allow").expect("filled");
        let sent: Vec<_> = sent.iter().collect();
        let (csrf, username, password) = (
            ("csrf", "a\"b"),
            ("username", "my username"),
            ("password", "my password"),
        );
        assert_eq!(sent, [csrf, username, password]);
        assert!(
            form.filled(|_| None, "allow").is_err(),
            "nobody knows what to type"
        );
    }

    #[test]
    fn a_decision_is_the_button_that_says_it() {
        let html = r#"<form method="post" action="/c"><input type="hidden" name="csrf" value="x">
            <button name="decision" value="allow">Allow</button>
            <button name="decision" value="deny">Deny</button></form>"#;
        let form = Page::read(200, html).expect("a page").form.expect("a form");
        let sent = form.filled(|_| None, "deny").expect("filled");
        assert_eq!(sent.get("decision"), Some("deny"));
        assert!(form.filled(|_| None, "perhaps").is_err());
    }

    #[test]
    fn odd_pages_are_refused_or_survived() {
        assert!(
            Page::read(
                200,
                r#"<form method="post"></form><form method="post"></form>"#
            )
            .is_err()
        );
        assert!(
            Page::read(200, r#"<form action="/x"></form>"#).is_err(),
            "a form that is not posted"
        );
        for html in [
            "",
            "<",
            "<a",
            "<a b",
            "<a b=",
            "<a b=\"",
            "<a =x>",
            "<a / >",
            "&#xffffffff;",
            "<p>a &b",
        ] {
            assert!(
                Page::read(200, html).expect("a page").form.is_none(),
                "{html}"
            );
        }
        let page =
            Page::read(200, r#"<code id="code" tabindex="0">gp_ac_x</code>"#).expect("a page");
        assert_eq!(page.code.as_deref(), Some("gp_ac_x"));
    }
}
