//! A sentence of the mail, cut into words.

use std::collections::HashMap;

use super::debris::pieces;
use super::words::{OPENERS, Tag, tag};

/// Words of a sentence looked at; a list of sixty words has said what it is about.
const WORDS_MAX: usize = 60;

/// One word as written, with what is known of it.
#[derive(Clone, Debug)]
pub(super) struct Word<'a> {
    /// As written, with the marks around it.
    pub(super) text: &'a str,
    /// Without marks around it.
    pub(super) bare: &'a str,
    /// The same in lower case.
    pub(super) lower: String,
    pub(super) tag: Tag,
    /// A comma, colon or full stop follows.
    pub(super) closes: bool,
}

/// A sentence with its place in the mail.
#[derive(Clone, Debug)]
pub(super) struct Sentence<'a> {
    pub(super) words: Vec<Word<'a>>,
    /// How much the caller says it matters, 0..1.
    pub(super) weight: f32,
    /// Place among the sentences that say something.
    pub(super) index: usize,
    /// Words of an opening that says nothing.
    pub(super) opener: usize,
    pub(super) asks: bool,
    pub(super) closes: bool,
    pub(super) attaches: bool,
}

impl<'a> Sentence<'a> {
    pub(super) fn new(text: &'a str, weight: f32, index: usize) -> Self {
        let mut words: Vec<Word<'a>> = Vec::new();
        for piece in pieces(text).into_iter().take(WORDS_MAX) {
            let bare = bare(piece);
            let lower = bare.to_lowercase().replace('’', "'");
            let inner =
                !words.is_empty() && !words[words.len() - 1].text.ends_with(['.', '!', '?', ':']);
            let tag = tag(&lower, bare, inner);
            let closes =
                piece.ends_with([',', ':', ';', '.', ')', '?', '!', '–', '—']) || piece == "-";
            words.push(Word { text: piece, bare, lower, tag, closes });
        }
        let has = |list: &[&str]| words.iter().any(|word| list.contains(&word.lower.as_str()));
        let reads = |list: &[&str]| list.iter().any(|phrase| contains(&words, phrase));
        let asks = text.trim_end().ends_with('?')
            || has(&["please", "bitte", "pls", "veuillez"])
            || reads(&[
                "can you",
                "could you",
                "would you",
                "need you to",
                "por favor",
                "könntest du",
                "könnten sie",
                "pourriez-vous",
            ]);
        let closes = has(&["thanks", "thank", "sorry", "regards", "danke", "merci", "gracias"])
            || reads(&[
                "let me know",
                "let us know",
                "any questions",
                "feel free",
                "call me",
                "give me a call",
                "look forward",
                "looking forward",
                "hope you",
                "hope all",
                "hope this",
                "contact me",
                "if you have any",
            ]);
        let attaches = has(&["attached", "enclosed", "anbei", "adjunto", "ci-joint"]);
        let opener = opener(&words);
        Self { words, weight, index, opener, asks, closes, attaches }
    }
}

/// A word without the marks around it; a sum keeps its sign and its per cent.
fn bare(piece: &str) -> &str {
    piece
        .trim_start_matches(|c: char| {
            !c.is_alphanumeric() && !matches!(c, '$' | '€' | '£' | '#' | '&')
        })
        .trim_end_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '%' | '&' | '€' | '+'))
}

fn contains(words: &[Word<'_>], phrase: &str) -> bool {
    (0..words.len()).any(|at| starts(words, at, phrase) > 0)
}

/// Words of `phrase` when it stands at `at`, else zero.
fn starts(words: &[Word<'_>], at: usize, phrase: &str) -> usize {
    let mut count = 0;
    for part in phrase.split(' ') {
        match words.get(at + count) {
            Some(word) if word.lower == part => count += 1,
            _ => return 0,
        }
    }
    count
}

/// How many words open the sentence without saying anything: `Ben, I just wanted to let you know that`.
fn opener(words: &[Word<'_>]) -> usize {
    const ROUNDS_MAX: usize = 4;
    let mut at = vocative(words);
    for _ in 0..ROUNDS_MAX {
        let longest = OPENERS.iter().map(|phrase| starts(words, at, phrase)).max().unwrap_or(0);
        if longest == 0 || at + longest + 1 >= words.len() {
            break;
        }
        at += longest;
    }
    at
}

/// `Ben,` or `Hi Ben,` at the start of a sentence that goes on.
pub(super) fn vocative(words: &[Word<'_>]) -> usize {
    let greets = words.first().is_some_and(|word| {
        ["hi", "hello", "hey", "dear", "hallo", "hola", "bonjour", "liebe", "lieber"]
            .contains(&word.lower.as_str())
    });
    let most = if greets { 4 } else { 1 };
    let comma = words.iter().take(most).position(|word| word.text.ends_with([',', '!']));
    match comma {
        Some(at) if greets => at + 1,
        Some(0) if words.len() > 3 => {
            let word = &words[0];
            let name = word.text.starts_with(char::is_uppercase) && word.tag == Tag::Other;
            usize::from(name && words[1].text.starts_with(|c: char| c.is_lowercase() || c == 'I'))
        }
        _ => 0,
    }
}

/// How often words and pairs of words come in the mail, and in how many of its sentences.
#[derive(Debug, Default)]
pub(super) struct Counts<'a> {
    words: HashMap<&'a str, (u16, u16, usize)>,
    pairs: HashMap<(&'a str, &'a str), u16>,
}

impl<'a> Counts<'a> {
    pub(super) fn of(sentences: &'a [Sentence<'_>]) -> Self {
        let mut counts = Self::default();
        for (at, sentence) in sentences.iter().enumerate() {
            let mut previous = "";
            for word in &sentence.words {
                let entry = counts.words.entry(&word.lower).or_insert((0, 0, usize::MAX));
                entry.0 = entry.0.saturating_add(1);
                if entry.2 != at {
                    entry.1 = entry.1.saturating_add(1);
                    entry.2 = at;
                }
                if !previous.is_empty() && !word.lower.is_empty() {
                    let pair = counts.pairs.entry((previous, &word.lower)).or_insert(0);
                    *pair = pair.saturating_add(1);
                }
                previous = &word.lower;
            }
        }
        counts
    }

    /// How often the word comes.
    pub(super) fn word(&self, lower: &str) -> u16 {
        self.words.get(lower).map_or(1, |entry| entry.0)
    }

    /// In how many sentences it comes.
    pub(super) fn sentences(&self, lower: &str) -> u16 {
        self.words.get(lower).map_or(1, |entry| entry.1)
    }

    /// How often these two stand side by side.
    pub(super) fn pair(&self, first: &str, second: &str) -> u16 {
        self.pairs.get(&(first, second)).copied().unwrap_or(0)
    }
}
