//! `SentencePiece` by scores (Kudo and Richardson 2018, arXiv 1808.06226), as Llama 1 and 2 have it.
//!
//! Neighbours that make a token are joined, the highest score first, the leftmost among equals;
//! what is no token in the end is spelt in bytes (`llm_tokenizer_spm` of llama.cpp).

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashMap};

use super::super::header::Header;
use super::{Cutter, Kind, Place, Token};
use crate::engine::Error;

/// What stands for a blank.
const BLANK: &str = "\u{2581}";

pub(super) struct Pieces {
    /// Plain tokens by their text: id and score.
    ids: HashMap<String, (u32, f32)>,
    /// The token of each byte.
    bytes: [u32; 256],
    prefix_space: bool,
}

/// Reads the vocabulary and its scores.
pub(super) fn read(
    header: &Header,
    names: &[String],
    kinds: &[Kind],
) -> Result<(Vec<Token>, Cutter), Error> {
    let key = "tokenizer.ggml.scores";
    let scores = header.numbers(key)?.ok_or_else(|| header.bad_value(key, "is missing"))?;
    if scores.len() != names.len() {
        let problem = format!("has {} entries, expected {}", scores.len(), names.len());
        return Err(header.bad_value(key, &problem));
    }
    let mut ids = HashMap::new();
    let mut bytes = [None; 256];
    let mut tokens = Vec::with_capacity(names.len());
    for (((id, name), kind), score) in (0..).zip(names).zip(kinds).zip(scores) {
        let mut spelt = name.replace(BLANK, " ").into_bytes();
        match kind {
            Kind::Plain => {
                ids.entry(name.clone()).or_insert((id, *score as f32));
            }
            Kind::Byte => {
                let digits = name.strip_prefix("<0x").and_then(|name| name.strip_suffix('>'));
                let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                let Some(byte) = byte else {
                    let problem = format!("has {name:?} for a byte, expected one like <0x0A>");
                    return Err(header.bad_value("tokenizer.ggml.tokens", &problem));
                };
                bytes[usize::from(byte)] = Some(id);
                spelt = vec![byte];
            }
            _ => {}
        }
        tokens.push(Token { bytes: spelt, kind: *kind });
    }
    let mut byte_ids = [0; 256];
    for (byte, (target, id)) in byte_ids.iter_mut().zip(bytes).enumerate() {
        let problem = || {
            let problem = format!("has no token for the byte {byte}");
            header.bad_value("tokenizer.ggml.tokens", &problem)
        };
        *target = id.ok_or_else(problem)?;
    }
    let prefix_space = header.truth("tokenizer.ggml.add_space_prefix")?.unwrap_or(true);
    let pieces = Pieces { ids, bytes: byte_ids, prefix_space };
    Ok((tokens, Cutter::Pieces(Box::new(pieces))))
}

/// Two neighbours that make a token.
struct Pair {
    score: f32,
    left: usize,
    right: usize,
    /// Bytes of both: a pair whose parts have changed since is out of date.
    bytes: usize,
}

impl Ord for Pair {
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then(other.left.cmp(&self.left))
    }
}

impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Pair {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Pair {}

/// A stretch of the text: where it starts, how long it is, and its neighbours.
struct Stretch {
    start: usize,
    bytes: usize,
    before: Option<usize>,
    after: Option<usize>,
}

impl Pieces {
    /// Whether a text is given a blank at its front, which is no part of it.
    pub(super) fn prefix_space(&self) -> bool {
        self.prefix_space
    }

    pub(super) fn encode(&self, text: &str, place: Place, ids: &mut Vec<u32>) -> Result<(), Error> {
        let front = if self.prefix_space && place == Place::Start { BLANK } else { "" };
        let text = format!("{front}{}", text.replace(' ', BLANK));
        let mut stretches: Vec<Stretch> = Vec::new();
        for (start, letter) in text.char_indices() {
            let place = stretches.len();
            let before = place.checked_sub(1);
            stretches.push(Stretch { start, bytes: letter.len_utf8(), before, after: None });
            if let Some(before) = before {
                stretches[before].after = Some(place);
            }
        }
        let mut pairs = BinaryHeap::new();
        for left in 0..stretches.len().saturating_sub(1) {
            self.offer(&text, &stretches, Some(left), Some(left + 1), &mut pairs);
        }
        while let Some(pair) = pairs.pop() {
            let (left, right) = (&stretches[pair.left], &stretches[pair.right]);
            let apart = left.bytes == 0 || right.bytes == 0 || left.after != Some(pair.right);
            if apart || left.bytes + right.bytes != pair.bytes {
                continue;
            }
            let (before, after) = (left.before, right.after);
            stretches[pair.left].bytes = pair.bytes;
            stretches[pair.left].after = after;
            stretches[pair.right].bytes = 0;
            if let Some(after) = after {
                stretches[after].before = Some(pair.left);
            }
            self.offer(&text, &stretches, before, Some(pair.left), &mut pairs);
            self.offer(&text, &stretches, Some(pair.left), after, &mut pairs);
        }
        for stretch in stretches.iter().filter(|stretch| stretch.bytes > 0) {
            let piece = &text[stretch.start..stretch.start + stretch.bytes];
            match self.ids.get(piece) {
                Some((id, _)) => ids.push(*id),
                None => ids.extend(piece.bytes().map(|byte| self.bytes[usize::from(byte)])),
            }
        }
        Ok(())
    }

    fn offer(
        &self,
        text: &str,
        stretches: &[Stretch],
        left: Option<usize>,
        right: Option<usize>,
        pairs: &mut BinaryHeap<Pair>,
    ) {
        let (Some(left), Some(right)) = (left, right) else { return };
        let bytes = stretches[left].bytes + stretches[right].bytes;
        let start = stretches[left].start;
        if let Some((_, score)) = self.ids.get(&text[start..start + bytes]) {
            pairs.push(Pair { score: *score, left, right, bytes });
        }
    }
}
