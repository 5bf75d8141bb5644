//! The words leg: which messages hold the words of a question, and how well.
//!
//! BM25F (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009): a word's
//! occurrences in subject, text, quotes and names are weighed and added before they saturate, so a
//! message is not rewarded for saying one thing in many places. The best candidates are then looked
//! at closely: words that stand near each other, in the order asked, count more (after Rasolofo and
//! Savoy, "Term proximity scoring", 2003).

use std::collections::HashMap;
use std::io;

use tantivy::postings::{Postings, SegmentPostings};
use tantivy::schema::{Field, IndexRecordOption, Term};
use tantivy::{DocSet, SegmentReader, TERMINATED, TantivyError};

use super::bits::Bits;
use super::concept::{Concept, Part};
use super::index::Fields;

/// Words a prefix stands for at most, the first in the alphabet.
const PREFIX_WORDS_MAX: usize = 2_000;
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
    pub(super) const DEFAULT: Tuning =
        Tuning { k1: 1.2, b_own: 0.8, near: 0.8, near_words: 8, coverage: 0.3, mended: 0.7, early: 0.4, early_words: 40.0 };
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
    weights: Vec<f32>,
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
        let mut occurrences = Vec::with_capacity(concepts.len());
        let mut weights = Vec::with_capacity(concepts.len());
        let total = self.messages_count() as f32;
        for concept in &mut concepts {
            let mut found = self.occurrences(concept, &tuning)?;
            let mut trust = 1.0;
            if concept.may_be_mistyped && found.iter().all(Vec::is_empty) {
                concept.terms = self.mend(concept)?;
                found = self.occurrences(concept, &tuning)?;
                trust = tuning.mended;
            }
            let messages: usize = found.iter().map(Vec::len).sum();
            weights.push(trust * rarity(total, messages as f32));
            occurrences.push(found);
        }
        let saturated = tuning.k1 + 1.0;
        let sum: f32 = weights.iter().sum();
        let ceiling = sum * (saturated + tuning.coverage);
        Ok(Found { occurrences, weights, concepts, ceiling, tuning })
    }

    fn occurrences(
        &self,
        concept: &Concept,
        tuning: &Tuning,
    ) -> Result<Vec<Occurrences>, TantivyError> {
        let mut all: Vec<HashlessSum> =
            self.segments.iter().map(|segment| HashlessSum::new(segment.max_doc())).collect();
        for part in concept.places {
            let field = part.field(&self.fields);
            let (weight, b) = part.weight(tuning);
            let length_mean = self.length_mean(field)?;
            for (segment, sum) in self.segments.iter().zip(&mut all) {
                let norms = segment.get_fieldnorms_reader(field)?;
                self.frequencies(segment, field, concept, sum)?;
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
            .zip(all)
            .map(|(segment, sum)| alive(segment, sum.into_occurrences()))
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
        sum: &mut HashlessSum,
    ) -> Result<(), TantivyError> {
        let inverted = segment.inverted_index(field)?;
        let mut take = |mut postings: SegmentPostings, weight: f32| {
            let mut doc = postings.doc();
            while doc != TERMINATED {
                sum.at_least(doc, weight * postings.term_freq() as f32);
                doc = postings.advance();
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

    /// Words of the index that differ from a mistyped one by a letter or two.
    fn mend(&self, concept: &Concept) -> Result<Vec<(String, f32)>, TantivyError> {
        let Some((typed, _)) = concept.terms.iter().find(|(_, weight)| *weight >= 1.0) else {
            return Ok(Vec::new());
        };
        let letters = typed.chars().count();
        let Some(first) = typed.chars().next().filter(|_| letters >= 5) else {
            return Ok(Vec::new());
        };
        let edits_max = if letters >= 8 { 2 } else { 1 };
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
        near.truncate(2);
        Ok(near.into_iter().map(|(word, _)| (word, 1.0)).collect())
    }

    /// Documents of each segment in which the concept stands.
    pub(super) fn documents(&self, concept: &Concept) -> Result<Vec<Bits>, TantivyError> {
        let found = self.occurrences(concept, &Tuning::DEFAULT)?;
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

/// Terms of a field that begin so, plain words only.
pub(super) fn prefix_terms(
    segment: &SegmentReader,
    field: Field,
    prefix: &str,
) -> Result<Vec<String>, TantivyError> {
    let inverted = segment.inverted_index(field)?;
    let mut stream = inverted.terms().range().ge(prefix).into_stream()?;
    let mut terms = Vec::new();
    while stream.advance() && terms.len() < PREFIX_WORDS_MAX {
        let Ok(word) = std::str::from_utf8(stream.key()) else { continue };
        if !word.starts_with(prefix) {
            break;
        }
        terms.push(word.to_owned());
    }
    Ok(terms)
}

/// Documents in which the parts stand side by side, and where each time. A part is one of several
/// words.
pub(super) fn phrase(
    segment: &SegmentReader,
    field: Field,
    parts: &[Vec<String>],
) -> Result<Vec<(u32, Vec<u32>)>, TantivyError> {
    let mut starts: Vec<(u32, Vec<u32>)> = Vec::new();
    for (part_index, words) in parts.iter().enumerate() {
        let here = positions(segment, field, words, (part_index > 0).then_some(&starts))?;
        if part_index == 0 {
            starts = here;
            continue;
        }
        let offset = part_index as u32;
        let mut next = here.into_iter().peekable();
        starts.retain_mut(|(doc, places)| {
            while next.peek().is_some_and(|(other, _)| other < doc) {
                next.next();
            }
            let Some((other, others)) = next.peek() else { return false };
            if other != doc {
                return false;
            }
            places.retain(|place| others.binary_search(&(place + offset)).is_ok());
            !places.is_empty()
        });
        if starts.is_empty() {
            break;
        }
    }
    Ok(starts)
}

/// Where any of the words stands; only in the documents of `within`, if given.
fn positions(
    segment: &SegmentReader,
    field: Field,
    words: &[String],
    within: Option<&Vec<(u32, Vec<u32>)>>,
) -> io::Result<Vec<(u32, Vec<u32>)>> {
    let inverted = segment.inverted_index(field).map_err(io::Error::other)?;
    let mut found: Vec<(u32, Vec<u32>)> = Vec::new();
    let mut places = Vec::new();
    for word in words {
        let term = Term::from_field_text(field, word);
        let option = IndexRecordOption::WithFreqsAndPositions;
        let Some(mut postings) = inverted.read_postings(&term, option)? else { continue };
        match within {
            None => {
                let mut doc = postings.doc();
                while doc != TERMINATED {
                    postings.positions(&mut places);
                    found.push((doc, places.clone()));
                    doc = postings.advance();
                }
            }
            Some(within) => {
                for (doc, _) in within {
                    if postings.doc() < *doc && postings.seek(*doc) == TERMINATED {
                        break;
                    }
                    if postings.doc() == *doc {
                        postings.positions(&mut places);
                        found.push((*doc, places.clone()));
                    }
                }
            }
        }
    }
    if words.len() > 1 {
        merge_places(&mut found);
    }
    Ok(found)
}

/// Sorts by document and joins what several words said of one.
fn merge_places(found: &mut Vec<(u32, Vec<u32>)>) {
    found.sort();
    found.dedup_by(|later, kept| {
        let is_same = later.0 == kept.0;
        if is_same {
            kept.1.append(&mut later.1);
            kept.1.sort_unstable();
            kept.1.dedup();
        }
        is_same
    });
}

/// Sums by document, in an array as long as the segment: quicker than a hash map, and in order.
struct HashlessSum {
    sums: Vec<f32>,
    here: Vec<f32>,
    touched: Vec<u32>,
    any: bool,
}

impl HashlessSum {
    fn new(len: u32) -> Self {
        let len = len as usize;
        HashlessSum { sums: vec![0.0; len], here: vec![0.0; len], touched: Vec::new(), any: false }
    }

    fn at_least(&mut self, doc: u32, value: f32) {
        let slot = &mut self.here[doc as usize];
        if *slot == 0.0 {
            self.touched.push(doc);
        }
        *slot = slot.max(value);
    }

    /// Adds what was seen since the last fold, each value as `weigh` says.
    fn fold(&mut self, weigh: impl Fn(u32, f32) -> f32) {
        for doc in self.touched.drain(..) {
            let seen = std::mem::take(&mut self.here[doc as usize]);
            self.sums[doc as usize] += weigh(doc, seen);
            self.any = true;
        }
    }

    fn into_occurrences(self) -> Occurrences {
        if !self.any {
            return Vec::new();
        }
        let docs = 0..;
        docs.zip(self.sums).filter(|(_, sum)| *sum > 0.0).collect()
    }
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
            best.extend(self.score_segment(segment, bits));
        }
        keep_best(&mut best, limit.max(CLOSE_LOOKS_MAX));
        let looks = best.len().min(CLOSE_LOOKS_MAX);
        self.look_closely(words, &mut best[..looks])?;
        keep_best(&mut best, limit);
        Ok(best)
    }

    /// Numbers, codes, addresses and phrases the question holds.
    pub(super) fn exact_count(&self) -> usize {
        self.concepts.iter().filter(|concept| concept.is_exact).count()
    }

    fn score_segment(&self, segment: usize, allowed: &Bits) -> Vec<(Place, WordScore)> {
        /// Sums of one document.
        #[derive(Clone, Copy, Default)]
        struct Sum {
            score: f32,
            covered: f32,
            exact: u8,
            selects: bool,
        }
        let weight_sum: f32 = self.weights.iter().sum();
        let exact_count = self.exact_count().min(usize::from(u8::MAX)) as u8;
        let mut sums = vec![Sum::default(); allowed.len() as usize];
        for (concept_index, concept) in self.concepts.iter().enumerate() {
            let weight = self.weights[concept_index];
            for (doc, frequency) in &self.occurrences[concept_index][segment] {
                let sum = &mut sums[*doc as usize];
                sum.score += weight * frequency * (self.tuning.k1 + 1.0) / (frequency + self.tuning.k1);
                sum.covered += weight;
                sum.exact = sum.exact.saturating_add(u8::from(concept.is_exact));
                sum.selects |= !concept.is_common;
            }
        }
        let docs = 0..;
        docs.zip(sums)
            .filter(|(doc, sum)| sum.selects && allowed.has(*doc))
            .map(|(doc, sum)| {
                let coverage = if weight_sum > 0.0 { sum.covered / weight_sum } else { 0.0 };
                let score = sum.score + self.tuning.coverage * sum.covered * coverage;
                let has_exact = sum.exact == exact_count;
                (Place { segment, doc }, WordScore { score, coverage, has_exact })
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
            let mut gains: HashMap<u32, f32> = HashMap::new();
            for part in [Part::Subject, Part::Own, Part::Quoted, Part::From] {
                let field = part.field(&words.fields);
                let share = if part == Part::Quoted { 0.5 } else { 1.0 };
                for (doc, gain) in self.nearness(segment, field, &docs)? {
                    let best = gains.entry(doc).or_default();
                    *best = best.max(gain * share);
                }
            }
            for (place, score) in best.iter_mut().filter(|(place, _)| place.segment == segment_index)
            {
                score.score += gains.get(&place.doc).copied().unwrap_or(0.0);
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
    ) -> Result<HashMap<u32, f32>, TantivyError> {
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
        let mut gains: HashMap<u32, f32> = HashMap::new();
        for (here, weight) in places.iter().zip(&self.weights) {
            for (doc, ones) in here {
                let first = ones.iter().min().copied().unwrap_or(u32::MAX) as f32;
                *gains.entry(*doc).or_default() +=
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
                    *gains.entry(*doc).or_default() +=
                        weight * closeness(ones, others, gap, self.tuning.near_words);
                }
            }
        }
        Ok(gains)
    }
}

/// 1 when the second stands `gap` words behind the first somewhere, less the further apart.
fn closeness(ones: &[u32], others: &[u32], gap: u32, words_max: u32) -> f32 {
    let mut best: f32 = 0.0;
    for one in ones {
        let at = others.partition_point(|other| other < one);
        if let Some(behind) = others.get(at) {
            let apart = (behind - one).abs_diff(gap);
            if apart <= words_max {
                best = best.max(1.0 / (1.0 + apart as f32));
            }
        }
        if let Some(before) = at.checked_sub(1).and_then(|index| others.get(index)) {
            let apart = one - before + gap;
            if apart <= words_max {
                best = best.max(0.8 / (1.0 + apart as f32));
            }
        }
    }
    best
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
    fn one_slip_of_the_finger_is_one_edit() {
        assert_eq!(edits("confimation", "confirmation", 2), Some(1));
        assert_eq!(edits("recieve", "receive", 1), Some(1));
        assert_eq!(edits("budget", "budget", 1), Some(0));
        assert_eq!(edits("budget", "nugget", 1), None);
        assert_eq!(edits("short", "shortened", 2), None);
    }

    #[test]
    fn side_by_side_in_order_is_nearest() {
        let near = closeness(&[3], &[4], 1, 8);
        assert!((near - 1.0).abs() < 1e-6);
        let swapped = closeness(&[4], &[3], 1, 8);
        let apart = closeness(&[3], &[7], 1, 8);
        assert!(near > swapped && swapped > 0.0 && near > apart && apart > 0.0);
        assert!(closeness(&[3], &[40], 1, 8).abs() < 1e-6);
        assert!(closeness(&[], &[1], 1, 8).abs() < 1e-6);
    }

    #[test]
    fn rare_words_weigh_more_and_none_weighs_less_than_nothing() {
        assert!(rarity(1_000.0, 1.0) > rarity(1_000.0, 500.0));
        assert!(rarity(10.0, 10.0) >= 0.0);
    }
}
