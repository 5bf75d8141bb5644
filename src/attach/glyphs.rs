//! What glyphs of a PDF stand for when no character map says: by code and by name.
//!
//! Encodings: ISO 32000-1, annex D. Names: the Adobe Glyph List, as far as Western texts need it;
//! accented letters are put together from their names' two halves.

use unicode_normalization::char::compose;

/// A base encoding of a simple font.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Standard,
    WinAnsi,
    MacRoman,
}

/// 0x80..=0x9F of Windows-1252.
const WIN_HIGH: &str = "€\u{0}‚ƒ„…†‡ˆ‰Š‹Œ\u{0}Ž\u{0}\u{0}‘’“”•–—˜™š›œ\u{0}žŸ";
/// 0x80..=0xFF of Mac OS Roman.
const MAC_HIGH: &str = "ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨\u{0}ÆØ\u{0}±\u{0}\u{0}¥µ\u{0}\
                        \u{0}\u{0}\u{0}\u{0}ªº\u{0}æø¿¡¬\u{0}ƒ\u{0}\u{0}«»… ÀÃÕŒœ–—“”‘’÷\u{0}ÿŸ⁄€‹›ﬁﬂ‡·‚„‰\
                        ÂÊÁËÈÍÎÏÌÓÔ\u{0}ÒÚÛÙıˆ˜¯˘˙˚¸˝˛ˇ";
/// 0xA1..=0xFB of Adobe's `StandardEncoding`.
const STANDARD_HIGH: &str = "¡¢£⁄¥ƒ§¤'“«‹›ﬁﬂ\u{0}–†‡·\u{0}¶•‚„”»…‰\u{0}¿\u{0}`´ˆ˜¯˘˙¨\u{0}˚¸\u{0}˝˛ˇ—\u{0}\
                             \u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}Æ\u{0}ª\
                             \u{0}\u{0}\u{0}\u{0}ŁØŒº\u{0}\u{0}\u{0}\u{0}\u{0}æ\u{0}\u{0}\u{0}ı\u{0}\u{0}łøœß";

impl Encoding {
    /// The encoding of that name.
    pub(super) fn named(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"WinAnsiEncoding" => Encoding::WinAnsi,
            b"MacRomanEncoding" => Encoding::MacRoman,
            b"StandardEncoding" => Encoding::Standard,
            _ => return None,
        })
    }

    /// The character a code stands for.
    pub(super) fn character(self, code: u8) -> Option<char> {
        let high = |table: &str, from: u8| {
            table.chars().nth(usize::from(code - from)).filter(|c| *c != '\0')
        };
        match (self, code) {
            (_, 0..=0x1f | 0x7f) => None,
            (Encoding::Standard, 0x27) => Some('’'),
            (Encoding::Standard, 0x60) => Some('‘'),
            (_, 0x20..=0x7e) => Some(char::from(code)),
            (Encoding::WinAnsi, 0x80..=0x9f) => high(WIN_HIGH, 0x80),
            (Encoding::WinAnsi, _) => Some(char::from(code)),
            (Encoding::MacRoman, _) => high(MAC_HIGH, 0x80),
            (Encoding::Standard, 0xa1..=0xfb) => high(STANDARD_HIGH, 0xa1),
            (Encoding::Standard, _) => None,
        }
    }
}

const NAMED: &[(&str, &str)] = &[
    ("space", " "),
    ("nbspace", " "),
    ("exclam", "!"),
    ("quotedbl", "\""),
    ("numbersign", "#"),
    ("dollar", "$"),
    ("percent", "%"),
    ("ampersand", "&"),
    ("quotesingle", "'"),
    ("quoteright", "’"),
    ("quoteleft", "‘"),
    ("parenleft", "("),
    ("parenright", ")"),
    ("asterisk", "*"),
    ("plus", "+"),
    ("comma", ","),
    ("hyphen", "-"),
    ("sfthyphen", "\u{ad}"),
    ("period", "."),
    ("slash", "/"),
    ("zero", "0"),
    ("one", "1"),
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("colon", ":"),
    ("semicolon", ";"),
    ("less", "<"),
    ("equal", "="),
    ("greater", ">"),
    ("question", "?"),
    ("at", "@"),
    ("bracketleft", "["),
    ("backslash", "\\"),
    ("bracketright", "]"),
    ("asciicircum", "^"),
    ("underscore", "_"),
    ("grave", "`"),
    ("braceleft", "{"),
    ("bar", "|"),
    ("braceright", "}"),
    ("asciitilde", "~"),
    ("exclamdown", "¡"),
    ("cent", "¢"),
    ("sterling", "£"),
    ("currency", "¤"),
    ("yen", "¥"),
    ("brokenbar", "¦"),
    ("section", "§"),
    ("copyright", "©"),
    ("ordfeminine", "ª"),
    ("guillemotleft", "«"),
    ("logicalnot", "¬"),
    ("registered", "®"),
    ("degree", "°"),
    ("plusminus", "±"),
    ("mu", "µ"),
    ("paragraph", "¶"),
    ("periodcentered", "·"),
    ("ordmasculine", "º"),
    ("guillemotright", "»"),
    ("onequarter", "¼"),
    ("onehalf", "½"),
    ("threequarters", "¾"),
    ("questiondown", "¿"),
    ("AE", "Æ"),
    ("ae", "æ"),
    ("OE", "Œ"),
    ("oe", "œ"),
    ("Oslash", "Ø"),
    ("oslash", "ø"),
    ("Eth", "Ð"),
    ("eth", "ð"),
    ("Thorn", "Þ"),
    ("thorn", "þ"),
    ("germandbls", "ß"),
    ("Lslash", "Ł"),
    ("lslash", "ł"),
    ("dotlessi", "ı"),
    ("dotlessj", "ȷ"),
    ("multiply", "×"),
    ("divide", "÷"),
    ("florin", "ƒ"),
    ("Euro", "€"),
    ("trademark", "™"),
    ("bullet", "•"),
    ("ellipsis", "…"),
    ("dagger", "†"),
    ("daggerdbl", "‡"),
    ("perthousand", "‰"),
    ("endash", "–"),
    ("emdash", "—"),
    ("quotesinglbase", "‚"),
    ("quotedblbase", "„"),
    ("quotedblleft", "“"),
    ("quotedblright", "”"),
    ("guilsinglleft", "‹"),
    ("guilsinglright", "›"),
    ("fraction", "⁄"),
    ("minus", "−"),
    ("ff", "ff"),
    ("fi", "fi"),
    ("fl", "fl"),
    ("ffi", "ffi"),
    ("ffl", "ffl"),
    ("alpha", "α"),
    ("beta", "β"),
    ("gamma", "γ"),
    ("delta", "δ"),
    ("epsilon", "ε"),
    ("lambda", "λ"),
    ("pi", "π"),
    ("sigma", "σ"),
    ("omega", "ω"),
    ("Delta", "Δ"),
    ("Sigma", "Σ"),
    ("Omega", "Ω"),
    ("lessequal", "≤"),
    ("greaterequal", "≥"),
    ("notequal", "≠"),
    ("approxequal", "≈"),
    ("infinity", "∞"),
    ("summation", "∑"),
    ("arrowright", "→"),
    ("arrowleft", "←"),
];

/// Second halves of names of accented letters, and the marks they stand for.
const ACCENTS: &[(&str, char)] = &[
    ("acute", '\u{301}'),
    ("grave", '\u{300}'),
    ("circumflex", '\u{302}'),
    ("dieresis", '\u{308}'),
    ("tilde", '\u{303}'),
    ("caron", '\u{30c}'),
    ("cedilla", '\u{327}'),
    ("commaaccent", '\u{327}'),
    ("ogonek", '\u{328}'),
    ("ring", '\u{30a}'),
    ("macron", '\u{304}'),
    ("breve", '\u{306}'),
    ("dotaccent", '\u{307}'),
    ("hungarumlaut", '\u{30b}'),
];

/// The text a glyph's name stands for: `A`, `eacute`, `f_i`, `uni20AC`, `u1F600`, `one.oldstyle`.
pub(super) fn text_of(name: &str) -> Option<String> {
    let name = name.split('.').next().filter(|name| !name.is_empty())?;
    if name.contains('_') {
        return name.split('_').map(text_of).collect();
    }
    let mut chars = name.chars();
    if let (Some(only), None) = (chars.next(), chars.next()) {
        return Some(only.to_string());
    }
    if let Some((_, text)) = NAMED.iter().find(|(known, _)| *known == name) {
        return Some((*text).to_owned());
    }
    if let Some(text) = by_number(name) {
        return Some(text);
    }
    let (base, rest) = name.split_at_checked(1)?;
    let (_, mark) = ACCENTS.iter().find(|(accent, _)| *accent == rest)?;
    compose(base.chars().next()?, *mark).map(String::from)
}

fn by_number(name: &str) -> Option<String> {
    let hex = |digits: &str| {
        let is_hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
        is_hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
    };
    if let Some(digits) = name.strip_prefix("uni")
        && digits.len() >= 4
        && digits.len().is_multiple_of(4)
        && digits.is_ascii()
    {
        let units: Option<Vec<u16>> = digits
            .as_bytes()
            .chunks(4)
            .map(|unit| hex(std::str::from_utf8(unit).ok()?).map(|unit| unit as u16))
            .collect();
        return String::from_utf16(&units?).ok();
    }
    let digits = name.strip_prefix('u').filter(|digits| (4..=6).contains(&digits.len()))?;
    char::from_u32(hex(digits)?).map(String::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: Option<&str>) {
        assert_eq!(text_of(name).as_deref(), expected, "{name}");
    }

    #[test]
    fn names_stand_for_texts() {
        check("A", Some("A"));
        check("eacute", Some("é"));
        check("Scaron", Some("Š"));
        check("ffi", Some("ffi"));
        check("f_i", Some("fi"));
        check("one.oldstyle", Some("1"));
        check("uni20AC", Some("€"));
        check("u1F600", Some("😀"));
        check("g123", None);
        check(".notdef", None);
    }

    #[test]
    fn codes_stand_for_characters() {
        assert_eq!(Encoding::WinAnsi.character(0x80), Some('€'));
        assert_eq!(Encoding::WinAnsi.character(0x9f), Some('Ÿ'));
        assert_eq!(Encoding::WinAnsi.character(0xe9), Some('é'));
        assert_eq!(Encoding::MacRoman.character(0x8e), Some('é'));
        assert_eq!(Encoding::MacRoman.character(0xff), Some('ˇ'));
        assert_eq!(Encoding::Standard.character(0x27), Some('’'));
        assert_eq!(Encoding::Standard.character(0xae), Some('ﬁ'));
        assert_eq!(Encoding::Standard.character(0xe1), Some('Æ'));
        assert_eq!(Encoding::Standard.character(0xfb), Some('ß'));
        assert_eq!(Encoding::Standard.character(0x05), None);
    }
}
