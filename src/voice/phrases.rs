//! Favourite phrases: what this person says more often than those who write to them.

use std::collections::{BTreeMap, BTreeSet};

use super::letters::OwnLetter;

const WORDS_MIN: usize = 2;
const WORDS_MAX: usize = 5;
/// Letters a phrase must stand in.
const LETTERS_MIN: usize = 3;
/// Phrases kept.
const PHRASES_MAX: usize = 12;
/// Words of one clause looked at.
const CLAUSE_WORDS_MAX: usize = 60;
/// How many times more often than others say it.
const ODDS_MIN: f32 = 1.5;

/// The most typical phrases, best first.
pub(super) fn favourites(letters: &[OwnLetter], others: &[String]) -> Vec<String> {
    let own = document_counts(letters.iter().map(|letter| letter.body.as_str()));
    let theirs = document_counts(others.iter().map(String::as_str));
    let share = |count: usize, of: usize| (count as f32 + 0.5) / (of as f32 + 1.0);
    let mut scored: Vec<(f32, &String)> = own
        .iter()
        .filter(|(_, count)| **count >= LETTERS_MIN)
        .filter_map(|(phrase, &count)| {
            let other = theirs.get(phrase).copied().unwrap_or(0);
            let odds = share(count, letters.len()) / share(other, others.len());
            let words = phrase.split(' ').count() as f32;
            (odds > ODDS_MIN).then(|| (count as f32 * odds.ln() * words.sqrt(), phrase))
        })
        .collect();
    scored.sort_by(|(a, x), (b, y)| b.total_cmp(a).then_with(|| x.cmp(y)));
    let mut kept: Vec<String> = Vec::new();
    for (_, phrase) in scored {
        let padded = format!(" {phrase} ");
        // Of overlapping phrases the better one stays.
        let overlaps = kept.iter().any(|other| {
            format!(" {other} ").contains(&padded) || padded.contains(&format!(" {other} "))
        });
        if !overlaps {
            kept.push(phrase.clone());
        }
        if kept.len() == PHRASES_MAX {
            break;
        }
    }
    kept
}

/// In how many texts each phrase stands.
fn document_counts<'a>(texts: impl Iterator<Item = &'a str>) -> BTreeMap<String, usize> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for text in texts {
        let mut seen = BTreeSet::new();
        let lower = text.to_lowercase().replace('’', "'");
        for clause in lower.split(['.', '!', '?', ',', ';', ':', '\n', '(', ')', '"', '>']) {
            let words: Vec<&str> = clause
                .split_whitespace()
                .take(CLAUSE_WORDS_MAX)
                .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()))
                .collect();
            for length in WORDS_MIN..=WORDS_MAX {
                seen.extend(
                    words.windows(length).filter(|gram| is_phrase(gram)).map(|g| g.join(" ")),
                );
            }
        }
        for phrase in seen {
            *counts.entry(phrase).or_default() += 1;
        }
    }
    counts
}

/// Numbers and blanks are no manner of speaking.
fn is_phrase(gram: &[&str]) -> bool {
    let worded = |word: &&str| {
        !word.is_empty() && word.chars().all(|c| c.is_alphabetic() || c == '\'' || c == '-')
    };
    gram.iter().all(worded) && gram.iter().map(|word| word.chars().count()).sum::<usize>() >= 6
}
