//! Transfer encodings, encoded words and a one-page PDF: what a message is wrapped in.

use std::fmt::Write as _;

/// Longest line sent as it is; RFC 5322 section 2.1.1 asks for at most 78.
const LINE_MAX: usize = 78;

/// A part with its head, CRLF line ends, lines of at most 78 columns.
pub(super) fn part(content_type: &str, text: &str) -> String {
    let plain = text.is_ascii()
        && text.lines().all(|line| line.len() <= LINE_MAX && !line.starts_with("From "));
    let (encoding, body) = if plain {
        ("7bit", text.lines().fold(String::new(), |out, line| out + line + "\r\n"))
    } else {
        ("quoted-printable", quoted_printable(text))
    };
    format!("Content-Type: {content_type}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{body}")
}

/// An attached file with its head, in base64.
pub(super) fn attachment(name: &str, mime_type: &str, bytes: &[u8]) -> String {
    let mut out = format!(
        "Content-Type: {mime_type}; name=\"{name}\"\r\n\
         Content-Disposition: attachment; filename=\"{name}\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n"
    );
    for line in base64(bytes).as_bytes().chunks(76) {
        out.extend(line.iter().map(|byte| char::from(*byte)));
        out.push_str("\r\n");
    }
    out
}

/// Several parts in one; `boundary` must not occur in them.
pub(super) fn multipart(subtype: &str, boundary: &str, parts: &[String]) -> String {
    let mut out = format!("Content-Type: multipart/{subtype};\r\n boundary=\"{boundary}\"\r\n\r\n");
    for part in parts {
        let _ = write!(out, "--{boundary}\r\n{part}\r\n");
    }
    let _ = write!(out, "--{boundary}--\r\n");
    out
}

/// RFC 2045 section 6.7.
fn quoted_printable(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let bytes = line.as_bytes();
        let mut columns = 0;
        for (index, byte) in bytes.iter().enumerate() {
            let last = index + 1 == bytes.len();
            let from = index == 0 && line.starts_with("From ");
            let keep = matches!(byte, b'!'..=b'<' | b'>'..=b'~') && !from
                || matches!(byte, b' ' | b'\t') && !last;
            let width = if keep { 1 } else { 3 };
            if columns + width > 75 {
                out.push_str("=\r\n");
                columns = 0;
            }
            if keep {
                out.push(char::from(*byte));
            } else {
                let _ = write!(out, "={byte:02X}");
            }
            columns += width;
        }
        out.push_str("\r\n");
    }
    out
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0_u32, |group, byte| (group << 8) | u32::from(*byte));
        let group = group << (8 * (3 - chunk.len()));
        for letter in 0..4 {
            let index = ((group >> (18 - 6 * letter)) & 63) as usize;
            out.push(if letter > chunk.len() { '=' } else { char::from(LETTERS[index]) });
        }
    }
    out
}

/// Free text in a header field: as it is, or in words of RFC 2047 of at most 75 columns.
pub(super) fn unstructured(text: &str) -> String {
    if text.is_ascii() { folded(text) } else { encoded_words(text) }
}

/// Breaks an ASCII field at blanks, so that no line passes 78 columns with the field's name.
pub(super) fn folded(text: &str) -> String {
    let mut out = String::new();
    let mut columns = 20;
    for word in text.split(' ') {
        if columns + 1 + word.len() > LINE_MAX && !out.is_empty() {
            out.push_str("\r\n ");
            columns = 1;
        } else if !out.is_empty() {
            out.push(' ');
            columns += 1;
        }
        out.push_str(word);
        columns += word.len();
    }
    out
}

/// `Name <address>`, the name quoted or encoded where it must be.
pub(super) fn mailbox(name: &str, address: &str) -> String {
    if name.is_empty() {
        return address.to_owned();
    }
    if !name.is_ascii() {
        return format!("{} <{address}>", encoded_words(name));
    }
    if name.chars().all(|c| c.is_ascii_alphanumeric() || c == ' ' || c == '-' || c == '\'') {
        return format!("{name} <{address}>");
    }
    format!("\"{}\" <{address}>", name.replace('\\', "\\\\").replace('"', "\\\""))
}

fn encoded_words(text: &str) -> String {
    let mut words = vec![String::new()];
    for letter in text.chars() {
        let mut encoded = String::new();
        if letter == ' ' {
            encoded.push('_');
        } else if letter.is_ascii_alphanumeric() {
            encoded.push(letter);
        } else {
            for byte in letter.to_string().bytes() {
                let _ = write!(encoded, "={byte:02X}");
            }
        }
        match words.last_mut() {
            Some(last) if last.len() + encoded.len() <= 50 => last.push_str(&encoded),
            _ => words.push(encoded),
        }
    }
    let words: Vec<String> = words.iter().map(|word| format!("=?utf-8?Q?{word}?=")).collect();
    words.join("\r\n ")
}

/// A PDF of one page that says `text`, line by line; ASCII only.
pub(super) fn pdf(text: &str) -> Vec<u8> {
    let mut stream = String::from("BT /F1 11 Tf 14 TL 60 780 Td\n");
    for line in text.lines() {
        let escaped = line.replace('\\', "\\\\").replace('(', "\\(").replace(')', "\\)");
        let _ = writeln!(stream, "({escaped}) Tj T*");
    }
    stream.push_str("ET\n");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R \
         /Resources << /Font << /F1 4 0 R >> >> >>"
            .to_owned(),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
        format!("<< /Length {} >>\nstream\n{stream}endstream", stream.len()),
    ];
    let mut out = String::from("%PDF-1.4\n");
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(out.len());
        let _ = write!(out, "{} 0 obj\n{object}\nendobj\n", index + 1);
    }
    let table = out.len();
    out.push_str("xref\n0 6\n0000000000 65535 f \n");
    for offset in offsets {
        let _ = writeln!(out, "{offset:010} 00000 n ");
    }
    let _ = write!(out, "trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n");
    out.into_bytes()
}
