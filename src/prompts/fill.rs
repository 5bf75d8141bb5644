//! Filling a prompt's blanks.

/// Puts values into `{{name}}` blanks, in one walk: what is put in is not looked at for blanks. A
/// blank without a value stays as it is.
pub(super) fn fill(words: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(words.len() * 2);
    let mut rest = words.trim_end();
    while let Some((before, after)) = rest.split_once("{{") {
        text.push_str(before);
        let found = after.split_once("}}").and_then(|(name, after)| {
            values.iter().find(|(known, _)| *known == name).map(|(_, value)| (value, after))
        });
        if let Some((value, after)) = found {
            text.push_str(value.trim_end());
            rest = after;
        } else {
            text.push_str("{{");
            rest = after;
        }
    }
    text.push_str(rest);
    text
}

/// `1. …` a line.
pub(super) fn list<'a>(items: impl Iterator<Item = &'a str>) -> String {
    let line = |(at, item): (usize, &str)| {
        let words = item.split_whitespace().collect::<Vec<_>>().join(" ");
        format!("{at}. {words}\n")
    };
    (1..).zip(items).map(line).collect()
}

/// The first characters of a text, or all of it: what a prompt has room for.
pub fn start_of(text: &str, chars_max: usize) -> &str {
    text.char_indices().nth(chars_max).map_or(text, |(end, _)| &text[..end])
}
