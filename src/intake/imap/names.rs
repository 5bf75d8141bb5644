//! Folder names: modified UTF-7 (RFC 3501, 5.1.3) to text, the server's delimiter to `/`.

use base64::Engine as _;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const MUTF7: GeneralPurpose = GeneralPurpose::new(
    &IMAP_MUTF7,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The name for a person. What is no modified UTF-7 stays as it is: some servers send plain UTF-8.
pub(super) fn readable(name: &str, delimiter: Option<char>) -> String {
    let decoded = decode(name).unwrap_or_else(|| name.to_owned());
    match delimiter {
        // A slash inside a level would make two of it.
        Some(delimiter) if delimiter != '/' => decoded
            .chars()
            .map(|c| match c {
                c if c == delimiter => '/',
                '/' => '_',
                c => c,
            })
            .collect(),
        _ => decoded,
    }
}

/// The name as the server wants it: the other way round.
pub(super) fn encoded(readable: &str, delimiter: Option<char>) -> String {
    let text: String = match delimiter {
        Some(delimiter) if delimiter != '/' => {
            readable.chars().map(|c| if c == '/' { delimiter } else { c }).collect()
        }
        _ => readable.to_owned(),
    };
    let mut name = String::with_capacity(text.len());
    let mut shifted: Vec<u8> = Vec::new();
    let close = |name: &mut String, shifted: &mut Vec<u8>| {
        if !shifted.is_empty() {
            name.push('&');
            name.push_str(&MUTF7.encode(&*shifted));
            name.push('-');
            shifted.clear();
        }
    };
    for c in text.chars() {
        if (' '..='~').contains(&c) {
            close(&mut name, &mut shifted);
            name.push(c);
            if c == '&' {
                name.push('-');
            }
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                shifted.extend_from_slice(&unit.to_be_bytes());
            }
        }
    }
    close(&mut name, &mut shifted);
    name
}

fn decode(name: &str) -> Option<String> {
    if !name.is_ascii() {
        return None;
    }
    let mut text = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((plain, shifted)) = rest.split_once('&') {
        text.push_str(plain);
        let (code, behind) = shifted.split_once('-')?;
        if code.is_empty() {
            text.push('&');
        } else {
            let bytes = MUTF7.decode(code).ok()?;
            let units: Vec<u16> =
                bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            text.push_str(&String::from_utf16(&units).ok()?);
        }
        rest = behind;
    }
    text.push_str(rest);
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, delimiter: char, expected: &str) {
        assert_eq!(readable(name, Some(delimiter)), expected);
    }

    #[test]
    fn names_are_written_as_they_are_read() {
        for (name, delimiter) in [
            ("INBOX", '/'),
            ("Entw&APw-rfe", '/'),
            ("~peter/mail/&U,BTFw-/&ZeVnLIqe-", '/'),
            ("Tom &- Jerry", '/'),
            ("INBOX.Lists.rust", '.'),
            ("&2D3eAA-", '/'),
        ] {
            assert_eq!(encoded(&readable(name, Some(delimiter)), Some(delimiter)), name);
        }
    }

    #[test]
    fn names_are_read_as_their_owner_wrote_them() {
        check("INBOX", '/', "INBOX");
        check("Entw&APw-rfe", '/', "Entwürfe");
        check("~peter/mail/&U,BTFw-/&ZeVnLIqe-", '/', "~peter/mail/台北/日本語");
        check("Tom &- Jerry", '/', "Tom & Jerry");
        check("INBOX.Lists.rust", '.', "INBOX/Lists/rust");
        check("a/b.c", '.', "a_b/c");
        check("&2D3eAA-", '/', "😀");
    }

    #[test]
    fn what_is_no_name_stays_as_it_is() {
        check("Büro", '/', "Büro");
        check("a&b", '/', "a&b");
        check("&!!!-", '/', "&!!!-");
        check("&2D0-", '/', "&2D0-");
    }
}
