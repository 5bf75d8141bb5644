//! Words that carry meaning, and how alike two texts are by them.

use std::collections::{BTreeMap, BTreeSet};

/// Words that tell nothing of what a text is about.
const STOP: &[&str] = &[
    "about", "after", "again", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be",
    "because", "been", "before", "but", "by", "can", "could", "did", "do", "does", "don", "for",
    "from", "get", "go", "had", "has", "have", "he", "her", "here", "hi", "him", "his", "how",
    "if", "in", "into", "is", "it", "its", "just", "know", "let", "like", "ll", "me", "more", "my",
    "need", "no", "not", "now", "of", "on", "one", "only", "or", "our", "out", "please", "re",
    "send", "she", "should", "so", "some", "than", "thank", "thanks", "that", "the", "their",
    "them", "then", "there", "these", "they", "this", "to", "up", "us", "ve", "was", "we", "well",
    "were", "what", "when", "where", "which", "who", "will", "with", "would", "you", "your",
    "dear", "hello", "regards", "best", "aber", "als", "auch", "auf", "aus", "bei", "bis", "bitte",
    "das", "dass", "dem", "den", "der", "die", "dir", "du", "ein", "eine", "einen", "er", "es",
    "für", "haben", "hat", "ich", "ihr", "im", "ist", "kann", "kannst", "können", "mir", "mit",
    "nach", "nicht", "noch", "nur", "oder", "sich", "sie", "sind", "und", "uns", "von", "vor",
    "war", "wenn", "wie", "wir", "wird", "zu", "zum", "zur", "au", "aux", "avec", "ce", "ces",
    "dans", "de", "des", "elle", "en", "est", "et", "il", "je", "la", "le", "les", "leur", "mais",
    "ne", "nous", "ou", "par", "pas", "pour", "que", "qui", "sur", "tu", "un", "une", "vous",
    "con", "del", "el", "las", "lo", "los", "para", "pero", "por", "se", "si", "su", "una", "uno",
];

/// Lower-case words of `text` that are not mere grammar, in order, with repeats.
pub fn content_words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .map(str::to_lowercase)
        .filter(|word| word.chars().nth(1).is_some() && !STOP.contains(&word.as_str()))
        .collect()
}

/// A word cut to what its forms share; crude, the same for every language.
fn stem(word: &str) -> &str {
    let ends = ["ungen", "ing", "ung", "ies", "ed", "en", "er", "es", "e", "n", "s"];
    let end = ends.iter().find(|end| word.ends_with(*end) && word.len() >= end.len() + 3);
    end.map_or(word, |end| &word[..word.len() - end.len()])
}

/// Distinct stems of the content words.
pub(super) fn stems(text: &str) -> BTreeSet<String> {
    content_words(text).iter().map(|word| stem(word).to_owned()).collect()
}

/// How alike two texts are by their content words: 0 to 1, the cosine of the sets.
pub fn similarity(a: &str, b: &str) -> f32 {
    let (a, b) = (stems(a), stems(b));
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    a.intersection(&b).count() as f32 / ((a.len() * b.len()) as f32).sqrt()
}

/// The same where rare words count more; `rarity` gives a stem's weight.
pub(super) fn weighted_similarity(
    a: &BTreeSet<String>,
    b: &BTreeSet<String>,
    rarity: &BTreeMap<String, f32>,
) -> f32 {
    let weight = |stem: &String| rarity.get(stem).copied().unwrap_or(1.0).powi(2);
    let norm = |stems: &BTreeSet<String>| stems.iter().map(weight).sum::<f32>().sqrt();
    let shared: f32 = a.intersection(b).map(weight).sum();
    let norms = norm(a) * norm(b);
    if norms > 0.0 { shared / norms } else { 0.0 }
}

/// The cosine of two vectors; 0 where one has no length or they do not fit.
pub fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot: f32 = a.iter().zip(b).map(|(x, y)| x * y).sum();
    let norm = |v: &[f32]| v.iter().map(|x| x * x).sum::<f32>().sqrt();
    let norms = norm(a) * norm(b);
    if a.len() == b.len() && norms > 0.0 { dot / norms } else { 0.0 }
}
