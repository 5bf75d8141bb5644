//! The lines of a message that answer the question, with the words that were asked for marked.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;

use super::concept::Concept;
use super::tokens::{Cutter, Role, STEM, with_language};

/// Characters a snippet has, about.
pub const SNIPPET_CHARS: usize = 160;
/// Only the beginning of a long text is looked through.
pub(super) const TEXT_BYTES_MAX: usize = 64 << 10;
/// Words of context in front of the first hit.
const LEAD_CHARS: usize = 30;

/// A few words of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snippet {
    /// On one line, `…` where something was left out.
    pub text: String,
    /// What was asked for, as byte ranges of `text`, in order, not overlapping.
    pub hits: Vec<Range<usize>>,
}

/// Finds a question's words in a text. Made by [`super::Index::marker`].
#[derive(Clone, Debug, Default)]
pub struct Marker {
    /// Each word, and which thing asked for it stands for; so below.
    words: HashMap<String, usize>,
    prefixes: Vec<(String, usize)>,
    rows: Vec<(Vec<String>, usize)>,
    common: HashSet<String>,
    /// Things asked for, common words aside.
    asked: BTreeSet<usize>,
}

/// A hit in the text.
struct Hit {
    span: Range<usize>,
    word: String,
    weight: u32,
    asked: usize,
}

impl Marker {
    pub(super) fn new(concepts: &[Concept]) -> Self {
        let mut marker = Marker::default();
        for (at, concept) in concepts.iter().enumerate() {
            let words = concept.terms.iter().map(|(term, _)| term.clone());
            if concept.is_common {
                marker.common.extend(words.clone());
            } else {
                marker.asked.insert(at);
            }
            marker.words.extend(words.map(|word| (word, at)));
            marker.prefixes.extend(concept.prefix.clone().map(|prefix| (prefix, at)));
            if concept.parts.len() > 1 {
                marker.rows.push((concept.parts.clone(), at));
            }
        }
        marker
    }

    /// Which of the things asked for stand in a text, by their number in the question; common
    /// words do not count.
    pub(super) fn met(&self, text: &str, language: Option<&str>) -> BTreeSet<usize> {
        let hits = self.hits(text, language);
        hits.iter().map(|hit| hit.asked).filter(|asked| self.asked.contains(asked)).collect()
    }

    /// All things asked for that count.
    pub(super) fn asked(&self) -> &BTreeSet<usize> {
        &self.asked
    }

    /// Both at once: what of the question stands in a text, and the place that holds most of it.
    pub(super) fn look(&self, text: &str, language: Option<&str>) -> (BTreeSet<usize>, Snippet) {
        let hits = self.hits(text, language);
        let met = hits.iter().map(|hit| hit.asked).filter(|asked| self.asked.contains(asked));
        let met = met.collect();
        (met, window(text, best_window(text, &hits).unwrap_or(0), &hits))
    }

    /// Whether these are all things asked for.
    pub(super) fn are_all(&self, met: &BTreeSet<usize>) -> bool {
        self.asked.is_subset(met)
    }

    /// The place of `text` that holds most of what was asked for, in about [`SNIPPET_CHARS`]
    /// characters. `near` is where to look when none of the words is there (the piece that is near
    /// in meaning); without it the text's beginning. `language` as the message was indexed.
    pub fn snippet(
        &self,
        text: &str,
        language: Option<&str>,
        near: Option<Range<usize>>,
    ) -> Snippet {
        let hits = self.hits(text, language);
        let start = match best_window(text, &hits) {
            Some(start) => start,
            None => near.map_or(0, |near| floor(text, near.start)),
        };
        window(text, start, &hits)
    }

    /// Where the words stand in a short text, such as a subject: byte ranges in order.
    pub fn marks(&self, text: &str, language: Option<&str>) -> Vec<Range<usize>> {
        self.hits(text, language).into_iter().map(|hit| hit.span).collect()
    }

    fn hits(&self, text: &str, language: Option<&str>) -> Vec<Hit> {
        let mut hits: Vec<Hit> = Vec::new();
        let mut row: Vec<(String, Range<usize>)> = Vec::new();
        let limit = floor(text, TEXT_BYTES_MAX);
        let marked = with_language(language, &text[..limit]);
        let shift = marked.len() - limit;
        for term in Cutter::text().terms(&marked) {
            let span = term.from - shift..term.to - shift;
            if term.role == Role::Part {
                row.push((term.text.clone(), span.clone()));
            }
            let begun = || {
                let is_plain = !term.text.starts_with(STEM);
                let mut prefixes = self.prefixes.iter().filter(|_| is_plain);
                prefixes.find(|(prefix, _)| term.text.starts_with(prefix)).map(|(_, asked)| asked)
            };
            if let Some(&asked) = self.words.get(&term.text).or_else(begun) {
                let weight = if self.common.contains(&term.text) { 1 } else { 4 };
                push(&mut hits, Hit { span, word: term.text, weight, asked });
            }
        }
        for (parts, asked) in &self.rows {
            for at in 0..row.len().saturating_sub(parts.len() - 1) {
                let here = &row[at..at + parts.len()];
                if here.iter().zip(parts).all(|((word, _), part)| word == part) {
                    let span = here[0].1.start..here[parts.len() - 1].1.end;
                    hits.push(Hit { span, word: parts.join(" "), weight: 8, asked: *asked });
                }
            }
        }
        hits.sort_by_key(|hit| (hit.span.start, std::cmp::Reverse(hit.span.end)));
        hits.dedup_by(|later, kept| {
            let inside = later.span.start < kept.span.end;
            if inside {
                kept.weight = kept.weight.max(later.weight);
            }
            inside
        });
        hits
    }
}

/// Stem and word of one place are one hit.
fn push(hits: &mut Vec<Hit>, hit: Hit) {
    match hits.last_mut() {
        Some(last) if last.span == hit.span => last.weight = last.weight.max(hit.weight),
        _ => hits.push(hit),
    }
}

/// Where the window begins that holds the most different words asked for; the first of several.
fn best_window(text: &str, hits: &[Hit]) -> Option<usize> {
    let mut best: Option<(u32, usize)> = None;
    for (hit_index, first) in hits.iter().enumerate() {
        let mut met: HashSet<&str> = HashSet::new();
        let mut worth = 0;
        for hit in &hits[hit_index..] {
            if hit.span.end - first.span.start > SNIPPET_CHARS - LEAD_CHARS {
                break;
            }
            // Another of the same is worth little.
            worth += if met.insert(&hit.word) { hit.weight * 8 } else { 1 };
        }
        if best.is_none_or(|(most, _)| worth > most) {
            best = Some((worth, first.span.start));
        }
    }
    best.map(|(_, start)| floor(text, start))
}

/// One line of the text around `start`.
fn window(text: &str, start: usize, hits: &[Hit]) -> Snippet {
    let from = lead(text, start);
    let mut shown = String::new();
    let mut spans = Vec::new();
    let mut open: Option<(usize, usize)> = None;
    if text[..from].chars().any(|c| !c.is_whitespace()) {
        shown.push_str("… ");
    }
    let mut chars = 0;
    let mut blank = true;
    let mut hits = hits.iter().filter(|hit| hit.span.start >= from).peekable();
    let mut cut = false;
    for (offset, c) in text[from..].char_indices() {
        let at = from + offset;
        if let Some((from_shown, end)) = open
            && at >= end
        {
            spans.push(from_shown..shown.trim_end().len());
            open = None;
        }
        if chars >= SNIPPET_CHARS
            && open.is_none()
            && (c.is_whitespace() || chars > SNIPPET_CHARS + 40)
        {
            cut = text[at..].chars().any(|c| !c.is_whitespace());
            break;
        }
        if let Some(hit) = hits.next_if(|hit| hit.span.start == at) {
            open = Some((shown.len(), hit.span.end));
        }
        if c.is_whitespace() {
            if !blank {
                shown.push(' ');
                chars += 1;
            }
        } else {
            shown.push(c);
            chars += 1;
        }
        blank = c.is_whitespace();
    }
    if let Some((from_shown, _)) = open {
        spans.push(from_shown..shown.trim_end().len());
    }
    shown.truncate(shown.trim_end().len());
    if cut {
        shown.push_str(" …");
    }
    Snippet { text: shown, hits: spans }
}

/// A little before `start`, at the beginning of a word.
fn lead(text: &str, start: usize) -> usize {
    let mut from = start;
    for (at, c) in text[..start].char_indices().rev().take(LEAD_CHARS) {
        if c.is_whitespace() {
            from = at + c.len_utf8();
        }
        if at == 0 {
            from = 0;
        }
    }
    from
}

fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::concept::concepts;
    use crate::search::query::parse;

    fn marker(question: &str) -> Marker {
        let languages = ["en".to_owned()];
        Marker::new(&concepts(&parse(question).expect(question), &languages))
    }

    #[track_caller]
    fn check(question: &str, text: &str, expected: &str) {
        let snippet = marker(question).snippet(text, Some("en"), None);
        let mut shown = snippet.text.clone();
        for hit in snippet.hits.iter().rev() {
            shown.insert(hit.end, ']');
            shown.insert(hit.start, '[');
        }
        assert_eq!(shown, expected);
    }

    #[test]
    fn words_and_their_other_forms_are_marked() {
        check("meeting", "The meetings are on.", "The [meetings] are on.");
        check("bud*", "Budgets and buddies", "[Budgets] and [buddies]");
        check("\"third quarter\"", "third quarter, third", "[third quarter], third");
        check("INV-7", "see inv-7!", "see [inv-7]!");
        check("zebra", "no such animal", "no such animal");
        check("müller", "Frau Müller kommt", "Frau [Müller] kommt");
    }

    #[test]
    fn line_breaks_become_blanks() {
        check("plan", "  The\n\n plan \t is", "The [plan] is");
    }

    #[test]
    fn the_window_holds_most_of_what_was_asked() {
        let filler = "nothing of note here, ".repeat(30);
        let text = format!("The plan. {filler}The plan for the budget of Ada. {filler}");
        let snippet = marker("plan budget").snippet(&text, Some("en"), None);
        assert!(snippet.text.contains("plan for the budget"), "{}", snippet.text);
        assert!(snippet.text.starts_with("… ") && snippet.text.ends_with(" …"));
        assert!(snippet.text.chars().count() < SNIPPET_CHARS + 60);
        assert_eq!(snippet.hits.len(), 2);
        assert_eq!(&snippet.text[snippet.hits[1].clone()], "budget");
    }

    #[test]
    fn without_words_the_piece_near_in_meaning_is_shown() {
        let text = format!("{}Costs are far too high.", "Some introduction. ".repeat(30));
        let at = text.find("Costs").expect("there");
        let snippet = marker("expensive").snippet(&text, Some("en"), Some(at..text.len()));
        assert!(snippet.text.contains("Costs are far too high."), "{}", snippet.text);
        assert!(snippet.hits.is_empty());
    }

    proptest::proptest! {
        #[test]
        fn no_text_breaks_a_snippet(
            question in "[a-zé東]{1,4}( [a-z]{1,4}){0,2}",
            text in "[a-zé東 .\n@-]{0,400}",
            at in 0_usize..500,
        ) {
            let snippet = marker(&question).snippet(&text, None, Some(at..at + 1));
            let mut last = 0;
            for hit in snippet.hits {
                proptest::prop_assert!(hit.start >= last && hit.end >= hit.start);
                proptest::prop_assert!(snippet.text.get(hit.clone()).is_some());
                last = hit.end;
            }
        }
    }
}
