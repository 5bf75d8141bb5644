//! What a scan over vectors sees: the nearest messages, those asked about, the background.

use std::collections::{BTreeMap, HashSet};

use crate::mail::MessageId;

/// A message near to a question.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Near {
    /// The message.
    pub message: MessageId,
    /// Its nearest piece.
    pub piece: u16,
    /// Cosine of that piece to the question.
    pub cosine: f32,
}

/// What a scan saw.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scan {
    /// The nearest messages, nearest first; ties by message id.
    pub nearest: Vec<Near>,
    /// Messages that were asked about by id and have vectors.
    pub asked: BTreeMap<MessageId, Near>,
    /// Mean cosine of all pieces scanned.
    pub mean: f32,
    /// Standard deviation of the same.
    pub deviation: f32,
    /// Pieces scanned.
    pub pieces_count: usize,
}

impl Scan {
    /// Mean and standard deviation of the cosines of all mail to the question.
    ///
    /// A handful of pieces says nothing of all mail: what is usual of mail counts as much as 50 of
    /// them.
    pub(super) fn background(&self) -> (f32, f32) {
        const USUAL_PIECES: f32 = 50.0;
        // As of 200 subjects against an Enron mailbox, with the embedded reader.
        const USUAL_MEAN: f32 = 0.11;
        const USUAL_DEVIATION: f32 = 0.08;
        let square = |mean: f32, deviation: f32| mean * mean + deviation * deviation;
        let count = self.pieces_count as f32;
        let all = count + USUAL_PIECES;
        let mean = (count * self.mean + USUAL_PIECES * USUAL_MEAN) / all;
        let squares = count * square(self.mean, self.deviation)
            + USUAL_PIECES * square(USUAL_MEAN, USUAL_DEVIATION);
        (mean, (squares / all - mean * mean).max(0.0).sqrt())
    }
}

/// A vector in signed bytes.
pub(super) struct Quantized {
    pub(super) scale: f32,
    pub(super) values: Vec<i8>,
}

impl Quantized {
    /// Nothing for a vector that points nowhere.
    pub(super) fn of(vector: &[f32]) -> Option<Self> {
        let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
        let largest = vector.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        if !length.is_finite() || largest <= 0.0 {
            return None;
        }
        let step = largest / 127.0;
        let values = vector.iter().map(|value| (value / step).round() as i8).collect();
        // Made to length 1, so that the dot product is the cosine whoever made the vector.
        Some(Quantized { scale: step / length, values })
    }
}

/// Which messages a scan is about.
pub(super) struct Looked<'a> {
    /// Messages wanted of the nearest.
    pub(super) limit: usize,
    /// Whether a message may be among the nearest.
    pub(super) is_wanted: &'a (dyn Fn(MessageId) -> bool + Sync),
    /// Messages whose cosine is wanted however far they are.
    pub(super) asked: &'a Asked,
}

/// Messages asked about by id. Most of those in the file are not: a small table says so without a
/// look into the set.
pub(super) struct Asked {
    ids: HashSet<MessageId>,
    maybe: [u64; 64],
}

impl Asked {
    pub(super) fn new(ids: &HashSet<MessageId>) -> Self {
        let mut maybe = [0; 64];
        for MessageId(id) in ids {
            maybe[(*id as usize >> 6) % 64] |= 1 << (*id as usize % 64);
        }
        Asked { ids: ids.clone(), maybe }
    }

    fn has(&self, id: MessageId) -> bool {
        let MessageId(number) = id;
        self.maybe[(number as usize >> 6) % 64] & (1 << (number as usize % 64)) != 0
            && self.ids.contains(&id)
    }
}

/// What one thread saw: the nearest messages by their nearest piece, and those asked about.
#[derive(Default)]
pub(super) struct Part {
    pub(super) sum: f64,
    pub(super) squares: f64,
    pub(super) count: usize,
    open: Option<Near>,
    /// Nearer than `floor`; what falls behind is dropped now and then.
    nearest: Vec<Near>,
    floor: f32,
    asked: Vec<Near>,
}

impl Part {
    pub(super) fn new() -> Self {
        Part { floor: f32::NEG_INFINITY, ..Part::default() }
    }

    /// Pieces of a message stand together, as they were appended together.
    pub(super) fn see(&mut self, near: Near, looked: &Looked<'_>) {
        match &mut self.open {
            Some(open) if open.message == near.message => {
                if near.cosine > open.cosine {
                    *open = near;
                }
            }
            open => {
                if let Some(done) = open.replace(near) {
                    self.take(done, looked);
                }
            }
        }
    }

    pub(super) fn close(&mut self, looked: &Looked<'_>) {
        if let Some(done) = self.open.take() {
            self.take(done, looked);
        }
    }

    fn take(&mut self, near: Near, looked: &Looked<'_>) {
        if looked.asked.has(near.message) {
            self.asked.push(near);
        }
        if near.cosine > self.floor && (looked.is_wanted)(near.message) {
            self.nearest.push(near);
            let room = room(looked.limit);
            if self.nearest.len() >= 4 * room {
                keep_nearest(&mut self.nearest, room);
                self.floor = self.nearest.iter().fold(f32::INFINITY, |low, n| low.min(n.cosine));
            }
        }
    }

    /// Joins what the threads saw.
    pub(super) fn join(parts: Vec<Part>, looked: &Looked<'_>) -> Scan {
        let count: usize = parts.iter().map(|part| part.count).sum();
        let (sum, squares) = parts
            .iter()
            .fold((0.0, 0.0), |(sum, squares), part| (sum + part.sum, squares + part.squares));
        let mean = sum / count.max(1) as f64;
        let variance = (squares / count.max(1) as f64 - mean * mean).max(0.0);
        let mut answers: BTreeMap<MessageId, Near> = BTreeMap::new();
        for near in parts.iter().flat_map(|part| &part.asked) {
            let answer = answers.entry(near.message).or_insert(*near);
            if near.cosine > answer.cosine {
                *answer = *near;
            }
        }
        let mut nearest: Vec<Near> = parts.into_iter().flat_map(|part| part.nearest).collect();
        keep_nearest(&mut nearest, room(looked.limit));
        let mut met = HashSet::new();
        nearest.retain(|near| met.insert(near.message));
        nearest.truncate(looked.limit);
        Scan {
            nearest,
            asked: answers,
            mean: mean as f32,
            deviation: variance.sqrt() as f32,
            pieces_count: count,
        }
    }
}

/// A message appended twice, or cut in two between the threads, may be seen twice: some room, then
/// each once.
fn room(limit: usize) -> usize {
    limit.saturating_mul(2).saturating_add(2)
}

/// Nearest first; ties by message id.
fn keep_nearest(nearest: &mut Vec<Near>, count: usize) {
    let order = |a: &Near, b: &Near| b.cosine.total_cmp(&a.cosine).then(a.message.cmp(&b.message));
    if nearest.len() > count {
        nearest.select_nth_unstable_by(count, order);
        nearest.truncate(count);
    }
    nearest.sort_unstable_by(order);
}
