//! A sentence as words, figures and marks.

/// What a token is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    /// Digits, with `:` `/` `.` `-` where digits stand on both sides.
    Figure,
    Mark,
}

/// A piece of a sentence.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// In lower case, curly apostrophes straight.
    pub(super) text: String,
    pub(super) start: usize,
    pub(super) end: usize,
    /// The first letter is a capital.
    pub(super) capital: bool,
    /// All letters are capitals.
    pub(super) shouted: bool,
    /// No white space before it.
    pub(super) glued: bool,
}

/// Longest sentence looked at, in bytes; sentences of mail are bounded below that.
const BYTES_MAX: usize = 4_000;

pub(super) fn tokens(sentence: &str) -> Vec<Token> {
    let sentence = &sentence[..sentence.floor_char_boundary(BYTES_MAX)];
    let mut tokens = Vec::new();
    let mut chars = sentence.char_indices().peekable();
    let mut glued = false;
    while let Some((start, first)) = chars.next() {
        if first.is_whitespace() {
            glued = false;
            continue;
        }
        let kind = if first.is_ascii_digit() {
            Kind::Figure
        } else if first.is_alphabetic() {
            Kind::Word
        } else {
            Kind::Mark
        };
        let mut end = start + first.len_utf8();
        while kind != Kind::Mark
            && let Some(&(at, c)) = chars.peek()
        {
            let inside = match kind {
                Kind::Figure => {
                    c.is_ascii_digit() || (joins_figures(c) && digit_at(sentence, at + 1))
                }
                _ => {
                    c.is_alphabetic()
                        || (matches!(c, '\'' | '’') && letter_at(sentence, at + c.len_utf8()))
                }
            };
            if !inside {
                break;
            }
            end = at + c.len_utf8();
            chars.next();
        }
        let text = sentence[start..end].to_lowercase().replace('’', "'");
        let capital = first.is_uppercase();
        let shouted = sentence[start..end].chars().all(char::is_uppercase);
        tokens.push(Token { kind, text, start, end, capital, shouted, glued });
        glued = true;
    }
    tokens
}

fn joins_figures(c: char) -> bool {
    matches!(c, ':' | '/' | '.' | '-' | ',')
}

fn digit_at(text: &str, at: usize) -> bool {
    text.as_bytes().get(at).is_some_and(u8::is_ascii_digit)
}

fn letter_at(text: &str, at: usize) -> bool {
    text[at..].chars().next().is_some_and(char::is_alphabetic)
}
