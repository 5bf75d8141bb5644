//! The words leg: which messages hold the words of a question, and how well.
//!
//! BM25F (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009): a word's
//! occurrences in subject, text, quotes and names are weighed and added before they saturate, so a
//! message is not rewarded for saying one thing in many places. The best candidates are then looked
//! at closely: words that stand near each other, in the order asked, count more (after Rasolofo and
//! Savoy, "Term proximity scoring", 2003).

use std::collections::HashMap;

use tantivy::postings::{Postings, SegmentPostings};
use tantivy::schema::{Field, IndexRecordOption, Term};
use tantivy::{DocSet, SegmentReader, TERMINATED, TantivyError};

use super::bits::Bits;
use super::concept::{Concept, Part};
use super::index::Fields;
use super::postings::{HashlessSum, closeness, phrase, positions, prefix_terms};

/// Documents of a segment in which words everybody uses are looked for, where others found more.
const COMMON_LOOKS_MAX: usize = 4_000;
/// Candidates looked at closely.
pub(super) const CLOSE_LOOKS_MAX: usize = 300;

/// The numbers that ranking by words rests on. Set on the mail of two Enron mailboxes with their
/// subjects as questions; see `eval.rs`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tuning {
    /// Saturation of BM25.
    pub(super) k1: f32,
    /// Length normalisation of the sender's own words.
    pub(super) b_own: f32,
    /// What nearness of two neighbouring words can add, in shares of the rarer one's weight.
    pub(super) near: f32,
    /// Words apart at which nearness is no longer seen.
    pub(super) near_words: u32,
    /// What standing at the very beginning adds, in shares of the word's weight.
    pub(super) early: f32,
    /// Words into the text at which half of that is left.
    pub(super) early_words: f32,
    /// What a message gains that holds all of the question's weight.
    pub(super) coverage: f32,
    /// How much a word counts that was found by mending a typing error.
    pub(super) mended: f32,
}

impl Tuning {
    pub(super) const DEFAULT: Tuning = Tuning {
        k1: 1.2,
        b_own: 0.8,
        near: 0.8,
        near_words: 8,
        coverage: 0.3,
        mended: 0.7,
        early: 0.4,
        early_words: 40.0,
    };
}

/// What a message's words say.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct WordScore {
    /// 0 and up; only comparable within one question.
    pub(super) score: f32,
    /// Share of the question's weight (rare words weigh more) that is there, 0..1.
    pub(super) coverage: f32,
    /// All numbers, codes, addresses and phrases of the question are there.
    pub(super) has_exact: bool,
    /// What of the score is for words standing near each other.
    pub(super) near: f32,
    /// What of it is for standing at the beginning.
    pub(super) early: f32,
    /// Which of the question's first 32 words are there, a bit each.
    pub(super) held: u32,
}

/// What a closer look adds to a score.
#[derive(Clone, Copy, Debug, Default)]
struct Gain {
    near: f32,
    early: f32,
}

impl Gain {
    fn sum(self) -> f32 {
        self.near + self.early
    }
}

/// A document of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) segment: usize,
    pub(super) doc: u32,
}

/// Occurrences of one concept in one segment: documents in order, weighed and normalised
/// frequency.
type Occurrences = Vec<(u32, f32)>;

/// All that the words of one question found.
pub(super) struct Found {
    /// Per concept, per segment.
    occurrences: Vec<Vec<Occurrences>>,
    /// Per concept.
    pub(super) weights: Vec<f32>,
    concepts: Vec<Concept>,
    /// The score no message can exceed, nearness aside.
    pub(super) ceiling: f32,
    pub(super) tuning: Tuning,
}

/// Reads postings of one searcher.
pub(super) struct Words<'a> {
    pub(super) segments: &'a [SegmentReader],
    pub(super) fields: Fields,
}

impl Part {
    fn field(self, fields: &Fields) -> Field {
        match self {
            Part::Subject => fields.subject,
            Part::Own => fields.own,
            Part::Quoted => fields.quoted,
            Part::From => fields.from,
            Part::To => fields.to,
            Part::Cc => fields.cc,
            Part::Filename => fields.filename,
            Part::Attached => fields.attached,
        }
    }

    /// How much a word counts here, and how strongly length takes away from it.
    fn weight(self, tuning: &Tuning) -> (f32, f32) {
        match self {
            Part::Subject => (2.5, 0.3),
            Part::Own => (1.0, tuning.b_own),
            Part::Quoted => (0.3, 0.5),
            Part::From => (1.2, 0.0),
            Part::To => (0.6, 0.0),
            Part::Cc => (0.4, 0.0),
            Part::Filename => (0.8, 0.0),
            Part::Attached => (0.4, 0.6),
        }
    }
}

impl Words<'_> {
    pub(super) fn messages_count(&self) -> u64 {
        self.segments.iter().map(|segment| u64::from(segment.num_docs())).sum()
    }

    /// Finds and weighs what the question looks for.
    pub(super) fn find(
        &self,
        mut concepts: Vec<Concept>,
        tuning: Tuning,
    ) -> Result<Found, TantivyError> {
        let mut occurrences = vec![Vec::new(); concepts.len()];
        let mut weights = vec![0.0; concepts.len()];
        let total = self.messages_count() as f32;
        let mut scratch = self.scratch();
        for (at, concept) in concepts.iter_mut().enumerate().filter(|(_, one)| !one.is_common) {
            let mut found = self.occurrences(concept, &tuning, None, &mut scratch)?;
            let mut trust = 1.0;
            if concept.may_be_mistyped && found.iter().all(Vec::is_empty) {
                concept.terms = self.mend(concept)?;
                found = self.occurrences(concept, &tuning, None, &mut scratch)?;
                trust = tuning.mended;
            }
            let messages: usize = found.iter().map(Vec::len).sum();
            weights[at] = trust * rarity(total, messages as f32);
            occurrences[at] = found;
        }
        // Words everybody uses only rank: they are looked for in what the others found.
        let selected = self.selected(&occurrences, &weights, &tuning, &mut scratch);
        for (at, concept) in concepts.iter().enumerate().filter(|(_, one)| one.is_common) {
            weights[at] = rarity(total, self.messages_with(concept)? as f32);
            occurrences[at] = self.occurrences(concept, &tuning, Some(&selected), &mut scratch)?;
        }
        let saturated = tuning.k1 + 1.0;
        let sum: f32 = weights.iter().sum();
        let ceiling = sum * (saturated + tuning.coverage);
        Ok(Found { occurrences, weights, concepts, ceiling, tuning })
    }

    fn scratch(&self) -> Vec<HashlessSum> {
        self.segments.iter().map(|segment| HashlessSum::new(segment.max_doc())).collect()
    }

    /// Documents in which any of the concepts stands, in order, one list a segment; of very many the
    /// best.
    fn selected(
        &self,
        occurrences: &[Vec<Occurrences>],
        weights: &[f32],
        tuning: &Tuning,
        scratch: &mut [HashlessSum],
    ) -> Vec<Vec<u32>> {
        let of_segment = |(segment_index, sum): (usize, &mut HashlessSum)| {
            for (found, weight) in occurrences.iter().zip(weights) {
                let Some(found) = found.get(segment_index) else { continue };
                found.iter().for_each(|(doc, frequency)| sum.at_least(*doc, *frequency));
                sum.fold(|_, frequency| weight * frequency / (frequency + tuning.k1));
            }
            let mut best = sum.take_sums();
            if best.len() > COMMON_LOOKS_MAX {
                let order =
                    |a: &(u32, f32), b: &(u32, f32)| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0));
                best.select_nth_unstable_by(COMMON_LOOKS_MAX, order);
                best.truncate(COMMON_LOOKS_MAX);
                best.sort_unstable_by_key(|(doc, _)| *doc);
            }
            best.into_iter().map(|(doc, _)| doc).collect()
        };
        scratch.iter_mut().enumerate().map(of_segment).collect()
    }

    /// In how many messages the concept stands, about: as many as hold its commonest term in the
    /// field where that is commonest.
    fn messages_with(&self, concept: &Concept) -> Result<u64, TantivyError> {
        let mut most = 0;
        for part in concept.places {
            let field = part.field(&self.fields);
            for (text, _) in &concept.terms {
                let term = Term::from_field_text(field, text);
                let mut count = 0;
                for segment in self.segments {
                    count += u64::from(segment.inverted_index(field)?.doc_freq(&term)?);
                }
                most = most.max(count);
            }
        }
        Ok(most)
    }

    /// Where a concept stands; only in the documents of `within`, if given.
    fn occurrences(
        &self,
        concept: &Concept,
        tuning: &Tuning,
        within: Option<&[Vec<u32>]>,
        scratch: &mut [HashlessSum],
    ) -> Result<Vec<Occurrences>, TantivyError> {
        for part in concept.places {
            let field = part.field(&self.fields);
            let (weight, b) = part.weight(tuning);
            let length_mean = self.length_mean(field)?;
            for (segment_index, (segment, sum)) in
                self.segments.iter().zip(&mut *scratch).enumerate()
            {
                let within = within.map(|within| within[segment_index].as_slice());
                if within.is_some_and(<[u32]>::is_empty) {
                    continue;
                }
                let norms = segment.get_fieldnorms_reader(field)?;
                self.frequencies(segment, field, concept, within, sum)?;
                sum.fold(|doc, frequency| {
                    let length = norms.fieldnorm(doc) as f32 / length_mean;
                    weight * frequency / (1.0 - b + b * length)
                });
            }
        }
        let alive = |segment: &SegmentReader, found: Occurrences| match segment.alive_bitset() {
            Some(alive) => found.into_iter().filter(|(doc, _)| alive.is_alive(*doc)).collect(),
            None => found,
        };
        Ok(self
            .segments
            .iter()
            .zip(scratch)
            .map(|(segment, sum)| alive(segment, sum.take_sums()))
            .collect())
    }

    /// Tokens a message has in the field, on average; 1 where the field is empty.
    fn length_mean(&self, field: Field) -> Result<f32, TantivyError> {
        let (mut tokens, mut messages) = (0, 0);
        for segment in self.segments {
            tokens += segment.inverted_index(field)?.total_num_tokens();
            messages += u64::from(segment.max_doc());
        }
        Ok((tokens as f32 / messages.max(1) as f32).max(1.0))
    }

    /// How often the concept stands in each document's field: the most that one of its terms says.
    fn frequencies(
        &self,
        segment: &SegmentReader,
        field: Field,
        concept: &Concept,
        within: Option<&[u32]>,
        sum: &mut HashlessSum,
    ) -> Result<(), TantivyError> {
        let inverted = segment.inverted_index(field)?;
        let mut take = |mut postings: SegmentPostings, weight: f32| {
            let Some(within) = within else {
                let mut doc = postings.doc();
                while doc != TERMINATED {
                    sum.at_least(doc, weight * postings.term_freq() as f32);
                    doc = postings.advance();
                }
                return;
            };
            for doc in within {
                if postings.doc() < *doc && postings.seek(*doc) == TERMINATED {
                    break;
                }
                if postings.doc() == *doc {
                    sum.at_least(*doc, weight * postings.term_freq() as f32);
                }
            }
        };
        for (text, weight) in &concept.terms {
            let term = Term::from_field_text(field, text);
            if let Some(postings) = inverted.read_postings(&term, IndexRecordOption::WithFreqs)? {
                take(postings, *weight);
            }
        }
        if let Some(prefix) = &concept.prefix {
            for term in prefix_terms(segment, field, prefix)? {
                let term = Term::from_field_text(field, &term);
                if let Some(postings) =
                    inverted.read_postings(&term, IndexRecordOption::WithFreqs)?
                {
                    take(postings, 1.0);
                }
            }
        }
        if concept.parts.len() > 1 {
            let parts: Vec<Vec<String>> =
                concept.parts.iter().map(|part| vec![part.clone()]).collect();
            for (doc, places) in phrase(segment, field, &parts)? {
                sum.at_least(doc, places.len() as f32);
            }
        }
        Ok(())
    }

    /// Documents of each segment in which the concept stands.
    pub(super) fn documents(&self, concept: &Concept) -> Result<Vec<Bits>, TantivyError> {
        let found = self.occurrences(concept, &Tuning::DEFAULT, None, &mut self.scratch())?;
        Ok(self
            .segments
            .iter()
            .zip(found)
            .map(|(segment, occurrences)| {
                let mut bits = Bits::none(segment.max_doc());
                occurrences.iter().for_each(|(doc, _)| bits.set(*doc));
                bits
            })
            .collect())
    }
}

/// Robertson and Spärck Jones' weight, never below zero.
fn rarity(total: f32, messages: f32) -> f32 {
    (1.0 + (total - messages + 0.5) / (messages + 0.5)).ln()
}

impl Found {
    /// The best messages by words among those the filters let through, best first, at most
    /// `limit`; ties by place. Empty when the question has no words.
    pub(super) fn best(
        &self,
        words: &Words<'_>,
        allowed: &[Bits],
        limit: usize,
    ) -> Result<Vec<(Place, WordScore)>, TantivyError> {
        let mut best = Vec::new();
        for (segment, bits) in allowed.iter().enumerate() {
            best.extend(self.score_segment(segment, bits, limit.max(CLOSE_LOOKS_MAX)));
        }
        keep_best(&mut best, limit.max(CLOSE_LOOKS_MAX));
        let looks = best.len().min(CLOSE_LOOKS_MAX);
        self.look_closely(words, &mut best[..looks])?;
        keep_best(&mut best, limit);
        Ok(best)
    }

    /// What the question looks for, mistyped words mended.
    pub(super) fn concepts(&self) -> &[Concept] {
        &self.concepts
    }

    /// Numbers, codes, addresses and phrases the question holds.
    pub(super) fn exact_count(&self) -> usize {
        self.concepts.iter().filter(|concept| concept.is_exact).count()
    }

    /// The best messages of a segment, at most `limit`, in no order.
    fn score_segment(
        &self,
        segment: usize,
        allowed: &Bits,
        limit: usize,
    ) -> Vec<(Place, WordScore)> {
        /// Sums of one document.
        #[derive(Clone, Copy, Default)]
        struct Sum {
            score: f32,
            covered: f32,
            exact: u8,
            selects: bool,
            held: u32,
        }
        let weight_sum: f32 = self.weights.iter().sum();
        let exact_count = self.exact_count().min(usize::from(u8::MAX)) as u8;
        // Where in `sums` a document's sum is, counted from 1: few documents are ever touched.
        let mut slots: Vec<u32> = vec![0; allowed.len() as usize];
        let mut sums: Vec<(u32, Sum)> = Vec::new();
        for (concept_index, concept) in self.concepts.iter().enumerate() {
            let weight = self.weights[concept_index];
            for (doc, frequency) in &self.occurrences[concept_index][segment] {
                let slot = &mut slots[*doc as usize];
                if *slot == 0 {
                    sums.push((*doc, Sum::default()));
                    *slot = sums.len() as u32;
                }
                let (_, sum) = &mut sums[*slot as usize - 1];
                sum.score +=
                    weight * frequency * (self.tuning.k1 + 1.0) / (frequency + self.tuning.k1);
                sum.covered += weight;
                sum.exact = sum.exact.saturating_add(u8::from(concept.is_exact));
                sum.selects |= !concept.is_common;
                sum.held |= 1_u32.checked_shl(concept_index as u32).unwrap_or(0);
            }
        }
        let coverage = |sum: &Sum| if weight_sum > 0.0 { sum.covered / weight_sum } else { 0.0 };
        sums.retain(|(doc, sum)| sum.selects && allowed.has(*doc));
        for (_, sum) in &mut sums {
            sum.score += self.tuning.coverage * sum.covered * coverage(sum);
        }
        if sums.len() > limit {
            let order = |a: &(u32, Sum), b: &(u32, Sum)| {
                b.1.score.total_cmp(&a.1.score).then(a.0.cmp(&b.0))
            };
            sums.select_nth_unstable_by(limit, order);
            sums.truncate(limit);
        }
        sums.into_iter()
            .map(|(doc, sum)| {
                let score = WordScore {
                    score: sum.score,
                    coverage: coverage(&sum),
                    has_exact: sum.exact == exact_count,
                    near: 0.0,
                    early: 0.0,
                    held: sum.held,
                };
                (Place { segment, doc }, score)
            })
            .collect()
    }

    /// Adds what nearness and an early place are worth.
    fn look_closely(
        &self,
        words: &Words<'_>,
        best: &mut [(Place, WordScore)],
    ) -> Result<(), TantivyError> {
        for (segment_index, segment) in words.segments.iter().enumerate() {
            let mut docs: Vec<(u32, Vec<u32>)> = best
                .iter()
                .filter(|(place, _)| place.segment == segment_index)
                .map(|(place, _)| (place.doc, Vec::new()))
                .collect();
            docs.sort();
            if docs.is_empty() {
                continue;
            }
            let mut gains: HashMap<u32, Gain> = HashMap::new();
            for part in [Part::Subject, Part::Own, Part::Quoted, Part::From, Part::Attached] {
                let field = part.field(&words.fields);
                let is_beside = matches!(part, Part::Quoted | Part::Attached);
                let share = if is_beside { 0.5 } else { 1.0 };
                for (doc, gain) in self.nearness(segment, field, &docs)? {
                    let gain = Gain { near: gain.near * share, early: gain.early * share };
                    let best = gains.entry(doc).or_default();
                    if gain.sum() > best.sum() {
                        *best = gain;
                    }
                }
            }
            for (place, score) in
                best.iter_mut().filter(|(place, _)| place.segment == segment_index)
            {
                let gain = gains.get(&place.doc).copied().unwrap_or_default();
                (score.near, score.early) = (gain.near, gain.early);
                score.score += gain.sum();
            }
        }
        Ok(())
    }

    /// For each document, how early the words stand in it and how near those stand to each other
    /// that are neighbours in the question.
    fn nearness(
        &self,
        segment: &SegmentReader,
        field: Field,
        docs: &Vec<(u32, Vec<u32>)>,
    ) -> Result<HashMap<u32, Gain>, TantivyError> {
        let mut places: Vec<HashMap<u32, Vec<u32>>> = Vec::with_capacity(self.concepts.len());
        for concept in &self.concepts {
            let terms: Vec<String> = concept.terms.iter().map(|(term, _)| term.clone()).collect();
            let mut found = positions(segment, field, &terms, Some(docs))?;
            if concept.parts.len() > 1 {
                let parts: Vec<Vec<String>> =
                    concept.parts.iter().map(|part| vec![part.clone()]).collect();
                found.extend(phrase(segment, field, &parts)?);
            }
            places.push(found.into_iter().collect());
        }
        let mut gains: HashMap<u32, Gain> = HashMap::new();
        for (here, weight) in places.iter().zip(&self.weights) {
            for (doc, ones) in here {
                let first = ones.iter().min().copied().unwrap_or(u32::MAX) as f32;
                gains.entry(*doc).or_default().early +=
                    self.tuning.early * weight / (1.0 + first / self.tuning.early_words);
            }
        }
        for first in 0..places.len() {
            for second in first + 1..places.len().min(first + 3) {
                let weight = self.tuning.near * self.weights[first].min(self.weights[second])
                    / (second - first) as f32;
                for (doc, ones) in &places[first] {
                    let Some(others) = places[second].get(doc) else { continue };
                    let gap = (second - first) as u32;
                    gains.entry(*doc).or_default().near +=
                        weight * closeness(ones, others, gap, self.tuning.near_words);
                }
            }
        }
        Ok(gains)
    }
}

fn keep_best(best: &mut Vec<(Place, WordScore)>, limit: usize) {
    let order = |a: &(Place, WordScore), b: &(Place, WordScore)| {
        b.1.score.total_cmp(&a.1.score).then(a.0.cmp(&b.0))
    };
    if best.len() > limit {
        best.select_nth_unstable_by(limit, order);
        best.truncate(limit);
    }
    best.sort_unstable_by(order);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rare_words_weigh_more_and_none_weighs_less_than_nothing() {
        assert!(rarity(1_000.0, 1.0) > rarity(1_000.0, 500.0));
        assert!(rarity(10.0, 10.0) >= 0.0);
    }
}
