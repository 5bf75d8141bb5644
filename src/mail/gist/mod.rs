//! What is this mail about, in one line?
//!
//! A gist is a span of one of the mail's own sentences, at most twelve words long, chosen by two small
//! linear models: the first says how likely each word stands in a subject line a person would write,
//! the second ranks the spans those words make up. Nothing is rephrased, so nothing can be invented.
//!
//! The weights were fitted on subject lines people gave their own mail (see `fit.rs` beside this file).

mod asked;
mod debris;
mod features;
#[cfg(test)]
mod fit;
mod sentence;
mod weights;
mod whole;
mod words;

use features::{Mail, SPAN_FEATURES, Span, WORD_FEATURES, span_features, word_features};
use sentence::{Counts, Sentence, Word};
use words::Tag;

use super::passages::phrases::{closing, greeting_len, is_device_line};

/// Longest gist, in words.
const WORDS_MAX: usize = 12;
/// Sentences looked at: those at the top, then those said to matter.
const SENTENCES_MAX: usize = 15;
/// Words of a subject line by a person, on average (Zhang & Tetreault 2019 count 5 for subject lines of
/// office mail). It sets how long a gist grows: a word is worth its place while it is likelier than half
/// the F1 reached.
const SUBJECT_WORDS: f32 = 5.0;
/// Points of [`matter`] below which words name nothing.
const MATTER_MIN: usize = 2;
/// Spans kept for the second model.
const SPANS_MAX: usize = 40;
/// What a sentence's weight adds to the score of its spans, from neutral to full.
const WEIGHT_SHARE: f32 = 0.5;

/// The two models' weights.
struct Weights {
    word: Vec<f32>,
    span: Vec<f32>,
}

/// The gist of a mail: at most twelve of its words, in their order.
///
/// `sentences` are the sender's own, in order, each with how much it matters (0 to 1, 0.5 where nothing
/// is known). Greetings and sign-offs may be among them. Only marks at the edges are dropped and the
/// first letter made a capital; every number, date and name stands in the mail as it stands here. Where
/// the body gives nothing it is the subject, cut to twelve words.
pub fn gist(subject: &str, sentences: &[(&str, f32)]) -> String {
    gist_by(weights::weights(), subject, sentences)
}

/// The gist of a mail that asks for something: `ask` is the sentence that does. It says the ask itself,
/// with the subject before it where the ask names nothing; failing that it is [`gist`].
pub fn gist_of_ask(subject: &str, ask: &str, sentences: &[(&str, f32)]) -> String {
    asked::asked(subject, ask).unwrap_or_else(|| gist(subject, sentences))
}

fn gist_by(weights: &Weights, subject: &str, sentences: &[(&str, f32)]) -> String {
    let (prepared, mail_words) = prepare(sentences);
    let mail = around(&prepared, mail_words);
    // Words that name nothing say less than a subject does.
    let subject_says = matter(&Sentence::new(&base(subject), 0.5, 0).words) >= MATTER_MIN;
    let chosen = best(weights, &prepared, &mail)
        .filter(|span| {
            let words = &prepared[span.sentence].words[span.first..=span.last];
            !subject_says || matter(words) >= MATTER_MIN
        })
        .map(|span| written(&prepared[span.sentence], span));
    chosen.filter(|gist| gist.chars().any(char::is_alphanumeric)).unwrap_or_else(|| {
        let base = base(subject);
        if base.is_empty() { first_words(sentences) } else { base }
    })
}

/// The sentences that say something, and the words of the greeting.
fn prepare<'a>(sentences: &[(&'a str, f32)]) -> (Vec<Sentence<'a>>, Vec<String>) {
    let mut greeted = Vec::new();
    let mut kept: Vec<(&str, f32)> = Vec::new();
    for (at, (text, weight)) in sentences.iter().enumerate() {
        let mut text = text.trim();
        if at < 2
            && kept.is_empty()
            && let Some(length) = greeting_len(text)
        {
            greeted.extend(
                text[..length].split(|c: char| !c.is_alphanumeric()).map(str::to_lowercase),
            );
            text = text[length..].trim_start();
        }
        let line = text.lines().next().unwrap_or_default();
        let ends = closing(line).is_some() && (at + 2 >= sentences.len() || text.len() < 40);
        if debris::says_something(text) && !ends && !is_device_line(text) {
            kept.push((text, *weight));
        }
    }
    let late = kept.iter().enumerate().skip(SENTENCES_MAX).filter(|(_, (_, weight))| *weight > 0.6);
    let chosen = kept.iter().enumerate().take(SENTENCES_MAX).chain(late.take(SENTENCES_MAX));
    let prepared =
        chosen.map(|(index, (text, weight))| Sentence::new(text, *weight, index)).collect();
    (prepared, greeted)
}

fn around<'a>(sentences: &'a [Sentence<'_>], greeted: Vec<String>) -> Mail<'a> {
    Mail { counts: Counts::of(sentences), sentences_count: sentences.len().max(1), greeted }
}

/// How likely each word of a sentence stands in the subject line.
fn likelihoods(word_weights: &[f32], sentence: &Sentence<'_>, mail: &Mail<'_>) -> Vec<f32> {
    debug_assert_eq!(word_weights.len(), WORD_FEATURES);
    word_features(sentence, mail)
        .iter()
        .map(|features| 1.0 / (1.0 + (-dot(word_weights, features)).exp()))
        .collect()
}

fn dot(weights: &[f32], features: &[features::Feature]) -> f32 {
    features.iter().map(|(slot, value)| weights[usize::from(*slot)] * value).sum()
}

/// The spans worth ranking, the most promising first.
fn spans(sentences: &[Sentence<'_>], likely: &[Vec<f32>]) -> Vec<Span> {
    let mut spans = Vec::new();
    for (at, sentence) in sentences.iter().enumerate() {
        let words = &sentence.words;
        for first in 0..words.len() {
            if words[first].tag.is_function() {
                continue;
            }
            let mut sum = 0.0;
            for last in first..words.len().min(first + WORDS_MAX) {
                sum += likely[at][last];
                let count = last - first + 1;
                if (count < 2 && words.len() > 1)
                    || (words[last].tag.is_function() && last + 1 < words.len())
                {
                    continue;
                }
                let expected = 2.0 * sum / (count as f32 + SUBJECT_WORDS);
                spans.push(Span { sentence: at, first, last, expected });
            }
        }
    }
    spans.sort_by(|a, b| b.expected.total_cmp(&a.expected));
    spans.truncate(SPANS_MAX);
    spans
}

fn best(weights: &Weights, sentences: &[Sentence<'_>], mail: &Mail<'_>) -> Option<Span> {
    debug_assert_eq!(weights.span.len(), SPAN_FEATURES);
    let likely: Vec<Vec<f32>> =
        sentences.iter().map(|sentence| likelihoods(&weights.word, sentence, mail)).collect();
    let mut ranked: Vec<(f32, Span)> = spans(sentences, &likely)
        .into_iter()
        .map(|span| {
            let sentence = &sentences[span.sentence];
            let features = span_features(span, sentence, &likely[span.sentence]);
            let score = dot(&weights.span, &features) + WEIGHT_SHARE * (sentence.weight - 0.5);
            (score, span)
        })
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let shown: Vec<Span> = ranked
        .into_iter()
        .filter_map(|(_, span)| shown_span(&sentences[span.sentence], span))
        .collect();
    let says = |span: &&Span| matter(&sentences[span.sentence].words[span.first..=span.last]) > 0;
    shown.iter().find(says).or(shown.first()).copied()
}

/// What words name, in points: a topic or a name two, any other word that is not of the glue one.
fn matter(words: &[Word<'_>]) -> usize {
    let points = |word: &Word<'_>| match word.tag {
        Tag::Topic | Tag::Name => 2,
        Tag::Other => 1,
        _ => 0,
    };
    words.iter().map(points).sum()
}

/// What is shown of a span that was chosen; nothing where no stretch of it reads by itself.
fn shown_span(sentence: &Sentence<'_>, span: Span) -> Option<Span> {
    whole::whole(sentence, completed(sentence, span))
}

/// The span with both ends of its noun phrases, where there is room: a gist that stops at "the new"
/// says nothing.
fn completed(sentence: &Sentence<'_>, span: Span) -> Span {
    let (mut first, mut last) = (span.first, span.last);
    while features::cuts_noun_phrase_after(sentence, last) {
        last += 1;
    }
    if last - first >= WORDS_MAX {
        last = span.last;
    }
    while features::cuts_noun_phrase_before(sentence, first) {
        first -= 1;
    }
    if last - first >= WORDS_MAX {
        first = span.first;
    }
    Span { first, last, ..span }
}

/// The words of a span as they are shown.
fn written(sentence: &Sentence<'_>, span: Span) -> String {
    shown(sentence, span.first, span.last)
}

/// The words from `first` to `last`, without the marks at their edges.
fn shown(sentence: &Sentence<'_>, first: usize, last: usize) -> String {
    let words = &sentence.words[first..=last];
    let mut text = words.iter().map(|word| word.text).collect::<Vec<_>>().join(" ");
    let asks = last + 1 == sentence.words.len() && text.ends_with('?');
    let end = text
        .trim_end_matches(|c: char| {
            !c.is_alphanumeric()
                && !matches!(c, '%' | '€' | ')' | '"' | '”' | '»' | '\'' | '’' | '+')
        })
        .len();
    text.truncate(end);
    let start = text.len()
        - text
            .trim_start_matches(|c: char| {
                !c.is_alphanumeric()
                    && !matches!(c, '$' | '€' | '£' | '(' | '"' | '“' | '«' | '#' | '\'' | '‘')
            })
            .len();
    let mut text = balanced(&text[start..]);
    if asks {
        text.push('?');
    }
    capitalised(&text)
}

/// Without a bracket or quotation mark whose partner fell away; one within a word stays.
fn balanced(text: &str) -> String {
    let mut text = text.to_owned();
    for (open, close) in [('(', ')'), ('“', '”'), ('«', '»'), ('"', '"'), ('[', ']'), ('<', '>')]
    {
        let opens = text.matches(open).count();
        let closes = text.matches(close).count();
        if (open == close && opens % 2 == 1) || (open != close && opens != closes) {
            let bare: Vec<&str> =
                text.split(' ').map(|word| word.trim_matches([open, close])).collect();
            text = bare.join(" ");
        }
    }
    text.trim().to_owned()
}

/// A capital at the start, unless the word has capitals of its own (`iPhone`).
fn capitalised(text: &str) -> String {
    let word = text.split_whitespace().next().unwrap_or_default();
    let mut chars = text.chars();
    match chars.next() {
        Some(first)
            if first.is_lowercase()
                && !word.contains(char::is_uppercase)
                && !word.contains(['.', '@', '/', '_']) =>
        {
            first.to_uppercase().chain(chars).collect()
        }
        _ => text.to_owned(),
    }
}

/// The subject without `Re:` and its like, cut to twelve words.
fn base(subject: &str) -> String {
    let mut rest = subject.trim();
    while let Some((mark, after)) = rest.split_once(':') {
        let lower = mark.trim().to_lowercase();
        if !["re", "fw", "fwd", "aw", "wg", "sv", "vs", "tr", "rv", "antw", "r", "i"]
            .contains(&lower.as_str())
        {
            break;
        }
        rest = after.trim();
    }
    rest.split_whitespace().take(WORDS_MAX).collect::<Vec<_>>().join(" ")
}

fn first_words(sentences: &[(&str, f32)]) -> String {
    let saying = sentences.iter().filter(|(text, _)| debris::says_something(text));
    let words = saying.flat_map(|(text, _)| debris::pieces(text));
    words
        .take(WORDS_MAX)
        .collect::<Vec<_>>()
        .join(" ")
        .trim_end_matches([',', '.', ';', ':'])
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::gist;

    #[track_caller]
    fn check_stands_in(subject: &str, sentences: &[(&str, f32)]) {
        let gist = gist(subject, sentences);
        let words: Vec<&str> = gist.split_whitespace().collect();
        assert!(!words.is_empty() && words.len() <= super::WORDS_MAX, "{gist:?}");
        let source = format!(
            "{subject} {}",
            sentences.iter().map(|sentence| sentence.0).collect::<Vec<_>>().join(" ")
        )
        .to_lowercase();
        for word in words {
            let bare = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
            assert!(source.contains(&bare), "{word:?} of {gist:?} stands nowhere");
        }
    }

    #[test]
    fn every_word_stands_in_the_mail() {
        check_stands_in(
            "",
            &[("Hi Ada,", 0.0), ("Can you sign the Harbor contract by Thursday?", 1.0)],
        );
        check_stands_in("", &[("The invoice 4711 over 1,200 EUR is attached.", 0.5)]);
        check_stands_in("Lunch", &[]);
        check_stands_in("", &[("Können Sie den Vertrag bis Freitag prüfen?", 1.0)]);
    }

    #[test]
    fn a_noun_phrase_is_not_cut() {
        let gist = gist(
            "URGENT",
            &[("For the stickers on the new tablet stands, do you like the dark blue logo?", 0.5)],
        );
        assert!(!gist.ends_with("new") && !gist.ends_with("tablet"), "{gist}");
    }

    #[test]
    fn a_clause_is_not_cut_from_who_it_speaks_of() {
        let text = "We found twelve faults that keep you from page one.";
        let gist = gist("", &[(text, 0.5)]);
        assert!(!gist.to_lowercase().starts_with("keep"), "{gist}");
        let wrong = super::gist("", &[("I was wrong, and the list shows it.", 0.5)]);
        assert_eq!(wrong, "I was wrong, and the list shows it");
    }

    #[test]
    fn debris_is_no_gist() {
        let debris = [
            ("[IMAGE] [IMAGE] [IMAGE]", 0.9),
            ("TD{FONT-SIZE: 10pt; COLOR: black}", 0.9),
            ("Content-Transfer-Encoding: 7bit", 0.9),
            ("-----Original Message-----", 0.9),
            ("URL: https://example.org/news", 0.9),
            ("?", 0.9),
        ];
        assert_eq!(gist("Harbor contract", &debris), "Harbor contract");
        assert_eq!(gist("", &debris), "");
    }

    #[test]
    fn nothing_gives_nothing() {
        assert_eq!(gist("", &[]), "");
    }

    #[test]
    fn a_body_without_words_gives_the_subject() {
        assert_eq!(gist("Re: Harbor contract", &[("!!!", 0.5)]), "Harbor contract");
    }
}
