//! Whether a span reads by itself.
//!
//! A noun phrase does. Once a verb or a mark stands inside, the span is part of a clause, and a clause cut
//! at either end says something else or nothing: `I was | wrong, and the list shows it`.

use super::WORDS_MAX;
use super::features::Span;
use super::sentence::{Sentence, Word};
use super::words::{Tag, is_noun_too};

/// The span, if it reads by itself; else its clauses, if they are short enough.
pub(super) fn whole(sentence: &Sentence<'_>, span: Span) -> Option<Span> {
    let words = &sentence.words;
    let inside = &words[span.first..=span.last];
    let listed = inside.iter().all(|word| word.tag.is_nominal());
    let marked = !listed && inside[..inside.len() - 1].iter().any(|word| word.closes);
    if !marked && !is_clause(inside) && !is_predicate(sentence, span.first) {
        return Some(span);
    }
    let start = clause_start(sentence, span.first);
    let end = clause_end(sentence, span.last);
    let lead = &words[start..span.first];
    let opens = lead.iter().all(|word| matches!(word.tag, Tag::Determiner | Tag::Conjunction));
    let closes =
        span.last == end || matches!(words[span.last + 1].tag, Tag::Preposition | Tag::Conjunction);
    let first = if opens { span.first } else { start };
    let last = if closes { span.last } else { end };
    (last - first < WORDS_MAX).then_some(Span { first, last, ..span })
}

/// Whether the words tell something: a verb with what does it, or one that helps another.
fn is_clause(words: &[Word<'_>]) -> bool {
    words.iter().enumerate().any(|(at, word)| match word.tag {
        Tag::Auxiliary => true,
        Tag::Pronoun => at + 1 < words.len() && is_subject(&word.lower),
        Tag::Verb => {
            at > 0
                && (words[at - 1].tag.is_nominal() || words[at - 1].tag == Tag::Conjunction)
                && !is_noun_too(&word.lower)
        }
        _ => false,
    })
}

/// Whether a span that begins here is what somebody does or is, cut from who: `it | breaks at noon`.
fn is_predicate(sentence: &Sentence<'_>, first: usize) -> bool {
    first > sentence.opener
        && sentence.words[..first].last().is_some_and(|before| {
            !before.closes
                && (before.tag == Tag::Auxiliary
                    || before.tag == Tag::Pronoun && is_subject(&before.lower))
        })
}

/// `I`, `we'll`, `they`: somebody does something next.
fn is_subject(pronoun: &str) -> bool {
    let bare = pronoun.split('\'').next().unwrap_or_default();
    ["i", "you", "he", "she", "it", "we", "they", "who", "ich", "er", "wir", "je", "il", "nous"]
        .contains(&bare)
}

fn clause_start(sentence: &Sentence<'_>, at: usize) -> usize {
    let start = (0..at).rev().find(|&before| sentence.words[before].closes).map_or(0, |at| at + 1);
    if start < sentence.opener && sentence.opener <= at { sentence.opener } else { start }
}

fn clause_end(sentence: &Sentence<'_>, at: usize) -> usize {
    let words = &sentence.words;
    (at..words.len()).find(|&index| words[index].closes).unwrap_or(words.len() - 1)
}
