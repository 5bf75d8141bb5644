//! What stands in a text and says nothing: stand-ins for pictures, mark-up, links, header lines.

use crate::mail::passages::is_copied_mark;

/// Longest bracketed stretch taken for a picture or a tag.
const BRACKETED_MAX: usize = 300;

/// Whether a sentence has words of its own, and is no header line, style sheet or mark of a copied
/// message.
pub(super) fn says_something(text: &str) -> bool {
    !is_header_line(text)
        && !is_code(text)
        && !is_copied_mark(text)
        && pieces(text).iter().any(|piece| piece.chars().filter(|c| c.is_alphabetic()).count() >= 2)
}

/// The words of a text as they stand there, without stand-ins for pictures, tags and links.
pub(super) fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if let Some(length) = bracketed(rest) {
            rest = rest[length..].trim_start();
            continue;
        }
        let word = rest.find(char::is_whitespace).unwrap_or(rest.len());
        // `[IMAGE]Fantasy` and `Fantasy[IMAGE]` are a word and a picture.
        let glued = rest[..word]
            .char_indices()
            .skip(1)
            .find(|(at, c)| matches!(c, '[' | '<') && bracketed(&rest[*at..]).is_some());
        let end = glued.map_or(word, |(at, _)| at);
        let piece = &rest[..end];
        if !is_link(piece) {
            pieces.push(piece);
        }
        rest = rest[end..].trim_start();
    }
    pieces
}

/// The length of a picture's stand-in (`[IMAGE]`, `[cid:…]`), of a bracketed link or of a tag.
fn bracketed(text: &str) -> Option<usize> {
    const STAND_INS: &[&str] = &["image", "inline image", "cid:", "http", "mailto:", "logo]"];
    let close = match text.chars().next()? {
        '[' => ']',
        '<' => '>',
        _ => return None,
    };
    let end = text.char_indices().take(BRACKETED_MAX).find(|(_, c)| *c == close)?.0;
    let inner = text[1..end].trim_start_matches(['/', '!']);
    let head: String = inner.chars().take(12).flat_map(char::to_lowercase).collect();
    let tag = close == '>'
        && inner.starts_with(|c: char| c.is_ascii_alphabetic())
        && (!inner.contains('@') || inner.contains(':') || inner.contains('='));
    (tag || STAND_INS.iter().any(|name| head.starts_with(name) || format!("{head}]") == *name))
        .then_some(end + 1)
}

fn is_link(piece: &str) -> bool {
    let bare = piece.trim_start_matches(|c: char| !c.is_alphanumeric());
    bare.contains("://") || bare.starts_with("www.") || bare.starts_with("mailto:")
}

/// `Content-Type: text/html`, `Subject: …`: a line of a header, not of a letter.
fn is_header_line(text: &str) -> bool {
    const NAMES: &[&str] = &[
        "from",
        "to",
        "cc",
        "bcc",
        "subject",
        "sent",
        "date",
        "received",
        "message-id",
        "mime-version",
        "reply-to",
        "in-reply-to",
        "return-path",
        "references",
        "url",
        "user-agent",
    ];
    let Some((name, _)) = text.split_once(':') else { return false };
    let name = name.trim().to_lowercase();
    NAMES.contains(&name.as_str())
        || ["content-", "x-", "list-", "dkim-", "arc-"]
            .iter()
            .any(|start| name.starts_with(start) && !name.contains(' '))
}

/// `TD{FONT-SIZE: 10pt}`, `function() {…; }`: written for a machine.
fn is_code(text: &str) -> bool {
    text.contains('{') && text.contains([':', ';'])
}

#[cfg(test)]
mod tests {
    use super::{pieces, says_something};

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(pieces(text).join(" "), expected, "{text:?}");
    }

    #[test]
    fn pictures_tags_and_links_are_left_out() {
        check("[IMAGE] [IMAGE] News of the yard", "News of the yard");
        check("[IMAGE]Fantasy Football[IMAGE] starts", "Fantasy Football starts");
        check("[image: the logo] Hello [cid:part1@example.org] there", "Hello there");
        check("Read it here: https://example.org/a?b=c today", "Read it here: today");
        check("<td class=\"x\">The price</td> is 40", "The price is 40");
        check(
            "Ask Ben <ben@example.org> if a < b [draft]",
            "Ask Ben <ben@example.org> if a < b [draft]",
        );
    }

    #[test]
    fn debris_says_nothing() {
        for text in [
            "?",
            "!!! ... 12",
            "[IMAGE] [IMAGE]",
            "TD{FONT-SIZE: 10pt; COLOR: black}",
            "Content-Transfer-Encoding: 7bit",
            "X-Mailer: Example 1.0",
            "Subject: Re: the list",
            "URL: http://example.org/news",
            "https://example.org/a",
            "-----Original Message-----",
            "Original Message",
            "",
        ] {
            assert!(!says_something(text), "{text:?}");
        }
        for text in ["Lunch at noon", "Ja", "Note: the docks are closed", "Reading list: two books"]
        {
            assert!(says_something(text), "{text:?}");
        }
    }
}
