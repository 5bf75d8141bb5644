//! What a word and a span of words look like to the two linear models, as sparse numbered features.
//!
//! Numbers are laid out in blocks, one block a kind; the weights in `weights.rs` have the same order.

use super::sentence::{Counts, Sentence};
use super::words::{FUNCTION_SLOTS, FUNCTION_WORDS, TAGS, Tag};

/// A feature's number and value.
pub(super) type Feature = (u16, f32);

/// Neighbour classes: the tags, then start or end of sentence, then a mark between.
const EDGES: usize = TAGS + 2;
const EDGE: usize = TAGS;
const MARKED: usize = TAGS + 1;

/// Blocks of word features: name, slots.
const WORD_BLOCKS: &[(&str, usize)] = &[
    ("bias", 1),
    ("tag", TAGS),
    ("sentence", 6),
    ("first sentence by tag", TAGS * 2),
    ("length of mail", 2),
    ("in the opener", TAGS),
    ("place", 5),
    ("after an opener", 1),
    ("count by tag", TAGS),
    ("sentences by tag", TAGS),
    ("letters", 1),
    ("shouted", 1),
    ("greeted", 1),
    ("ending", 4),
    ("function word", FUNCTION_SLOTS),
    ("sum of money", 1),
    ("previous", TAGS * EDGES),
    ("next", TAGS * EDGES),
    ("around a function word", EDGES * EDGES),
    ("after word", FUNCTION_SLOTS),
    ("sentence asks", 2),
    ("sentence closes", 2),
    ("sentence attaches", 2),
    ("after attached", TAGS),
    ("after about", TAGS),
    ("after please", TAGS),
    ("short sentence", 2),
    ("centre", 2),
    ("pair comes again", TAGS),
    ("ends with colon", 2),
    ("quoted", 1),
    ("first sentence short", TAGS),
];

/// Blocks of span features.
const SPAN_BLOCKS: &[(&str, usize)] = &[
    ("expected", 2),
    ("sum", 1),
    ("mean", 1),
    ("least", 1),
    ("most", 1),
    ("words", 13),
    ("first", TAGS),
    ("last", TAGS),
    ("before and first", EDGES * TAGS),
    ("last and after", TAGS * EDGES),
    ("marks inside", 1),
    ("whole sentence", 1),
    ("sentence", 5),
    ("starts after the opener", 1),
    ("share of tag", TAGS),
    ("likelihood outside", 2),
    ("cut in a noun phrase", 2),
    ("first by last", TAGS * TAGS),
    ("starts sentence", 1),
];

const fn offset(blocks: &[(&str, usize)], block: usize) -> usize {
    let mut sum = 0;
    let mut at = 0;
    while at < block {
        sum += blocks[at].1;
        at += 1;
    }
    sum
}

/// Count of word features.
pub(super) const WORD_FEATURES: usize = offset(WORD_BLOCKS, WORD_BLOCKS.len());
/// Count of span features.
pub(super) const SPAN_FEATURES: usize = offset(SPAN_BLOCKS, SPAN_BLOCKS.len());

struct Row<'b> {
    blocks: &'b [(&'b str, usize)],
    features: Vec<Feature>,
}

impl Row<'_> {
    fn put(&mut self, block: usize, slot: usize, value: f32) {
        debug_assert!(slot < self.blocks[block].1, "{} {slot}", self.blocks[block].0);
        if value != 0.0 {
            self.features.push(((offset(self.blocks, block) + slot) as u16, value));
        }
    }

    fn flag(&mut self, block: usize, slot: usize, holds: bool) {
        if holds {
            self.put(block, slot, 1.0);
        }
    }
}

/// The mail around a sentence.
pub(super) struct Mail<'a> {
    pub(super) counts: Counts<'a>,
    pub(super) sentences_count: usize,
    /// Words of the greeting, in lower case.
    pub(super) greeted: Vec<String>,
}

fn class_before(sentence: &Sentence<'_>, at: usize) -> usize {
    match at.checked_sub(1).map(|before| &sentence.words[before]) {
        None => EDGE,
        Some(word) if word.closes => MARKED,
        Some(word) => word.tag as usize,
    }
}

fn class_after(sentence: &Sentence<'_>, at: usize) -> usize {
    if sentence.words[at].closes && at + 1 < sentence.words.len() {
        return MARKED;
    }
    sentence.words.get(at + 1).map_or(EDGE, |word| word.tag as usize)
}

/// The features of each word of a sentence.
pub(super) fn word_features(sentence: &Sentence<'_>, mail: &Mail<'_>) -> Vec<Vec<Feature>> {
    let words = &sentence.words;
    let sentence_slot = match sentence.index {
        0..=3 => sentence.index,
        4..=7 => 4,
        _ => 5,
    };
    let log_mail = (mail.sentences_count as f32).ln();
    let contents: Vec<f32> = words
        .iter()
        .filter(|word| matches!(word.tag, Tag::Topic | Tag::Name | Tag::Other))
        .map(|word| f32::from(mail.counts.sentences(&word.lower)).ln())
        .collect();
    let centre = if contents.is_empty() {
        0.0
    } else {
        contents.iter().sum::<f32>() / contents.len() as f32
    };
    let colon = words.last().is_some_and(|word| word.text.ends_with(':'));
    let mut quoted = false;
    (0..words.len())
        .map(|at| {
            let word = &words[at];
            let tag = word.tag as usize;
            let function = word.tag.is_function();
            let kind = usize::from(!function);
            let mut row = Row { blocks: WORD_BLOCKS, features: Vec::with_capacity(32) };
            row.put(0, 0, 1.0);
            row.put(1, tag, 1.0);
            row.put(2, sentence_slot, 1.0);
            row.put(3, tag * 2 + usize::from(sentence.index > 0), 1.0);
            row.put(4, 0, log_mail);
            row.put(4, 1, if sentence.index == 0 { log_mail } else { 0.0 });
            row.flag(5, tag, at < sentence.opener);
            let place = at as i32 - sentence.opener as i32;
            if place >= 0 {
                let slot = match place {
                    0..=2 => 0,
                    3..=5 => 1,
                    6..=9 => 2,
                    10..=15 => 3,
                    _ => 4,
                };
                row.put(6, slot, 1.0);
                row.flag(7, 0, sentence.opener > 0 && place < 8);
            }
            if function {
                row.put(
                    14,
                    usize::from(FUNCTION_WORDS.get(word.lower.as_str()).copied().unwrap_or(0)),
                    1.0,
                );
                row.put(18, class_before(sentence, at) * EDGES + class_after(sentence, at), 1.0);
            } else {
                row.put(8, tag, f32::from(mail.counts.word(&word.lower)).ln());
                row.put(9, tag, f32::from(mail.counts.sentences(&word.lower)).ln());
                row.put(10, 0, word.lower.chars().count().min(10) as f32 / 10.0);
                row.flag(
                    11,
                    0,
                    word.bare.len() > 1 && word.bare.chars().all(|c| !c.is_lowercase()),
                );
                row.flag(12, 0, mail.greeted.contains(&word.lower));
                for (slot, ending) in ["ing", "ed", "ion", "ment"].iter().enumerate() {
                    row.flag(
                        13,
                        slot,
                        word.lower.ends_with(ending) && word.lower.len() > ending.len() + 2,
                    );
                }
                let again = at > 0 && mail.counts.pair(&words[at - 1].lower, &word.lower) > 1
                    || words
                        .get(at + 1)
                        .is_some_and(|next| mail.counts.pair(&word.lower, &next.lower) > 1);
                row.flag(28, tag, again);
            }
            row.flag(15, 0, word.text.contains(['$', '€', '£']));
            row.put(16, tag * EDGES + class_before(sentence, at), 1.0);
            row.put(17, tag * EDGES + class_after(sentence, at), 1.0);
            if let Some(before) = at.checked_sub(1).map(|before| &words[before])
                && before.tag.is_function()
                && kind == 1
            {
                row.put(
                    19,
                    usize::from(FUNCTION_WORDS.get(before.lower.as_str()).copied().unwrap_or(0)),
                    1.0,
                );
            }
            row.flag(20, kind, sentence.asks);
            row.flag(21, kind, sentence.closes);
            row.flag(22, kind, sentence.attaches);
            let near = &words[at.saturating_sub(6)..at];
            let follows =
                |list: &[&str]| near.iter().any(|word| list.contains(&word.lower.as_str()));
            row.flag(23, tag, follows(&["attached", "enclosed", "attaching"]));
            row.flag(24, tag, follows(&["regarding", "about", "concerning", "discuss", "re"]));
            row.flag(25, tag, follows(&["please", "pls"]));
            row.flag(26, 0, words.len() <= 8);
            row.flag(26, 1, words.len() <= 8 && sentence.index == 0);
            row.put(27, kind, centre);
            row.flag(29, kind, colon);
            quoted |= word.text.starts_with(['"', '“', '«', '„']);
            row.flag(30, 0, quoted);
            quoted &=
                !word.text.trim_end_matches(['.', ',', '?', '!']).ends_with(['"', '”', '»', '“']);
            row.flag(31, tag, sentence.index == 0 && words.len() <= 12);
            row.features
        })
        .collect()
}

/// A span of words of one sentence, both ends included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Span {
    pub(super) sentence: usize,
    pub(super) first: usize,
    pub(super) last: usize,
    /// ROUGE-1 F1 to be expected from the likelihoods of its words.
    pub(super) expected: f32,
}

/// The features of a span, given how likely each word of its sentence stands in a subject line.
pub(super) fn span_features(span: Span, sentence: &Sentence<'_>, likely: &[f32]) -> Vec<Feature> {
    let words = &sentence.words;
    let inside = &words[span.first..=span.last];
    let likely_inside = &likely[span.first..=span.last];
    let count = inside.len();
    let sum: f32 = likely_inside.iter().sum();
    let (first, last) = (inside[0].tag as usize, inside[count - 1].tag as usize);
    let (before, after) = (class_before(sentence, span.first), class_after(sentence, span.last));
    let mut row = Row { blocks: SPAN_BLOCKS, features: Vec::with_capacity(40) };
    row.put(0, 0, span.expected);
    row.put(0, 1, span.expected * span.expected);
    row.put(1, 0, sum);
    row.put(2, 0, sum / count as f32);
    row.put(3, 0, likely_inside.iter().copied().fold(1.0, f32::min));
    row.put(4, 0, likely_inside.iter().copied().fold(0.0, f32::max));
    row.put(5, count.min(12), 1.0);
    row.put(6, first, 1.0);
    row.put(7, last, 1.0);
    row.put(8, before * TAGS + first, 1.0);
    row.put(9, last * EDGES + after, 1.0);
    row.put(10, 0, inside[..count - 1].iter().filter(|word| word.closes).count() as f32);
    row.flag(11, 0, count == words.len());
    row.put(12, sentence.index.min(4), 1.0);
    row.flag(13, 0, sentence.opener > 0 && span.first == sentence.opener);
    for word in inside {
        row.put(14, word.tag as usize, 1.0 / count as f32);
    }
    row.put(15, 0, span.first.checked_sub(1).map_or(0.0, |at| likely[at]));
    row.put(15, 1, likely.get(span.last + 1).copied().unwrap_or(0.0));
    row.flag(16, 0, cuts_noun_phrase_before(sentence, span.first));
    row.flag(16, 1, cuts_noun_phrase_after(sentence, span.last));
    row.put(17, first * TAGS + last, 1.0);
    row.flag(18, 0, span.first == 0);
    row.features
}

/// Whether a span that starts here leaves the beginning of a noun phrase behind: `big | red house`.
pub(super) fn cuts_noun_phrase_before(sentence: &Sentence<'_>, first: usize) -> bool {
    first > 0 && {
        let before = &sentence.words[first - 1];
        !before.closes && before.tag.is_nominal() && sentence.words[first].tag.is_nominal()
    }
}

/// Whether a span that ends here leaves the end of a noun phrase behind: `the Harbor | contract`.
pub(super) fn cuts_noun_phrase_after(sentence: &Sentence<'_>, last: usize) -> bool {
    let word = &sentence.words[last];
    !word.closes
        && sentence
            .words
            .get(last + 1)
            .is_some_and(|next| next.tag.is_nominal() && word.tag.is_nominal())
}
