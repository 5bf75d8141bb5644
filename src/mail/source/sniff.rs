//! Is this mail? By the first lines, whatever the file is called.

/// Bytes looked at.
pub(crate) const SNIFF_BYTES: usize = 16 << 10;

/// Fields that mail begins with, lower case.
const KNOWN_FIELDS: [&str; 44] = [
    "from",
    "to",
    "cc",
    "bcc",
    "subject",
    "date",
    "message-id",
    "received",
    "return-path",
    "delivered-to",
    "reply-to",
    "sender",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    "in-reply-to",
    "references",
    "envelope-to",
    "delivery-date",
    "status",
    "x-mozilla-status",
    "x-gmail-labels",
    "x-gm-thrid",
    "x-mailer",
    "x-priority",
    "x-received",
    "x-original-to",
    "x-spam-status",
    "x-spam-flag",
    "x-spam-checker-version",
    "authentication-results",
    "arc-seal",
    "dkim-signature",
    "received-spf",
    "list-id",
    "list-unsubscribe",
    "precedence",
    "errors-to",
    "resent-from",
    "resent-date",
    "user-agent",
    "newsgroups",
    "thread-topic",
];

/// Is the line `Name: value`?
pub(crate) fn is_field(line: &[u8]) -> bool {
    field_name(line).is_some()
}

/// Is it a field that mail has?
pub(crate) fn is_known_field(line: &[u8]) -> bool {
    field_name(line).is_some_and(|name| {
        KNOWN_FIELDS.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
    })
}

fn field_name(line: &[u8]) -> Option<&[u8]> {
    const NAME_BYTES_MAX: usize = 76;
    let end = line.iter().take(NAME_BYTES_MAX + 1).position(|&b| b == b':')?;
    // Blanks before the colon are obsolete but allowed (RFC 5322 section 4.5).
    let name = line[..end].trim_ascii_end();
    (!name.is_empty() && name.iter().all(u8::is_ascii_graphic)).then_some(name)
}

/// Is a file that begins with `start` a message, or an mbox?
///
/// A header may be broken: rubbish between its fields, or NUL bytes, do not matter when enough of
/// it is known.
pub(crate) fn is_mail(start: &[u8]) -> bool {
    const LINES_MAX: usize = 200;
    let start = &start[..start.len().min(SNIFF_BYTES)];
    let start = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    if is_other_format(start) {
        return false;
    }
    let (mut fields, mut known, mut rubbish) = (0, 0, 0);
    let lines = start.split(|&b| b == b'\n').take(LINES_MAX);
    for line in lines.skip_while(|line| line.trim_ascii().is_empty()) {
        if line.trim_ascii().is_empty() {
            break;
        }
        let is_folded = fields > 0 && matches!(line[0], b' ' | b'\t');
        if is_folded || line.starts_with(b"From ") || line.starts_with(b">From ") {
            continue;
        }
        if !is_field(line) {
            rubbish += 1;
            continue;
        }
        fields += 1;
        known += usize::from(is_known_field(line));
    }
    let has_nul = start.contains(&0);
    match rubbish {
        0 if !has_nul => known > 0 && known * 4 >= fields.min(12),
        _ => known >= 3 && known >= rubbish,
    }
}

/// Formats that begin in a way of their own.
pub(crate) fn is_other_format(start: &[u8]) -> bool {
    const MAGIC: [&[u8]; 16] = [
        b"\x89PNG",
        b"\xff\xd8\xff",
        b"GIF8",
        b"%PDF",
        b"PK\x03\x04",
        b"\x1f\x8b",
        b"BZh",
        b"\xfd7zXZ",
        b"7z\xbc\xaf",
        b"SQLite format 3",
        b"\x7fELF",
        b"MZ",
        b"RIFF",
        b"II*\x00",
        b"\xd0\xcf\x11\xe0",
        b"<!DOCTYPE",
    ];
    MAGIC.iter().any(|magic| start.starts_with(magic))
}

/// Is this the separator line of an mbox: `From `, perhaps an address, and a date?
///
/// Tolerant: senders with blanks, time zones, Mozilla's `From - Mon Jan …`, Takeout's offset before
/// the year. A sentence that begins with the word has no month, time and year in it.
pub(crate) fn is_separator(line: &[u8]) -> bool {
    const LINE_BYTES_MAX: usize = 400;
    if !line.starts_with(b"From ") || line.len() > LINE_BYTES_MAX {
        return false;
    }
    let (mut time, mut month, mut year) = (false, false, false);
    for word in line[5..].split(|b| b.is_ascii_whitespace() || *b == b',') {
        time |= is_time(word);
        month |= is_month(word);
        year |= word.len() == 4 && word.iter().all(u8::is_ascii_digit);
    }
    time && month && year
}

pub(crate) fn is_time(word: &[u8]) -> bool {
    let mut count = 0;
    let digits = word.split(|&b| b == b':').all(|part| {
        count += 1;
        (1..=2).contains(&part.len()) && part.iter().all(u8::is_ascii_digit)
    });
    digits && (2..=3).contains(&count)
}

pub(crate) fn is_month(word: &[u8]) -> bool {
    const MONTHS: [&[u8]; 12] = [
        b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov",
        b"dec",
    ];
    MONTHS.iter().any(|month| word.eq_ignore_ascii_case(month))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(start: &str, expected: bool) {
        assert_eq!(is_mail(start.as_bytes()), expected, "{start:?}");
        let crlf = start.replace('\n', "\r\n");
        assert_eq!(is_mail(crlf.as_bytes()), expected, "{start:?} with CRLF");
    }

    #[test]
    fn messages_are_mail() {
        check("Subject: x\n\nbody", true);
        check("Return-Path: <a@example.org>\nX-A: 1\nX-B: 2\nX-C: 3\n\n", true);
        check("From a@example.org Mon May 14 16:39:00 2001\nFrom: a@example.org\n\nbody", true);
        check("\n\nFrom: a@example.org\n\nbody", true);
        check("rubbish line\nFrom: a\nTo: b\nDate: c\n\nbody", true);
        check("From: a\nTo: b\nDate: c\nno empty line", true);
        check("From: a\nTo: b\nDate: c\nSubject: x\0y\n\nbody\0", true);
    }

    #[test]
    fn other_texts_are_not() {
        check("MIT License\n\nPermission is hereby granted: to any person", false);
        check("# Title\n\nFrom: here\n", false);
        check("name: x\nversion: 1\nlicense: MIT\n", false);
        check("Dear all\n\nFrom: a\n", false);
        check("{\"from\": 1}", false);
        check("", false);
    }

    #[test]
    fn other_formats_are_not() {
        for start in [&b"\x89PNG\r\n\x1a\n"[..], b"%PDF-1.4\nFrom: x", b"From: a\0\0\n\n"] {
            assert!(!is_mail(start));
        }
    }

    #[test]
    fn separators_have_a_date() {
        for line in [
            "From a@example.org Mon May 14 16:39:00 2001",
            "From a@example.org  Thu Aug  2 12:36:23 2002\r",
            "From - Mon Jan 01 00:00:00 2001",
            "From 1234@xxx Mon May 14 16:39:00 +0000 2001",
            "From a b@example.org Mon, 14 May 2001 16:39",
            "From MAILER-DAEMON Fri Jul  8 12:08:34 2011 -0700",
        ] {
            assert!(is_separator(line.as_bytes()), "{line}");
        }
        for line in
            ["From the desk of Ada", "From: a", "From 10:30 on, may we", "from a May 1:00 2001"]
        {
            assert!(!is_separator(line.as_bytes()), "{line}");
        }
    }
}
