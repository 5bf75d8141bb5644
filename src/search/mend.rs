//! Typing errors: words of the index that are nearly the one asked for.

use std::collections::HashMap;

use tantivy::TantivyError;

use super::concept::Concept;
use super::words::Words;

/// Shorter words are taken as they are: too many others differ by one letter.
const LETTERS_MIN: usize = 5;
/// From here on two letters may be wrong.
const LETTERS_LONG: usize = 8;
/// Words that may stand for a mistyped one.
const WORDS_MAX: usize = 2;

impl Words<'_> {
    /// Words of the index that differ from a mistyped one by a letter or two.
    pub(super) fn mend(&self, concept: &Concept) -> Result<Vec<(String, f32)>, TantivyError> {
        let Some((typed, _)) = concept.terms.iter().find(|(_, weight)| *weight >= 1.0) else {
            return Ok(Vec::new());
        };
        let letters = typed.chars().count();
        let Some(first) = typed.chars().next().filter(|_| letters >= LETTERS_MIN) else {
            return Ok(Vec::new());
        };
        let edits_max = if letters >= LETTERS_LONG { 2 } else { 1 };
        let mut near: HashMap<String, (usize, u32)> = HashMap::new();
        for segment in self.segments {
            for field in [self.fields.own, self.fields.subject] {
                let inverted = segment.inverted_index(field)?;
                let mut stream = inverted.terms().range().ge(first.to_string()).into_stream()?;
                while stream.advance() {
                    let Ok(word) = std::str::from_utf8(stream.key()) else { continue };
                    if !word.starts_with(first) {
                        break;
                    }
                    if word.len().abs_diff(typed.len()) > edits_max * 2 {
                        continue;
                    }
                    if let Some(edits) = edits(typed, word, edits_max) {
                        let entry = near.entry(word.to_owned()).or_insert((edits, 0));
                        entry.1 += stream.value().doc_freq;
                    }
                }
            }
        }
        let mut near: Vec<(String, (usize, u32))> = near.into_iter().collect();
        near.sort_by(|a, b| a.1.0.cmp(&b.1.0).then(b.1.1.cmp(&a.1.1)).then(a.0.cmp(&b.0)));
        let fewest = near.first().map_or(0, |(_, (edits, _))| *edits);
        near.retain(|(_, (edits, _))| *edits == fewest);
        near.truncate(WORDS_MAX);
        Ok(near.into_iter().map(|(word, _)| (word, 1.0)).collect())
    }
}

/// Levenshtein distance with swaps of neighbours as one step, if it is at most `edits_max`.
fn edits(typed: &str, word: &str, edits_max: usize) -> Option<usize> {
    let (a, b): (Vec<char>, Vec<char>) = (typed.chars().collect(), word.chars().collect());
    if a.len().abs_diff(b.len()) > edits_max {
        return None;
    }
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let last = &rows[i - 1];
            let mut best = (last[j] + 1).min(row[j - 1] + 1);
            best = best.min(last[j - 1] + usize::from(a[i - 1] != b[j - 1]));
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row[j] = best;
        }
        if row.iter().all(|edits| *edits > edits_max) {
            return None;
        }
        rows.push(row);
    }
    Some(rows[a.len()][b.len()]).filter(|edits| *edits <= edits_max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_slip_of_the_finger_is_one_edit() {
        assert_eq!(edits("confimation", "confirmation", 2), Some(1));
        assert_eq!(edits("recieve", "receive", 1), Some(1));
        assert_eq!(edits("budget", "budget", 1), Some(0));
        assert_eq!(edits("budget", "nugget", 1), None);
        assert_eq!(edits("short", "shortened", 2), None);
    }
}
