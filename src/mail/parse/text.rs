//! From the text of a part to what a person reads.

use std::borrow::Cow;

use crate::mail::{html, invisible};

use super::body::{PartText, TextKind};
use super::uu;

/// Bytes of text a message shows.
pub(crate) const TEXT_BYTES_MAX: usize = 2 << 20;

/// A part's text, ready to read, and the number of characters hidden in it.
pub(crate) fn readable(part: &PartText<'_>) -> (String, usize) {
    match part.kind {
        TextKind::Html => {
            let seen = html::visible_text(&part.text);
            (seen.text, seen.hidden_chars)
        }
        TextKind::Enriched => {
            // Close enough to HTML: angle brackets, `<<` for a bracket, blank lines for breaks.
            let text = part.text.replace("<<", "&lt;");
            let seen = html::visible_text(&format!("<pre>{text}</pre>"));
            (seen.text, seen.hidden_chars)
        }
        TextKind::Calendar => (calendar_text(&part.text), 0),
        TextKind::Plain => plain(part),
    }
}

fn plain(part: &PartText<'_>) -> (String, usize) {
    // Files in the text go before it is cut: they may be longer than a text.
    let without_files = uu::without_files(&part.text);
    let text = cut(without_files.as_deref().unwrap_or(&part.text), TEXT_BYTES_MAX);
    let text = if text.contains('\r') {
        Cow::Owned(text.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(text)
    };
    let text = if part.flowed { Cow::Owned(unflow(&text, part.delete_space)) } else { text };
    let (text, hidden) = invisible::strip(&text);
    (trim(&text).to_owned(), hidden)
}

/// At most `bytes_max` bytes of `text`, whole characters.
pub(crate) fn cut(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

/// Without empty lines around it.
pub(crate) fn trim(text: &str) -> &str {
    let text = text.trim_end();
    let lead = text.len() - text.trim_start().len();
    let start = text[..lead].rfind('\n').map_or(0, |at| at + 1);
    &text[start..]
}

/// RFC 3676: lines that end in a blank go on in the next one of the same quote depth.
pub(crate) fn unflow(text: &str, delete_space: bool) -> String {
    let mut out = String::with_capacity(text.len());
    // Depth of the line that the next one continues.
    let mut open: Option<usize> = None;
    for (count, line) in text.split('\n').enumerate() {
        let depth = line.bytes().take_while(|&b| b == b'>').count();
        let body = &line[depth..];
        let body = body.strip_prefix(' ').unwrap_or(body);
        let is_signature_mark = body == "-- ";
        if open != Some(depth) || is_signature_mark {
            if count > 0 {
                out.push('\n');
            }
            if depth > 0 {
                out.extend(std::iter::repeat_n('>', depth));
                out.push(' ');
            }
        }
        let flows = body.ends_with(' ') && !is_signature_mark;
        out.push_str(if flows && delete_space { &body[..body.len() - 1] } else { body });
        open = flows.then_some(depth);
    }
    out
}

/// A plain part that only says to look at the HTML part.
pub(crate) fn is_stub(text: &str) -> bool {
    const STUB_WORDS_MAX: usize = 60;
    const PHRASES: [&str; 16] = [
        "html",
        "in your browser",
        "in a browser",
        "view this email",
        "view this message",
        "view online",
        "web version",
        "online version",
        "mime format",
        "does not support",
        "im browser",
        "webversion",
        "dans votre navigateur",
        "en su navegador",
        "nel browser",
        "no navegador",
    ];
    let words = words(text).take(STUB_WORDS_MAX + 1).count();
    if words == 0 {
        return true;
    }
    if words > STUB_WORDS_MAX {
        return false;
    }
    let lower = text.to_lowercase();
    PHRASES.iter().any(|phrase| lower.contains(phrase))
}

/// Words that are no web addresses.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split_whitespace().filter(|word| !word.contains("://"))
}

/// The value of the first line `NAME:` or `NAME;…:` of an iCalendar text, unfolded, unescaped.
pub(crate) fn calendar_line(text: &str, name: &str) -> Option<String> {
    let mut found: Option<String> = None;
    for line in text.lines() {
        if let Some(value) = &mut found {
            match line.strip_prefix([' ', '\t']) {
                Some(more) => value.push_str(more.trim_end_matches('\r')),
                None => break,
            }
        } else if let Some(start) = line.get(..name.len())
            && start.eq_ignore_ascii_case(name)
            && line[name.len()..].starts_with([':', ';'])
            && let Some((_, value)) = line.split_once(':')
        {
            found = Some(value.trim_end_matches('\r').to_owned());
        }
    }
    found.map(|value| {
        value.replace("\\n", "\n").replace("\\N", "\n").replace("\\,", ",").replace("\\;", ";")
    })
}

/// An invitation without other text: what it is, where, and its description.
pub(crate) fn calendar_text(text: &str) -> String {
    // A time zone's own description comes before the event.
    let event = text.find("BEGIN:VEVENT").map_or(text, |at| &text[at..]);
    let lines: Vec<_> = ["SUMMARY", "LOCATION", "DESCRIPTION"]
        .into_iter()
        .filter_map(|name| calendar_line(event, name))
        .map(|line| invisible::strip(line.trim()).0.into_owned())
        .filter(|line| !line.is_empty())
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_unflow(input: &str, expected: &str) {
        assert_eq!(unflow(input, false), expected, "{input:?}");
    }

    #[test]
    fn flowed_lines_are_joined() {
        check_unflow("one \ntwo \nthree\nfour", "one two three\nfour");
        check_unflow("a\n\nb", "a\n\nb");
        check_unflow("\na", "\na");
        check_unflow("", "");
        check_unflow(" stuffed\n >not a quote", "stuffed\n>not a quote");
    }

    #[test]
    fn quote_depth_is_respected() {
        check_unflow("> one \n> two\nthree", "> one two\nthree");
        check_unflow("> one \n>> two \nthree", "> one \n>> two \nthree");
    }

    #[test]
    fn the_signature_mark_does_not_flow() {
        check_unflow("bye \n-- \nAda", "bye \n-- \nAda");
    }

    #[test]
    fn delsp_drops_the_blank() {
        assert_eq!(unflow("日本 \n語", true), "日本語");
    }

    #[test]
    fn stubs_are_known() {
        assert!(is_stub(""));
        assert!(is_stub("https://example.org/x"));
        assert!(is_stub("This message is in HTML format."));
        assert!(is_stub("View this email in your browser: https://example.org/x"));
        assert!(!is_stub("See you tomorrow at 10."));
        assert!(!is_stub(&"Please read the html guide. ".repeat(30)));
    }

    #[test]
    fn an_invitation_is_put_in_words() {
        let text = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Plan\\, then \
                    act\r\nLOCATION;LANGUAGE=en:Room 1\r\nDESCRIPTION:One\\ntwo\r\n  three\r\n";
        assert_eq!(calendar_text(text), "Plan, then act\nRoom 1\nOne\ntwo three");
        assert_eq!(calendar_line(text, "METHOD").as_deref(), Some("REQUEST"));
    }

    #[test]
    fn empty_lines_around_a_text_go_but_not_its_indent() {
        assert_eq!(trim("\n \n  a\n b \n\n"), "  a\n b");
        assert_eq!(trim(" \n"), "");
    }
}
