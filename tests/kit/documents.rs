//! Documents made for tests: whole, of every type that is read, each a little different.

use std::fmt::Write as _;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;

use super::pdf;

/// The types that [`Document::made`] makes.
pub(crate) const TYPES: &[&str] =
    &["pdf", "docx", "xlsx", "pptx", "odt", "ods", "odp", "html", "ics", "txt", "csv", "eml"];

/// A file and what must be found in it.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) name: String,
    pub(crate) mime_type: &'static str,
    pub(crate) bytes: Vec<u8>,
    /// Pieces of its text, as they should come out.
    pub(crate) says: Vec<String>,
}

/// A stream of numbers that is always the same.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x2545_f491_4f6c_dd1d)
    }

    /// Below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % end
    }

    fn of<'a>(&mut self, among: &[&'a str]) -> &'a str {
        among[self.below(among.len())]
    }
}

const WORDS: &[&str] = &[
    "crane", "dock", "pallet", "invoice", "herring", "sensor", "gate", "noon", "customs", "form",
    "harbour", "driver", "shift", "night", "scanner", "label", "rope", "winch", "tide", "berth",
];

/// Paragraphs of words; among them the ones to look for: at the beginning, somewhere, at the end.
fn paragraphs(dice: &mut Dice, mark: &str) -> (Vec<String>, Vec<String>) {
    let count = 1 + dice.below(12);
    let mut all: Vec<String> = (0..count)
        .map(|_| {
            let words: Vec<&str> = (0..3 + dice.below(14)).map(|_| dice.of(WORDS)).collect();
            words.join(" ")
        })
        .collect();
    let says = vec![
        format!("{mark}first"),
        format!("Prüfstand {mark}middle & <more>"),
        format!("{mark}last stops at noon"),
    ];
    all.insert(0, says[0].clone());
    all.insert(1 + dice.below(all.len()), says[1].clone());
    all.push(says[2].clone());
    (all, says)
}

impl Document {
    /// One of a type, the same for the same seed.
    pub(crate) fn made(ending: &str, seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let (lines, says) = paragraphs(&mut dice, &format!("{ending}{seed}x"));
        let (mime_type, bytes) = match ending {
            "pdf" => ("application/pdf", pdf::of_lines(&lines, &mut dice)),
            "docx" => (OFFICE[0], docx(&lines, &mut dice)),
            "xlsx" => (OFFICE[1], xlsx(&lines, &mut dice)),
            "pptx" => (OFFICE[2], pptx(&lines, &mut dice)),
            "odt" => (ODF[0], odf("text", ODF[0], &lines, &mut dice)),
            "ods" => (ODF[1], odf("spreadsheet", ODF[1], &lines, &mut dice)),
            "odp" => (ODF[2], odf("presentation", ODF[2], &lines, &mut dice)),
            "html" => ("text/html", html(&lines, &mut dice)),
            "ics" => ("text/calendar", ics(&lines)),
            "txt" => ("text/plain", encoded(&lines.join("\n"), &mut dice)),
            "csv" => ("text/csv", encoded(&lines.join(";7\r\n"), &mut dice)),
            "eml" => ("message/rfc822", eml(&lines)),
            other => panic!("no such type: {other}"),
        };
        // Names and types lie now and then; contents do not.
        let name = match dice.below(10) {
            0 if !["csv", "eml", "html"].contains(&ending) => "file.bin".to_owned(),
            _ => format!("file{seed}.{ending}"),
        };
        Self { name, mime_type, bytes, says }
    }
}

const OFFICE: [&str; 3] = [
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
];
const ODF: [&str; 3] = [
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.presentation",
];

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A line in runs, cut between letters, as word processors write it.
fn runs(line: &str, open: &str, close: &str, dice: &mut Dice) -> String {
    let mut out = String::new();
    let mut rest = line;
    while !rest.is_empty() {
        let cut = rest
            .floor_char_boundary(1 + dice.below(12))
            .max(rest.chars().next().map_or(1, char::len_utf8));
        let (run, more) = rest.split_at(cut);
        let _ = write!(out, "{open}{}{close}", escaped(run));
        rest = more;
    }
    out
}

fn docx(lines: &[String], dice: &mut Dice) -> Vec<u8> {
    let mut body = String::new();
    for line in lines {
        let runs = runs(line, "<w:r><w:t xml:space=\"preserve\">", "</w:t></w:r>", dice);
        if dice.below(5) == 0 {
            let _ = write!(body, "<w:tbl><w:tr><w:tc><w:p>{runs}</w:p></w:tc></w:tr></w:tbl>");
        } else {
            let _ = write!(body, "<w:p><w:pPr/>{runs}<w:r><w:br/></w:r></w:p>");
        }
    }
    let document = format!(
        "<?xml version=\"1.0\"?><w:document xmlns:w=\"w\"><w:body>{body}<w:del><w:delText>gone\
         </w:delText></w:del></w:body></w:document>"
    );
    zip(
        &[("[Content_Types].xml", b"<Types/>".to_vec()), ("word/document.xml", document.into())],
        dice,
    )
}

fn xlsx(lines: &[String], dice: &mut Dice) -> Vec<u8> {
    let (mut shared, mut rows, mut count) = (String::new(), String::new(), 0);
    for line in lines {
        let _ = match dice.below(3) {
            0 => write!(
                rows,
                "<row><c t=\"inlineStr\"><is><t>{}</t></is></c><c><v>7</v></c></row>",
                escaped(line)
            ),
            1 => write!(rows, "<row><c t=\"str\"><f>A1</f><v>{}</v></c></row>", escaped(line)),
            _ => {
                let _ = write!(shared, "<si>{}</si>", runs(line, "<r><t>", "</t></r>", dice));
                count += 1;
                write!(rows, "<row><c t=\"s\"><v>{}</v></c><c><v>1.5</v></c></row>", count - 1)
            }
        };
    }
    zip(
        &[
            (
                "xl/workbook.xml",
                b"<workbook><sheets><sheet name=\"Stock\"/></sheets></workbook>".to_vec(),
            ),
            ("xl/sharedStrings.xml", format!("<sst>{shared}</sst>").into()),
            (
                "xl/worksheets/sheet1.xml",
                format!("<worksheet><sheetData>{rows}</sheetData></worksheet>").into(),
            ),
        ],
        dice,
    )
}

fn pptx(lines: &[String], dice: &mut Dice) -> Vec<u8> {
    let mut members = vec![("ppt/presentation.xml".to_owned(), b"<p:presentation/>".to_vec())];
    for (at, line) in lines.iter().enumerate() {
        let runs = runs(line, "<a:r><a:t>", "</a:t></a:r>", dice);
        let slide = format!(
            "<p:sld xmlns:a=\"a\" xmlns:p=\"p\"><p:txBody><a:p>{runs}</a:p></p:txBody></p:sld>"
        );
        members.push((format!("ppt/slides/slide{}.xml", at + 1), slide.into()));
    }
    let members: Vec<(&str, Vec<u8>)> =
        members.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    zip(&members, dice)
}

fn odf(part: &str, mime_type: &str, lines: &[String], dice: &mut Dice) -> Vec<u8> {
    let mut body = String::new();
    for line in lines {
        let spans = runs(line, "<text:span>", "</text:span>", dice);
        let _ = match part {
            "text" => write!(body, "<text:p>{spans}</text:p>"),
            "spreadsheet" => write!(
                body,
                "<table:table table:name=\"Stock\"><table:table-row><table:table-cell>\
                 <text:p>{spans}</text:p></table:table-cell></table:table-row></table:table>"
            ),
            _ => write!(
                body,
                "<draw:page><draw:frame><text:p>{spans}</text:p></draw:frame></draw:page>"
            ),
        };
    }
    let content = format!(
        "<?xml version=\"1.0\"?><office:document-content><office:body><office:{part}>\
         <text:tracked-changes><text:p>gone</text:p></text:tracked-changes>{body}\
         </office:{part}></office:body></office:document-content>"
    );
    zip(&[("mimetype", mime_type.into()), ("content.xml", content.into())], dice)
}

fn html(lines: &[String], dice: &mut Dice) -> Vec<u8> {
    let mut body = String::new();
    for line in lines {
        let tag = dice.of(&["p", "div", "li", "h2", "td"]);
        let _ = write!(body, "<{tag}>{}</{tag}>", escaped(line));
    }
    let head = "<html><head><style>p { color: #111 }</style><script>var x = 1;</script></head>";
    let page = format!("<!DOCTYPE html>{head}<body>{body}</body></html>");
    if dice.below(2) == 0 {
        return page.into();
    }
    let page = page.replace("<head>", "<head><meta charset=\"iso-8859-1\">");
    page.chars().map(|c| c as u8).collect()
}

fn ics(lines: &[String]) -> Vec<u8> {
    let mut out = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\n".to_owned();
    for line in lines {
        out.push_str("BEGIN:VEVENT\r\nDTSTART:20260302T100000Z\r\n");
        let mut folded = String::new();
        for (at, c) in format!("SUMMARY:{line}").chars().enumerate() {
            if at > 0 && at % 60 == 0 {
                folded.push_str("\r\n ");
            }
            folded.push(c);
        }
        out.push_str(&folded);
        out.push_str("\r\nEND:VEVENT\r\n");
    }
    out.push_str("END:VCALENDAR\r\n");
    out.into()
}

/// As UTF-8, with a mark or without, as Windows-1252, or as UTF-16.
fn encoded(text: &str, dice: &mut Dice) -> Vec<u8> {
    match dice.below(4) {
        0 => text.into(),
        1 => [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        2 => text.chars().map(|c| c as u8).collect(),
        _ => {
            let units = text.encode_utf16().flat_map(u16::to_le_bytes);
            b"\xff\xfe".iter().copied().chain(units).collect()
        }
    }
}

fn eml(lines: &[String]) -> Vec<u8> {
    let (first, rest) = lines.split_first().expect("there are lines");
    format!(
        "From: Bert Quist <bert@example.org>\r\nTo: ada@example.org\r\nSubject: {first}\r\n\
         Date: Fri, 27 Feb 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n{}\r\n",
        rest.join("\r\n\r\n")
    )
    .into()
}

/// A zip archive of `members`, each stored or packed as the dice say.
pub(crate) fn zip(members: &[(&str, Vec<u8>)], dice: &mut Dice) -> Vec<u8> {
    let packed: Vec<(&str, Packed)> = members
        .iter()
        .map(|(name, bytes)| {
            let packs = *name != "mimetype" && dice.below(4) > 0;
            (*name, if packs { Packed::deflated(bytes) } else { Packed::stored(bytes) })
        })
        .collect();
    zip_of(&packed)
}

/// A member as it stands in an archive.
#[derive(Clone)]
pub(crate) struct Packed {
    method: u16,
    bytes: Vec<u8>,
    unpacked_bytes: u32,
    crc: u32,
}

impl Packed {
    pub(crate) fn stored(bytes: &[u8]) -> Self {
        let unpacked_bytes = bytes.len() as u32;
        Self { method: 0, bytes: bytes.to_vec(), unpacked_bytes, crc: crc(bytes) }
    }

    pub(crate) fn deflated(bytes: &[u8]) -> Self {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).expect("into memory");
        let packed = encoder.finish().expect("into memory");
        Self { method: 8, bytes: packed, ..Self::stored(bytes) }
    }
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// APPNOTE.TXT, sections 4.3.7, 4.3.12 and 4.3.16.
pub(crate) fn zip_of(members: &[(&str, Packed)]) -> Vec<u8> {
    let (mut out, mut central) = (Vec::new(), Vec::new());
    for (name, member) in members {
        let offset = out.len() as u32;
        let mut common: Vec<u8> = Vec::new();
        for number in [20, 0x0800, member.method, 0, 0x5a21] {
            common.extend(number.to_le_bytes());
        }
        for number in [member.crc, member.bytes.len() as u32, member.unpacked_bytes] {
            common.extend(number.to_le_bytes());
        }
        common.extend((name.len() as u16).to_le_bytes());
        common.extend(0u16.to_le_bytes());
        out.extend(b"PK\x03\x04");
        out.extend(&common);
        out.extend(name.as_bytes());
        out.extend(&member.bytes);
        central.extend(b"PK\x01\x02\x14\x00");
        central.extend(&common);
        central.extend([0; 10]);
        central.extend(offset.to_le_bytes());
        central.extend(name.as_bytes());
    }
    let (start, count) = (out.len() as u32, members.len() as u16);
    out.extend(&central);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend((central.len() as u32).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend(0u16.to_le_bytes());
    out
}

/// A mail with `files` attached.
pub(crate) fn mail_with(subject: &str, body: &str, files: &[Document]) -> Vec<u8> {
    let mut mail = format!(
        "Message-ID: <{}@example.org>\r\nFrom: Bert Quist <bert@example.org>\r\n\
         To: Ada Merz <ada@example.org>\r\nSubject: {subject}\r\n\
         Date: Fri, 27 Feb 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"cut\"\r\n\r\n\
         --cut\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n",
        subject.replace(' ', ".")
    );
    for file in files {
        let _ = write!(
            mail,
            "--cut\r\nContent-Type: {}\r\nContent-Transfer-Encoding: base64\r\n\
             Content-Disposition: attachment; filename=\"{}\"\r\n\r\n{}\r\n",
            file.mime_type,
            file.name,
            base64(&file.bytes)
        );
    }
    mail.push_str("--cut--\r\n");
    mail.into_bytes()
}

/// RFC 4648, in lines.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len() * 3 / 2);
    for (at, three) in bytes.chunks(3).enumerate() {
        if at > 0 && at % 19 == 0 {
            out.push_str("\r\n");
        }
        let number = three.iter().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
        let number = number << (8 * (3 - three.len()));
        for place in 0..4 {
            let letter = LETTERS[(number >> (18 - 6 * place)) as usize & 63];
            out.push(if place > three.len() { '=' } else { char::from(letter) });
        }
    }
    out
}
