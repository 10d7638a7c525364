//! Distinguished names, read from text (RFC 4514) and from certificates, and compared as names: by their attributes, in
//! whatever case and spacing these are written (RFC 5280 §7.1).

use std::collections::BTreeSet;

/// The longest text that is read as a name, in bytes.
const MAX_LEN: usize = 2048;

/// The attribute types that have a name in text: those of RFC 4514 §3, and what certificates of organisations have
/// besides. Any other is written as its object identifier.
const TYPES: [(&str, &str); 22] = [
    ("CN", "2.5.4.3"),
    ("L", "2.5.4.7"),
    ("ST", "2.5.4.8"),
    ("O", "2.5.4.10"),
    ("OU", "2.5.4.11"),
    ("C", "2.5.4.6"),
    ("STREET", "2.5.4.9"),
    ("DC", "0.9.2342.19200300.100.1.25"),
    ("UID", "0.9.2342.19200300.100.1.1"),
    ("SN", "2.5.4.4"),
    ("serialNumber", "2.5.4.5"),
    ("title", "2.5.4.12"),
    ("businessCategory", "2.5.4.15"),
    ("postalCode", "2.5.4.17"),
    ("GN", "2.5.4.42"),
    ("givenName", "2.5.4.42"),
    ("organizationIdentifier", "2.5.4.97"),
    ("emailAddress", "1.2.840.113549.1.9.1"),
    ("E", "1.2.840.113549.1.9.1"),
    ("jurisdictionL", "1.3.6.1.4.1.311.60.2.1.1"),
    ("jurisdictionST", "1.3.6.1.4.1.311.60.2.1.2"),
    ("jurisdictionC", "1.3.6.1.4.1.311.60.2.1.3"),
];

/// A distinguished name, the most general part first, as certificates have it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DistinguishedName(Vec<BTreeSet<Attribute>>);

/// An attribute of a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Attribute {
    /// Its type's object identifier, in dotted decimals.
    oid: String,
    value: Value,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    /// As it is compared.
    Text(String),
    /// What is no text: its tag and contents.
    Other(u8, Vec<u8>),
}

impl Attribute {
    /// One as a certificate has it: its type's object identifier in dotted decimals, and the ASN.1 tag and contents of its
    /// value.
    pub fn new(oid: impl Into<String>, tag: u8, contents: &[u8]) -> Self {
        Self {
            oid: oid.into(),
            value: Value::of_der(tag, contents),
        }
    }
}

impl DistinguishedName {
    /// A name as a certificate has it: the most general part first, most parts of one attribute.
    pub fn of(parts: impl IntoIterator<Item = Vec<Attribute>>) -> Self {
        let sets = parts.into_iter().map(BTreeSet::from_iter);
        Self(sets.collect())
    }

    /// Reads a name from text, the most particular part first (RFC 4514 §3). Spaces around `,`, `+` and `=` mean nothing.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.len() > MAX_LEN {
            return Err("the distinguished name is too long");
        }
        let mut reader = Reader { rest: text };
        let mut parts = Vec::new();
        let mut part = BTreeSet::new();
        loop {
            part.insert(reader.attribute()?);
            let end = reader.next();
            if end == Some('+') {
                continue;
            }
            parts.push(std::mem::take(&mut part));
            if end.is_none() {
                break;
            }
        }
        parts.reverse();
        Ok(Self(parts))
    }
}

impl Value {
    /// Only the text of a value counts, not the kind of string that it is kept as.
    fn of_der(tag: u8, contents: &[u8]) -> Self {
        let text = match tag {
            // UTF8String, NumericString, PrintableString, IA5String.
            0x0c | 0x12 | 0x13 | 0x16 => std::str::from_utf8(contents).ok().map(str::to_owned),
            // TeletexString, which is used for Latin-1.
            0x14 => Some(contents.iter().copied().map(char::from).collect()),
            // BMPString.
            0x1e => {
                let (units, rest) = contents.as_chunks::<2>();
                let units: Vec<u16> = units.iter().copied().map(u16::from_be_bytes).collect();
                String::from_utf16(&units).ok().filter(|_| rest.is_empty())
            }
            // UniversalString.
            0x1c => {
                let (units, rest) = contents.as_chunks::<4>();
                let chars = units.iter().copied().map(u32::from_be_bytes);
                let text: Option<String> = chars.map(char::from_u32).collect();
                text.filter(|_| rest.is_empty())
            }
            _ => None,
        };
        match text {
            Some(text) => Self::Text(prepared(&text)),
            None => Self::Other(tag, contents.to_vec()),
        }
    }

    /// A value written as its encoding (RFC 4514 §2.4).
    fn of_encoding(encoding: &[u8]) -> Option<Self> {
        let (tag, rest) = encoding.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (length, contents) = match (*first, rest) {
            (short @ ..=0x7f, contents) => (usize::from(short), contents),
            (0x81, [length, contents @ ..]) => (usize::from(*length), contents),
            (0x82, [high, low, contents @ ..]) => {
                (usize::from(u16::from_be_bytes([*high, *low])), contents)
            }
            _ => return None,
        };
        (contents.len() == length).then(|| Self::of_der(*tag, contents))
    }
}

/// Case and spacing do not tell names apart (caseIgnoreMatch, RFC 4518 §2).
fn prepared(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").to_lowercase()
}

/// What is left of a name's text.
struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next();
        self.rest = chars.as_str();
        next
    }

    /// Takes what comes before the first character that is not `wanted`.
    fn take(&mut self, wanted: impl Fn(char) -> bool) -> &str {
        let end = self.rest.find(|c| !wanted(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    /// `TYPE=VALUE`, up to the `,` or `+` after it.
    fn attribute(&mut self) -> Result<Attribute, &'static str> {
        let name = self.take(|c| c != '=').trim();
        let known = TYPES
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name))
            .map(|(_, oid)| *oid);
        let oid = known.or_else(|| is_oid(name).then_some(name));
        let oid = oid.ok_or("an attribute type of the distinguished name is not known; write its object identifier, as in 2.5.4.97=…")?;
        let oid = oid.to_owned();
        self.next()
            .ok_or("an attribute of the distinguished name has no value")?;
        self.take(|c| c == ' ');
        let value = match self.rest.strip_prefix('#') {
            Some(rest) => {
                self.rest = rest;
                self.encoding()?
            }
            None => Value::Text(prepared(&self.text()?)),
        };
        Ok(Attribute { oid, value })
    }

    fn encoding(&mut self) -> Result<Value, &'static str> {
        let hex = self.take(|c| c.is_ascii_hexdigit()).to_owned();
        self.take(|c| c == ' ');
        let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
        let bytes: Option<Vec<u8>> = pairs.iter().map(pair).collect();
        let ends = self.rest.is_empty() || self.rest.starts_with([',', '+']);
        let value = bytes.as_deref().and_then(Value::of_encoding);
        value
            .filter(|_| rest.is_empty() && ends)
            .ok_or("a value of the distinguished name that begins with # is no encoding in hexadecimal digits")
    }

    fn text(&mut self) -> Result<String, &'static str> {
        let mut bytes = Vec::new();
        while let Some(c) = self.rest.chars().next() {
            match c {
                ',' | '+' => break,
                '"' | ';' | '<' | '>' | '\0' => {
                    return Err(
                        r#"the distinguished name has one of " ; < > unescaped; write \ before it"#,
                    );
                }
                '\\' => {
                    self.next();
                    bytes.push(self.escaped()?);
                }
                c => {
                    self.next();
                    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
            }
        }
        String::from_utf8(bytes).map_err(|_| "the escapes of the distinguished name are not UTF-8")
    }

    /// What follows a backslash: one of the characters that need it, or two hexadecimal digits.
    fn escaped(&mut self) -> Result<u8, &'static str> {
        let rest = self.rest.as_bytes();
        let byte = match rest {
            [c, ..] if b" \"#+,;<=>\\".contains(c) => Some((*c, 1)),
            [high, low, ..] => pair(&[*high, *low]).map(|byte| (byte, 2)),
            _ => None,
        };
        let (byte, length) = byte.ok_or(r"the distinguished name has a \ that escapes nothing")?;
        self.rest = self.rest.get(length..).unwrap_or_default();
        Ok(byte)
    }
}

fn pair(digits: &[u8; 2]) -> Option<u8> {
    let value = |digit: u8| char::from(digit).to_digit(16);
    let [high, low] = *digits;
    u8::try_from(value(high)? * 16 + value(low)?).ok()
}

fn is_oid(text: &str) -> bool {
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    text.contains('.') && text.split('.').all(number)
}

#[cfg(test)]
mod tests {
    use super::{Attribute, DistinguishedName};

    const CN: &str = "2.5.4.3";
    const O: &str = "2.5.4.10";
    const UTF8: u8 = 0x0c;
    const PRINTABLE: u8 = 0x13;

    /// The name `O=Example, Inc.` and under it `CN=Shop`, as a certificate has it.
    fn shop() -> DistinguishedName {
        DistinguishedName::of([
            vec![Attribute::new(O, UTF8, b"Example, Inc.")],
            vec![Attribute::new(CN, PRINTABLE, b"Shop")],
        ])
    }

    #[test]
    fn one_name_has_many_spellings() {
        for text in [
            r"CN=Shop,O=Example\, Inc.",
            r"cn=shop,o=EXAMPLE\2c INC.",
            r"CN = Shop , O =  Example\,   Inc. ",
            r"2.5.4.3=Shop,2.5.4.10=Example\, Inc.",
            r"CN=#130453686f70,O=Example\, Inc.",
            r"CN=#0C0453686F70 , O=Example\, Inc.",
            r"CN=\53hop,O=Example\, Inc\2e",
        ] {
            assert_eq!(DistinguishedName::parse(text), Ok(shop()), "{text}");
        }
    }

    #[test]
    fn another_name_is_another() {
        for text in [
            "CN=Shop",
            r"O=Example\, Inc.,CN=Shop",
            r"CN=Shop+O=Example\, Inc.",
            r"CN=Shop,O=Example\, Inc.,C=US",
            r"CN=Shop,CN=Shop,O=Example\, Inc.",
            r"CN=Sh op,O=Example\, Inc.",
            r"CN=Shop\00,O=Example\, Inc.",
            r"OU=Shop,O=Example\, Inc.",
            r"CN=#0404,O=Example\, Inc.",
            r"CN=#040453686f70,O=Example\, Inc.",
        ] {
            assert_ne!(DistinguishedName::parse(text), Ok(shop()), "{text}");
        }
    }

    #[test]
    fn the_order_counts_between_parts_and_not_within_one() {
        let name = |text| DistinguishedName::parse(text).expect("a name");
        assert_eq!(name("CN=a+UID=b,O=c"), name("UID=b+CN=a,O=c"));
        assert_ne!(name("CN=a,UID=b"), name("UID=b,CN=a"));
        assert_ne!(name("CN=a+UID=b"), name("CN=a,UID=b"));
    }

    #[test]
    fn each_kind_of_string_is_text() {
        let wide: Vec<u8> = "Ü".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (tag, contents) in [
            (UTF8, "ü".as_bytes()),
            (0x14, &[0xdc]),
            (0x1e, &wide),
            (0x1c, &[0, 0, 0, 0xdc]),
        ] {
            let name = DistinguishedName::of([vec![Attribute::new(CN, tag, contents)]]);
            assert_eq!(DistinguishedName::parse(r"CN=\C3\9C"), Ok(name), "{tag}");
        }
        // A bit string, which nobody can write as text.
        let bits = DistinguishedName::of([vec![Attribute::new("2.5.4.45", 3, b"a")]]);
        assert_eq!(
            DistinguishedName::parse("2.5.4.45=#030161"),
            Ok(bits.clone())
        );
        assert_ne!(DistinguishedName::parse("2.5.4.45=a"), Ok(bits));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in [
            "",
            " ",
            "Shop",
            "CN",
            "CN=a,",
            "CN=a,,O=b",
            "CN=a+",
            "=a",
            "XX=a",
            "2..5=a",
            "CN=a;O=b",
            r#"O="Example, Inc.""#,
            r"CN=\",
            r"CN=\x",
            r"CN=\ff",
            "CN=#",
            "CN=#0c0",
            "CN=#0c0261",
            "CN=#0c0161x",
            "CN=#0c01 61",
            "/CN=a/O=b",
            &format!("CN={}", "a".repeat(2048)),
        ] {
            assert!(DistinguishedName::parse(text).is_err(), "{text:?}");
        }
    }
}
