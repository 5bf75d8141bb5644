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
const CACHE_WORDS_MAX: usize = 50_000;

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

/// Cuts text into terms. Cheap to clone while unused.
#[derive(Clone, Default)]
pub(super) struct Cutter {
    stems: bool,
    cache: HashMap<String, Cached>,
    cached_language: [u8; 2],
}

/// What a lower-case word turns into.
#[derive(Clone, Debug, Default)]
struct Cached {
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
        let mut terms = Vec::new();
        let mut position = 0;
        while walk.next_run() {
            position = self.run_terms(&walk, position, &mut terms);
        }
        terms
    }

    /// Terms of the run the walk stands on; gives back the next free position.
    fn run_terms(&mut self, walk: &Walk<'_>, first: usize, terms: &mut Vec<Term>) -> usize {
        let whole = walk.whole();
        let mut position = first;
        for (part_index, part) in walk.parts.iter().enumerate() {
            let cached = self.look_up(walk.language, &walk.text[part.from..part.to]);
            let term = |text: &str, role| Term {
                text: text.to_owned(),
                position,
                from: part.from,
                to: part.to,
                role,
            };
            if cached.folded.is_empty() {
                continue;
            }
            terms.push(term(&cached.folded, Role::Part));
            if let Some(variant) = &cached.variant {
                terms.push(term(variant, Role::Variant));
            }
            if let Some(stem) = &cached.stem {
                terms.push(term(stem, Role::Stem));
            }
            if part_index == 0
                && let Some(whole) = &whole
                && *whole != cached.folded
            {
                terms.push(Term {
                    to: walk.parts.last().map_or(part.to, |last| last.to),
                    ..term(whole, Role::Whole)
                });
            }
            position += 1;
        }
        position
    }

    fn look_up(&mut self, language: [u8; 2], word: &str) -> &Cached {
        if self.cached_language != language || self.cache.len() > CACHE_WORDS_MAX {
            self.cache.clear();
            self.cached_language = language;
        }
        // Not the entry API: it would want an owned key for every look-up.
        if !self.cache.contains_key(word) {
            let made = self.make(language, word);
            self.cache.insert(word.to_owned(), made);
        }
        &self.cache[word]
    }

    fn make(&self, language: [u8; 2], word: &str) -> Cached {
        let lower = cut_at(&lower(word), WORD_BYTES_MAX).to_owned();
        let folded = fold(&lower);
        let variant = two_letter_spelling(&lower).filter(|variant| *variant != folded);
        let code = std::str::from_utf8(&language).unwrap_or("en");
        let stem = if self.stems { stem_in(code, &lower) } else { None };
        let stem = stem.filter(|stem| *stem != folded).map(|stem| format!("{STEM}{stem}"));
        Cached { folded, variant, stem }
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
        "them", "us", "we", "were", "what", "when", "where", "which", "who", "would", "you", "your",
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
    if c.is_ascii() { c.is_ascii_alphanumeric() } else { c.is_alphanumeric() || is_combining_accent(c) }
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
    terms: Vec<Term>,
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
            terms: Vec::new(),
            next: 0,
            token: Token::default(),
        }
    }
}

impl TokenStream for RunStream<'_> {
    fn advance(&mut self) -> bool {
        while self.next == self.terms.len() {
            if !self.walk.next_run() {
                return false;
            }
            self.terms.clear();
            self.next = 0;
            self.position = self.cutter.run_terms(&self.walk, self.position, &mut self.terms);
        }
        let term = &mut self.terms[self.next];
        self.token.text = std::mem::take(&mut term.text);
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
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mut shown = String::new();
        let mut last = None;
        for term in Cutter::text().terms(text) {
            let between = match last {
                None => "",
                Some(position) if position == term.position => "|",
                Some(_) => " ",
            };
            shown.push_str(between);
            shown.push_str(&term.text.replace(STEM, "~"));
            last = Some(term.position);
        }
        assert_eq!(shown, expected, "{text:?}");
    }

    #[test]
    fn words_are_lower_case_and_keep_their_stem_beside_them() {
        check("The Meetings, at noon!", "the meetings|~meet at noon");
        check("", "");
        check(" .,;- ", "");
    }

    #[test]
    fn addresses_and_codes_stand_whole_and_in_parts() {
        check("ada.king@example.org", "ada|ada.king@example.org king example|~exampl org");
        check("INV-2024-001", "inv|inv2024001 2024 001");
        check("10/30/01 at 10:30", "10|10/30/01 30 01 at 10|10:30 30");
        check("1,250,000.50", "1|1250000.50 250 000 50");
        check("AT&T", "at|at&t t");
        check("and/or", "and or");
    }

    #[test]
    fn hyphens_and_apostrophes_do_not_hide_a_word() {
        check("e-mail", "e|email mail");
        check("John's", "john");
        check("John\u{2019}s", "john");
        check("O'Brien", "o|obrien brien");
    }

    #[test]
    fn accents_fold_and_umlauts_are_spelled_both_ways() {
        check("\u{2}deMüller", "muller|mueller|~mull");
        check("\u{2}deStraße", "strasse|~strass");
        check("\u{2}daærø", "aero|aeroe");
        check("cafe\u{301}", "cafe");
    }

    #[test]
    fn the_language_mark_chooses_the_stemmer() {
        check("\u{2}deSitzungen", "sitzungen|~sitzung");
        check("\u{2}frréunions", "reunions|~reunion");
        check("\u{2}xxMeetings", "meetings");
    }

    #[test]
    fn scripts_without_blanks_are_cut_into_characters() {
        check("東京都 report", "東 京 都 report");
        check("会議abc", "会 議 abc");
    }

    #[test]
    fn long_lumps_are_cut() {
        let terms = Cutter::text().terms(&"x".repeat(10_000));
        assert_eq!(terms[0].text.len(), WORD_BYTES_MAX);
        let joined = vec!["a1"; 1_000].join(".");
        let terms = Cutter::text().terms(&joined);
        assert_eq!(terms.iter().filter(|term| term.role == Role::Part).count(), 1_000);
        assert!(terms.iter().all(|term| term.text.len() <= WHOLE_BYTES_MAX));
    }

    #[test]
    fn places_point_into_the_text() {
        let text = "Über ada.king@example.org hinaus";
        for term in Cutter::text().terms(text) {
            assert!(text.is_char_boundary(term.from) && text.is_char_boundary(term.to));
            assert!(term.from < term.to);
        }
    }

    #[test]
    fn stop_words_depend_on_the_language() {
        assert!(is_stop_word("en", "the"));
        assert!(!is_stop_word("en", "budget"));
        assert!(is_stop_word("de", "und"));
        assert!(!is_stop_word("xx", "the"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_the_cutter(text in "\\PC{0,200}") {
            for term in Cutter::text().terms(&text) {
                proptest::prop_assert!(!term.text.is_empty());
                proptest::prop_assert!(text.get(term.from..term.to).is_some());
            }
        }

        #[test]
        fn no_mark_breaks_the_cutter(text in "[\u{2}a-zé東.@'&,:/ -]{0,60}") {
            for term in Cutter::text().terms(&text) {
                proptest::prop_assert!(text.get(term.from..term.to).is_some());
            }
        }
    }
}
