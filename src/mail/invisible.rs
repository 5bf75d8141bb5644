//! Characters that take no room on a page, and control characters.
//!
//! Mail is written by strangers: zero-width, bidirectional-override and tag characters carry text
//! that a person never sees and a model would read. They are taken out of every text view.

use std::borrow::Cow;

/// `text` without control and invisible characters, and how many invisible ones there were.
///
/// Line feeds and tabs stay; U+2028 and U+2029 become line feeds. Joiners stay where a script needs
/// them (Arabic, Indic, emoji sequences).
pub(super) fn strip(text: &str) -> (Cow<'_, str>, usize) {
    if text.bytes().all(is_plain) {
        return (Cow::Borrowed(text), 0);
    }
    let mut kept = String::with_capacity(text.len());
    let mut hidden = 0;
    let mut before = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match judge(before, c, rest.peek().copied()) {
            Fate::Keep => {
                kept.push(c);
                before = Some(c);
            }
            Fate::Line => {
                kept.push('\n');
                before = Some('\n');
            }
            Fate::Drop => {}
            Fate::Hidden => hidden += 1,
        }
    }
    (Cow::Owned(kept), hidden)
}

enum Fate {
    Keep,
    Line,
    Drop,
    Hidden,
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\t' | b' '..=b'~')
}

fn judge(before: Option<char>, c: char, after: Option<char>) -> Fate {
    match c {
        '\n' | '\t' => Fate::Keep,
        '\u{2028}' | '\u{2029}' => Fate::Line,
        c if c.is_control() => Fate::Drop,
        '\u{200C}' | '\u{200D}' if joins(before, after) => Fate::Keep,
        '\u{FE0E}' | '\u{FE0F}' if before.is_some_and(has_picture_form) => Fate::Keep,
        c if has_no_shape(c) => Fate::Hidden,
        _ => Fate::Keep,
    }
}

/// Unicode's `Cf` and `Default_Ignorable_Code_Point`, and blank "letters".
fn has_no_shape(c: char) -> bool {
    matches!(c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}'
        | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{13430}'..='\u{1343F}'
        | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Does a zero-width joiner or non-joiner between these two change what is seen?
fn joins(before: Option<char>, after: Option<char>) -> bool {
    let Some(before) = before else { return false };
    if is_virama(before) {
        return true;
    }
    after.is_some_and(|after| {
        (is_joining_script(before) && is_joining_script(after))
            || (is_emoji(before) && is_emoji(after))
    })
}

fn is_virama(c: char) -> bool {
    matches!(
        c,
        '\u{94D}'
            | '\u{9CD}'
            | '\u{A4D}'
            | '\u{ACD}'
            | '\u{B4D}'
            | '\u{BCD}'
            | '\u{C4D}'
            | '\u{CCD}'
            | '\u{D4D}'
            | '\u{DCA}'
    )
}

fn is_joining_script(c: char) -> bool {
    matches!(c,
        '\u{600}'..='\u{8FF}'       // Arabic, Syriac, Thaana, N'Ko, Mandaic
        | '\u{900}'..='\u{DFF}'     // the Indic scripts, Sinhala
        | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{18AF}' | '\u{A840}'..='\u{A87F}'
        | '\u{FB50}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}' | '\u{1E900}'..='\u{1E95F}')
        && !has_no_shape(c)
}

fn is_emoji(c: char) -> bool {
    matches!(c, '\u{1F000}'..='\u{1FAFF}' | '\u{2190}'..='\u{2BFF}' | '\u{FE0F}')
}

fn has_picture_form(c: char) -> bool {
    is_emoji(c) && c != '\u{FE0F}'
        || matches!(
            c,
            '#' | '*' | '0'
                ..='9'
                    | '\u{A9}'
                    | '\u{AE}'
                    | '\u{203C}'
                    | '\u{2049}'
                    | '\u{2122}'
                    | '\u{2139}'
                    | '\u{3030}'
                    | '\u{303D}'
                    | '\u{3297}'
                    | '\u{3299}'
        )
}

#[cfg(test)]
mod tests {
    use super::strip;

    #[track_caller]
    fn check(input: &str, expected: &str, hidden: usize) {
        let (text, count) = strip(input);
        assert_eq!((&*text, count), (expected, hidden), "{input:?}");
    }

    #[test]
    fn plain_text_stays() {
        check("a\tb\nc", "a\tb\nc", 0);
        check("Grüße, 日本語 ✓", "Grüße, 日本語 ✓", 0);
    }

    #[test]
    fn controls_go_uncounted() {
        check("a\u{1b}[31mb\u{0}\u{9b}\u{7f}c", "a[31mbc", 0);
        check("a\u{2028}b\u{85}c", "a\nbc", 0);
    }

    #[test]
    fn zero_width_bidi_and_tags_go_counted() {
        check("pay\u{200b}pal", "paypal", 1);
        check("a\u{202e}b\u{2066}c\u{2069}\u{feff}", "abc", 4);
        check("x\u{e0041}\u{e0042}\u{e007f}", "x", 3);
        check("Donau\u{ad}dampf", "Donaudampf", 1);
        check("a\u{34f}\u{115f}\u{3164}", "a", 3);
    }

    #[test]
    fn joiners_stay_where_a_script_needs_them() {
        check("می\u{200c}خواهم", "می\u{200c}خواهم", 0);
        check("क्\u{200d}ष", "क्\u{200d}ष", 0);
        check("ന്\u{200d} x", "ന്\u{200d} x", 0);
        check("👩\u{200d}💻", "👩\u{200d}💻", 0);
        check("❤\u{fe0f}\u{200d}🔥 1\u{fe0f}", "❤\u{fe0f}\u{200d}🔥 1\u{fe0f}", 0);
        check("a\u{200d}b می\u{200c}\u{200c}خ", "ab می\u{200c}خ", 2);
    }

    #[test]
    fn variation_selectors_carry_no_text() {
        check("a\u{fe00}\u{fe01}\u{e0101}", "a", 3);
        check("😀\u{fe0f}\u{fe0f}\u{fe0f}", "😀\u{fe0f}", 2);
    }
}
