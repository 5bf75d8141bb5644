//! PDF files made for tests, in the ways that programs write them.

use std::fmt::Write as _;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;

use super::documents::Dice;

/// How a font names its characters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Font {
    /// `/WinAnsiEncoding`.
    WinAnsi,
    /// Codes of its own, with names of glyphs.
    Differences,
    /// Two bytes a glyph, with a map to Unicode.
    Composite,
}

/// How text is put on the page.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Placing {
    /// A line a string, blanks in it.
    Lines,
    /// A word a string, each put at its place; no blanks.
    Words,
    /// Letters in pieces with kerns between; a blank is a wide one.
    Kerned,
}

/// The lines on pages of thirty, written one way or another.
pub(crate) fn of_lines(lines: &[String], dice: &mut Dice) -> Vec<u8> {
    let font = [Font::WinAnsi, Font::Differences, Font::Composite][dice.below(3)];
    let placing = [Placing::Lines, Placing::Words, Placing::Kerned][dice.below(3)];
    let packs = dice.below(2) == 0;
    let mut file = Writer::default();
    let pages: Vec<&[String]> = lines.chunks(30).collect();
    let kids: Vec<String> = (0..pages.len()).map(|at| format!("{} 0 R", 10 + at * 2)).collect();
    file.object(1, "<< /Type /Catalog /Pages 2 0 R >>");
    let list = kids.join(" ");
    file.object(2, &format!("<< /Type /Pages /Kids [{list}] /Count {} >>", pages.len()));
    let letters = letters(lines);
    file.font(font, &letters);
    for (at, page) in pages.iter().enumerate() {
        let id = 10 + at * 2;
        file.object(
            id,
            &format!(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {} 0 R \
                 /Resources << /Font << /F1 3 0 R >> >> >>",
                id + 1
            ),
        );
        file.stream(id + 1, "", &content(page, font, placing, &letters), packs);
    }
    file.finish(dice.below(5) > 0)
}

/// Every character of the lines, once.
fn letters(lines: &[String]) -> Vec<char> {
    let mut letters: Vec<char> = lines.iter().flat_map(|line| line.chars()).collect();
    letters.sort_unstable();
    letters.dedup();
    letters
}

/// A string object of `text`, in hexadecimal.
fn shown(text: &str, font: Font, letters: &[char]) -> String {
    let mut hex = String::from("<");
    for c in text.chars() {
        let at = letters.binary_search(&c).expect("every letter was listed");
        let _ = match font {
            Font::WinAnsi => write!(hex, "{:02x}", c as u32),
            Font::Differences => write!(hex, "{:02x}", at + 1),
            Font::Composite => write!(hex, "{:04x}", at + 1),
        };
    }
    hex.push('>');
    hex
}

fn content(lines: &[String], font: Font, placing: Placing, letters: &[char]) -> Vec<u8> {
    let mut out = String::from("q 1 0 0 1 20 0 cm BT /F1 10 Tf 14 TL\n");
    let show = |text: &str| shown(text, font, letters);
    for (at, line) in lines.iter().enumerate() {
        let y = 780 - at * 14;
        let _ = match placing {
            Placing::Lines => writeln!(out, "1 0 0 1 50 {y} Tm {} Tj", show(line)),
            Placing::Words => {
                let mut x = 50;
                for word in line.split(' ') {
                    let _ = writeln!(out, "1 0 0 1 {x} {y} Tm {} Tj", show(word));
                    // Each character is 500 wide; a blank 300.
                    x += word.chars().count() * 5 + 3;
                }
                Ok(())
            }
            Placing::Kerned => {
                let mut row = String::new();
                for (at, word) in line.split(' ').enumerate() {
                    if at > 0 {
                        row.push_str("-333 ");
                    }
                    let middle = word.floor_char_boundary(word.len() / 2);
                    let (one, two) = word.split_at(middle);
                    let _ = write!(row, "{} 18 {} ", show(one), show(two));
                }
                writeln!(out, "1 0 0 1 50 {y} Tm [{row}] TJ")
            }
        };
    }
    out.push_str("ET Q");
    out.into()
}

/// Objects as they are written, and where each begins.
#[derive(Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
    places: Vec<(usize, usize)>,
}

impl Writer {
    pub(crate) fn object(&mut self, id: usize, body: &str) {
        self.begin(id);
        self.bytes.extend(format!("{body}\nendobj\n").as_bytes());
    }

    fn begin(&mut self, id: usize) {
        if self.bytes.is_empty() {
            self.bytes.extend(b"%PDF-1.5\n%\xe2\xe3\xcf\xd3\n");
        }
        self.places.push((id, self.bytes.len()));
        self.bytes.extend(format!("{id} 0 obj\n").as_bytes());
    }

    /// A stream with more entries in its dictionary.
    pub(crate) fn stream(&mut self, id: usize, entries: &str, content: &[u8], packs: bool) {
        let (data, filter) = if packs {
            (deflated(content), "/Filter /FlateDecode")
        } else {
            (content.to_vec(), "")
        };
        self.begin(id);
        let head = format!("<< /Length {} {filter} {entries} >>\nstream\n", data.len());
        self.bytes.extend(head.as_bytes());
        self.bytes.extend(data);
        self.bytes.extend(b"\nendstream\nendobj\n");
    }

    fn font(&mut self, font: Font, letters: &[char]) {
        let widths = |count: usize| vec!["500"; count].join(" ");
        match font {
            Font::WinAnsi => {
                let widths = widths(224);
                self.object(
                    3,
                    &format!(
                        "<< /Type /Font /Subtype /TrueType /BaseFont /Test /FirstChar 32 /LastChar \
                         255 /Widths [{widths}] /Encoding /WinAnsiEncoding >>"
                    ),
                );
            }
            Font::Differences => {
                let names: Vec<String> =
                    letters.iter().map(|c| format!("/uni{:04X}", *c as u32)).collect();
                let (names, widths) = (names.join(" "), widths(letters.len()));
                self.object(
                    3,
                    &format!(
                        "<< /Type /Font /Subtype /Type1 /BaseFont /Test /FirstChar 1 /LastChar {} \
                         /Widths [{widths}] /Encoding << /Differences [1 {names}] >> >>",
                        letters.len()
                    ),
                );
            }
            Font::Composite => {
                self.object(
                    3,
                    "<< /Type /Font /Subtype /Type0 /BaseFont /Test /Encoding /Identity-H \
                     /DescendantFonts [4 0 R] /ToUnicode 5 0 R >>",
                );
                self.object(
                    4,
                    "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /Test /DW 500 \
                     /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>",
                );
                let mut map = String::from(
                    "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n\
                     1 begincodespacerange <0000> <ffff> endcodespacerange\n",
                );
                for (part, some) in letters.chunks(100).enumerate() {
                    let _ = writeln!(map, "{} beginbfchar", some.len());
                    for (at, c) in some.iter().enumerate() {
                        let code = part * 100 + at + 1;
                        let _ = writeln!(map, "<{code:04x}> <{:04x}>", *c as u32);
                    }
                    map.push_str("endbfchar\n");
                }
                map.push_str("endcmap end end\n");
                self.stream(5, "", map.as_bytes(), true);
            }
        }
    }

    /// The file, with its table of places, or with one that is wrong throughout.
    pub(crate) fn finish(mut self, has_table: bool) -> Vec<u8> {
        let start = self.bytes.len();
        if has_table {
            self.places.sort_unstable();
            let mut table = String::from("xref\n0 1\n0000000000 65535 f \n");
            for (id, place) in &self.places {
                let _ = write!(table, "{id} 1\n{place:010} 00000 n \n");
            }
            self.bytes.extend(table.as_bytes());
        }
        let size = self.places.iter().map(|(id, _)| id + 1).max().unwrap_or(1);
        let trailer =
            format!("trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n");
        self.bytes.extend(trailer.as_bytes());
        self.bytes
    }
}

/// A zlib stream.
pub(crate) fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("into memory");
    encoder.finish().expect("into memory")
}
