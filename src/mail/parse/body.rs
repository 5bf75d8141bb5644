//! The contents of a message: which parts are its text, which are attached, and their bytes.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::parsers::MessageStream;
use mail_parser::{
    ContentType, Encoding, HeaderName, HeaderValue, MessageParser, MessagePart, MimeHeaders,
    PartType,
};

use super::{defuse, people, text, uu, words};
use crate::mail::types::{Attachment, CalendarMethod};

/// Attachments listed of one message.
const ATTACHMENTS_MAX: usize = 2_000;
/// Header fields looked at.
const FIELDS_MAX: usize = 5_000;
/// Bytes of one field looked at.
const FIELD_BYTES_MAX: usize = 256 << 10;

/// A field of the message's own header, as it stands in the bytes.
pub(crate) struct Field<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) value: &'a [u8],
}

/// A message taken apart by the library.
pub(crate) struct Parts<'a> {
    /// The bytes as written: contents are read from here.
    raw: &'a [u8],
    /// The bytes as the library saw them: the same length, see [`defuse`].
    safe: &'a [u8],
    read: mail_parser::Message<'a>,
}

/// Where an attachment's bytes are.
pub(crate) enum Source {
    Part(usize),
    /// Between `begin` and `end` in the text of a part.
    Uuencoded(usize, Range<usize>),
}

impl<'a> Parts<'a> {
    /// `safe` is `raw` after [`defuse::defuse`]. Nothing when there is not even a header.
    pub(crate) fn of(raw: &'a [u8], safe: &'a [u8]) -> Option<Self> {
        static PARSER: OnceLock<MessageParser> = OnceLock::new();
        // The top header is read by us, field by field and within limits.
        let parser =
            PARSER.get_or_init(|| MessageParser::new().with_mime_headers().default_header_ignore());
        parser.parse(safe).map(|read| Self { raw, safe, read })
    }

    pub(crate) fn fields(&self) -> Vec<Field<'a>> {
        let Some(root) = self.read.parts.first() else { return Vec::new() };
        root.headers
            .iter()
            .take(FIELDS_MAX)
            .map(|header| {
                let end = header.offset_end.min(header.offset_start + FIELD_BYTES_MAX as u32);
                let name = match &header.name {
                    HeaderName::Other(name) => Cow::Owned(name.as_ref().to_owned()),
                    known => Cow::Borrowed(known.as_static_str()),
                };
                Field { name, value: self.slice(header.offset_start, end) }
            })
            .collect()
    }

    pub(crate) fn fields_count(&self) -> usize {
        self.read.parts.first().map_or(0, |root| root.headers.len())
    }

    fn slice(&self, start: u32, end: u32) -> &'a [u8] {
        self.raw.get(start as usize..end as usize).unwrap_or_default()
    }

    fn part(&self, id: usize) -> Option<&MessagePart<'a>> {
        self.read.parts.get(id)
    }

    /// `Content-Type` of the message, lower case.
    pub(crate) fn mime_type(&self) -> String {
        self.part(0).map_or_else(String::new, |root| self.mime_type_of(root))
    }

    pub(crate) fn charset(&self) -> Option<&str> {
        self.part(0)?.content_type()?.attribute("charset")
    }

    /// Ids of the parts that make the text, plain where there is a choice.
    pub(crate) fn plain_ids(&self) -> impl Iterator<Item = usize> {
        self.read.text_body.iter().map(|&id| id as usize)
    }

    /// The same, HTML where there is a choice.
    pub(crate) fn rich_ids(&self) -> impl Iterator<Item = usize> {
        self.read.html_body.iter().map(|&id| id as usize)
    }

    /// Text parts that are neither: `text/enriched`, a text marked as an attachment with no name.
    pub(crate) fn spare_ids(&self) -> impl Iterator<Item = usize> {
        self.read.attachments.iter().map(|&id| id as usize).filter(|&id| {
            self.part(id).is_some_and(|part| {
                matches!(part.body, PartType::Text(_) | PartType::Html(_))
                    && self.name_of(part).is_empty()
            })
        })
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.read.parts.iter().any(|part| part.is_encoding_problem && !part.is_empty())
    }

    /// The text of a part as it was meant: transfer encoding and charset undone, lies mended.
    pub(crate) fn text_of(&self, id: usize) -> Option<PartText<'_>> {
        let part = self.part(id)?;
        let (kind, read) = match &part.body {
            PartType::Text(read) => (TextKind::Plain, read),
            PartType::Html(read) => (TextKind::Html, read),
            _ => return None,
        };
        let content_type = part.content_type();
        let charset = content_type.and_then(|ct| ct.attribute("charset"));
        let kind = match content_type.and_then(|ct| ct.subtype()) {
            Some("enriched" | "richtext") => TextKind::Enriched,
            Some("calendar") => TextKind::Calendar,
            _ => kind,
        };
        let flowed = content_type
            .and_then(|ct| ct.attribute("format"))
            .is_some_and(|format| format.eq_ignore_ascii_case("flowed"));
        let delete_space = content_type
            .and_then(|ct| ct.attribute("delsp"))
            .is_some_and(|delsp| delsp.eq_ignore_ascii_case("yes"));
        let text = if self.may_lie(part, read, charset) {
            Cow::Owned(decode(&self.bytes(part), charset, kind))
        } else {
            Cow::Borrowed(read.as_ref())
        };
        Some(PartText { kind, text, flowed, delete_space })
    }

    /// Does the library's reading of a text part need a second look?
    fn may_lie(&self, part: &MessagePart<'a>, read: &str, charset: Option<&str>) -> bool {
        let range = part.offset_body as usize..part.offset_end as usize;
        let raw = self.slice(part.offset_body, part.offset_end);
        // A soft line break before the boundary costs the library the letters before it.
        let is_miscounted =
            part.encoding == Encoding::QuotedPrintable && raw.trim_ascii_end().ends_with(b"=");
        if is_miscounted
            || part.is_encoding_problem
            || self.safe.get(range.clone()) != self.raw.get(range)
        {
            return true;
        }
        if read.is_ascii() {
            // ISO-2022-JP is ASCII to look at; with no charset said it was left as it is.
            return charset.is_none() && read.contains("\x1b$");
        }
        match charset {
            // The library reads `us-ascii` as Windows-1252, too.
            Some(charset) if is_western(charset) || words::is_ascii_name(charset) => true,
            Some(charset) if !words::is_unicode_or_ascii(charset) => false,
            _ => read.contains('\u{fffd}'),
        }
    }

    /// Contents of a part after transfer decoding: the library's, where it saw what was written.
    fn bytes<'p>(&'p self, part: &'p MessagePart<'a>) -> Cow<'p, [u8]> {
        let raw = self.slice(part.offset_body, part.offset_end);
        let range = part.offset_body as usize..part.offset_end as usize;
        if let PartType::Binary(read) | PartType::InlineBinary(read) = &part.body
            && !part.is_encoding_problem
            && self.safe.get(range) == Some(raw)
        {
            return Cow::Borrowed(read);
        }
        let encoding = part.content_transfer_encoding().unwrap_or_default();
        let strict = match part.encoding {
            _ if part.is_encoding_problem => None,
            Encoding::None => Some(Cow::Borrowed(raw)),
            Encoding::Base64 => base64_decode(raw).map(Cow::Owned),
            Encoding::QuotedPrintable => None,
        };
        strict.unwrap_or_else(|| forgiving(raw, encoding))
    }

    /// A `Content-…` field as written: the fuses may have been in a file name.
    fn mime_field<'p>(
        &self,
        part: &'p MessagePart<'a>,
        name: &HeaderName<'_>,
    ) -> Option<Cow<'p, ContentType<'a>>> {
        const MIME_FIELD_BYTES_MAX: usize = 64 << 10;
        let header = part.headers.iter().rev().find(|header| header.name == *name)?;
        let range = header.offset_start as usize..header.offset_end as usize;
        let (raw, safe) = (self.raw.get(range.clone())?, self.safe.get(range)?);
        if raw == safe || raw.len() > MIME_FIELD_BYTES_MAX {
            return match &header.value {
                HeaderValue::ContentType(read) => Some(Cow::Borrowed(read)),
                _ => None,
            };
        }
        match MessageStream::new(raw).parse_content_type() {
            HeaderValue::ContentType(read) => Some(Cow::Owned(read)),
            _ => None,
        }
    }

    fn mime_type_of(&self, part: &MessagePart<'a>) -> String {
        match self.mime_field(part, &HeaderName::ContentType) {
            Some(read) => {
                let subtype = read.subtype().unwrap_or("plain");
                format!("{}/{subtype}", read.ctype()).to_lowercase()
            }
            None => "text/plain".to_owned(),
        }
    }

    fn name_of(&self, part: &MessagePart<'a>) -> String {
        let of = |field, attribute| {
            let read = self.mime_field(part, &field)?;
            let value = read.attribute(attribute)?.to_owned();
            (!value.trim().is_empty()).then_some(value)
        };
        let written = of(HeaderName::ContentDisposition, "filename")
            .or_else(|| of(HeaderName::ContentType, "name"))
            .unwrap_or_default();
        // Encoded words are not allowed in parameters (RFC 2047 section 5) and common there.
        words::line(written.as_bytes(), None)
    }

    /// Attachments in the order they stand, with where their bytes are. `texts` are the parts shown
    /// as text: uuencoded files hide in them.
    pub(crate) fn attachments(&self, texts: &[usize]) -> Vec<(Attachment, Source)> {
        let mut found = Vec::new();
        for &id in &self.read.attachments {
            let id = id as usize;
            if let (false, Some(part)) = (texts.contains(&id), self.part(id)) {
                let mime_type = self.mime_type_of(part);
                // A third way to say the same, which no person asks for.
                if mime_type != "text/x-amp-html" {
                    let bytes = self.size_of(part);
                    let name = self.title_of(part, &mime_type);
                    let at = Attachment { part: 0, name, mime_type, bytes };
                    found.push((at, Source::Part(id)));
                }
            }
        }
        for &id in texts {
            let Some(part) = self.text_of(id).filter(|part| part.kind == TextKind::Plain) else {
                continue;
            };
            for file in uu::files(&part.text) {
                let bytes = uu::decode(&part.text[file.data.clone()]).len() as u64;
                let mime_type = "application/octet-stream".to_owned();
                let at = Attachment { part: 0, name: words::tidy(file.name), mime_type, bytes };
                found.push((at, Source::Uuencoded(id, file.data)));
            }
        }
        found.truncate(ATTACHMENTS_MAX);
        for (at, (attachment, _)) in found.iter_mut().enumerate() {
            attachment.part = at as u32 + 1;
        }
        found
    }

    fn size_of(&self, part: &MessagePart<'a>) -> u64 {
        self.bytes(part).len() as u64
    }

    /// File name, or for a nested message its subject.
    fn title_of(&self, part: &MessagePart<'a>, mime_type: &str) -> String {
        const HEADER_BYTES_MAX: usize = 64 << 10;
        let name = self.name_of(part);
        if !name.is_empty() || !matches!(mime_type, "message/rfc822" | "message/global") {
            return name;
        }
        let nested = self.bytes(part);
        let nested = &nested[..nested.len().min(HEADER_BYTES_MAX)];
        let safe = defuse::defuse(nested);
        let parser = MessageParser::new().default_header_ignore().header_raw(HeaderName::Subject);
        let Some(read) = parser.parse_headers(&*safe) else { return String::new() };
        let subject = read.headers().iter().find(|header| header.name == HeaderName::Subject);
        subject.map_or_else(String::new, |header| {
            let range = header.offset_start as usize..header.offset_end as usize;
            words::line(nested.get(range).unwrap_or_default(), None)
        })
    }

    pub(crate) fn attachment_bytes(&self, source: &Source) -> Option<Vec<u8>> {
        match source {
            Source::Part(id) => self.part(*id).map(|part| self.bytes(part).into_owned()),
            Source::Uuencoded(id, range) => {
                let part = self.text_of(*id)?;
                part.text.get(range.clone()).map(uu::decode)
            }
        }
    }

    /// The method of the first `text/calendar` part, and that part's text.
    pub(crate) fn calendar(&self) -> Option<(CalendarMethod, Cow<'_, str>)> {
        let (id, part) = self.read.parts.iter().enumerate().find(|(_, part)| {
            part.is_content_type("text", "calendar") || part.is_content_type("application", "ics")
        })?;
        let text = match self.text_of(id) {
            Some(read) => read.text,
            None => Cow::Owned(String::from_utf8_lossy(&self.bytes(part)).into_owned()),
        };
        let said = part.content_type().and_then(|ct| ct.attribute("method")).map(str::to_owned);
        let method = said.or_else(|| text::calendar_line(&text, "METHOD")).unwrap_or_default();
        let method = match method.trim().to_ascii_uppercase().as_str() {
            "REQUEST" | "ADD" | "REFRESH" => CalendarMethod::Request,
            "REPLY" | "COUNTER" | "DECLINECOUNTER" => CalendarMethod::Reply,
            "CANCEL" => CalendarMethod::Cancel,
            _ => CalendarMethod::Publish,
        };
        Some((method, text))
    }
}

/// What kind of text a part holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextKind {
    Plain,
    Html,
    /// RFC 1896.
    Enriched,
    Calendar,
}

/// The text of one part.
pub(crate) struct PartText<'a> {
    pub(crate) kind: TextKind,
    pub(crate) text: Cow<'a, str>,
    pub(crate) flowed: bool,
    pub(crate) delete_space: bool,
}

/// Transfer decoding of what the library gave up on: cut off, or with letters that do not belong.
fn forgiving<'a>(raw: &'a [u8], encoding: &str) -> Cow<'a, [u8]> {
    if encoding.trim().eq_ignore_ascii_case("quoted-printable") {
        return Cow::Owned(words::quoted_lines(raw));
    }
    if encoding.trim().eq_ignore_ascii_case("base64") {
        let (mut belong, mut others) = (0_usize, 0_usize);
        for &b in raw.iter().filter(|b| !b.is_ascii_whitespace()) {
            if b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=') {
                belong += 1;
            } else {
                others += 1;
            }
        }
        if others * 50 <= belong {
            return Cow::Owned(words::base64(raw));
        }
    }
    Cow::Borrowed(raw)
}

fn is_western(charset: &str) -> bool {
    let charset = charset.trim();
    ["iso-8859-1", "iso-8859-15", "windows-1252", "latin1", "cp1252"]
        .iter()
        .any(|name| charset.eq_ignore_ascii_case(name))
}

/// UTF-8 where the bytes are UTF-8, whatever they were said to be; else as said, by the header or by
/// the HTML itself; else as they are mostly meant.
pub(crate) fn decode(bytes: &[u8], charset: Option<&str>, kind: TextKind) -> String {
    if bytes.is_ascii()
        && charset.is_none()
        && bytes.windows(3).any(|w| w == b"\x1b$B")
        && let Some(japanese) = charset_decoder(b"iso-2022-jp")
    {
        return japanese(bytes);
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && charset.is_none_or(|charset| words::is_unicode_or_ascii(charset) || is_western(charset))
    {
        return text.to_owned();
    }
    let said = charset.map(str::to_owned).or_else(|| match kind {
        TextKind::Html => meta_charset(bytes),
        _ => None,
    });
    words::utf8(bytes, said.as_deref()).into_owned()
}

/// `<meta charset=…>` or `<meta … content="text/html; charset=…">` near the start.
fn meta_charset(html: &[u8]) -> Option<String> {
    const HEAD_BYTES_MAX: usize = 2_048;
    let head = String::from_utf8_lossy(&html[..html.len().min(HEAD_BYTES_MAX)]).to_lowercase();
    let (_, after) = head.split_once("charset=")?;
    let name: String = after
        .trim_start_matches(['"', '\'', ' '])
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .collect();
    (!name.is_empty()).then_some(name)
}

/// Addresses of a bare value, for `Return-Path` and its like.
pub(crate) fn address(value: &[u8]) -> String {
    people::clean_address(&String::from_utf8_lossy(value))
}
