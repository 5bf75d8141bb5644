//! Header values as text: folding, charsets that lie, encoded words (RFC 2047).

use std::borrow::Cow;

use mail_parser::decoders::charsets::map::charset_decoder;

use crate::mail::invisible;

/// One header value as a line of text: decoded, white space folded to single blanks.
pub(crate) fn line(value: &[u8], charset: Option<&str>) -> String {
    let text = utf8(value, charset);
    tidy(&decode_words(&text, |decoded, out| out.push_str(decoded)))
}

/// White space folded to single blanks, nothing invisible.
pub(crate) fn tidy(text: &str) -> String {
    let (text, _) = invisible::strip(text);
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// Bytes as text: UTF-8 where they are UTF-8, else in `charset`, else as Windows-1252.
pub(crate) fn utf8<'a>(bytes: &'a [u8], charset: Option<&str>) -> Cow<'a, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    if let Some(charset) = charset
        && !is_unicode_or_ascii(charset)
        && let Some(decode) = charset_decoder(charset.trim().as_bytes())
    {
        return Cow::Owned(decode(bytes));
    }
    Cow::Owned(mend(bytes))
}

/// Text that is UTF-8 but for some bytes, which are read as Windows-1252: what the lossy reading
/// would turn into replacement characters can nearly always be read this way.
pub(crate) fn mend(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 8);
    let western = charset_decoder(b"windows-1252");
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        if let (false, Some(western)) = (chunk.invalid().is_empty(), western) {
            text.push_str(&western(chunk.invalid()));
        }
    }
    text
}

/// Charsets whose name says nothing of bytes above 127 when the text is not UTF-8.
pub(crate) fn is_unicode_or_ascii(charset: &str) -> bool {
    let charset = charset.trim();
    ["utf-8", "utf8", "unknown-8bit", "x-unknown", "unknown"]
        .iter()
        .any(|name| charset.eq_ignore_ascii_case(name))
        || is_ascii_name(charset)
        || charset_decoder(charset.as_bytes()).is_none()
}

pub(crate) fn is_ascii_name(charset: &str) -> bool {
    let charset = charset.trim();
    ["us-ascii", "ascii", "ansi_x3.4-1968"].iter().any(|name| charset.eq_ignore_ascii_case(name))
}

/// `text` with each run of encoded words handed, decoded, to `emit`.
///
/// Adjacent words of one charset are joined before the charset is decoded: mailers cut characters
/// of several bytes in two, against RFC 2047 section 5.
pub(crate) fn decode_words(text: &str, emit: impl Fn(&str, &mut String)) -> Cow<'_, str> {
    if !text.contains("=?") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("=?") {
        let Some((mut word, mut after)) = EncodedWord::read(&rest[start..]) else {
            out.push_str(&rest[..start + 2]);
            rest = &rest[start + 2..];
            continue;
        };
        out.push_str(&rest[..start]);
        let mut decoded = String::new();
        while let Some((next, after_next)) = EncodedWord::read(after.trim_start()) {
            if next.charset.eq_ignore_ascii_case(word.charset) {
                word.bytes.extend_from_slice(&next.bytes);
                word.is_read |= next.is_read;
            } else {
                decoded.push_str(&word.text());
                word = next;
            }
            after = after_next;
        }
        decoded.push_str(&word.text());
        emit(&decoded, &mut out);
        rest = after;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

struct EncodedWord<'a> {
    charset: &'a str,
    /// Letters above 127 stood in it as they are, and have been read by now.
    is_read: bool,
    bytes: Vec<u8>,
}

impl<'a> EncodedWord<'a> {
    /// The word at the start of `text`, and what follows it.
    fn read(text: &'a str) -> Option<(Self, &'a str)> {
        const CHARSET_BYTES_MAX: usize = 60;
        let inner = text.strip_prefix("=?")?;
        let (charset, inner) = inner.split_once('?')?;
        if charset.is_empty() || charset.len() > CHARSET_BYTES_MAX || charset.contains(' ') {
            return None;
        }
        let (encoding, inner) = inner.split_once('?')?;
        let end = inner.find("?=")?;
        let (data, after) = (&inner[..end], &inner[end + 2..]);
        let bytes = match encoding {
            "b" | "B" => base64(data.as_bytes()),
            "q" | "Q" => quoted(data),
            _ => return None,
        };
        // RFC 2231 section 5: a language may follow the charset.
        let charset = charset.split('*').next().unwrap_or(charset);
        Some((Self { charset, is_read: !data.is_ascii(), bytes }, after))
    }

    fn text(&self) -> Cow<'_, str> {
        if self.is_read && std::str::from_utf8(&self.bytes).is_ok() {
            return utf8(&self.bytes, None);
        }
        match charset_decoder(self.charset.as_bytes()) {
            Some(decode) if !is_unicode_or_ascii(self.charset) => Cow::Owned(decode(&self.bytes)),
            _ => utf8(&self.bytes, None),
        }
    }
}

fn quoted(data: &str) -> Vec<u8> {
    // Folds inside a word are no part of it.
    let unfolded: Vec<u8> = data.bytes().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    let mut bytes = Vec::with_capacity(unfolded.len());
    unquote(&unfolded, &mut bytes, |byte| if byte == b'_' { b' ' } else { byte });
    bytes
}

/// Quoted-printable that forgives: an `=` that begins nothing stays.
pub(crate) fn quoted_lines(data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(data.len());
    for line in data.split_inclusive(|&b| b == b'\n') {
        let body = line.trim_ascii_end();
        match body.strip_suffix(b"=") {
            Some(soft) => unquote(soft, &mut bytes, |byte| byte),
            None => unquote(line, &mut bytes, |byte| byte),
        }
    }
    bytes
}

fn unquote(data: &[u8], bytes: &mut Vec<u8>, plain: impl Fn(u8) -> u8) {
    let hex = |i: usize| data.get(i).and_then(|&b| (b as char).to_digit(16));
    let mut at = 0;
    while at < data.len() {
        match (data[at], hex(at + 1), hex(at + 2)) {
            (b'=', Some(high), Some(low)) => {
                bytes.push((high * 16 + low) as u8);
                at += 2;
            }
            (byte, ..) => bytes.push(plain(byte)),
        }
        at += 1;
    }
}

/// Base64 that forgives: anything outside the alphabet is passed over, padding is optional. `,`
/// stands for `/` as in IMAP's UTF-7.
pub(crate) fn base64(data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(data.len() / 4 * 3 + 3);
    let (mut window, mut bits) = (0_u32, 0_u32);
    for &byte in data {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' | b',' => 63,
            _ => continue,
        };
        window = (window << 6) | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((window >> bits) as u8);
        }
    }
    bytes
}

/// `text` as one encoded word, for a parser that decodes words itself.
pub(crate) fn encode_word(text: &str, out: &mut String) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    out.push_str(" =?utf-8?B?");
    for chunk in text.as_bytes().chunks(3) {
        let byte = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let window = byte(0) << 16 | byte(1) << 8 | byte(2);
        for i in 0..4 {
            if i <= chunk.len() {
                out.push(ALPHABET[(window >> (18 - 6 * i) & 63) as usize] as char);
            } else {
                out.push('=');
            }
        }
    }
    out.push_str("?= ");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(input: &[u8], expected: &str) {
        assert_eq!(line(input, None), expected);
    }

    #[test]
    fn white_space_and_folds_become_blanks() {
        check(b"  Hello,\r\n\t  world \n", "Hello, world");
        check(b"", "");
    }

    #[test]
    fn encoded_words_are_read() {
        check(b"=?ISO-8859-1?Q?Gr=FC=DFe_aus?= K=?utf-8?B?w7ZsbiA=?=", "Grüße aus Köln");
        check(b"=?utf-8*de?q?a?= =?UTF-8?Q?_b?=", "a b");
        check(b"=?utf-8?Q?Two words?= x", "Two words x");
        check(b"=?koi8-r?B?8NLJ18XU?=", "Привет");
        check(b"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本");
    }

    #[test]
    fn a_character_cut_between_words_is_whole_again() {
        check(b"=?UTF-8?B?w4TDlsM=?=\r\n =?UTF-8?B?nCE=?=", "ÄÖÜ!");
        check(b"=?utf-8?Q?=E2=82?= =?UTF-8?Q?=AC_5?=", "€ 5");
    }

    #[test]
    fn broken_words_stay_as_they_are() {
        check(b"=?utf-8?Q?never closed", "=?utf-8?Q?never closed");
        check(b"=?utf-8?X?abc?= =? ", "=?utf-8?X?abc?= =?");
        check(b"1 =? 2", "1 =? 2");
    }

    #[test]
    fn bytes_above_127_without_a_charset_are_read() {
        check(b"Gr\xc3\xbc\xc3\x9fe", "Grüße");
        check(b"Gr\xfc\xdfe", "Grüße");
        assert_eq!(line(b"\xf0\xd2\xc9\xd7\xc5\xd4", Some("koi8-r")), "Привет");
        assert_eq!(line(b"Gr\xfc\xdfe \xc3\xbc", Some("utf-8")), "Grüße ü");
        check(b"=?utf-8?Q?Gr=FC=DFe?=", "Grüße");
        check(b"=?iso-8859-1?Q?Gr\xfc\xdfe_=?= =?iso-8859-1?Q?aus?=", "Grüße =aus");
    }

    #[test]
    fn broken_quoted_printable_is_read_as_far_as_it_goes() {
        assert_eq!(
            quoted_lines(b"Gr=C3=BC=C3=9F=\r\ne a=b =3D 5 =\n!"),
            "Grüße a=b = 5 !".as_bytes()
        );
    }

    #[test]
    fn what_is_encoded_is_decoded_alike() {
        for text in ["", "a", "ab", "abc", "Grüße aus Köln"] {
            let mut word = String::new();
            encode_word(text, &mut word);
            assert_eq!(line(word.as_bytes(), None), text);
        }
    }
}
