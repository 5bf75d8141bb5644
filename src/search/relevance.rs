//! How much of a question stands in a text that is at hand.

use std::collections::BTreeSet;

use super::concept;
use super::error::Error;
use super::index::Index;
use super::query::Query;
use super::snippet::Marker;
use super::view::languages;
use super::words::{Tuning, Words};

/// A question's words with what each weighs in the archive: rare ones more. Made by
/// [`Index::relevance`].
#[derive(Clone, Debug, Default)]
pub struct Relevance {
    marker: Marker,
    weights: Vec<f32>,
}

impl Index {
    /// What a question's words weigh in this archive; words mistyped are mended as in a search.
    ///
    /// # Errors
    /// [`Error::Rebuild`] when the index cannot be read.
    pub fn relevance(&self, query: &Query) -> Result<Relevance, Error> {
        let broken = |cause| self.broken(&cause);
        let searcher = self.searcher();
        let languages = languages(&searcher, self).map_err(broken)?;
        let words = Words { segments: searcher.segment_readers(), fields: self.fields };
        let concepts = concept::concepts(query, &languages);
        let found = words.find(concepts, Tuning::DEFAULT).map_err(broken)?;
        Ok(Relevance { marker: Marker::new(found.concepts()), weights: found.weights })
    }
}

impl Relevance {
    /// Which of the question's words stand in a text, by their place in the question. Words
    /// everybody uses do not count.
    pub fn met(&self, text: &str, language: Option<&str>) -> BTreeSet<usize> {
        self.marker.met(text, language)
    }

    /// Share of the question's weight that these words have, 0..1; 1 for a question without any.
    pub fn share(&self, met: &BTreeSet<usize>) -> f32 {
        let weight = |at: &usize| self.weights.get(*at).copied().unwrap_or(0.0);
        let all: f32 = self.marker.asked().iter().map(weight).sum();
        if all <= 0.0 {
            return 1.0;
        }
        met.iter().map(weight).sum::<f32>() / all
    }

    /// The question's words that count, by their place in it.
    pub fn asked(&self) -> &BTreeSet<usize> {
        self.marker.asked()
    }
}
