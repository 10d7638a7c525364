/// Splits a command line into words at spaces; `'…'` and `"…"` keep them; a backslash means itself (paths on
/// Windows). No shell is involved.
pub(crate) fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in line.chars() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn quotes_keep_spaces() {
        assert_eq!(words("pass show  work/x"), ["pass", "show", "work/x"]);
        assert_eq!(
            words(r#"a 'b c' "d $e" "" f"g h""#),
            ["a", "b c", "d $e", "", "fg h"]
        );
        assert!(words("   ").is_empty());
    }
}
