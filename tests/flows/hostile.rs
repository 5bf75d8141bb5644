//! Attachments made to harm: bombs, loops, lies and pieces. Each costs at most its two seconds and
//! its share of memory, and nothing but itself.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use postroom::attach::{Extractor, File, Outcome};

use crate::kit::documents::{Dice, Document, Packed, TYPES, mail_with, zip_of};
use crate::kit::json::{Checked, Envelope};
use crate::kit::pdf::Writer;
use crate::kit::{Home, mail, program};

/// Two seconds, and what a busy machine adds.
const TIME_MAX: Duration = Duration::from_millis(2_900);

fn word(document: &[u8]) -> Vec<u8> {
    zip_of(&[("word/document.xml", Packed::deflated(document))])
}

fn workbook(shared: &[u8], sheet: &[u8]) -> Vec<u8> {
    zip_of(&[
        ("xl/workbook.xml", Packed::stored(b"<workbook/>")),
        ("xl/sharedStrings.xml", Packed::deflated(shared)),
        ("xl/worksheets/sheet1.xml", Packed::deflated(sheet)),
    ])
}

/// A PDF of one page with `content`, and more objects from 10 on.
fn pdf(content: &[u8], resources: &str, more: impl Fn(&mut Writer)) -> Vec<u8> {
    let mut file = Writer::default();
    file.object(1, "<< /Type /Catalog /Pages 2 0 R >>");
    file.object(2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>");
    file.object(
        3,
        &format!("<< /Type /Page /Parent 2 0 R /Contents 4 0 R /Resources << {resources} >> >>"),
    );
    file.stream(4, "", content, true);
    more(&mut file);
    file.finish(true)
}

fn zips() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let blanks = vec![b' '; 100 << 20];
    let entities = "<!DOCTYPE d [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>\
                    <!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d '&c;&c;&c;&c;&c;&c;&c;'>]>\
                    <w:t>&d;&d;&d;</w:t>";
    let file = "<!DOCTYPE d [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><w:p><w:t>&x;</w:t></w:p>";
    let deep = [b"<a>".repeat(2_000_000), b"</a>".repeat(2_000_000)].concat();
    let attribute = format!("<w:p w:x=\"{}\"><w:t>x</w:t></w:p>", "y".repeat(20 << 20));
    let cells = b"<row><c t=\"s\"><v>0</v></c></row>".repeat(1_000_000);
    let shared = format!("<sst><si><t>{}</t></si></sst>", "z".repeat(1 << 20));
    let far = b"<row><c t=\"s\"><v>99999999999999999999</v></c></row>";
    let many: Vec<(String, Packed)> =
        (0..20_000).map(|at| (format!("m{at}"), Packed::stored(b"x"))).collect();
    let many: Vec<(&str, Packed)> =
        many.iter().map(|(name, member)| (name.as_str(), member.clone())).collect();
    let mut nested = zip_of(&[("word/document.xml", Packed::stored(b"<w:t>in</w:t>"))]);
    for _ in 0..60 {
        nested = zip_of(&[("a.zip", Packed::deflated(&nested))]);
    }
    let columns = "<text:p><text:s text:c=\"999999999\"/>x</text:p>\
                   <table:table-cell table:number-columns-repeated=\"999999999\"/>"
        .repeat(1_000);
    let odt = |content: &[u8]| {
        let mime = Packed::stored(b"application/vnd.oasis.opendocument.text");
        zip_of(&[("mimetype", mime), ("content.xml", Packed::deflated(content))])
    };
    let whole = Document::made("docx", 1).bytes;
    let mut wrong_place = whole.clone();
    let at = wrong_place.len() - 6;
    wrong_place[at..at + 4].copy_from_slice(&[0xff; 4]);
    let mut locked = word(b"<w:t>secret</w:t>");
    // Bit 0 of the flags, in the list of contents.
    let central = locked.windows(4).position(|four| four == b"PK\x01\x02").expect("a list");
    locked[central + 8] |= 1;
    vec![
        ("blanks.docx", "a hundred megabytes of nothing", word(&blanks)),
        ("entities.docx", "entities of entities", word(entities.as_bytes())),
        ("file.docx", "an entity that is a file", word(file.as_bytes())),
        ("deep.docx", "elements two million deep", word(&deep)),
        ("attribute.docx", "an attribute of twenty megabytes", word(attribute.as_bytes())),
        ("cells.xlsx", "one long text in a million cells", workbook(shared.as_bytes(), &cells)),
        ("shared.xlsx", "shared texts without end", workbook(&blanks, b"<c/>")),
        ("far.xlsx", "a cell far outside", workbook(b"<sst/>", far)),
        ("many.zip", "twenty thousand members", zip_of(&many)),
        ("nested.zip", "sixty archives in one another", nested),
        ("columns.odt", "a thousand million columns", odt(columns.as_bytes())),
        ("half.odt", "nothing but a beginning", odt(b"<office:text><text:p>half")),
        ("place.docx", "a list of contents that is elsewhere", wrong_place),
        ("locked.docx", "a member with a password", locked),
        ("cut.docx", "the first half", whole[..whole.len() / 2].to_vec()),
        (
            "rubbish.docx",
            "an archive by its mark alone",
            [b"PK\x03\x04".to_vec(), noise(9_000)].concat(),
        ),
    ]
}

fn noise(bytes: usize) -> Vec<u8> {
    let mut dice = Dice::new(4);
    (0..bytes).map(|_| dice.below(256) as u8).collect()
}

fn pdfs() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let looped = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n\
                   2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\nxref\n0 1\n\
                   0000000000 65535 f \ntrailer\n<< /Size 3 /Root 1 0 R /Prev 111 >>\n\
                   startxref\n111\n%%EOF\n"
        .to_vec();
    let mut cycle = Writer::default();
    cycle.object(1, "<< /Type /Catalog /Pages 2 0 R >>");
    cycle.object(2, "<< /Type /Pages /Kids [2 0 R 3 0 R] /Parent 3 0 R /Count 9 >>");
    cycle.object(3, "<< /Type /Pages /Kids [2 0 R 3 0 R 2 0 R] /Parent 2 0 R /Count 9 >>");
    let length = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n2 0 obj\n\
                   << /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n3 0 obj\n<< /Type /Page \
                   /Parent 2 0 R /Contents 4 0 R >>\nendobj\n4 0 obj\n<< /Length \
                   99999999999999999 >>\nstream\nBT (x) Tj ET\nendstream\nendobj\n"
        .to_vec();
    let own = pdf(b"/X Do", "/XObject << /X 10 0 R >>", |file| {
        let entries = "/Type /XObject /Subtype /Form /Resources << /XObject << /X 10 0 R >> >>";
        file.stream(10, entries, b"/X Do /X Do", false);
    });
    let fan = pdf(b"/X Do", "/XObject << /X 10 0 R >>", |file| {
        for id in 10..18 {
            let entries = format!(
                "/Type /XObject /Subtype /Form /Resources << /XObject << /X {} 0 R >> >>",
                id + 1
            );
            file.stream(id, &entries, &b"/X Do ".repeat(60), true);
        }
    });
    let moves = b"BT 1 0 0 1 0 0 Tm 0 0 Td ET\n".repeat(3_000_000);
    let deep = [b"[".repeat(1_000_000), b"]".repeat(1_000_000)].concat();
    let dicts = format!("<< /A {} >>", "<< /A ".repeat(300_000));
    let mut map = String::from("begincmap\n");
    for _ in 0..20_000 {
        map.push_str("1 beginbfrange <0000> <ffff> <0041> endbfrange\n");
    }
    let ranges = pdf(b"BT /F 9 Tf (xyz) Tj ET", "/Font << /F 10 0 R >>", |file| {
        file.object(
            10,
            "<< /Type /Font /Subtype /Type0 /Encoding /Identity-H /ToUnicode 11 0 R \
             /DescendantFonts [<< /W [0 4294967295 5 0 4294967295 5 7 [1 2]] >>] >>",
        );
        file.stream(11, "", map.as_bytes(), true);
    });
    let codes = pdf(b"BT /F 9 Tf (xyz) Tj ET", "/Font << /F 10 0 R >>", |file| {
        file.object(
            10,
            "<< /Type /Font /Subtype /Type1 /FirstChar 4294967295 /Widths [1 2 3] /Encoding \
             << /Differences [-7 /a 99999999999 /b 255 /c /d /e] >> >>",
        );
    });
    let whole = Document::made("pdf", 1).bytes;
    vec![
        ("looped.pdf", "a table that follows itself", looped),
        ("cycle.pdf", "a tree of pages that is none", cycle.finish(true)),
        ("length.pdf", "a stream longer than the file", length),
        ("own.pdf", "a form that draws itself", own),
        ("fan.pdf", "forms that draw sixty forms each", fan),
        ("moves.pdf", "eighty megabytes of moves", pdf(&moves, "", |_| {})),
        ("blanks.pdf", "a hundred megabytes of nothing", pdf(&vec![b' '; 100 << 20], "", |_| {})),
        ("deep.pdf", "brackets a million deep", pdf(&deep, "", |_| {})),
        ("dicts.pdf", "dictionaries a long way down", pdf(b"", &dicts, |_| {})),
        ("ranges.pdf", "a map of everything, again and again", ranges),
        ("codes.pdf", "codes outside every table", codes),
        ("cut.pdf", "the first half", whole[..whole.len() / 2].to_vec()),
        (
            "rubbish.pdf",
            "a PDF by its mark alone",
            [b"%PDF-1.7\n".to_vec(), noise(90_000)].concat(),
        ),
    ]
}

fn texts() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let mut nested = b"Subject: inner\n\nx".to_vec();
    for _ in 0..200 {
        let head =
            b"From: a@example.org\nDate: x\nMIME-Version: 1.0\nContent-Type: message/rfc822\n\n";
        nested = [head.to_vec(), nested].concat();
    }
    let mut parts = String::from(
        "From: a@example.org\nDate: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n",
    );
    for _ in 0..400_000 {
        parts.push_str("--b\n\n\n");
    }
    let mut calendar = String::from("BEGIN:VCALENDAR\nSUMMARY:x");
    for _ in 0..1_000_000 {
        calendar.push_str("\n folded");
    }
    let mut attributes = String::from("<html><body ");
    for at in 0..500_000 {
        let _ = write!(attributes, "a{at}=1 ");
    }
    vec![
        (
            "deep.html",
            "half a million boxes in one another",
            b"<html>".iter().copied().chain(b"<div>".repeat(500_000)).collect(),
        ),
        ("attributes.html", "half a million attributes", attributes.into()),
        ("nested.eml", "two hundred mails in one another", nested),
        ("parts.eml", "a mail of four hundred thousand parts", parts.into()),
        ("long.ics", "a line folded a million times", calendar.into()),
        ("line.txt", "thirty megabytes in one line", vec![b'a'; 30 << 20]),
        ("large.txt", "more than is read", vec![b'a'; 33 << 20]),
        ("odd.txt", "half a character at the end", b"\xff\xfea\0b".to_vec()),
    ]
}

fn hostile() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let all: Vec<_> = zips().into_iter().chain(pdfs()).chain(texts()).collect();
    assert!(all.len() >= 30, "only {}", all.len());
    all
}

#[test]
fn each_of_many_hostile_files_costs_two_seconds_at_most_and_only_itself() {
    let mut extractor = Extractor::with_program(program());
    let good = Document::made("docx", 5);
    for (name, what, bytes) in hostile() {
        let began = Instant::now();
        let file = File { name, mime_type: "application/octet-stream", bytes: &bytes };
        let reading = extractor.read(&file).expect("a child starts");
        let took = began.elapsed();
        assert!(took < TIME_MAX, "{name}, {what}: {took:?}: {:.200}", format!("{reading:?}"));
        if let Outcome::Read { text, .. } = &reading.outcome {
            assert!(text.len() <= 1 << 20, "{name}");
            assert!(!text.contains("root:"), "{name} reads other files");
        }
        println!("{name} ({} bytes): {took:.0?} {:.90}", bytes.len(), format!("{reading:?}"));
        let after = File { name: &good.name, mime_type: good.mime_type, bytes: &good.bytes };
        let Ok(reading) = extractor.read(&after) else { panic!("no child after {name}") };
        assert!(matches!(reading.outcome, Outcome::Read { .. }), "after {name}: {reading:?}");
    }
}

#[test]
fn files_cut_anywhere_are_read_as_far_as_they_go_or_named() {
    let mut extractor = Extractor::with_program(program());
    let began = Instant::now();
    let mut read = 0;
    for ending in TYPES {
        let document = Document::made(ending, 11);
        for step in 0..20 {
            let bytes = &document.bytes[..document.bytes.len() * step / 20];
            let file = File { name: &document.name, mime_type: document.mime_type, bytes };
            let reading = extractor.read(&file).expect("a child starts");
            read += usize::from(matches!(reading.outcome, Outcome::Read { .. }));
        }
    }
    assert!(read > 100, "only {read} pieces were read");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}

#[test]
fn mail_with_hostile_attachments_is_kept_and_found() {
    let mut mails = mail::some(5);
    let mut count = 0;
    for (at, (name, _, bytes)) in hostile().into_iter().enumerate() {
        // Large files are for the test above: here the way through the program counts.
        if bytes.len() < 1 << 20 {
            let mime_type = "application/octet-stream";
            let file = Document { name: name.into(), mime_type, bytes, says: Vec::new() };
            let good = Document::made("txt", at as u64);
            mails.push(mail_with(&format!("Bad {at}"), &format!("body{at}word"), &[file, good]));
            count += 1;
        }
    }
    assert!(count >= 25, "only {count}");
    let home = Home::with(&mails);
    let before = home.everything();
    home.run(["index", "embed"]).done();
    for at in 0..hostile().len() {
        let found = home.found(&format!("body{at}word")).len();
        assert_eq!(home.found(&format!("txt{at}xlast")).len(), found, "beside number {at}");
    }
    assert_eq!(home.everything(), before, "the mail changed");
    let check = home.run(["--json", "index", "check"]).done();
    let said = Envelope::<Checked>::read("index", &check.out);
    let counts = &said.more["attachments"];
    assert!(counts["unreadable"].as_u64() >= Some(8), "{counts}");
    assert!(counts["read"].as_u64() >= Some(count), "{counts}");
    assert_eq!(counts["messages_waiting"], 0);
    // What could not be read is not tried again.
    let began = Instant::now();
    home.run(["index", "embed"]).done();
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}
