//! The bytes as the library gets them: where a message begins, and bombs with their fuse out.
//!
//! mail-parser 0.11.9 has no limits: a message can hold a million parts (56 times its size in
//! memory), nest messages so deep that dropping them overflows the stack, or declare boundaries that
//! are searched for again and again. Each fuse is taken out by writing *one byte for another*, so
//! every offset stays true and contents are read from the original.

use std::borrow::Cow;

use crate::mail::source::sniff;

/// Bytes of a message that are looked at.
pub(crate) const MESSAGE_BYTES_MAX: usize = 100 << 20;
/// Runs of two or more dashes in a message that declares boundaries: more parts than anybody sends.
const DASH_RUNS_MAX: usize = 50_000;
/// Lines with a colon, so header fields at most.
const COLON_LINES_MAX: usize = 500_000;
/// Lines of a block without an empty line in it, so fields of one header at most.
const BLOCK_LINES_MAX: usize = 10_000;
/// Equals signs in all, so header parameters at most.
const EQUALS_MAX: usize = 500_000;
/// Equals signs of one unfolded line.
const LINE_EQUALS_MAX: usize = 1_000;
/// Each boundary that never comes makes the library read to the end once.
const BOUNDARY_BYTES_READ_MAX: usize = 128 << 20;

/// Where the message begins, with what keeps a header from being seen put right: the `From ` line of
/// an mbox, a byte order mark, blank lines before the header, a body with no header or with no empty
/// line before it, lone carriage returns as line ends.
pub(crate) fn whole(raw: &[u8]) -> Cow<'_, [u8]> {
    let raw = &raw[..raw.len().min(MESSAGE_BYTES_MAX)];
    let raw = raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(raw);
    if !raw.contains(&b'\n') && raw.contains(&b'\r') {
        let lines: Vec<u8> = raw.iter().map(|&b| if b == b'\r' { b'\n' } else { b }).collect();
        return Cow::Owned(whole(&lines).into_owned());
    }
    let raw = without_lines_before(raw);
    let header = Header::scan(raw);
    match header.body_without_gap {
        Some(at) => Cow::Owned([&raw[..at], b"\n", &raw[at..]].concat()),
        None => Cow::Borrowed(raw),
    }
}

/// The `From ` line and blank lines before a header.
fn without_lines_before(raw: &[u8]) -> &[u8] {
    const LINES_MAX: usize = 20;
    let mut rest = raw;
    for _ in 0..LINES_MAX {
        let (line, after) = split_line(rest);
        let separates = line.starts_with(b"From ") || line.starts_with(b">From ");
        if !separates && (!line.trim_ascii().is_empty() || after.is_empty()) {
            break;
        }
        rest = after;
    }
    // Blank lines followed by something that is no header are an empty header and a body.
    if sniff::is_known_field(split_line(rest).0) { rest } else { skip_from_lines(raw) }
}

fn skip_from_lines(mut raw: &[u8]) -> &[u8] {
    while raw.starts_with(b"From ") || raw.starts_with(b">From ") {
        raw = split_line(raw).1;
    }
    raw
}

pub(crate) fn split_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|&b| b == b'\n') {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, &[]),
    }
}

#[derive(Default)]
struct Header {
    /// Where a body begins that no empty line sets off.
    body_without_gap: Option<usize>,
}

impl Header {
    fn scan(raw: &[u8]) -> Self {
        const LINES_MAX: usize = 20_000;
        let mut at = 0;
        let mut stray = None;
        for count in 0..LINES_MAX {
            let (line, after) = split_line(&raw[at..]);
            let blank = line.trim_ascii().is_empty();
            if blank || at >= raw.len() {
                break;
            }
            let folded = count > 0 && matches!(line[0], b' ' | b'\t');
            if folded {
                // Belongs to the line before it, field or stray.
            } else if !sniff::is_field(line) {
                stray = stray.or(Some(at));
            } else if stray.is_some() && sniff::is_known_field(line) {
                // A header goes on after the stray line: broken, but no body yet.
                stray = None;
            }
            at = raw.len() - after.len();
        }
        Self { body_without_gap: stray }
    }
}

/// `raw` with its fuses out, the same length.
pub(crate) fn defuse(raw: &[u8]) -> Cow<'_, [u8]> {
    let mut safe = Cow::Borrowed(raw);
    let mut counts = Counts::default();
    let boundaries_max = (BOUNDARY_BYTES_READ_MAX / raw.len().max(1)).clamp(8, 256);
    let mut at = 0;
    while at < raw.len() {
        match raw[at] {
            b'\n' => {
                counts.end_line(matches!(raw.get(at + 1), Some(b' ' | b'\t')));
                if matches!(raw.get(at + 1), Some(b'\n')) || raw[at + 1..].starts_with(b"\r\n") {
                    counts.block_lines = 0;
                }
            }
            b':' => {
                if !counts.line_has_colon {
                    counts.line_has_colon = true;
                    counts.colon_lines += 1;
                }
                if counts.block_lines > BLOCK_LINES_MAX || counts.colon_lines > COLON_LINES_MAX {
                    safe.to_mut()[at] = b'.';
                }
            }
            b'=' => {
                counts.equals += 1;
                counts.line_equals += 1;
                if counts.equals > EQUALS_MAX || counts.line_equals > LINE_EQUALS_MAX {
                    safe.to_mut()[at] = b'.';
                }
            }
            b'-' if raw.get(at + 1) == Some(&b'-') => {
                counts.dash_runs += 1;
                let dashes = raw[at..].iter().take_while(|&&b| b == b'-').count();
                if counts.dash_runs > DASH_RUNS_MAX && counts.boundaries > 0 {
                    safe.to_mut()[at..at + dashes].fill(b'_');
                }
                at += dashes;
                continue;
            }
            // Words are looked for by their rarest letter.
            b'y' | b'Y' if ends_word(raw, at + 1, b"boundary") => {
                counts.boundaries += 1;
                if counts.boundaries > boundaries_max {
                    safe.to_mut()[at] = b'z';
                }
            }
            // A nested message stays closed: `message/rfc822`, `message/global`, and the parts of a
            // `multipart/digest`, which are messages unless they say otherwise.
            b'8' if ends_word(raw, at + 3, b"rfc822") => safe.to_mut()[at] = b'z',
            b'g' | b'G'
                if (ends_word(raw, at + 6, b"global") || ends_word(raw, at + 4, b"digest")) =>
            {
                safe.to_mut()[at] = b'z';
            }
            _ => {}
        }
        at += 1;
    }
    safe
}

fn ends_word(raw: &[u8], end: usize, word: &[u8]) -> bool {
    let Some(start) = end.checked_sub(word.len()) else { return false };
    raw.get(start..end).is_some_and(|bytes| bytes.eq_ignore_ascii_case(word))
}

#[derive(Default)]
struct Counts {
    line_has_colon: bool,
    colon_lines: usize,
    block_lines: usize,
    equals: usize,
    line_equals: usize,
    dash_runs: usize,
    boundaries: usize,
}

impl Counts {
    fn end_line(&mut self, next_is_folded: bool) {
        self.line_has_colon = false;
        self.block_lines += 1;
        if !next_is_folded {
            self.line_equals = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_whole(raw: &str, expected: &str) {
        assert_eq!(String::from_utf8_lossy(&whole(raw.as_bytes())), expected, "{raw:?}");
    }

    #[test]
    fn a_message_begins_at_its_header() {
        check_whole("From: a\n\nb", "From: a\n\nb");
        check_whole("From a Mon May 14 16:39:00 2001\nFrom: a\n\nb", "From: a\n\nb");
        check_whole("\n\r\nFrom: a\n\nb", "From: a\n\nb");
        check_whole("\u{feff}From: a\n\nb", "From: a\n\nb");
        check_whole("From: a\rTo: b\r\rc\r", "From: a\nTo: b\n\nc\n");
    }

    #[test]
    fn a_body_without_a_header_is_a_body() {
        check_whole("Hello\nworld", "\nHello\nworld");
        check_whole("\nHello", "\nHello");
    }

    #[test]
    fn a_body_without_an_empty_line_before_it_is_found() {
        check_whole("From: a\nTo: b\nHello there\nbye", "From: a\nTo: b\n\nHello there\nbye");
        check_whole("From: a\nrubbish\nTo: b\n\nbye", "From: a\nrubbish\nTo: b\n\nbye");
        check_whole("From: a\nTo: b,\n c\n\nbye", "From: a\nTo: b,\n c\n\nbye");
    }

    #[test]
    fn only_fuses_are_written_over() {
        let raw = b"From: a\n\n-- dashes -- and a boundary; one: two";
        assert!(matches!(defuse(raw), Cow::Borrowed(_)));
        assert_eq!(&*defuse(b"a: message/RFC822"), b"a: message/RFCz22");
        assert_eq!(&*defuse(b"a: multipart/digest"), b"a: multipart/dizest");
    }

    fn count(bytes: &[u8], wanted: u8) -> usize {
        bytes.split(|&b| b == wanted).count() - 1
    }

    #[test]
    fn parts_fields_and_parameters_are_bounded() {
        let parts = format!("a: boundary=x\n{}", "--x\n\n".repeat(DASH_RUNS_MAX + 5));
        let safe = defuse(parts.as_bytes());
        assert_eq!(safe.len(), parts.len());
        assert_eq!(safe.windows(2).filter(|w| w == b"--").count(), DASH_RUNS_MAX);
        let fields = "a:\n".repeat(BLOCK_LINES_MAX * 2);
        let safe = defuse(fields.as_bytes());
        assert!(count(&safe, b':') <= BLOCK_LINES_MAX + 1);
        let parameters = "a=b;\n ".repeat(LINE_EQUALS_MAX * 2);
        let safe = defuse(parameters.as_bytes());
        assert_eq!(count(&safe, b'='), LINE_EQUALS_MAX);
    }
}
