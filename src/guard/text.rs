//! Text that may reach a screen.

use std::fmt;

/// A stranger's words made harmless: no terminal escape, no bidirectional trick, no invisible
/// character can be in it. What was taken out is shown as `\u{…}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct SafeText(String);

impl SafeText {
    /// One line: line ends and tabs become blanks.
    pub fn line(text: &str) -> Self {
        let mut safe = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '\n' | '\r' | '\t' | '\u{2028}' | '\u{2029}' | '\u{85}' => safe.push(' '),
                c => push(&mut safe, c),
            }
        }
        Self(safe)
    }

    /// Several lines: line feeds and tabs stay.
    pub fn block(text: &str) -> Self {
        let mut safe = String::with_capacity(text.len());
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\n' | '\t' => safe.push(c),
                '\r' if chars.peek() == Some(&'\n') => {}
                c => push(&mut safe, c),
            }
        }
        Self(safe)
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

fn push(safe: &mut String, c: char) {
    if is_harmful(c) {
        use fmt::Write as _;
        // Writing into a String cannot go wrong.
        let _ = write!(safe, "\\u{{{:x}}}", c as u32);
    } else {
        safe.push(c);
    }
}

/// Escapes in finished JSON what JSON itself lets through: DEL, C1, bidirectional and tag
/// characters. Outside of strings JSON is plain ASCII, so every one of them stands in a string.
pub fn escape_json(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        if c != '\n' && is_harmful(c) {
            use fmt::Write as _;
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(c);
        }
    }
    safe
}

/// Controls (C0, DEL, C1), line separators, bidirectional marks, invisible operators, tags.
/// Zero-width joiners stay: emoji and several scripts need them.
fn is_harmful(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}'
        | '\u{7f}'..='\u{9f}'
        | '\u{61c}'
        | '\u{180e}'
        | '\u{200b}'
        | '\u{200e}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_line(text: &str, expected: &str) {
        assert_eq!(SafeText::line(text).as_str(), expected);
    }

    #[test]
    fn escapes_never_reach_a_terminal() {
        check_line("a\x1b[31mb", "a\\u{1b}[31mb");
        check_line("\u{9b}31m", "\\u{9b}31m");
        check_line("x\u{202e}y", "x\\u{202e}y");
        check_line("x\u{e0041}y", "x\\u{e0041}y");
        check_line("a\r\nb\tc", "a  b c");
        check_line("Ünïcödé 👩‍💻", "Ünïcödé 👩‍💻");
    }

    #[test]
    fn a_block_keeps_its_lines() {
        assert_eq!(SafeText::block("a\r\nb\n\tc\rd").as_str(), "a\nb\n\tc\\u{d}d");
    }

    #[test]
    fn json_says_the_same_after_escaping() {
        let text: String =
            (0..0x3000u32).chain(0xe0000..0xe0080).filter_map(char::from_u32).collect();
        let json = serde_json::to_string(&text).expect("strings serialise");
        let safe = escape_json(&json);
        assert!(!safe.chars().any(is_harmful), "a harmful character got through");
        assert_eq!(serde_json::from_str::<String>(&safe).expect("still JSON"), text);
    }
}
