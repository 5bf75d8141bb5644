//! The sanitiser before the mail builder. lettre panics on CR or LF in a display name, and other
//! builders turn them into headers, so nothing reaches it that is not plain printable text.

/// Longest display name kept, in characters.
const NAME_CHARS_MAX: usize = 200;
/// Longest subject kept, in characters.
const SUBJECT_CHARS_MAX: usize = 800;
/// Longest id kept, in bytes; RFC 5322, 2.1.1 allows no line above 998.
const ID_BYTES_MAX: usize = 900;
/// Longest line of the body handed to the builder, in bytes.
const LINE_BYTES_MAX: usize = 900;

/// Characters that no header of ours carries: controls, line and paragraph separators, direction
/// overrides, tags, zero-width and other format characters.
pub(super) fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// One line of printable text, white space folded, at most `chars_max` characters.
pub(super) fn line(text: &str, chars_max: usize) -> String {
    let printable: String = text.chars().map(|c| if is_unprintable(c) { ' ' } else { c }).collect();
    let folded = printable.split_whitespace().collect::<Vec<_>>().join(" ");
    folded.chars().take(chars_max).collect::<String>().trim_end().to_owned()
}

/// A display name.
pub(super) fn name(text: &str) -> String {
    line(text, NAME_CHARS_MAX)
}

/// A subject.
pub(super) fn subject(text: &str) -> String {
    line(text, SUBJECT_CHARS_MAX)
}

/// A `Message-ID` without brackets, or nothing when it cannot be one: an id altered is no id.
pub(super) fn id(text: &str) -> Option<&str> {
    let text = text.trim();
    let text = text.strip_prefix('<').unwrap_or(text);
    let text = text.strip_suffix('>').unwrap_or(text);
    let fits = !text.is_empty()
        && text.len() <= ID_BYTES_MAX
        && text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>'));
    fits.then_some(text)
}

/// The body with CRLF line ends alone, no control characters but tabs, no line too long, no blank
/// lines at its end.
pub(super) fn body(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}'], "\n");
    let mut out = String::with_capacity(text.len() + text.len() / 20 + 2);
    for line in text.trim_end().split('\n') {
        let line: String =
            line.chars().filter(|&c| c == '\t' || !c.is_control() && c != '\u{feff}').collect();
        // RFC 3676, 4.3: the blank belongs to the line that begins a signature.
        let mut rest = if line == "-- " { line.as_str() } else { line.trim_end() };
        while rest.len() > LINE_BYTES_MAX {
            let limit = rest.floor_char_boundary(LINE_BYTES_MAX);
            let cut = rest[..limit].rfind(' ').filter(|&at| at > 0).unwrap_or(limit);
            out.push_str(rest[..cut].trim_end());
            out.push_str("\r\n");
            rest = rest[cut..].trim_start();
        }
        out.push_str(rest);
        out.push_str("\r\n");
    }
    out
}
