//! Text into words to index: the same cut for mail and for queries.
//!
//! A text becomes *runs*: words joined by single marks (`ada.king@example.org`, `INV-2024-001`,
//! `10/30/01`). Every part of a run is a word at a position of its own; the whole run stands beside
//! its first part, so an address or a code is found whole and in parts. Beside a word stands its
//! stem in the mail's language, marked with [`STEM`] so that it never mixes with a plain word, and
//! left out where stem and word are the same. Accents fold away (`ß` to `ss`, `ø` to `o`); a
//! German or Nordic letter that is often written as two (`ü` as `ue`) is indexed both ways.
//! Scripts written without blanks become single characters, and a query for several of them a
//! phrase.

use std::collections::HashMap;

use tantivy::tokenizer::{
    AsciiFoldingFilter, Language, Stemmer, StopWordFilter, TextAnalyzer, Token, TokenFilter,
    TokenStream, Tokenizer,
};

/// Stands before a stem in the index.
pub(super) const STEM: char = '\u{1}';
/// Opens the two letters that tell the tokenizer a text's language; see [`with_language`].
const LANGUAGE_MARK: char = '\u{2}';
/// Longer words are cut here: nobody searches for the rest, and encoded lumps do not fill the index.
const WORD_BYTES_MAX: usize = 48;
/// A whole run longer than this (a long web address) is kept in parts only.
const WHOLE_BYTES_MAX: usize = 80;
/// Parts of one run; a lump of joined words goes on as a new run.
const PARTS_MAX: usize = 24;
/// Remembered stems and foldings a tokenizer; the most frequent words come early.
const CACHE_WORDS_MAX: usize = 15_000;

/// Name of the tokenizer of subjects and bodies, as registered with the index.
pub(super) const TEXT: &str = "postroom_text_1";
/// Name of the tokenizer of people, folders and file names: no stems.
pub(super) const NAMES: &str = "postroom_names_1";

/// The languages with a stemmer, by ISO 639-1 code.
const STEMMERS: &[(&str, Language)] = &[
    ("da", Language::Danish),
    ("de", Language::German),
    ("en", Language::English),
    ("es", Language::Spanish),
    ("fi", Language::Finnish),
    ("fr", Language::French),
    ("hu", Language::Hungarian),
    ("it", Language::Italian),
    ("nl", Language::Dutch),
    ("no", Language::Norwegian),
    ("nb", Language::Norwegian),
    ("pt", Language::Portuguese),
    ("ro", Language::Romanian),
    ("ru", Language::Russian),
    ("sv", Language::Swedish),
    ("tr", Language::Turkish),
];

/// The text with its language in front, as the tokenizer named [`TEXT`] wants it.
pub(super) fn with_language(language: Option<&str>, text: &str) -> String {
    let code = language.filter(|code| code.len() == 2 && code.is_ascii()).unwrap_or("en");
    let mut marked = String::with_capacity(text.len() + 3);
    marked.push(LANGUAGE_MARK);
    marked.push_str(code);
    marked.push_str(text);
    marked
}

/// What a term is to the text it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A word by itself or a part of a run.
    Part,
    /// A run as a whole, joined.
    Whole,
    /// Another spelling of the part it stands beside.
    Variant,
    /// A stem.
    Stem,
}

/// One term to index, with the place it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) text: String,
    pub(super) position: usize,
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) role: Role,
}

/// Terms one after the other, in strings that are used again: a long text costs no allocations.
#[derive(Clone, Debug, Default)]
struct Terms {
    terms: Vec<Term>,
    used: usize,
}

impl Terms {
    fn clear(&mut self) {
        self.used = 0;
    }

    fn push(&mut self, text: &str, position: usize, part: Part, role: Role) {
        if self.used == self.terms.len() {
            let empty = Term { text: String::new(), position: 0, from: 0, to: 0, role };
            self.terms.push(empty);
        }
        let term = &mut self.terms[self.used];
        term.text.clear();
        term.text.push_str(text);
        (term.position, term.from, term.to, term.role) = (position, part.from, part.to, role);
        self.used += 1;
    }
}

/// Cuts text into terms. Cheap to clone while unused.
#[derive(Clone, Default)]
pub(super) struct Cutter {
    stems: bool,
    /// Where in `made` a word's terms are.
    known: HashMap<String, usize>,
    made: Vec<Made>,
    language: [u8; 2],
}

/// What a word turns into.
#[derive(Clone, Debug, Default)]
struct Made {
    folded: String,
    variant: Option<String>,
    stem: Option<String>,
}

impl Cutter {
    /// A cutter for running text, with stems.
    pub(super) fn text() -> Self {
        Cutter { stems: true, ..Cutter::default() }
    }

    /// A cutter for names: no stems.
    pub(super) fn names() -> Self {
        Cutter::default()
    }

    /// All terms of a text, in order. The language mark, where there is one, chooses the stemmer.
    pub(super) fn terms(&mut self, text: &str) -> Vec<Term> {
        let mut walk = Walk::new(text);
        let mut terms = Terms::default();
        let mut position = 0;
        while walk.next_run() {
            position = self.run_terms(&walk, position, &mut terms);
        }
        terms.terms.truncate(terms.used);
        terms.terms
    }

    /// Terms of the run the walk stands on; gives back the next free position.
    fn run_terms(&mut self, walk: &Walk<'_>, first: usize, terms: &mut Terms) -> usize {
        let whole = walk.whole();
        let mut position = first;
        for (part_index, part) in walk.parts.iter().enumerate() {
            let made = self.look_up(walk.language, &walk.text[part.from..part.to]);
            if made.folded.is_empty() {
                continue;
            }
            terms.push(&made.folded, position, *part, Role::Part);
            if let Some(variant) = &made.variant {
                terms.push(variant, position, *part, Role::Variant);
            }
            if let Some(stem) = &made.stem {
                terms.push(stem, position, *part, Role::Stem);
            }
            if part_index == 0
                && let Some(whole) = &whole
                && *whole != made.folded
            {
                let to = walk.parts.last().map_or(part.to, |last| last.to);
                terms.push(whole, position, Part { from: part.from, to }, Role::Whole);
            }
            position += 1;
        }
        position
    }

    fn look_up(&mut self, language: [u8; 2], word: &str) -> &Made {
        if self.language != language || self.made.len() > CACHE_WORDS_MAX {
            self.known.clear();
            self.made.clear();
            self.language = language;
        }
        let at = if let Some(at) = self.known.get(word) {
            *at
        } else {
            let made = self.make(language, word);
            self.known.insert(word.to_owned(), self.made.len());
            self.made.push(made);
            self.made.len() - 1
        };
        &self.made[at]
    }

    fn make(&self, language: [u8; 2], word: &str) -> Made {
        let lower = cut_at(&lower(word), WORD_BYTES_MAX).to_owned();
        let folded = fold(&lower);
        let variant = two_letter_spelling(&lower).filter(|variant| *variant != folded);
        let code = std::str::from_utf8(&language).unwrap_or("en");
        let stem = if self.stems { stem_in(code, &lower) } else { None };
        let stem = stem.filter(|stem| *stem != folded).map(|stem| format!("{STEM}{stem}"));
        Made { folded, variant, stem }
    }
}

/// The folded stem of a lower-case word; nothing when the word is no plain word.
pub(super) fn stem_in(language: &str, lower: &str) -> Option<String> {
    if lower.chars().count() < 3 || !lower.chars().all(char::is_alphabetic) {
        return None;
    }
    let (_, language) = STEMMERS.iter().find(|(code, _)| *code == language)?;
    let mut stemmer = Stemmer::new(*language).transform(OneWord::default());
    let mut stream = stemmer.token_stream(lower);
    stream.advance().then(|| fold(&stream.token().text)).filter(|stem| !stem.is_empty())
}

/// Whether a folded word is one of the language's most common, which say little by themselves.
pub(super) fn is_stop_word(language: &str, folded: &str) -> bool {
    let Some((_, language)) = STEMMERS.iter().find(|(code, _)| *code == language) else {
        return false;
    };
    // The engine's English list is short; these are as empty in a question.
    const ENGLISH_TOO: &[&str] = &[
        "about", "am", "any", "can", "could", "did", "do", "does", "from", "had", "has", "have",
        "he", "her", "his", "how", "i", "its", "me", "my", "our", "she", "should", "so", "than",
        "them", "us", "we", "were", "what", "when", "where", "which", "who", "would", "you",
        "your",
    ];
    if *language == Language::English && ENGLISH_TOO.contains(&folded) {
        return true;
    }
    let Some(filter) = StopWordFilter::new(*language) else { return false };
    let mut filter = filter.transform(OneWord::default());
    !filter.token_stream(folded).advance()
}

/// Lower case, combining accents dropped.
pub(super) fn lower(word: &str) -> String {
    if word.is_ascii() {
        return word.to_ascii_lowercase();
    }
    word.chars().flat_map(char::to_lowercase).filter(|c| !is_combining_accent(*c)).collect()
}

/// Accents and other marks off Latin letters, wide forms to narrow ones; other scripts stay.
pub(super) fn fold(lower: &str) -> String {
    if lower.is_ascii() {
        return lower.to_owned();
    }
    let mut folder = AsciiFoldingFilter.transform(OneWord::default());
    let mut stream = folder.token_stream(lower);
    if stream.advance() { stream.token().text.to_lowercase() } else { String::new() }
}

/// `müller` as `mueller`, `ærø` as `aeroe`, `åse` as `aase`.
fn two_letter_spelling(lower: &str) -> Option<String> {
    if lower.is_ascii() || !lower.contains(['ä', 'ö', 'ü', 'ø', 'å']) {
        return None;
    }
    let mut spelled = String::with_capacity(lower.len() + 4);
    for c in lower.chars() {
        match c {
            'ä' => spelled.push_str("ae"),
            'ö' | 'ø' => spelled.push_str("oe"),
            'ü' => spelled.push_str("ue"),
            'å' => spelled.push_str("aa"),
            other => spelled.push(other),
        }
    }
    Some(fold(&spelled))
}

fn cut_at(text: &str, bytes_max: usize) -> &str {
    let mut end = text.len().min(bytes_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn is_combining_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}')
}

/// Scripts written without blanks between words.
fn stands_alone(c: char) -> bool {
    matches!(c,
        '\u{0E00}'..='\u{0EFF}'       // Thai, Lao
        | '\u{1000}'..='\u{109F}'     // Myanmar
        | '\u{1780}'..='\u{17FF}'     // Khmer
        | '\u{3040}'..='\u{30FF}'     // Hiragana, Katakana
        | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{3FFFF}')
}

fn is_word(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric()
    } else {
        c.is_alphanumeric() || is_combining_accent(c)
    }
}

#[derive(Clone, Copy, Debug)]
struct Part {
    from: usize,
    to: usize,
}

/// Walks over the runs of a text.
struct Walk<'a> {
    text: &'a str,
    language: [u8; 2],
    at: usize,
    parts: Vec<Part>,
    /// The mark before each part but the first.
    joiners: Vec<char>,
}

impl<'a> Walk<'a> {
    fn new(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        let marked = bytes.first() == Some(&(LANGUAGE_MARK as u8)) && bytes.len() >= 3;
        let language = if marked { [bytes[1], bytes[2]] } else { *b"en" };
        let at = if marked && text.is_char_boundary(3) { 3 } else { 0 };
        Walk { text, language, at, parts: Vec::new(), joiners: Vec::new() }
    }

    fn char_at(&self, at: usize) -> Option<char> {
        let byte = *self.text.as_bytes().get(at)?;
        if byte < 128 { Some(byte as char) } else { self.text[at..].chars().next() }
    }

    /// Goes to the next run; `false` at the end of the text.
    fn next_run(&mut self) -> bool {
        self.parts.clear();
        self.joiners.clear();
        while let Some(c) = self.char_at(self.at) {
            if is_word(c) {
                break;
            }
            self.at += c.len_utf8();
        }
        while let Some(part) = self.next_part() {
            self.parts.push(part);
            if self.parts.len() == PARTS_MAX {
                break;
            }
            let Some(joiner) = self.joiner_after(part) else { break };
            self.joiners.push(joiner);
            self.at += joiner.len_utf8();
        }
        self.drop_apostrophe_endings();
        !self.parts.is_empty()
    }

    fn next_part(&mut self) -> Option<Part> {
        let from = self.at;
        while let Some(c) = self.char_at(self.at) {
            if !is_word(c) {
                break;
            }
            if stands_alone(c) {
                if self.at == from {
                    self.at += c.len_utf8();
                }
                break;
            }
            self.at += c.len_utf8();
        }
        (self.at > from).then_some(Part { from, to: self.at })
    }

    /// The mark that joins the part just read to a word right behind it.
    fn joiner_after(&self, part: Part) -> Option<char> {
        let joiner = self.char_at(self.at)?;
        let after = self.char_at(self.at + joiner.len_utf8())?;
        if !is_word(after) || stands_alone(after) {
            return None;
        }
        let before = self.text[part.from..part.to].chars().next_back()?;
        if stands_alone(before) {
            return None;
        }
        let digits = before.is_ascii_digit() && after.is_ascii_digit();
        let joins = match joiner {
            '.' | '-' | '_' | '@' | '&' | '\'' | '\u{2019}' => true,
            '+' => before.is_alphanumeric(),
            '/' | ':' | ',' => digits,
            _ => false,
        };
        joins.then_some(joiner)
    }

    /// `john's` is `john`; `don't` stays one word, `dont`, through [`Walk::whole`].
    fn drop_apostrophe_endings(&mut self) {
        while let (Some(last), Some(joiner)) = (self.parts.last(), self.joiners.last()) {
            let ending = &self.text[last.from..last.to];
            let is_s = matches!(joiner, '\'' | '\u{2019}') && ending.eq_ignore_ascii_case("s");
            if !is_s || self.parts.len() != self.joiners.len() + 1 {
                break;
            }
            self.parts.pop();
            self.joiners.pop();
        }
    }

    /// The run as one term: hyphens and apostrophes gone (`e-mail` is `email`, `713-345` `713345`),
    /// thousands' commas too, other marks kept.
    fn whole(&self) -> Option<String> {
        let (first, last) = (self.parts.first()?, self.parts.last()?);
        if self.parts.len() < 2 || last.to - first.from > WHOLE_BYTES_MAX {
            return None;
        }
        let mut whole = String::with_capacity(last.to - first.from);
        for (part_index, part) in self.parts.iter().enumerate() {
            if part_index > 0
                && let Some(joiner) = self.joiners.get(part_index - 1)
                && !matches!(joiner, '-' | '\'' | '\u{2019}' | ',')
            {
                whole.push(*joiner);
            }
            whole.push_str(&self.text[part.from..part.to]);
        }
        Some(fold(&lower(&whole)))
    }
}

/// A tokenizer that hands on its text as one token: what the engine's filters are fed with.
#[derive(Clone, Default)]
struct OneWord {
    token: Token,
}

struct OneWordStream<'a> {
    token: &'a mut Token,
    is_fresh: bool,
}

impl Tokenizer for OneWord {
    type TokenStream<'a> = OneWordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> OneWordStream<'a> {
        self.token.reset();
        self.token.text.push_str(text);
        OneWordStream { token: &mut self.token, is_fresh: true }
    }
}

impl TokenStream for OneWordStream<'_> {
    fn advance(&mut self) -> bool {
        std::mem::take(&mut self.is_fresh)
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

/// The engine's view of a [`Cutter`].
#[derive(Clone)]
pub(super) struct IndexTokenizer {
    cutter: Cutter,
}

impl IndexTokenizer {
    /// Registers both tokenizers with an index.
    pub(super) fn register(manager: &tantivy::tokenizer::TokenizerManager) {
        let text = IndexTokenizer { cutter: Cutter::text() };
        let names = IndexTokenizer { cutter: Cutter::names() };
        manager.register(TEXT, TextAnalyzer::builder(text).build());
        manager.register(NAMES, TextAnalyzer::builder(names).build());
    }
}

/// Terms of one run at a time, so that a long text is never held twice.
pub(super) struct RunStream<'a> {
    cutter: &'a mut Cutter,
    walk: Walk<'a>,
    position: usize,
    terms: Terms,
    next: usize,
    token: Token,
}

impl Tokenizer for IndexTokenizer {
    type TokenStream<'a> = RunStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> RunStream<'a> {
        RunStream {
            cutter: &mut self.cutter,
            walk: Walk::new(text),
            position: 0,
            terms: Terms::default(),
            next: 0,
            token: Token::default(),
        }
    }
}

impl TokenStream for RunStream<'_> {
    fn advance(&mut self) -> bool {
        while self.next == self.terms.used {
            if !self.walk.next_run() {
                return false;
            }
            self.terms.clear();
            self.next = 0;
            self.position = self.cutter.run_terms(&self.walk, self.position, &mut self.terms);
        }
        let term = &mut self.terms.terms[self.next];
        std::mem::swap(&mut self.token.text, &mut term.text);
        self.token.position = term.position;
        self.token.offset_from = term.from;
        self.token.offset_to = term.to;
        self.next += 1;
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

#[cfg(test)]
#[path = "tokens_tests.rs"]
mod tests;
