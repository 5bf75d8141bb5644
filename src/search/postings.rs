//! Postings of a segment: words that begin so, phrases, sums by document.

use std::io;

use tantivy::postings::Postings;
use tantivy::schema::{Field, IndexRecordOption, Term};
use tantivy::{DocSet, SegmentReader, TERMINATED, TantivyError};

use super::bits::Bits;

/// Words a prefix stands for at most, the first in the alphabet.
const PREFIX_WORDS_MAX: usize = 2_000;

/// Documents in order, each with the places a word stands at.
pub(super) type Places = Vec<(u32, Vec<u32>)>;

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
) -> Result<Places, TantivyError> {
    let mut starts: Places = Vec::new();
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
pub(super) fn positions(
    segment: &SegmentReader,
    field: Field,
    words: &[String],
    within: Option<&Places>,
) -> io::Result<Places> {
    let inverted = segment.inverted_index(field).map_err(io::Error::other)?;
    let mut found: Places = Vec::new();
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
fn merge_places(found: &mut Places) {
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

/// Sums by document, in an array as long as the segment: quicker than a hash map. The system gives
/// out such arrays without touching them; only what was touched is looked at and wiped in the end, so
/// that one does for all words of a question (a fresh page of memory costs more than a posting).
pub(super) struct HashlessSum {
    sums: Vec<f32>,
    here: Vec<f32>,
    /// With a value in `here`.
    touched: Vec<u32>,
    /// With a value in `sums`.
    summed: Vec<u32>,
}

impl HashlessSum {
    pub(super) fn new(len: u32) -> Self {
        let len = len as usize;
        HashlessSum {
            sums: vec![0.0; len],
            here: vec![0.0; len],
            touched: Vec::new(),
            summed: Vec::new(),
        }
    }

    pub(super) fn at_least(&mut self, doc: u32, value: f32) {
        let slot = &mut self.here[doc as usize];
        if *slot == 0.0 {
            self.touched.push(doc);
        }
        *slot = slot.max(value);
    }

    /// Adds what was seen since the last fold, each value as `weigh` says.
    pub(super) fn fold(&mut self, weigh: impl Fn(u32, f32) -> f32) {
        for doc in self.touched.drain(..) {
            let seen = std::mem::take(&mut self.here[doc as usize]);
            let sum = &mut self.sums[doc as usize];
            if *sum == 0.0 {
                self.summed.push(doc);
            }
            *sum += weigh(doc, seen);
        }
    }

    /// What was summed, in order; there is nothing left then.
    pub(super) fn take_sums(&mut self) -> Vec<(u32, f32)> {
        in_order(&mut self.summed, self.sums.len());
        let sums = &mut self.sums;
        let taken = self.summed.drain(..).map(|doc| (doc, std::mem::take(&mut sums[doc as usize])));
        taken.filter(|(_, sum)| *sum > 0.0).collect()
    }
}

/// Sorts the numbers of documents, each there once or more, and leaves each once.
fn in_order(docs: &mut Vec<u32>, len: usize) {
    /// From this share of all on, marking them in a set is quicker than sorting.
    const MANY: usize = 64;
    if docs.is_sorted() {
        docs.dedup();
    } else if docs.len() > len / MANY {
        let mut set = Bits::none(len as u32);
        docs.iter().for_each(|doc| set.set(*doc));
        docs.clear();
        docs.extend(set.iter());
    } else {
        docs.sort_unstable();
        docs.dedup();
    }
}

/// 1 when the second stands `gap` words behind the first somewhere, less the further apart.
pub(super) fn closeness(ones: &[u32], others: &[u32], gap: u32, words_max: u32) -> f32 {
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
