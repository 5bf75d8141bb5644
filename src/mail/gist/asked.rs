//! The gist of a mail that asks for something: the ask, with its matter.

use super::sentence::{Sentence, Word, vocative};
use super::words::Tag;
use super::{MATTER_MIN, WORDS_MAX, base, capitalised, debris, matter, shown};

/// What an ask says in at most twelve words: its own clauses where they name a matter, else the subject
/// and the ask. `None` where neither says enough, or no part of it fits.
pub(super) fn asked(subject: &str, ask: &str) -> Option<String> {
    if !debris::says_something(ask) {
        return None;
    }
    let sentence = Sentence::new(ask, 1.0, 0);
    let (first, last) = clauses(&sentence)?;
    let words = &sentence.words[first..=last];
    let said = shown(&sentence, first, last);
    let subject = base(subject);
    let topic = Sentence::new(&subject, 1.0, 0);
    if matter(words) >= MATTER_MIN || shares_matter(words, &topic.words) {
        return Some(said);
    }
    if matter(&topic.words) < MATTER_MIN {
        return None;
    }
    let room = WORDS_MAX.checked_sub(words.len()).filter(|room| *room > 0)?;
    let about = topic.words[..topic.words.len().min(room)]
        .iter()
        .map(|word| word.text)
        .collect::<Vec<_>>()
        .join(" ");
    Some(format!(
        "{}: {said}",
        capitalised(about.trim_end_matches([',', '.', ':', ';', '-', '–', '?', '!']))
    ))
}

fn shares_matter(words: &[Word<'_>], others: &[Word<'_>]) -> bool {
    words.iter().any(|word| {
        matches!(word.tag, Tag::Topic | Tag::Name | Tag::Other)
            && others.iter().any(|other| other.lower == word.lower)
    })
}

/// The run of whole clauses, at most twelve words long, that says most; what stands before a colon only
/// leads up to it.
fn clauses(sentence: &Sentence<'_>) -> Option<(usize, usize)> {
    let words = &sentence.words;
    let leads = |word: &Word<'_>| word.text.ends_with(':');
    let colon = words[..words.len().saturating_sub(2)].iter().rposition(leads);
    colon.and_then(|at| run(words, at + 1)).or_else(|| run(words, vocative(words)))
}

fn run(words: &[Word<'_>], mut from: usize) -> Option<(usize, usize)> {
    // `And could you …`: what it goes on from is not there.
    if ["and", "but", "so", "und", "et", "y"].contains(&words.get(from)?.lower.as_str()) {
        from += 1;
    }
    let starts = (from..words.len()).filter(|at| *at == from || words[at - 1].closes);
    let mut best: Option<(usize, usize, usize)> = None;
    for first in starts {
        for last in first..words.len().min(first + WORDS_MAX) {
            if !(words[last].closes || last + 1 == words.len()) {
                continue;
            }
            let said = matter(&words[first..=last]);
            let asks = usize::from(words[last].text.ends_with('?') || last + 1 == words.len());
            let rank = said + asks;
            if best.is_none_or(|(most, ..)| rank > most) {
                best = Some((rank, first, last));
            }
        }
    }
    best.map(|(_, first, last)| (first, last))
}

#[cfg(test)]
mod tests {
    use super::asked;

    #[track_caller]
    fn check(subject: &str, ask: &str, expected: Option<&str>) {
        assert_eq!(asked(subject, ask).as_deref(), expected, "{ask:?}");
    }

    #[test]
    fn an_ask_that_names_its_matter_is_its_own_gist() {
        check(
            "Re: One page",
            "Could you send me the signed contract?",
            Some("Could you send me the signed contract?"),
        );
        check(
            "Re: One page",
            "And I need one answer today: can support carry the night shift from next quarter, yes or no?",
            Some("Can support carry the night shift from next quarter, yes or no?"),
        );
    }

    #[test]
    fn an_ask_that_names_nothing_gets_the_subject() {
        check(
            "Test site for Harbor",
            "Is it ok if I do that?",
            Some("Test site for Harbor: Is it ok if I do that?"),
        );
        check(
            "Re: the weekend at the lake",
            "Could you tell me by tomorrow noon?",
            Some("The weekend at the lake: Could you tell me by tomorrow noon?"),
        );
    }

    #[test]
    fn without_a_subject_it_says_nothing() {
        check("Re:", "Is it ok if I do that?", None);
        check("", "?", None);
    }
}
