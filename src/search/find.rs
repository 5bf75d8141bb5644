//! Search: a question in, messages out, best first.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;
use tantivy::columnar::Column;
use tantivy::schema::{IndexRecordOption, Term};
use tantivy::{DocSet, Searcher, TERMINATED, TantivyError};

use super::bits::Bits;
use super::concept::{self, Concept};
use super::error::Error;
use super::filter::{Circumstances, Sieve};
use super::fuse::{Profile, Weights};
use super::index::Index;
use super::query::{Facts, Query};
use super::snippet::Marker;
use super::vectors::{Near, Vectors};
use super::words::{Found, Place, Tuning, WordScore, Words};
use crate::mail::when::Zone;
use crate::mail::{MessageId, ThreadId, UnixSeconds};

/// Messages each leg hands to the fusion.
const POOL: usize = 200;
/// Languages whose stems a question's words are looked for in.
const LANGUAGES_MAX: usize = 4;
/// A language counts from this share of the mail on, one in so many messages.
const LANGUAGE_SHARE: u64 = 50;
/// What being new adds at most, as a share of the score; half of it after half a year.
const RECENCY: f32 = 0.02;
const RECENCY_HALF_SECONDS: f32 = 182.0 * 86_400.0;

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

/// One candidate on its way through the fusion.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Candidate {
    pub(super) words: Option<WordScore>,
    pub(super) near: Option<Near>,
}

/// Both legs' findings before they are joined.
pub(super) struct Legs {
    pub(super) candidates: BTreeMap<Place, Candidate>,
    pub(super) profile: Profile,
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
                let column = segment
                    .fast_fields()
                    .i64("id")
                    .map_err(|cause| self.broken(&cause))?;
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

/// The numbers that ranking rests on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Knobs {
    pub(super) tuning: Tuning,
    pub(super) weights: Weights,
}

impl Knobs {
    pub(super) const DEFAULT: Knobs = Knobs { tuning: Tuning::DEFAULT, weights: Weights::DEFAULT };
}

/// The columns of a segment that every hit needs.
struct Columns {
    ids: Column<i64>,
    threads: Column<i64>,
    dates: Column<i64>,
    twins: Column<u64>,
}

impl Columns {
    fn id(&self, doc: u32) -> MessageId {
        MessageId(self.ids.first(doc).unwrap_or_default())
    }

    fn date(&self, doc: u32) -> UnixSeconds {
        UnixSeconds(self.dates.first(doc).unwrap_or_default())
    }
}

/// One question's view of the index.
struct View<'a> {
    index: &'a Index,
    words: Words<'a>,
    columns: Vec<Columns>,
    languages: Vec<String>,
    options: &'a Options<'a>,
    knobs: Knobs,
}

impl<'a> View<'a> {
    fn new(
        index: &'a Index,
        searcher: &'a Searcher,
        options: &'a Options<'a>,
        knobs: Knobs,
    ) -> Result<Self, Error> {
        let columns: Result<Vec<Columns>, TantivyError> = searcher
            .segment_readers()
            .iter()
            .map(|segment| {
                let fast = segment.fast_fields();
                Ok(Columns {
                    ids: fast.i64("id")?,
                    threads: fast.i64("thread")?,
                    dates: fast.i64("date")?,
                    twins: fast.u64("twin")?,
                })
            })
            .collect();
        let broken = |cause| index.broken(&cause);
        Ok(View {
            index,
            words: Words { segments: searcher.segment_readers(), fields: index.fields },
            columns: columns.map_err(broken)?,
            languages: languages(searcher, index).map_err(broken)?,
            options,
            knobs,
        })
    }

    fn sieve(&'a self) -> Sieve<'a> {
        Sieve {
            index: self.index,
            words: &self.words,
            around: Circumstances {
                now: self.options.now,
                zone: self.options.zone,
                as_of: self.options.as_of,
                me: self.options.me,
                facts: self.options.facts,
                languages: &self.languages,
            },
        }
    }

    fn search(
        &self,
        meaning: Option<(&Vectors, &[f32])>,
        query: &Query,
    ) -> Result<Vec<Hit>, Error> {
        let options = self.options;
        let sieve = self.sieve();
        let allowed = sieve.required(query)?;
        let concepts = concept::concepts(query, &self.languages);
        // Without bare words everything that is let through is an answer.
        let has_needed_words = query.needed_words().is_some();
        let mut by_words = allowed.clone();
        // Words behind `subject:` rank too, but do not stand in for a bare word.
        if let Some(words) = query.needed_words()
            && concept::concepts(words, &self.languages).len() < concepts.len()
        {
            let holding = sieve.any_word(words)?;
            by_words.iter_mut().zip(&holding).for_each(|(set, other)| set.and(other));
        }
        let has_concepts = !concepts.is_empty();
        // Room for what falls away as a duplicate or as another message of a thread.
        let pool = POOL.max(options.limit.saturating_mul(2));
        let meaning = if options.mode == Mode::Words { None } else { meaning };
        let legs = self.legs(meaning, concepts, &by_words, &allowed, pool)?;
        let mut hits = self.fuse(&legs, options.mode);
        if !has_needed_words && (options.mode != Mode::Meaning || !has_concepts) {
            let known: HashSet<Place> = hits.iter().map(|(place, _)| *place).collect();
            let more = self.newest_first(&allowed, pool)?;
            hits.extend(
                more.into_iter()
                    .filter(|place| !known.contains(place))
                    .map(|place| (place, self.hit(place))),
            );
        }
        Ok(self.pick(hits, options))
    }

    /// Asks both legs.
    fn legs(
        &self,
        meaning: Option<(&Vectors, &[f32])>,
        concepts: Vec<Concept>,
        by_words: &[Bits],
        allowed: &[Bits],
        pool: usize,
    ) -> Result<Legs, Error> {
        let broken = |cause: TantivyError| self.index.broken(&cause);
        let words_count = concepts.iter().filter(|concept| !concept.is_common).count();
        let found = self.words.find(concepts, self.knobs.tuning).map_err(broken)?;
        let mut candidates: BTreeMap<Place, Candidate> = BTreeMap::new();
        for (place, score) in found.best(&self.words, by_words, pool).map_err(broken)? {
            candidates.entry(place).or_default().words = Some(score);
        }
        let mut background = (0.0, 0.0);
        if let Some((vectors, question)) = meaning {
            background =
                self.add_meaning(vectors, question, allowed, pool, &mut candidates, &found)?;
        }
        let profile = Profile {
            words_count,
            exact_count: found.exact_count(),
            background,
            ceiling: found.ceiling,
        };
        Ok(Legs { candidates, profile })
    }

    fn add_meaning(
        &self,
        vectors: &Vectors,
        question: &[f32],
        allowed: &[Bits],
        pool: usize,
        candidates: &mut BTreeMap<Place, Candidate>,
        found: &Found,
    ) -> Result<(f32, f32), Error> {
        let by_id: HashMap<MessageId, Place> = candidates
            .keys()
            .map(|place| (self.columns[place.segment].id(place.doc), *place))
            .collect();
        let asked: HashSet<MessageId> = by_id.keys().copied().collect();
        let wanted = self.wanted(allowed);
        let is_wanted = |id: MessageId| wanted.as_ref().is_none_or(|wanted| wanted.contains(&id));
        let scan = vectors.nearest(question, pool, &is_wanted, &asked)?;
        for (id, near) in &scan.asked {
            if let Some(place) = by_id.get(id) {
                candidates.entry(*place).or_default().near = Some(*near);
            }
        }
        let mut fresh: Vec<Bits> =
            self.words.segments.iter().map(|segment| Bits::none(segment.max_doc())).collect();
        for near in &scan.nearest {
            if by_id.contains_key(&near.message) {
                continue;
            }
            let Some(place) = self.place_of(near.message)? else { continue };
            if allowed[place.segment].has(place.doc) {
                candidates.entry(place).or_default().near = Some(*near);
                fresh[place.segment].set(place.doc);
            }
        }
        // Found by meaning, but some of the words may stand there too.
        let scores =
            found.best(&self.words, &fresh, pool).map_err(|cause| self.index.broken(&cause))?;
        for (place, score) in scores {
            candidates.entry(place).or_default().words = Some(score);
        }
        Ok((scan.mean, scan.deviation))
    }

    /// The ids let through; nothing when all are.
    fn wanted(&self, allowed: &[Bits]) -> Option<HashSet<MessageId>> {
        let is_all = allowed.iter().all(|bits| bits.count() == u64::from(bits.len()));
        if is_all {
            return None;
        }
        let ids = allowed
            .iter()
            .zip(&self.columns)
            .flat_map(|(bits, columns)| bits.iter().map(|doc| columns.id(doc)));
        Some(ids.collect())
    }

    fn place_of(&self, id: MessageId) -> Result<Option<Place>, Error> {
        let term = Term::from_field_i64(self.index.fields.id, id.0);
        for (segment_index, segment) in self.words.segments.iter().enumerate() {
            let postings = segment
                .inverted_index(self.index.fields.id)
                .and_then(|inverted| Ok(inverted.read_postings(&term, IndexRecordOption::Basic)?))
                .map_err(|cause| self.index.broken(&cause))?;
            let Some(mut postings) = postings else { continue };
            let mut doc = postings.doc();
            while doc != TERMINATED {
                if segment.alive_bitset().is_none_or(|alive| alive.is_alive(doc)) {
                    return Ok(Some(Place { segment: segment_index, doc }));
                }
                doc = postings.advance();
            }
        }
        Ok(None)
    }

    /// Joins the legs; best first.
    fn fuse(&self, legs: &Legs, mode: Mode) -> Vec<(Place, Hit)> {
        let mut hits: Vec<(bool, Place, Hit)> = Vec::new();
        for (place, candidate) in &legs.candidates {
            let cosine = candidate.near.map(|near| near.cosine);
            let is_near = cosine.is_some_and(|cosine| legs.profile.is_near(cosine));
            let mut hit = self.hit(*place);
            hit.matched = Matched { words: candidate.words.is_some(), meaning: is_near };
            if !hit.matched.words && !is_near {
                continue;
            }
            let fused =
                legs.profile.fuse(&self.knobs.weights, candidate.words.as_ref(), cosine);
            hit.words = fused.words;
            hit.meaning = cosine.unwrap_or(0.0);
            hit.piece = candidate.near.map(|near| near.piece);
            let mut lacks_exact = fused.lacks_exact;
            hit.score = match mode {
                Mode::Hybrid => fused.score,
                Mode::Words => fused.words,
                Mode::Meaning if !is_near => continue,
                Mode::Meaning => {
                    lacks_exact = false;
                    hit.meaning
                }
            };
            hit.score *= 1.0 + self.recency(hit.date);
            hits.push((lacks_exact, *place, hit));
        }
        hits.sort_by(|a, b| {
            let by_score = b.2.score.total_cmp(&a.2.score);
            let by_date = b.2.date.cmp(&a.2.date).then(b.2.id.cmp(&a.2.id));
            a.0.cmp(&b.0).then(by_score).then(by_date)
        });
        hits.into_iter().map(|(_, place, hit)| (place, hit)).collect()
    }

    fn recency(&self, date: UnixSeconds) -> f32 {
        let age_seconds = self.options.now.0.saturating_sub(date.0).max(0) as f32;
        RECENCY * (-age_seconds / RECENCY_HALF_SECONDS).exp2()
    }

    fn hit(&self, place: Place) -> Hit {
        let columns = &self.columns[place.segment];
        Hit {
            id: columns.id(place.doc),
            thread: ThreadId(columns.threads.first(place.doc).unwrap_or_default()),
            date: columns.date(place.doc),
            score: 0.0,
            words: 0.0,
            meaning: 0.0,
            matched: Matched::default(),
            piece: None,
        }
    }

    /// Drops duplicates, and all but the best of a thread where that is asked for.
    fn pick(&self, hits: Vec<(Place, Hit)>, options: &Options<'_>) -> Vec<Hit> {
        let (mut twins, mut threads, mut ids) = (HashSet::new(), HashSet::new(), BTreeSet::new());
        let mut picked = Vec::new();
        for (place, hit) in hits {
            if picked.len() == options.limit {
                break;
            }
            let twin = self.columns[place.segment].twins.first(place.doc);
            let is_new = ids.insert(hit.id) && twin.is_none_or(|twin| twins.insert(twin));
            if is_new && (!options.by_thread || threads.insert(hit.thread)) {
                picked.push(hit);
            }
        }
        picked
    }

    fn newest_first(&self, sets: &[Bits], limit: usize) -> Result<Vec<Place>, Error> {
        let mut dated: Vec<(i64, i64, Place)> = Vec::new();
        for (segment, bits) in sets.iter().enumerate() {
            let columns = &self.columns[segment];
            dated.extend(bits.iter().map(|doc| {
                (columns.date(doc).0, columns.id(doc).0, Place { segment, doc })
            }));
        }
        let order = |a: &(i64, i64, Place), b: &(i64, i64, Place)| b.cmp(a);
        if dated.len() > limit {
            dated.select_nth_unstable_by(limit, order);
            dated.truncate(limit);
        }
        dated.sort_unstable_by(order);
        Ok(dated.into_iter().map(|(.., place)| place).collect())
    }
}

/// The languages of the mail whose stems are worth looking for, and English.
fn languages(searcher: &Searcher, index: &Index) -> Result<Vec<String>, TantivyError> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for segment in searcher.segment_readers() {
        let inverted = segment.inverted_index(index.fields.language)?;
        let mut stream = inverted.terms().stream()?;
        while stream.advance() {
            if let Ok(code) = std::str::from_utf8(stream.key()) {
                *counts.entry(code.to_owned()).or_default() += u64::from(stream.value().doc_freq);
            }
        }
    }
    counts.remove("en");
    let least = searcher.num_docs() / LANGUAGE_SHARE;
    let mut counts: Vec<(u64, String)> = counts
        .into_iter()
        .map(|(code, count)| (count, code))
        .filter(|(count, _)| *count >= least.max(1))
        .collect();
    counts.sort_by(|a, b| b.cmp(a));
    counts.truncate(LANGUAGES_MAX - 1);
    let mut languages: Vec<String> = counts.into_iter().map(|(_, code)| code).collect();
    languages.push("en".to_owned());
    Ok(languages)
}

#[cfg(test)]
#[path = "find_tests.rs"]
mod tests;
