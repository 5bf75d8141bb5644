//! What a scan over vectors sees: products of signed bytes, the nearest messages, the background.

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

/// What one thread saw: the nearest piece of every message it met, in file order.
#[derive(Default)]
pub(super) struct Part {
    pub(super) sum: f64,
    pub(super) squares: f64,
    pub(super) count: usize,
    open: Option<Near>,
    seen: Vec<Near>,
}

impl Part {
    /// Pieces of a message stand together, as they were appended together.
    pub(super) fn see(&mut self, near: Near) {
        match &mut self.open {
            Some(open) if open.message == near.message => {
                if near.cosine > open.cosine {
                    *open = near;
                }
            }
            open => {
                self.seen.extend(open.replace(near));
            }
        }
    }

    pub(super) fn close(&mut self) {
        self.seen.extend(self.open.take());
    }

    /// Joins what the threads saw.
    pub(super) fn join(
        parts: Vec<Part>,
        limit: usize,
        is_wanted: &dyn Fn(MessageId) -> bool,
        asked: &HashSet<MessageId>,
    ) -> Scan {
        let count: usize = parts.iter().map(|part| part.count).sum();
        let (sum, squares) = parts
            .iter()
            .fold((0.0, 0.0), |(sum, squares), part| (sum + part.sum, squares + part.squares));
        let mean = sum / count.max(1) as f64;
        let variance = (squares / count.max(1) as f64 - mean * mean).max(0.0);
        let mut nearest: Vec<Near> = parts.into_iter().flat_map(|part| part.seen).collect();
        let mut answers: BTreeMap<MessageId, Near> = BTreeMap::new();
        for near in nearest.iter().filter(|near| asked.contains(&near.message)) {
            let answer = answers.entry(near.message).or_insert(*near);
            if near.cosine > answer.cosine {
                *answer = *near;
            }
        }
        let order =
            |a: &Near, b: &Near| b.cosine.total_cmp(&a.cosine).then(a.message.cmp(&b.message));
        // A message appended twice, or cut in two between the threads, may stand here twice: some
        // room, then each once.
        nearest.retain(|near| is_wanted(near.message));
        let room = limit.saturating_mul(2).saturating_add(2);
        if nearest.len() > room {
            nearest.select_nth_unstable_by(room, order);
            nearest.truncate(room);
        }
        nearest.sort_unstable_by(order);
        let mut met = HashSet::new();
        nearest.retain(|near| met.insert(near.message));
        nearest.truncate(limit);
        Scan {
            nearest,
            asked: answers,
            mean: mean as f32,
            deviation: variance.sqrt() as f32,
            pieces_count: count,
        }
    }
}

/// Dot product of signed bytes. Written in blocks of 16 sums so that the compiler uses vector
/// instructions; 384 products of 127 x 127 fit an i32 300 times over.
pub(super) fn dot(question: &[i8], values: &[u8]) -> i32 {
    const LANES: usize = 16;
    let mut sums = [0_i32; LANES];
    let (ones, ones_rest) = question.as_chunks::<LANES>();
    let (others, others_rest) = values.as_chunks::<LANES>();
    for (one, other) in ones.iter().zip(others) {
        for lane in 0..LANES {
            sums[lane] += i32::from(i16::from(one[lane]) * i16::from(other[lane].cast_signed()));
        }
    }
    let rest: i32 = ones_rest
        .iter()
        .zip(others_rest)
        .map(|(one, other)| i32::from(*one) * i32::from(other.cast_signed()))
        .sum();
    sums.iter().sum::<i32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dot_product_is_exact() {
        for len in [0, 1, 15, 16, 17, 384, 400] {
            let one: Vec<i8> = (0..len).map(|i| (i * 37 % 255) as u8 as i8).collect();
            let other: Vec<u8> = (0..len).map(|i| (i * 91 % 255) as u8).collect();
            let plain: i32 =
                one.iter().zip(&other).map(|(a, b)| i32::from(*a) * i32::from(*b as i8)).sum();
            assert_eq!(dot(&one, &other), plain, "{len}");
        }
        assert_eq!(dot(&[-127; 384], &[0x81; 384]), 127 * 127 * 384);
    }
}
