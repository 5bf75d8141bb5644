//! How quick is the writer here?

use std::time::Instant;

use super::decoder::Reading;
use super::{Labels, PASS_TOKENS, Prompt, Writer};
use crate::engine::bench::resident_bytes;
use crate::engine::{BenchRow, Error, writer_threads};

/// What is measured of a writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WriterPhase {
    /// Reading a prompt of so many tokens.
    Prefill,
    /// Writing one token after another behind so many.
    Decode,
    /// Scoring 100 mails of so many tokens behind a shared prefix of 600.
    Score,
    /// The same with the prefix read for each mail.
    ScoreWhole,
}

impl WriterPhase {
    /// The name it is shown under.
    pub fn name(self) -> &'static str {
        match self {
            Self::Prefill => "prefill",
            Self::Decode => "decode",
            Self::Score => "score",
            Self::ScoreWhole => "score-whole",
        }
    }
}

/// How long a measurement runs at least.
const SECONDS_MIN: f64 = 1.0;
/// Tokens written in one measurement of decoding, at least.
const DECODE_TOKENS: usize = 16;
/// Mails that scoring is said for.
const MAILS_SAID: usize = 100;
/// Mails that are scored for it.
const MAILS: usize = 10;
/// Tokens in front of each mail: what the prompt of a tier takes, with its examples.
const PREFIX_TOKENS: usize = 600;

/// Measures one phase on made-up tokens.
///
/// `tokens_per_second` counts the tokens of prompts, those written, or those of the mails alone:
/// divided by `tokens` the last is mails a second. `seconds` is the time of the whole measurement,
/// preparation left out.
///
/// # Errors
///
/// When `tokens` do not fit the window, or a pass does not succeed.
pub fn bench_writer(writer: &Writer, phase: WriterPhase, tokens: usize) -> Result<BenchRow, Error> {
    let (done, seconds) = match phase {
        WriterPhase::Prefill => prefill(writer, tokens.max(1))?,
        WriterPhase::Decode => decode(writer, tokens)?,
        WriterPhase::Score => score(writer, tokens.max(1), true)?,
        WriterPhase::ScoreWhole => score(writer, tokens.max(1), false)?,
    };
    Ok(BenchRow {
        phase: phase.name(),
        tokens,
        threads: writer_threads(),
        tokens_per_second: done as f64 / seconds,
        seconds,
        memory_bytes: resident_bytes().unwrap_or(writer.memory_bytes() as u64),
    })
}

/// Ids that are all there, each mail's its own.
fn ids(writer: &Writer, count: usize, seed: usize) -> Vec<u32> {
    let vocabulary = writer.decoder.plan().vocabulary;
    (0..count).map(|place| ((place * 7919 + seed * 104_729 + 13) % vocabulary) as u32).collect()
}

fn prefill(writer: &Writer, tokens: usize) -> Result<(usize, f64), Error> {
    writer.check_window(tokens)?;
    let ids = ids(writer, tokens, 1);
    let start = Instant::now();
    let mut done = 0;
    while done == 0 || start.elapsed().as_secs_f64() < SECONDS_MIN {
        let mut sequence = writer.decoder.sequence();
        let mut chunks = ids.chunks(PASS_TOKENS).peekable();
        while let Some(ids) = chunks.next() {
            let last = [ids.len() - 1];
            let chosen: &[usize] = if chunks.peek().is_none() { &last } else { &[] };
            writer.rows(&mut sequence, ids, chosen)?;
        }
        done += tokens;
    }
    Ok((done, start.elapsed().as_secs_f64()))
}

fn decode(writer: &Writer, depth: usize) -> Result<(usize, f64), Error> {
    writer.check_window(depth + DECODE_TOKENS)?;
    let mut sequence = writer.decoder.sequence();
    for ids in ids(writer, depth, 1).chunks(PASS_TOKENS) {
        let reading = Reading { sequence: &mut sequence, ids, chosen: &[] };
        writer.decoder.read_tokens(&mut [reading])?;
    }
    let next = ids(writer, DECODE_TOKENS, 2);
    let start = Instant::now();
    let mut done = 0;
    while done == 0 || start.elapsed().as_secs_f64() < SECONDS_MIN {
        for id in &next {
            writer.rows(&mut sequence, &[*id], &[0])?;
        }
        sequence.truncate(depth);
        done += next.len();
    }
    Ok((done, start.elapsed().as_secs_f64()))
}

/// As if [`MAILS_SAID`] were judged: the shared part is timed once, some mails stand for all.
fn score(writer: &Writer, tokens: usize, shared: bool) -> Result<(usize, f64), Error> {
    let front = ids(writer, PREFIX_TOKENS, 0);
    let prompts: Vec<Prompt> = (1..=MAILS)
        .map(|mail| Prompt { ids: [front.clone(), ids(writer, tokens, mail)].concat() })
        .collect();
    let labels = Labels::of_ids(ids(writer, 4, 0));
    let start = Instant::now();
    let prefix = writer.prefix(&Prompt { ids: front.clone() })?;
    let once = if shared { start.elapsed().as_secs_f64() } else { 0.0 };
    let start = Instant::now();
    writer.score(shared.then_some(&prefix), &prompts, &labels)?;
    let each = start.elapsed().as_secs_f64() / MAILS as f64;
    Ok((tokens * MAILS_SAID, once + each * MAILS_SAID as f64))
}
