//! The linear half of the sentence head: hashed words and pairs of words.
//!
//! A word is a run of letters, digits and apostrophes of the lower-cased text; `?` and `!` are words
//! of their own. Each word, and each pair joined by a blank, is hashed by FNV-1a (32 bits) modulo the
//! table's length, counted once; the vector of counts is scaled to length 1. Only the table's numbers
//! are kept, never a word.

use std::collections::BTreeSet;

/// Weights over hashed words for each label.
pub(super) struct Words {
    /// One table a label, all of the same length.
    tables: Vec<Vec<f32>>,
    bias: Vec<f32>,
}

impl Words {
    /// `weights` are the tables one after another, as many as there are biases. `None` when they are
    /// not of one length.
    pub(super) fn new(weights: &[f32], bias: Vec<f32>) -> Option<Self> {
        let size = weights.len().checked_div(bias.len())?;
        if size == 0 || !weights.len().is_multiple_of(size) {
            return None;
        }
        let tables = weights.chunks_exact(size).map(<[f32]>::to_vec).collect();
        Some(Self { tables, bias })
    }

    /// The logit of each label; for a text without words, the biases.
    pub(super) fn logits(&self, text: &str) -> Vec<f32> {
        let size = self.tables.first().map_or(0, Vec::len);
        let places = features(text, size);
        let scale = if places.is_empty() { 0.0 } else { 1.0 / (places.len() as f32).sqrt() };
        let logit = |(table, bias): (&Vec<f32>, &f32)| {
            places.iter().map(|&place| table[place]).sum::<f32>() * scale + bias
        };
        self.tables.iter().zip(&self.bias).map(logit).collect()
    }
}

/// Places in a table of `size` that a text's words and pairs hash to, each once.
fn features(text: &str, size: usize) -> BTreeSet<usize> {
    let words = words(text);
    let pairs = words.windows(2).map(|pair| format!("{} {}", pair[0], pair[1]));
    let place = |feature: &str| fnv1a(feature.as_bytes()) as usize % size.max(1);
    words.iter().map(|word| place(word)).chain(pairs.map(|pair| place(&pair))).collect()
}

fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for character in text.to_lowercase().chars() {
        if character.is_alphanumeric() || character == '\'' {
            word.push(character);
            continue;
        }
        if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if matches!(character, '?' | '!') {
            words.push(character.to_string());
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// Fowler, Noll and Vo's hash, variant 1a, 32 bits (RFC 9923).
fn fnv1a(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_runs_of_letters_digits_and_apostrophes() {
        let check = |text: &str, expected: &[&str]| assert_eq!(words(text), expected, "{text}");
        check("Can't you SEND it by 5pm?", &["can't", "you", "send", "it", "by", "5pm", "?"]);
        check("e-mail, (now)!!", &["e", "mail", "now", "!", "!"]);
        check("Größe: 3,5 m", &["größe", "3", "5", "m"]);
        check(" ... ", &[]);
    }

    #[test]
    fn the_hash_is_the_published_one() {
        assert_eq!(fnv1a(b""), 0x811c_9dc5);
        assert_eq!(fnv1a(b"a"), 0xe40c_292c);
        assert_eq!(fnv1a(b"foobar"), 0xbf9c_f968);
    }

    #[test]
    fn a_text_is_scored_by_each_of_its_words_and_pairs_once() {
        let size = 1 << 15;
        let mut weights = vec![0.0; 2 * size];
        weights[fnv1a(b"please") as usize % size] = 3.0;
        weights[size + fnv1a(b"please send") as usize % size] = 6.0;
        let words = Words::new(&weights, vec![0.5, -0.5]).expect("two tables");
        // Features: please, send, "please send", "send please": length 2.
        assert_eq!(words.logits("Please send. Please send"), vec![2.0, 2.5]);
        assert_eq!(words.logits(""), vec![0.5, -0.5]);
        assert!(Words::new(&[], vec![]).is_none());
    }
}
