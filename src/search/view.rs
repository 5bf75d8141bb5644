//! One question's view of the index: both legs asked, joined, and what is left picked.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use tantivy::columnar::Column;
use tantivy::schema::{IndexRecordOption, Term};
use tantivy::{DocSet, Searcher, TERMINATED, TantivyError};

use super::bits::Bits;
use super::concept::{self, Concept};
use super::error::Error;
use super::filter::{Circumstances, Sieve};
use super::find::{Hit, Matched, Mode, Options};
use super::fuse::{self, Fused, Profile, Weights};
use super::index::Index;
use super::query::Query;
use super::scan::Near;
use super::vectors::Vectors;
use super::words::{Found, Place, Tuning, WordScore, Words};
use crate::mail::{MessageId, ThreadId, UnixSeconds};

/// Messages each leg hands to the fusion.
pub(super) const POOL: usize = 200;
/// Languages whose stems a question's words are looked for in.
const LANGUAGES_MAX: usize = 4;
/// A language counts from this share of the mail on, one in so many messages.
const LANGUAGE_SHARE: u64 = 50;
/// What being new adds at most, as a share of the score; half of it after half a year.
const RECENCY: f32 = 0.02;
const RECENCY_HALF_SECONDS: f32 = 182.0 * 86_400.0;

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
    /// What each of the question's words weighs.
    #[cfg_attr(not(test), expect(dead_code, reason = "the measurement writes them down"))]
    pub(super) weights: Vec<f32>,
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
pub(super) struct Columns {
    ids: Column<i64>,
    threads: Column<i64>,
    dates: Column<i64>,
    twins: Column<u64>,
}

impl Columns {
    pub(super) fn id(&self, doc: u32) -> MessageId {
        MessageId(self.ids.first(doc).unwrap_or_default())
    }

    fn date(&self, doc: u32) -> UnixSeconds {
        UnixSeconds(self.dates.first(doc).unwrap_or_default())
    }
}

/// One question's view of the index.
pub(super) struct View<'a> {
    index: &'a Index,
    words: Words<'a>,
    pub(super) columns: Vec<Columns>,
    pub(super) languages: Vec<String>,
    options: &'a Options<'a>,
    knobs: Knobs,
}

impl<'a> View<'a> {
    pub(super) fn new(
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

    pub(super) fn sieve(&'a self) -> Sieve<'a> {
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

    pub(super) fn search(
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
    pub(super) fn legs(
        &self,
        meaning: Option<(&Vectors, &[f32])>,
        concepts: Vec<Concept>,
        by_words: &[Bits],
        allowed: &[Bits],
        pool: usize,
    ) -> Result<Legs, Error> {
        let broken = |cause: TantivyError| self.index.broken(&cause);
        let found = self.words.find(concepts, self.knobs.tuning).map_err(broken)?;
        let mut candidates: BTreeMap<Place, Candidate> = BTreeMap::new();
        let best = found.best(&self.words, by_words, pool).map_err(broken)?;
        let scores: Vec<WordScore> = best.iter().map(|(_, score)| *score).collect();
        let (coverage, lead) = fuse::clearness(&scores, found.ceiling);
        for (place, score) in best {
            candidates.entry(place).or_default().words = Some(score);
        }
        let mut background = (0.0, 0.0);
        if let Some((vectors, question)) = meaning {
            background =
                self.add_meaning(vectors, question, allowed, pool, &mut candidates, &found)?;
        }
        let profile = Profile {
            coverage,
            lead,
            exact_count: found.exact_count(),
            background,
            ceiling: found.ceiling,
        };
        Ok(Legs { candidates, profile, weights: found.weights })
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
        let is_wanted = |MessageId(id)| {
            wanted.as_ref().is_none_or(|wanted| u32::try_from(id).is_ok_and(|id| wanted.has(id)))
        };
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
        Ok(scan.background())
    }

    /// The ids let through; nothing when all are. The store counts its messages up from 1.
    fn wanted(&self, allowed: &[Bits]) -> Option<Bits> {
        let is_all = allowed.iter().all(|bits| bits.count() == u64::from(bits.len()));
        if is_all {
            return None;
        }
        let ids = || {
            let segments = allowed.iter().zip(&self.columns);
            segments
                .flat_map(|(bits, columns)| bits.iter().map(|doc| columns.id(doc)))
                .filter_map(|MessageId(id)| u32::try_from(id).ok())
        };
        let mut wanted = Bits::none(ids().max().map_or(0, |last| last.saturating_add(1)));
        ids().for_each(|id| wanted.set(id));
        Some(wanted)
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
        let mut hits: Vec<(Place, Hit, Fused)> = Vec::new();
        for (place, candidate) in &legs.candidates {
            let cosine = candidate.near.map(|near| near.cosine);
            let is_near = cosine.is_some_and(|cosine| legs.profile.is_near(cosine));
            let found_by_words = candidate.words.is_some() && mode != Mode::Meaning;
            if !is_near && !found_by_words {
                continue;
            }
            let mut fused =
                legs.profile.fuse(&self.knobs.weights, candidate.words.as_ref(), cosine);
            let mut hit = self.hit(*place);
            let newer = 1.0 + self.recency(hit.date);
            fused.words *= newer;
            fused.score *= newer;
            hit.words = fused.words;
            hit.meaning = cosine.unwrap_or(0.0);
            hit.piece = candidate.near.map(|near| near.piece);
            hit.matched = Matched { words: candidate.words.is_some(), meaning: is_near };
            hits.push((*place, hit, fused));
        }
        if mode == Mode::Hybrid {
            keep_exact_in_front(&mut hits);
        }
        for (_, hit, fused) in &mut hits {
            hit.score = match mode {
                Mode::Hybrid => fused.score,
                Mode::Words => fused.words,
                Mode::Meaning => hit.meaning,
            };
        }
        hits.sort_by(|(_, a, _), (_, b, _)| {
            let by_score = b.score.total_cmp(&a.score);
            by_score.then(b.date.cmp(&a.date)).then(b.id.cmp(&a.id))
        });
        hits.into_iter().map(|(place, hit, _)| (place, hit)).collect()
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

    pub(super) fn newest_first(&self, sets: &[Bits], limit: usize) -> Result<Vec<Place>, Error> {
        let mut dated: Vec<(i64, i64, Place)> = Vec::new();
        for (segment, bits) in sets.iter().enumerate() {
            let columns = &self.columns[segment];
            dated.extend(
                bits.iter()
                    .map(|doc| (columns.date(doc).0, columns.id(doc).0, Place { segment, doc })),
            );
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

/// Meaning may not lift a message that lacks something the question names exactly (a number, a
/// code, an address) past one that has it all and was in front of it by words.
fn keep_exact_in_front(hits: &mut [(Place, Hit, Fused)]) {
    let mut holders: Vec<(f32, f32)> = hits
        .iter()
        .filter(|(.., fused)| !fused.lacks_exact)
        .map(|(.., fused)| (fused.words, fused.score))
        .collect();
    holders.sort_by(|a, b| b.0.total_cmp(&a.0));
    // The lowest score among holders with at least these words.
    let mut lowest = f32::INFINITY;
    for (_, score) in &mut holders {
        lowest = lowest.min(*score);
        *score = lowest;
    }
    for (.., fused) in hits.iter_mut().filter(|(.., fused)| fused.lacks_exact) {
        let in_front = holders.partition_point(|(words, _)| *words >= fused.words);
        if let Some((_, lowest)) = in_front.checked_sub(1).map(|at| holders[at]) {
            fused.score = fused.score.min(lowest.next_down());
        }
    }
}

/// The languages of the mail whose stems are worth looking for, and English.
pub(super) fn languages(searcher: &Searcher, index: &Index) -> Result<Vec<String>, TantivyError> {
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
