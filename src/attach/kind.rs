//! What a file is, by its contents first.

use serde::{Deserialize, Serialize};

use super::File;
use super::plain;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Portable Document Format.
    Pdf,
    /// Office Open XML, a text.
    Docx,
    /// Office Open XML, a workbook.
    Xlsx,
    /// Office Open XML, a presentation.
    Pptx,
    /// `OpenDocument`, a text.
    Odt,
    /// `OpenDocument`, a spreadsheet.
    Ods,
    /// `OpenDocument`, a presentation.
    Odp,
    /// A web page.
    Html,
    /// iCalendar.
    Calendar,
    /// Plain text.
    Text,
    /// Plain text in columns.
    Csv,
    /// A mail.
    Message,
    /// Files packed into one.
    Archive,
    /// A picture.
    Image,
    /// Sound.
    Audio,
    /// Moving pictures.
    Video,
    /// A text of a word processor that is not read here (`.doc`, `.rtf`).
    OtherDocument,
    /// A workbook that is not read here (`.xls`).
    OtherSheet,
    /// A presentation that is not read here (`.ppt`).
    OtherSlides,
    /// Anything else.
    Other,
}

/// What `has:` may ask for besides `attachment`, each with what it stands for.
pub const GROUPS: &[&str] = &[
    "pdf",
    "document",
    "spreadsheet",
    "presentation",
    "calendar",
    "message",
    "archive",
    "image",
    "audio",
    "video",
];

impl Kind {
    /// Its name, as it is kept.
    pub fn name(self) -> String {
        let value = serde_json::to_value(self).ok();
        value.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// The kind that [`Kind::name`] names so.
    pub fn named(name: &str) -> Option<Self> {
        serde_json::from_value(name.into()).ok()
    }

    /// What a person calls it: one of [`GROUPS`], or nothing for what has no name of its own.
    pub fn group(self) -> Option<&'static str> {
        Some(match self {
            Kind::Pdf => "pdf",
            Kind::Docx | Kind::Odt | Kind::OtherDocument => "document",
            Kind::Xlsx | Kind::Ods | Kind::Csv | Kind::OtherSheet => "spreadsheet",
            Kind::Pptx | Kind::Odp | Kind::OtherSlides => "presentation",
            Kind::Calendar => "calendar",
            Kind::Message => "message",
            Kind::Archive => "archive",
            Kind::Image => "image",
            Kind::Audio => "audio",
            Kind::Video => "video",
            Kind::Html | Kind::Text | Kind::Other => return None,
        })
    }

    /// Whether its text can be read here.
    pub fn is_read(self) -> bool {
        !matches!(
            self,
            Kind::Image
                | Kind::Audio
                | Kind::Video
                | Kind::OtherDocument
                | Kind::OtherSheet
                | Kind::OtherSlides
                | Kind::Other
        )
    }
}

/// What a file is, by its contents; among text, by what its name and type say as well. A zip
/// archive is an [`Kind::Archive`] here, whatever lies in it.
pub(super) fn of(file: &File<'_>) -> Kind {
    /// A header of a PDF may stand behind some rubbish.
    const PDF_HEAD_BYTES: usize = 1_024;
    let bytes = file.bytes;
    let head = &bytes[..bytes.len().min(PDF_HEAD_BYTES)];
    if head.windows(5).any(|window| window == b"%PDF-") {
        return Kind::Pdf;
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return Kind::Archive;
    }
    if let Some(kind) = by_mark(head) {
        return match (kind, guess(file.name, file.mime_type)) {
            // One container for all of the old office formats.
            (Kind::OtherDocument, guess @ (Kind::OtherSheet | Kind::OtherSlides)) => guess,
            _ => kind,
        };
    }
    if !plain::is_text(bytes) {
        let guess = guess(file.name, file.mime_type);
        return if guess.is_read() { Kind::Other } else { guess };
    }
    of_text(file)
}

/// What a file is by name and type alone.
pub fn guess(name: &str, mime_type: &str) -> Kind {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
    match ending.as_str() {
        "pdf" => return Kind::Pdf,
        "docx" | "docm" | "dotx" => return Kind::Docx,
        "xlsx" | "xlsm" | "xltx" => return Kind::Xlsx,
        "pptx" | "pptm" | "ppsx" => return Kind::Pptx,
        "odt" | "ott" => return Kind::Odt,
        "ods" => return Kind::Ods,
        "odp" => return Kind::Odp,
        "htm" | "html" | "xhtml" => return Kind::Html,
        "ics" | "vcs" | "ifb" => return Kind::Calendar,
        "txt" | "md" | "log" | "text" => return Kind::Text,
        "csv" | "tsv" => return Kind::Csv,
        "eml" => return Kind::Message,
        "zip" | "gz" | "tgz" | "rar" | "7z" | "tar" | "bz2" | "xz" => return Kind::Archive,
        "doc" | "dot" | "rtf" | "wpd" | "pages" => return Kind::OtherDocument,
        "xls" | "xlsb" | "xlt" | "numbers" => return Kind::OtherSheet,
        "ppt" | "pps" | "key" => return Kind::OtherSlides,
        _ => {}
    }
    let (class, subtype) = mime_type.split_once('/').unwrap_or((mime_type, ""));
    match (class, subtype) {
        ("image", _) => Kind::Image,
        ("audio", _) => Kind::Audio,
        ("video", _) => Kind::Video,
        ("message", "rfc822" | "global") => Kind::Message,
        ("text", "html") => Kind::Html,
        ("text", "calendar") | ("application", "ics") => Kind::Calendar,
        ("text", "csv" | "tab-separated-values") => Kind::Csv,
        ("text", "rtf") | ("application", "rtf" | "msword") => Kind::OtherDocument,
        ("text", _) => Kind::Text,
        ("application", "pdf") => Kind::Pdf,
        ("application", "zip" | "gzip" | "x-gzip" | "x-tar") => Kind::Archive,
        ("application", "vnd.ms-excel") => Kind::OtherSheet,
        ("application", "vnd.ms-powerpoint") => Kind::OtherSlides,
        ("application", subtype) => by_document_type(subtype),
        _ => Kind::Other,
    }
}

/// The types of Office Open XML and `OpenDocument`, which begin alike.
pub(super) fn by_document_type(subtype: &str) -> Kind {
    let begins = |start: &str| subtype.starts_with(start);
    if begins("vnd.openxmlformats-officedocument.wordprocessingml") {
        Kind::Docx
    } else if begins("vnd.openxmlformats-officedocument.spreadsheetml") {
        Kind::Xlsx
    } else if begins("vnd.openxmlformats-officedocument.presentationml") {
        Kind::Pptx
    } else if begins("vnd.oasis.opendocument.text") {
        Kind::Odt
    } else if begins("vnd.oasis.opendocument.spreadsheet") {
        Kind::Ods
    } else if begins("vnd.oasis.opendocument.presentation") {
        Kind::Odp
    } else {
        Kind::Other
    }
}

/// Files that begin with a mark of their own and are no text.
fn by_mark(head: &[u8]) -> Option<Kind> {
    const MARKS: &[(&[u8], Kind)] = &[
        (b"\x89PNG\r\n", Kind::Image),
        (b"\xff\xd8\xff", Kind::Image),
        (b"GIF8", Kind::Image),
        (b"BM", Kind::Image),
        (b"II*\0", Kind::Image),
        (b"MM\0*", Kind::Image),
        (b"ID3", Kind::Audio),
        (b"OggS", Kind::Audio),
        (b"fLaC", Kind::Audio),
        (b"\x1f\x8b", Kind::Archive),
        (b"Rar!", Kind::Archive),
        (b"7z\xbc\xaf", Kind::Archive),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind::OtherDocument),
        (b"{\\rtf", Kind::OtherDocument),
    ];
    let riff = head.get(..4) == Some(b"RIFF");
    match head.get(8..12) {
        Some(b"WEBP") if riff => return Some(Kind::Image),
        Some(b"WAVE") if riff => return Some(Kind::Audio),
        Some(b"AVI ") if riff => return Some(Kind::Video),
        _ if head.get(4..8) == Some(b"ftyp") => return Some(Kind::Video),
        _ => {}
    }
    let kind = MARKS.iter().find(|(mark, _)| head.starts_with(mark)).map(|(_, kind)| *kind)?;
    // Two letters are soon a word.
    let is_word = head.starts_with(b"BM") && !head.iter().take(16).any(|&b| b == 0);
    match kind {
        // Packed, but by no zip: what lies in it is not looked at.
        Kind::Archive => Some(Kind::Other),
        kind => (!is_word).then_some(kind),
    }
}

fn of_text(file: &File<'_>) -> Kind {
    const HEAD_BYTES: usize = 4_096;
    let head = &file.bytes[..file.bytes.len().min(HEAD_BYTES)];
    let head = plain::decode(head, false).trim_start().to_ascii_lowercase();
    if head.starts_with("begin:vcalendar") {
        return Kind::Calendar;
    }
    if ["<!doctype html", "<html", "<head", "<body"].iter().any(|tag| head.starts_with(tag)) {
        return Kind::Html;
    }
    match guess(file.name, file.mime_type) {
        Kind::Html if head.contains('<') => Kind::Html,
        Kind::Csv => Kind::Csv,
        Kind::Message => Kind::Message,
        _ if is_mail(&head) => Kind::Message,
        _ => Kind::Text,
    }
}

/// Begins with a header that only mail has.
fn is_mail(head: &str) -> bool {
    let fields: Vec<&str> = head
        .lines()
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_once(':'))
        .map(|(name, _)| name)
        .collect();
    let has = |name: &str| fields.contains(&name);
    fields.first().is_some_and(|name| !name.contains(' '))
        && has("from")
        && has("date")
        && (has("message-id") || has("received") || has("mime-version"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, mime_type: &str, bytes: &[u8], expected: Kind) {
        assert_eq!(of(&File { name, mime_type, bytes }), expected, "{name} {mime_type}");
    }

    #[test]
    fn contents_come_before_names() {
        check("a.txt", "text/plain", b"%PDF-1.4\n", Kind::Pdf);
        check("photo.pdf", "application/pdf", b"\x89PNG\r\n\x1a\n\0\0", Kind::Image);
        check("a.pdf", "application/pdf", b"<html><body>x", Kind::Html);
        check("a.bin", "application/octet-stream", b"BEGIN:VCALENDAR\r\n", Kind::Calendar);
        check("a.docx", "", b"PK\x03\x04rest", Kind::Archive);
        check("a", "", b"From: a@example.org\nDate: x\nMIME-Version: 1.0\n\nx", Kind::Message);
        check("a", "", b"BMW and other makes", Kind::Text);
        check("a.pdf", "application/pdf", b"\x01\x02\x03\0\0\0", Kind::Other);
    }

    #[test]
    fn among_text_name_and_type_tell() {
        check("a.csv", "text/plain", b"one,two\n", Kind::Csv);
        check("", "text/csv", b"one,two\n", Kind::Csv);
        check("", "text/html", b"<p>one", Kind::Html);
        check("a.html", "", b"no tags", Kind::Text);
        check("a.eml", "", b"Subject: x\n\ny", Kind::Message);
        check("", "", b"", Kind::Text);
    }

    #[test]
    fn what_is_not_read_has_a_name_all_the_same() {
        let ole = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0";
        check("a.xls", "", ole, Kind::OtherSheet);
        check("a.doc", "", ole, Kind::OtherDocument);
        check("a.rtf", "", b"{\\rtf1 x", Kind::OtherDocument);
        check("a.tgz", "", b"\x1f\x8b\x08\0", Kind::Other);
        assert_eq!(guess("x.pptx", ""), Kind::Pptx);
        assert_eq!(guess("", "application/vnd.oasis.opendocument.spreadsheet"), Kind::Ods);
        for group in GROUPS {
            assert!(group.bytes().all(|b| b.is_ascii_lowercase()));
        }
    }
}
