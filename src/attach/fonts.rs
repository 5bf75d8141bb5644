//! Fonts of a PDF, as far as text needs them: which characters a code stands for and how wide it is.

use std::collections::HashMap;

use hayro_cmap::{BfString, CMap};
use hayro_syntax::object::{Array, Dict, Name, Number, Object, Stream};

use super::glyphs::{self, Encoding};

/// Widths kept of one font.
const WIDTHS_MAX: usize = 100_000;
/// Bytes of a character map, or of a font program's open part, that are read.
const PROGRAM_BYTES_MAX: usize = 2 << 20;
/// A code's width, in thousandths of the size, where nothing says.
const WIDTH_USUAL: f32 = 500.0;

/// A font, ready to read codes with.
pub(super) struct Font {
    to_unicode: Option<CMap>,
    codes: Codes,
    widths: HashMap<u32, f32>,
    width_otherwise: f32,
}

/// How bytes become codes, and what codes stand for where no map says.
enum Codes {
    /// One byte each.
    Simple(Box<[Option<String>; 256]>),
    /// Two bytes each, numbers of glyphs.
    Glyphs,
    /// UTF-16, by the name of the encoding.
    Utf16,
    /// As the file's own map says.
    Mapped(Box<CMap>),
}

/// One code of a string.
pub(super) struct Shown {
    pub(super) text: String,
    /// In thousandths of the font's size.
    pub(super) width: f32,
    /// A blank typed as one byte, to which word spacing is added.
    pub(super) is_blank: bool,
}

impl Font {
    pub(super) fn new(dict: &Dict<'_>) -> Self {
        let to_unicode = dict.get::<Stream<'_>>("ToUnicode").and_then(|stream| map(&stream));
        let is_composite = dict.get::<Name<'_>>("Subtype").is_some_and(|kind| &*kind == b"Type0");
        if is_composite {
            Self::composite(dict, to_unicode)
        } else {
            Self::simple(dict, to_unicode)
        }
    }

    fn composite(dict: &Dict<'_>, to_unicode: Option<CMap>) -> Self {
        let named = dict.get::<Name<'_>>("Encoding");
        let is_utf16 = named.as_deref().is_some_and(|name| {
            let name = String::from_utf8_lossy(name);
            name.contains("UCS2") || name.contains("UTF16")
        });
        let codes = match dict.get::<Stream<'_>>("Encoding").and_then(|stream| map(&stream)) {
            Some(map) => Codes::Mapped(Box::new(map)),
            None if is_utf16 => Codes::Utf16,
            None => Codes::Glyphs,
        };
        let below = dict
            .get::<Array<'_>>("DescendantFonts")
            .and_then(|fonts| fonts.iter::<Dict<'_>>().next())
            .unwrap_or_default();
        let width_otherwise = below.get::<Number>("DW").map_or(1_000.0, |width| width.as_f32());
        let widths =
            below.get::<Array<'_>>("W").map(|list| glyph_widths(&list)).unwrap_or_default();
        Self { to_unicode, codes, widths, width_otherwise }
    }

    fn simple(dict: &Dict<'_>, to_unicode: Option<CMap>) -> Self {
        let mut scale = 1.0;
        if dict.get::<Name<'_>>("Subtype").is_some_and(|kind| &*kind == b"Type3") {
            // Glyphs drawn by hand, on a grid of their own.
            let matrix = dict.get::<Array<'_>>("FontMatrix");
            let first = matrix.and_then(|matrix| matrix.iter::<Number>().next());
            scale = first.map_or(1.0, |first| first.as_f32() * 1_000.0);
        }
        let first = dict.get::<u32>("FirstChar").unwrap_or(0);
        let mut widths = HashMap::new();
        if let Some(list) = dict.get::<Array<'_>>("Widths") {
            let codes = first..first.saturating_add(256);
            widths.extend(codes.zip(list.iter::<Number>().map(|width| width.as_f32() * scale)));
        }
        let descriptor = dict.get::<Dict<'_>>("FontDescriptor").unwrap_or_default();
        let missing = descriptor.get::<Number>("MissingWidth").map(|width| width.as_f32());
        let width_otherwise =
            missing.filter(|width| *width > 0.0 && !widths.is_empty()).unwrap_or(WIDTH_USUAL);
        let codes = Codes::Simple(Box::new(characters(dict, &descriptor)));
        Self { to_unicode, codes, widths, width_otherwise }
    }

    /// Calls `each` with every code of a string.
    pub(super) fn show(&self, bytes: &[u8], mut each: impl FnMut(Shown)) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (code, length) = self.next_code(rest);
            rest = &rest[length.min(rest.len())..];
            let said = self.to_unicode.as_ref().and_then(|map| map.lookup_bf_string(code));
            let text = match said {
                Some(BfString::Char(c)) => String::from(c),
                Some(BfString::String(text)) => text,
                None => self.otherwise(code),
            };
            let width = self.widths.get(&self.glyph(code, length)).copied();
            each(Shown {
                text,
                width: width.unwrap_or(self.width_otherwise),
                is_blank: code == 32 && length == 1,
            });
        }
    }

    fn next_code(&self, bytes: &[u8]) -> (u32, usize) {
        let code = |length: usize| {
            bytes.iter().take(length).fold(0_u32, |code, byte| code << 8 | u32::from(*byte))
        };
        match &self.codes {
            Codes::Simple(_) => (code(1), 1),
            Codes::Glyphs | Codes::Utf16 => (code(2), 2),
            Codes::Mapped(map) => {
                let fits = |length: &usize| {
                    *length <= bytes.len()
                        && map.lookup_cid_code(code(*length), *length as u8).is_some()
                };
                let length = (1..=4).find(fits).unwrap_or(2);
                (code(length), length)
            }
        }
    }

    fn glyph(&self, code: u32, length: usize) -> u32 {
        match &self.codes {
            Codes::Mapped(map) => map.lookup_cid_code(code, length as u8).unwrap_or(code),
            _ => code,
        }
    }

    fn otherwise(&self, code: u32) -> String {
        match &self.codes {
            Codes::Simple(characters) => {
                characters.get(code as usize).cloned().flatten().unwrap_or_default()
            }
            Codes::Utf16 => char::from_u32(code).map(String::from).unwrap_or_default(),
            // Numbers of glyphs say nothing to a reader.
            Codes::Glyphs | Codes::Mapped(_) => String::new(),
        }
    }
}

fn map(stream: &Stream<'_>) -> Option<CMap> {
    let data = stream.decoded_data().ok()?;
    CMap::parse(&data[..data.len().min(PROGRAM_BYTES_MAX)], |_| None)
}

/// What each code of a simple font stands for: the base encoding, or the font program's own, and
/// the differences from it.
fn characters(dict: &Dict<'_>, descriptor: &Dict<'_>) -> [Option<String>; 256] {
    let mut out = [const { None }; 256];
    let encoding = dict.get::<Dict<'_>>("Encoding");
    let base = dict
        .get::<Name<'_>>("Encoding")
        .or_else(|| encoding.as_ref()?.get::<Name<'_>>("BaseEncoding"))
        .and_then(|name| Encoding::named(&name));
    let is_true_type = dict.get::<Name<'_>>("Subtype").is_some_and(|kind| &*kind == b"TrueType");
    let usual = if is_true_type { Encoding::WinAnsi } else { Encoding::Standard };
    for code in 0..=u8::MAX {
        let character = base.unwrap_or(usual).character(code);
        out[usize::from(code)] = character.map(String::from);
    }
    if base.is_none() {
        built_in(descriptor, &mut out);
    }
    let differences = encoding.and_then(|encoding| encoding.get::<Array<'_>>("Differences"));
    let mut code = 0_usize;
    for item in differences.iter().flat_map(Array::iter::<Object<'_>>) {
        match item {
            Object::Number(number) => code = usize::try_from(number.as_i64()).unwrap_or(256),
            Object::Name(name) => {
                if let Some(slot) = out.get_mut(code) {
                    *slot = std::str::from_utf8(&name).ok().and_then(glyphs::text_of);
                }
                code = code.saturating_add(1);
            }
            _ => {}
        }
    }
    out
}

/// The encoding in the open part of a Type 1 program: `dup 12 /fi put`.
fn built_in(descriptor: &Dict<'_>, out: &mut [Option<String>; 256]) {
    let Some(program) = descriptor.get::<Stream<'_>>("FontFile") else { return };
    let Ok(program) = program.decoded_data() else { return };
    let open = &program[..program.len().min(PROGRAM_BYTES_MAX)];
    let end = open.windows(5).position(|window| window == b"eexec").unwrap_or(open.len());
    let open = String::from_utf8_lossy(&open[..end]);
    let mut words = open.split_ascii_whitespace();
    while let Some(word) = words.next() {
        if word != "dup" {
            continue;
        }
        let (Some(code), Some(name)) = (words.next(), words.next()) else { break };
        if let (Ok(code), Some(name)) = (code.parse::<u8>(), name.strip_prefix('/')) {
            out[usize::from(code)] = glyphs::text_of(name);
        }
    }
}

/// `/W` of a composite font: `first [w w w]` or `first last w`.
fn glyph_widths(list: &Array<'_>) -> HashMap<u32, f32> {
    let mut widths = HashMap::new();
    let mut pending: Vec<f32> = Vec::new();
    for item in list.iter::<Object<'_>>() {
        match item {
            Object::Number(number) => {
                pending.push(number.as_f32());
                if let [first, last, width] = pending[..] {
                    let last =
                        (last as u32).min((first as u32).saturating_add(u32::from(u16::MAX)));
                    for glyph in first as u32..=last {
                        if widths.len() >= WIDTHS_MAX {
                            return widths;
                        }
                        widths.insert(glyph, width);
                    }
                    pending.clear();
                }
            }
            Object::Array(row) => {
                let first = pending.pop().unwrap_or(0.0) as u32;
                pending.clear();
                for (at, width) in (0_u32..).zip(row.iter::<Number>()) {
                    if widths.len() >= WIDTHS_MAX {
                        return widths;
                    }
                    widths.insert(first.saturating_add(at), width.as_f32());
                }
            }
            _ => {}
        }
    }
    widths
}
