//! What a message says that holds no words of its sender's own.

use super::attribution::attribution;
use super::headers::{header_block, headers_after_mark, is_rule, mark, notes_block};
use super::lines::{Line, lines, next_filled};
use super::own_words;

/// Forwards of forwards looked into.
const DEPTH_MAX: usize = 8;
/// Lines from a Notes sender to the `To:` below it.
const NOTES_LINES_MAX: usize = 6;

/// The sender's own words; where there are none, those of the message passed on or quoted, without
/// the marks and copied headers above them. Empty only when nobody says anything.
pub fn own_or_forwarded_words(text: &str) -> String {
    let mut rest = text.to_owned();
    for _ in 0..DEPTH_MAX {
        let own = own_words(&rest);
        if !own.trim().is_empty() {
            return own;
        }
        match below_headers(&rest) {
            Some(below) => rest = below,
            None => break,
        }
    }
    rest
}

/// The text under one layer of mark, copied headers, attribution or quote marks; nothing when there
/// is no such layer or nothing under it.
fn below_headers(text: &str) -> Option<String> {
    let lines = lines(text);
    let first = next_filled(&lines, 0)?;
    let mut at = first;
    let marked = mark(&lines, at);
    if let Some((_, next)) = marked {
        at = headers_after_mark(&lines, next).unwrap_or(next);
    } else if is_rule(lines[at].trimmed()) {
        at += 1;
    } else if let Some(next) = copied_headers(&lines, at) {
        at = next;
    }
    let at = next_filled(&lines, at)?;
    let below = &text[lines[at].start..];
    if lines[at].is_quoted() {
        let mut said: String = below.lines().map(|line| format!("{}\n", unquoted(line))).collect();
        if marked.is_some() {
            let lines = self::lines(&said);
            let headers = headers_after_mark(&lines, 0).and_then(|next| next_filled(&lines, next));
            let headers_bytes = headers.map_or(0, |next| lines[next].start);
            said.drain(..headers_bytes);
        }
        return Some(said);
    }
    (at > first).then(|| below.to_owned())
}

fn copied_headers(lines: &[Line<'_>], at: usize) -> Option<usize> {
    let notes = || {
        (at..lines.len().min(at + NOTES_LINES_MAX))
            .find_map(|to| notes_block(lines, to, at).filter(|block| block.0 == at))
            .map(|block| block.1)
    };
    header_block(lines, at)
        .or_else(notes)
        .or_else(|| attribution(lines, at).map(|found| found.last + 1))
}

/// A line without one mark of quoting.
fn unquoted(line: &str) -> &str {
    let inner = line.trim_start();
    let initials = inner.bytes().take(3).take_while(u8::is_ascii_uppercase).count();
    let rest = inner
        .strip_prefix("|>")
        .or_else(|| inner.strip_prefix(['>', '|']))
        .or_else(|| inner[initials..].strip_prefix("> "));
    rest.map_or(line, |rest| rest.strip_prefix(' ').unwrap_or(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(own_or_forwarded_words(text).trim_end(), expected);
        let crlf = own_or_forwarded_words(&text.replace('\n', "\r\n")).replace("\r\n", "\n");
        assert_eq!(crlf.trim_end(), expected);
    }

    #[test]
    fn own_words_come_first() {
        check("See below.\n\n-----Original Message-----\nFrom: A\nTo: B\n\nHello", "See below.");
    }

    #[test]
    fn a_bare_forward_says_what_it_passes_on() {
        let outlook = "\n -----Original Message-----\nFrom: \tMuster, Anna\nSent:\tTuesday, March 03, 2026 10:02 AM\nTo:\tBen\nSubject:\tPrices\n\nThe new list is out.\n\nAnna\n";
        check(outlook, "The new list is out.\n\nAnna");
        check(
            "---------- Forwarded message ---------\nFrom: Anna <anna@example.org>\nSubject: Prices\n\nThe new list is out.",
            "The new list is out.",
        );
        check(
            "Begin forwarded message:\n\n> From: Anna <anna@example.org>\n> Subject: Prices\n> \n> The new list is out.\n> It holds.",
            "The new list is out.\nIt holds.",
        );
        check(
            "---------------------- Forwarded by Ben/EX on 03/03/2026 10:02 AM ---------------------------\n\n\nAnna Muster@EXAMPLE\n03/03/2026 09:00 AM\nTo: Ben\ncc: \nSubject: Prices\n\nThe new list is out.",
            "The new list is out.",
        );
    }

    #[test]
    fn a_forward_of_a_forward_is_followed() {
        check(
            "-----Original Message-----\nFrom: Ben <ben@example.org>\nSent: Tuesday, March 03, 2026 10:02 AM\nTo: Cem\nSubject: FW: Prices\n\n-----Original Message-----\nFrom: Anna <anna@example.org>\nSent: Monday, March 02, 2026 10:02 AM\nTo: Ben\nSubject: Prices\n\nThe new list is out.",
            "The new list is out.",
        );
    }

    #[test]
    fn a_bare_quote_is_read_without_its_marks() {
        check("On Tue, 3 Mar 2026, Anna <anna@example.org> wrote:\n> Ship it?\n", "Ship it?");
    }

    #[test]
    fn nothing_stays_nothing_and_no_text_goes_on_for_ever() {
        check("", "");
        check("\n \n", "");
        let deep = "-----Original Message-----\nFrom: a\n\n".repeat(2_000);
        assert!(own_or_forwarded_words(&deep).len() <= deep.len());
        for mark in [">", "|", "AB> ", "> ", "\u{feff}>"] {
            let _ = own_or_forwarded_words(&mark.repeat(500));
        }
    }
}
