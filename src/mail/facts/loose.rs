//! What of a sentence that a model wrote stands nowhere in the words it was written from.

use super::{FactSource, Origin, facts};

/// Characters of a fact that are given back.
const SHOWN_CHARS_MAX: usize = 40;
/// Words that open a sentence and name nobody.
#[rustfmt::skip]
const OPENERS: &[&str] = &[
    "the", "this", "that", "these", "those", "there", "they", "their", "he", "she", "it", "its",
    "we", "our", "you", "your", "an", "all", "no", "not", "nothing", "nobody", "please", "if",
    "when", "after", "before", "for", "from", "in", "on", "at", "by", "with", "and", "but", "both",
    "sender", "der", "die", "das", "den", "dem", "ein", "eine", "einen", "er", "sie", "es", "wir",
    "ihr", "bitte", "wenn", "nach", "vor", "für", "im", "am", "mit", "und", "aber", "le", "la",
    "les", "un", "une", "il", "elle", "ils", "elles", "on", "nous", "vous", "el", "los", "las",
    "una", "se", "hay", "lo", "gli", "uno", "het", "een", "hij", "zij", "wij", "er",
];
/// Numbers in words; `one` and its like are articles as well.
#[rustfmt::skip]
const NUMBERS: &[&str] = &[
    "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "twenty",
    "thirty", "dozen", "hundred", "thousand", "million", "zwei", "drei", "vier", "fünf", "sechs", "sieben",
    "acht", "neun", "zehn", "elf", "zwölf", "zwanzig", "hundert", "tausend", "deux", "trois", "quatre",
    "cinq", "sept", "huit", "neuf", "dix", "douze", "vingt", "cent", "mille", "dos", "tres", "cuatro",
    "cinco", "seis", "siete", "ocho", "nueve", "diez",
];

/// The first number, date, name, amount or address of a sentence that stands in none of the origins;
/// nothing when all do. Stricter than [`facts`]: numbers in words count too, and the word that opens
/// the sentence, written large by rule, has to stand there or be none of a name for certain.
pub fn loose(sentence: &str, origins: &[Origin<'_>]) -> Option<String> {
    let loose = facts(sentence, origins).into_iter().find(|fact| fact.source == FactSource::None);
    loose
        .map(|fact| {
            let length = (fact.end - fact.start).min(SHOWN_CHARS_MAX);
            sentence.chars().skip(fact.start).take(length).collect()
        })
        .or_else(|| strange_opener(sentence, origins))
        .or_else(|| strange_number(sentence, origins))
}

/// Lower-case words.
fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

/// A number in words that the mail does not have so.
fn strange_number(sentence: &str, origins: &[Origin<'_>]) -> Option<String> {
    let known: Vec<String> = origins.iter().flat_map(|origin| words(origin.text)).collect();
    let mut numbers = words(sentence).into_iter().filter(|word| NUMBERS.contains(&word.as_str()));
    numbers.find(|word| !known.contains(word))
}

/// The word that opens a sentence, written large by rule, may be a name: it has to stand in the mail
/// or be none for certain.
fn strange_opener(sentence: &str, origins: &[Origin<'_>]) -> Option<String> {
    let first = sentence.split(|c: char| !c.is_alphanumeric()).find(|word| !word.is_empty())?;
    let lower = first.to_lowercase();
    let is_known = first.chars().count() == 1
        || !first.starts_with(char::is_uppercase)
        || OPENERS.contains(&lower.as_str())
        || origins.iter().any(|origin| words(origin.text).contains(&lower));
    (!is_known).then(|| first.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sentence: &str, expected: Option<&str>) {
        let text = "Grace wants 40 bolts in Leeds by Friday noon, and two crates.";
        let origins = [Origin { source: FactSource::Mail, id: None, text }];
        assert_eq!(loose(sentence, &origins).as_deref(), expected, "{sentence}");
    }

    #[test]
    fn what_stands_there_is_not_loose() {
        check("Grace wants 40 bolts in Leeds by Friday noon.", None);
        check("The two crates go to Leeds.", None);
    }

    #[test]
    fn numbers_names_and_dates_from_elsewhere_are_loose() {
        check("Grace wants 41 bolts.", Some("41"));
        check("Carol wants 40 bolts.", Some("Carol"));
        check("She wants three crates.", Some("three"));
        check("She wants them by Monday.", Some("Monday"));
    }
}
