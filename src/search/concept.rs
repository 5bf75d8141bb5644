//! What a question looks for: its words, each with the terms that stand for it in the index.

use super::query::{Filter, Place, Query, Word};
use super::tokens::{self, Cutter, Role, STEM};

/// A field of the index that bare words are looked for in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Part {
    Subject,
    Own,
    Quoted,
    From,
    To,
    Cc,
    Filename,
    Attached,
}

/// Everywhere a bare word may stand.
pub(super) const EVERYWHERE: &[Part] = &[
    Part::Subject,
    Part::Own,
    Part::Quoted,
    Part::From,
    Part::To,
    Part::Cc,
    Part::Filename,
    Part::Attached,
];
const IN_SUBJECT: &[Part] = &[Part::Subject];
const IN_BODY: &[Part] = &[Part::Own, Part::Quoted];

/// How much a stem counts against the word itself.
const STEM_WEIGHT: f32 = 0.75;

/// One thing a question looks for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Concept {
    /// Single terms that stand for it, and how well.
    pub(super) terms: Vec<(String, f32)>,
    /// Words that begin so stand for it too.
    pub(super) prefix: Option<String>,
    /// Words that stand for it side by side, two or more, or none.
    pub(super) parts: Vec<String>,
    /// Where it may stand.
    pub(super) places: &'static [Part],
    /// So common a word that it only ranks and never selects.
    pub(super) is_common: bool,
    /// A number, a code, an address or a phrase: something that is either there or not.
    pub(super) is_exact: bool,
    /// A plain word that may have been mistyped.
    pub(super) may_be_mistyped: bool,
}

/// Concepts of the parts of a question that are not negated, in the order they were written.
pub(super) fn concepts(query: &Query, languages: &[String]) -> Vec<Concept> {
    let mut found = Vec::new();
    query.walk(&mut |query, negated| match query {
        _ if negated => {}
        Query::Words(words) => {
            for word in words {
                found.extend(word_concepts(word, languages, true));
            }
        }
        Query::Must(word) => found.extend(word_concepts(word, languages, false)),
        Query::Phrase(text) => found.extend(phrase_concept(text, EVERYWHERE)),
        Query::Filter(Filter::Holds { place: Place::Subject, text, .. }) => {
            found.extend(inside(text, languages, IN_SUBJECT));
        }
        Query::Filter(Filter::Holds { place: Place::Body, text, .. }) => {
            found.extend(inside(text, languages, IN_BODY));
        }
        _ => {}
    });
    // A question made of common words alone means them.
    if found.iter().all(|concept| concept.is_common) {
        found.iter_mut().for_each(|concept| concept.is_common = false);
    }
    found
}

fn inside(text: &str, languages: &[String], places: &'static [Part]) -> Vec<Concept> {
    let prefix = text.ends_with('*');
    let word = Word { text: text.trim_end_matches('*').to_owned(), prefix };
    let mut concepts = word_concepts(&word, languages, false);
    concepts.iter_mut().for_each(|concept| concept.places = places);
    concepts
}

/// The concepts of a typed word: one a run of it, `and/or` being two.
pub(super) fn word_concepts(word: &Word, languages: &[String], is_bare: bool) -> Vec<Concept> {
    let runs = runs(&word.text);
    let last = runs.len().saturating_sub(1);
    runs.into_iter()
        .enumerate()
        .map(|(run_index, run)| {
            let prefix = word.prefix && run_index == last;
            let mut concept = run.concept(languages, prefix);
            concept.may_be_mistyped &= is_bare;
            concept.is_common &= is_bare && !prefix;
            concept
        })
        .collect()
}

/// A phrase: its words as they are, side by side. Nothing when there is no word in it.
pub(super) fn phrase_concept(text: &str, places: &'static [Part]) -> Option<Concept> {
    let mut parts = words_of(text);
    let mut terms = Vec::new();
    if parts.len() < 2 {
        terms.push((parts.pop()?, 1.0));
    }
    Some(Concept {
        terms,
        prefix: None,
        parts,
        places,
        is_common: false,
        is_exact: true,
        may_be_mistyped: false,
    })
}

/// The folded words of a text, in order, without stems, spellings and joined forms.
pub(super) fn words_of(text: &str) -> Vec<String> {
    let terms = Cutter::names().terms(text);
    terms.into_iter().filter(|term| term.role == Role::Part).map(|term| term.text).collect()
}

/// A run of a typed word: its parts, their other spellings, its joined form.
#[derive(Default)]
struct Run {
    parts: Vec<String>,
    /// Lower case with accents, for the stemmers.
    lower: String,
    variants: Vec<String>,
    whole: Option<String>,
    to: usize,
}

fn runs(text: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let mut open_until = 0;
    for term in Cutter::names().terms(text) {
        match term.role {
            Role::Part => {
                // Parts of one joined run, or characters of a script without blanks.
                let goes_on = term.from < open_until
                    || runs.last().is_some_and(|run| run.to == term.from && !run.parts.is_empty());
                if !goes_on {
                    runs.push(Run::default());
                }
                if let Some(run) = runs.last_mut() {
                    run.lower = tokens::lower(&text[term.from..term.to]);
                    run.parts.push(term.text);
                    run.to = term.to;
                }
            }
            Role::Variant => {
                if let Some(run) = runs.last_mut() {
                    run.variants.push(term.text);
                }
            }
            Role::Whole => {
                open_until = term.to;
                if let Some(run) = runs.last_mut() {
                    run.whole = Some(term.text);
                }
            }
            Role::Stem => {}
        }
    }
    runs
}

impl Run {
    fn concept(mut self, languages: &[String], prefix: bool) -> Concept {
        let is_plain = self.parts.len() == 1;
        let has_digit = self.parts.iter().any(|part| part.bytes().any(|b| b.is_ascii_digit()));
        let is_address = self.whole.as_ref().is_some_and(|whole| whole.contains(['@', '.', '_']));
        let mut terms: Vec<(String, f32)> = Vec::new();
        let mut prefix_of = None;
        let mut is_common = false;
        if is_plain {
            let word = self.parts.remove(0);
            is_common = languages.iter().any(|language| tokens::is_stop_word(language, &word));
            if prefix {
                prefix_of = Some(word.clone());
            } else {
                terms.extend(stems(&self.lower, &word, languages));
            }
            terms.push((word, 1.0));
            terms.extend(self.variants.into_iter().map(|variant| (variant, 1.0)));
        } else if let Some(whole) = self.whole {
            prefix_of = prefix.then(|| whole.clone());
            terms.push((whole, 1.0));
        }
        Concept {
            terms,
            prefix: prefix_of,
            parts: self.parts,
            places: EVERYWHERE,
            is_common,
            is_exact: has_digit || is_address,
            may_be_mistyped: is_plain && !prefix && !has_digit,
        }
    }
}

/// A mail's words share a stem with the word: stand-alone words equal to the stem, and marked stems.
fn stems(lower: &str, word: &str, languages: &[String]) -> Vec<(String, f32)> {
    let mut terms = Vec::new();
    for language in languages {
        let Some(stem) = tokens::stem_in(language, lower) else { continue };
        let marked = format!("{STEM}{stem}");
        if stem != word {
            terms.push((stem, STEM_WEIGHT));
        }
        terms.push((marked, STEM_WEIGHT));
    }
    terms.sort_by(|a, b| a.0.cmp(&b.0));
    terms.dedup_by(|a, b| a.0 == b.0);
    terms
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::query::parse;

    #[track_caller]
    fn check(question: &str, expected: &[&str]) {
        let languages = ["en".to_owned()];
        let shown: Vec<String> = concepts(&parse(question).expect(question), &languages)
            .iter()
            .map(|concept| {
                let mut shown: Vec<String> =
                    concept.terms.iter().map(|(term, _)| term.replace(STEM, "~")).collect();
                shown.extend(concept.prefix.iter().map(|prefix| format!("{prefix}*")));
                if !concept.parts.is_empty() {
                    shown.push(format!("[{}]", concept.parts.join(" ")));
                }
                let mark = if concept.is_common { "?" } else { "" };
                let exact = if concept.is_exact { "!" } else { "" };
                format!("{}{mark}{exact}", shown.join("|"))
            })
            .collect();
        assert_eq!(shown, expected, "{question}");
    }

    #[test]
    fn a_word_stands_for_itself_and_its_stem() {
        check("meetings", &["~meet|meet|meetings"]);
        check("budget", &["~budget|budget"]);
        check("bud*", &["bud|bud*"]);
    }

    #[test]
    fn codes_and_addresses_are_found_joined_or_side_by_side() {
        check("INV-2024-001", &["inv2024001|[inv 2024 001]!"]);
        check("e-mail", &["email|[e mail]"]);
        check("ada@example.org", &["ada@example.org|[ada example org]!"]);
        check("his/her", &["~his|his", "~her|her"]);
        check("東京", &["[東 京]"]);
    }

    #[test]
    fn common_words_rank_but_do_not_select() {
        check("the budget", &["~the|the?", "~budget|budget"]);
    }

    #[test]
    fn phrases_are_words_as_they_are() {
        check("\"the meetings\"", &["[the meetings]!"]);
        check("\"meetings\"", &["meetings!"]);
        check("+plans -drafts", &["~plan|plan|plans"]);
        check("from:ada", &[]);
        check("subject:plans", &["~plan|plan|plans"]);
    }
}
