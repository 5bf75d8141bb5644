//! Search: a question in, messages out, best first.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;
use tantivy::TantivyError;

use super::bits::Bits;
use super::concept;
use super::error::Error;
use super::index::Index;
use super::query::{Facts, Query};
use super::snippet::Marker;
use super::vectors::Vectors;
use super::view::{Knobs, View, languages};
use crate::mail::when::Zone;
use crate::mail::{MessageId, ThreadId, UnixSeconds};

/// Which legs answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Words and meaning.
    #[default]
    Hybrid,
    /// Words alone.
    Words,
    /// Meaning alone; operators still hold.
    Meaning,
}

/// How to search.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// Which legs answer.
    pub mode: Mode,
    /// Messages wanted.
    pub limit: usize,
    /// Mail dated after this does not exist.
    pub as_of: Option<UnixSeconds>,
    /// The best message of each thread alone.
    pub by_thread: bool,
    /// The user's addresses.
    pub me: &'a [String],
    /// The clock, for `today` and `older_than:`.
    pub now: UnixSeconds,
    /// The zone days begin in.
    pub zone: &'a Zone,
    /// Who answers `tier:` and its like; without it such a question is an error.
    pub facts: Option<&'a dyn Facts>,
}

/// Which legs found a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Matched {
    /// It holds words of the question.
    pub words: bool,
    /// It is near in meaning.
    pub meaning: bool,
}

/// A message found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    /// The message.
    pub id: MessageId,
    /// Its thread.
    pub thread: ThreadId,
    /// When it was sent.
    pub date: UnixSeconds,
    /// Orders the hits of one question; 0 where there was nothing to rank by.
    pub score: f32,
    /// What its words say: 1 is the most they can, nearness aside.
    pub words: f32,
    /// The cosine of its nearest piece; 0 when it has no vector or none was asked for.
    pub meaning: f32,
    /// Which legs found it.
    pub matched: Matched,
    /// Its piece nearest in meaning ([`super::pieces`] cuts them in this order).
    pub piece: Option<u16>,
}

impl Index {
    /// The messages that answer the question, best first, duplicates once.
    ///
    /// `question` is the vector of [`Query::meaning_text`]; without it, or without `vectors`, words
    /// answer alone. A question of operators alone gives the newest first.
    ///
    /// # Errors
    /// [`Error::Rebuild`] when the index cannot be read, [`Error::Facts`] when a look-up fails.
    pub fn search(
        &self,
        vectors: Option<&Vectors>,
        question: Option<&[f32]>,
        query: &Query,
        options: &Options<'_>,
    ) -> Result<Vec<Hit>, Error> {
        self.search_with(vectors.zip(question), query, options, Knobs::DEFAULT)
    }

    pub(super) fn search_with(
        &self,
        meaning: Option<(&Vectors, &[f32])>,
        query: &Query,
        options: &Options<'_>,
        knobs: Knobs,
    ) -> Result<Vec<Hit>, Error> {
        self.guarded(|| {
            let searcher = self.searcher();
            let view = View::new(self, &searcher, options, knobs)?;
            view.search(meaning, query)
        })
    }

    /// How many messages the question is true of. Bare words count as: at least one of them.
    ///
    /// # Errors
    /// As [`Index::search`].
    pub fn count(&self, query: &Query, options: &Options<'_>) -> Result<u64, Error> {
        self.guarded(|| {
            let searcher = self.searcher();
            let view = View::new(self, &searcher, options, Knobs::DEFAULT)?;
            let sets = view.sieve().all_of(query)?;
            Ok(sets.iter().map(Bits::count).sum())
        })
    }

    /// Every message the question is true of, newest first; `limit` and `mode` do not count here.
    ///
    /// # Errors
    /// As [`Index::search`].
    pub fn ids(&self, query: &Query, options: &Options<'_>) -> Result<Vec<MessageId>, Error> {
        self.guarded(|| {
            let searcher = self.searcher();
            let view = View::new(self, &searcher, options, Knobs::DEFAULT)?;
            let sets = view.sieve().all_of(query)?;
            let places = view.newest_first(&sets, usize::MAX)?;
            Ok(places.into_iter().map(|place| view.columns[place.segment].id(place.doc)).collect())
        })
    }

    /// The ids of all messages in the index, in no order.
    ///
    /// # Errors
    /// [`Error::Rebuild`] when the index cannot be read.
    pub fn all_ids(&self) -> Result<Vec<MessageId>, Error> {
        self.guarded(|| {
            let searcher = self.searcher();
            let mut ids = Vec::new();
            for segment in searcher.segment_readers() {
                let column =
                    segment.fast_fields().i64("id").map_err(|cause| self.broken(&cause))?;
                ids.extend(
                    segment.doc_ids_alive().filter_map(|doc| column.first(doc)).map(MessageId),
                );
            }
            Ok(ids)
        })
    }

    /// Marks a question's words in texts.
    ///
    /// # Errors
    /// [`Error::Rebuild`] when the index cannot be read.
    pub fn marker(&self, query: &Query) -> Result<Marker, Error> {
        let searcher = self.searcher();
        let languages = languages(&searcher, self).map_err(|cause| self.broken(&cause))?;
        Ok(Marker::new(&concept::concepts(query, &languages)))
    }

    /// A damaged index can make the engine panic as well as err; both mean the same.
    fn guarded<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
            Err(self.broken(&TantivyError::InternalError("it cannot be read".to_owned())))
        })
    }
}

#[cfg(test)]
#[path = "find_tests.rs"]
mod tests;
