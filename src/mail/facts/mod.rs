//! Where the facts of a text come from: every number, date, name, amount and address in it, traced
//! to the words it stands in.

mod links;
mod loose;

use std::collections::BTreeSet;
use std::ops::Range;

use serde::Serialize;

pub use links::is_link;
use links::link_stands;
pub use loose::loose;

use super::when::{self, Zone};
use super::{MessageId, UnixSeconds};

/// Facts traced in one letter.
const FACTS_MAX: usize = 300;
/// Characters of a quote.
const QUOTE_CHARS_MAX: usize = 200;

/// What an omission begins with: `[…]`, or the same with a note in it.
pub const OMISSION: &str = "[…";

/// Where a fact stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FactSource {
    /// In the mail answered, or its header.
    Mail,
    /// In another mail: an earlier one of the thread, a past letter.
    Archive,
    /// The user said it, or it is their own name or contact.
    You,
    /// Nowhere: to be looked at.
    None,
}

/// One fact of the body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact {
    /// Position of its first character in the body, counted in characters.
    pub start: usize,
    /// Position after its last character.
    pub end: usize,
    /// Where it comes from.
    pub source: FactSource,
    /// The message it stands in.
    pub id: Option<MessageId>,
    /// The words it stands in there; empty for [`FactSource::None`].
    pub quote: String,
}

/// A text that facts may come from; earlier ones are asked first.
#[derive(Clone, Debug)]
pub struct Origin<'a> {
    /// What kind.
    pub source: FactSource,
    /// The message, where it is one.
    pub id: Option<MessageId>,
    /// The words.
    pub text: &'a str,
}

/// The facts of `body`, in order, each traced to the first origin that holds it. Quoted lines and
/// omissions with their notes are left out.
pub fn facts(body: &str, origins: &[Origin<'_>]) -> Vec<Fact> {
    let mut left_out = quoted_lines(body);
    left_out.extend(omissions(body));
    let folded: Vec<String> = origins.iter().map(|origin| fold(origin.text)).collect();
    spans(body)
        .into_iter()
        .filter(|span| !left_out.iter().any(|out| out.start < span.end && span.start < out.end))
        .take(FACTS_MAX)
        .map(|span| {
            let text = &body[span.clone()];
            let found = (0..origins.len()).find(|&at| stands(text, origins[at].text, &folded[at]));
            let start = body[..span.start].chars().count();
            let end = start + text.chars().count();
            match found {
                Some(at) => Fact {
                    start,
                    end,
                    source: origins[at].source,
                    id: origins[at].id,
                    quote: quote(origins[at].text, text),
                },
                None => {
                    Fact { start, end, source: FactSource::None, id: None, quote: String::new() }
                }
            }
        })
        .collect()
}

/// Byte ranges of all omissions, notes included. One ends in its line.
pub fn omissions(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(step) = text[at..].find(OMISSION) {
        let start = at + step;
        let line_end = text[start..].find('\n').map_or(text.len(), |end| start + end);
        let end = text[start..line_end].find(']').map_or(line_end, |end| start + end + 1);
        found.push(start..end);
        at = end;
    }
    found
}

/// Byte ranges of what could be true or false: addresses, numbers with what belongs to them, dates in
/// words, names. The word that opens a sentence counts only when it cannot be an ordinary one.
pub(crate) fn spans(text: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    // Any day will do: only the words are wanted.
    let (day, zone) = (UnixSeconds(1_767_225_600), Zone::utc());
    for range in super::sentences(text) {
        let sentence = &text[range.clone()];
        for mention in when::mentions(sentence, day, &zone) {
            let span = range.start + mention.span.start..range.start + mention.span.end;
            found.push(without_preposition(text, span));
        }
    }
    let mut opens = true;
    for word in words(text) {
        opens |= text[word.clone()].starts_with(['“', '„', '«', '"', '(']);
        let plain = trimmed(text, word.clone());
        let bare = &text[plain.clone()];
        let is_address = bare.contains('@') || is_link(bare);
        let has_digit = bare.chars().any(|c| c.is_ascii_digit());
        let inner_capital = bare.chars().skip(1).any(char::is_uppercase);
        let begins_upper = bare.chars().next().is_some_and(char::is_uppercase);
        let is_name = begins_upper
            && bare.chars().count() > 1
            && !is_ordinary(bare)
            && (!opens || inner_capital);
        if !bare.is_empty() && (is_address || has_digit || is_name) {
            let list_mark = opens
                && bare.chars().all(|c| c.is_ascii_digit())
                && bare.len() <= 2
                && text[plain.end..].starts_with(['.', ')']);
            if !list_mark {
                found.push(plain.clone());
            }
        }
        let token = &text[word.clone()];
        let line_end = text[word.end..].starts_with('\n')
            || text[word.end..].trim_start_matches(' ').starts_with('\n');
        opens = line_end || token.ends_with(['.', '!', '?', ':', '…']) || bare.is_empty() && opens;
    }
    merged(text, found)
}

/// `by Thursday` is the fact `Thursday`: elsewhere it may stand behind another word.
fn without_preposition(text: &str, span: Range<usize>) -> Range<usize> {
    const WORDS: &[&str] = &[
        "on", "by", "before", "until", "till", "at", "in", "from", "since", "due", "no", "later",
        "than", "am", "bis", "vor", "um", "ab", "seit", "im", "le", "avant", "el", "antes", "de",
        "entro", "voor",
    ];
    let mut start = span.start;
    while let Some((word, rest)) = text[start..span.end].split_once(char::is_whitespace) {
        if !WORDS.contains(&word.to_lowercase().as_str()) || rest.trim().is_empty() {
            break;
        }
        start = span.end - rest.trim_start().len();
    }
    start..span.end
}

/// Overlapping spans become one; `Anna Smith` and `EUR 300` are one each.
fn merged(text: &str, mut spans: Vec<Range<usize>>) -> Vec<Range<usize>> {
    let left_out = omissions(text);
    let in_gap = |span: &Range<usize>| {
        left_out.iter().any(|gap| gap.start < span.end && span.start < gap.end)
    };
    spans.retain(|span| !in_gap(span) && !text[span.clone()].trim().is_empty());
    spans.sort_by_key(|span| (span.start, span.end));
    let mut kept: Vec<Range<usize>> = Vec::new();
    for span in spans {
        match kept.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            Some(last) if joins(text, last, &span) => last.end = span.end,
            _ => kept.push(span),
        }
    }
    kept
}

/// Two neighbours with a single blank between them, both names or a sum with its currency.
fn joins(text: &str, last: &Range<usize>, next: &Range<usize>) -> bool {
    let (a, b) = (&text[last.clone()], &text[next.clone()]);
    let named = |part: &str| {
        part.chars().next().is_some_and(char::is_uppercase)
            && !part.chars().any(|c| c.is_ascii_digit())
    };
    &text[last.end..next.start] == " " && named(a) && named(b)
}

fn words(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    text.split_whitespace().map(move |word| {
        let start = word.as_ptr() as usize - text.as_ptr() as usize;
        start..start + word.len()
    })
}

fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let word = &text[range.clone()];
    let keep = |c: char| c.is_alphanumeric() || matches!(c, '€' | '$' | '£' | '%' | '[' | ']');
    let front = word.find(keep).unwrap_or(word.len());
    let back = word
        .rfind(keep)
        .map_or(front, |at| at + word[at..].chars().next().map_or(1, char::len_utf8));
    let possessive = word[front..back.max(front)].trim_end_matches("'s").trim_end_matches("’s");
    range.start + front..range.start + front + possessive.len()
}

/// Capitalised without being a name.
fn is_ordinary(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "i",
        "i'm",
        "i'll",
        "i've",
        "i'd",
        "ok",
        "okay",
        "fyi",
        "re",
        "sie",
        "ihnen",
        "ihr",
        "ihre",
        "ihren",
        "ihrem",
        "ihrer",
        "on",
        "to",
        "hi",
        "hello",
        "dear",
        "best",
        "regards",
        "thanks",
        "cheers",
        "kind",
        "hallo",
        "liebe",
        "lieber",
        "grüße",
        "gruß",
        "viele",
        "mit",
        "if",
        "the",
        "this",
        "yes",
        "no",
        "we",
        "you",
        "it",
        "and",
        "but",
        "so",
        "please",
        "ps",
        "yours",
        "sincerely",
        "zu",
        "hey",
    ];
    WORDS.contains(&word.to_lowercase().replace('’', "'").as_str())
}

/// The lines that quote, each with the attribution above it, which is code's own.
fn quoted_lines(body: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    for line in body.split_inclusive('\n') {
        let end = at + line.len();
        if line.starts_with('>') {
            let above = body[..at].trim_end();
            let attribution = above.rfind('\n').map_or(0, |line| line + 1);
            let first = found.last().is_none_or(|last| last.end < at);
            let start = if first && above.ends_with(':') { attribution } else { at };
            found.push(start..end);
        }
        at = end;
    }
    found
}

fn fold(text: &str) -> String {
    text.to_lowercase().replace('’', "'").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether `part` stands in `text` as whole words.
fn holds(text: &str, part: &str) -> bool {
    !part.is_empty()
        && text.match_indices(part).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + part.len()..].chars().next();
            let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
            edge(before) && edge(after)
        })
}

/// Whether a fact stands in a text, given with the text folded.
fn stands(part: &str, text: &str, folded: &str) -> bool {
    if is_link(part) { link_stands(part, text) } else { holds(folded, &fold(part)) }
}

/// Whether `part` stands in `text`, as whole words.
pub(crate) fn stands_in(part: &str, text: &str) -> bool {
    stands(part, text, &fold(text))
}

/// The facts of a sentence that do not stand in `known`; times apart, which say when, not of whom.
pub(crate) fn unknown_in(sentence: &str, known: &str) -> Vec<String> {
    let folded = fold(known);
    let (day, zone) = (UnixSeconds(1_767_225_600), Zone::utc());
    let times: Vec<Range<usize>> =
        when::mentions(sentence, day, &zone).into_iter().map(|mention| mention.span).collect();
    let is_time = |span: &Range<usize>| {
        times.iter().any(|time| time.start <= span.start && span.end <= time.end)
    };
    spans(sentence)
        .into_iter()
        .filter(|span| !is_time(span))
        .map(|span| sentence[span].to_owned())
        .filter(|part| !stands(part, known, &folded))
        .collect()
}

/// The words of names in letters: what is written large within a sentence, and who is greeted and
/// who signs.
pub(crate) fn name_words<'a>(letters: &[&'a str]) -> BTreeSet<&'a str> {
    let mut names = BTreeSet::new();
    for letter in letters {
        let shape = super::letter_shape(letter);
        let frames = [shape.greeting, shape.sign_off].into_iter().flatten();
        for range in spans(letter).into_iter().chain(frames) {
            let words = letter[range].split(|c: char| !c.is_alphanumeric());
            names.extend(
                words.filter(|word| word.starts_with(char::is_uppercase) && !is_ordinary(word)),
            );
        }
    }
    names
}

/// The line or sentence of `text` that holds `part`.
fn quote(text: &str, part: &str) -> String {
    let sentences = super::sentences(text);
    let found = sentences
        .into_iter()
        .map(|range| fold_case(&text[range]))
        .find(|sentence| stands(part, sentence, &fold(sentence)));
    let quote = found.unwrap_or_else(|| fold_case(text));
    quote.chars().take(QUOTE_CHARS_MAX).collect()
}

fn fold_case(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
