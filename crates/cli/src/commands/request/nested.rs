//! Names like `address[street]`, `tags[]` and `rows[0][id]`, which make objects and arrays as HTTPie has them.

use serde_json::Value;

/// How deep a name may reach.
const DEEPEST: usize = 32;
/// The highest index of an array, so that a slip of the finger makes no gigabyte of `null`.
const HIGHEST: usize = 9_999;

/// A JSON value in the making. Leaves are JSON as it was written.
#[derive(Debug, Default)]
pub(super) enum Node {
    /// Nothing was said of it: `null`.
    #[default]
    Nothing,
    Leaf(String),
    Object(Vec<(String, Self)>),
    Array(Vec<Self>),
}

/// One step from a value to one within it.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Member(String),
    Index(usize),
    /// One after the last.
    Next,
}

impl Node {
    /// Puts a leaf where the name says. Of a member that comes twice the later value counts.
    ///
    /// # Errors
    ///
    /// The name makes no sense, or what is there already is of another kind.
    pub(super) fn put(&mut self, name: &str, json: String) -> Result<(), String> {
        let mut steps = steps(name)?;
        let last = steps.pop().ok_or("the name is empty")?;
        let mut node = self;
        for step in &steps {
            node = node.within(step, false)?;
        }
        *node.within(&last, true)? = Self::Leaf(json);
        Ok(())
    }

    /// It as JSON.
    pub(super) fn to_json(&self) -> String {
        match self {
            Self::Nothing => "null".to_owned(),
            Self::Leaf(json) => json.clone(),
            Self::Object(members) => {
                let members = members.iter().map(|(name, node)| {
                    format!("{}:{}", Value::from(name.as_str()), node.to_json())
                });
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }
            Self::Array(items) => {
                let items: Vec<String> = items.iter().map(Self::to_json).collect();
                format!("[{}]", items.join(","))
            }
        }
    }

    /// The value one step within, made if need be; a `fresh` member comes last.
    fn within(&mut self, step: &Step, fresh: bool) -> Result<&mut Self, String> {
        if matches!(self, Self::Nothing) {
            *self = match step {
                Step::Member(_) => Self::Object(Vec::new()),
                Step::Index(_) | Step::Next => Self::Array(Vec::new()),
            };
        }
        match (self, step) {
            (Self::Object(members), Step::Member(name)) => {
                if fresh {
                    members.retain(|(known, _)| known != name);
                }
                let at = members.iter().position(|(known, _)| known == name);
                let at = at.unwrap_or(members.len());
                if at == members.len() {
                    members.push((name.clone(), Self::Nothing));
                }
                members
                    .get_mut(at)
                    .map(|(_, node)| node)
                    .ok_or_else(String::new)
            }
            (Self::Array(items), Step::Index(_) | Step::Next) => {
                let at = match step {
                    Step::Index(at) => *at,
                    _ => items.len(),
                };
                if at >= items.len() {
                    items.resize_with(at + 1, Self::default);
                }
                items.get_mut(at).ok_or_else(String::new)
            }
            (Self::Object(_), _) => Err("it is an object already, not an array".to_owned()),
            (Self::Array(_), _) => Err("it is an array already, not an object".to_owned()),
            (Self::Leaf(_) | Self::Nothing, _) => {
                Err("a value was given already; nothing fits into it".to_owned())
            }
        }
    }
}

/// Splits a name. A backslash takes the meaning from a bracket, and from a digit in brackets.
fn steps(name: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut rest = name;
    if !rest.starts_with('[') {
        let (first, after) = until(rest, '[');
        steps.push(Step::Member(unescaped(first)));
        rest = after;
    }
    while !rest.is_empty() {
        let inside = rest.strip_prefix('[').ok_or("expected [ after ]")?;
        let (key, after) = until(inside, ']');
        rest = after.strip_prefix(']').ok_or("a [ is never closed")?;
        steps.push(match key {
            "" => Step::Next,
            digits if digits.bytes().all(|b| b.is_ascii_digit()) => {
                let at = digits.parse().ok().filter(|at| *at <= HIGHEST);
                Step::Index(at.ok_or_else(|| format!("an index is at most {HIGHEST}"))?)
            }
            key => Step::Member(unescaped(key)),
        });
        if steps.len() > DEEPEST {
            return Err(format!("more than {DEEPEST} steps deep"));
        }
    }
    Ok(steps)
}

/// The text before the first `end` without a backslash before it, and the rest.
fn until(text: &str, end: char) -> (&str, &str) {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if c == end && !escaped {
            return text.split_at(at);
        }
        escaped = c == '\\' && !escaped;
    }
    (text, "")
}

fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(next)
                if c == '\\' && (matches!(next, '[' | ']' | '\\') || next.is_ascii_digit()) =>
            {
                plain.extend(chars.next());
            }
            _ => plain.push(c),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::Node;

    fn made(items: &[(&str, &str)]) -> Result<String, String> {
        let mut root = Node::default();
        for (name, json) in items {
            root.put(name, (*json).to_owned())?;
        }
        Ok(root.to_json())
    }

    #[test]
    fn names_make_objects_and_arrays() {
        let items = [
            ("a[b]", "1"),
            ("c[]", "2"),
            ("c[]", "3"),
            ("d[2][e]", "4"),
            ("a[f][g]", "5"),
            (r"h\[0\]", "6"),
            (r"i[\7]", "7"),
        ];
        assert_eq!(
            made(&items).as_deref(),
            Ok(
                r#"{"a":{"b":1,"f":{"g":5}},"c":[2,3],"d":[null,null,{"e":4}],"h[0]":6,"i":{"7":7}}"#
            )
        );
        assert_eq!(
            made(&[("[]", "1"), ("[2]", "2")]).as_deref(),
            Ok("[1,null,2]")
        );
        assert_eq!(
            made(&[("a", "1"), ("b", "2"), ("a", "3")]).as_deref(),
            Ok(r#"{"b":2,"a":3}"#)
        );
        assert_eq!(made(&[("ü[ö]", "1")]).as_deref(), Ok(r#"{"ü":{"ö":1}}"#));
        assert_eq!(made(&[]).as_deref(), Ok("null"));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for items in [
            &[("a[", "1")][..],
            &[("a[b", "1")],
            &[("a[b]c", "1")],
            &[("a[99999]", "1")],
            &[("a[18446744073709551616]", "1")],
            &[("a[b]", "1"), ("a[]", "2")],
            &[("a[]", "1"), ("a[b]", "2")],
            &[("a", "1"), ("a[b]", "2")],
            &[("[]", "1"), ("a", "2")],
        ] {
            assert!(made(items).is_err(), "{items:?}");
        }
        let deep = format!("a{}", "[b]".repeat(40));
        assert!(made(&[(&deep, "1")]).is_err());
    }
}
