//! How quick is the reader here?

use std::time::Instant;

use super::{Error, Reader, Reading, WINDOW_TOKENS};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BenchPhase {
    /// Building the reader and unpacking its layers.
    Load,
    /// Vectors of texts.
    Embed,
    /// Judgements of messages.
    Score,
}

impl BenchPhase {
    /// The name it is shown under.
    pub fn name(self) -> &'static str {
        match self {
            Self::Load => "load",
            Self::Embed => "embed",
            Self::Score => "score",
        }
    }
}

/// One measurement.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct BenchRow {
    /// `load`, `embed` or `score`; of a writer [`WriterPhase::name`](super::WriterPhase::name).
    pub phase: &'static str,
    /// Tokens of each text, `[CLS]` and `[SEP]` included; 0 for `load`.
    pub tokens: usize,
    /// Threads used.
    pub threads: usize,
    /// Tokens of all texts by the time they took; 0 for `load`.
    pub tokens_per_second: f64,
    /// Time of the whole measurement.
    pub seconds: f64,
    /// Memory of the process after it, where the system says, else the weights in use.
    pub memory_bytes: u64,
}

/// How long a measurement runs at least.
const SECONDS_MIN: f64 = 1.0;
/// Tokens handed over at once, over many texts.
const BATCH_TOKENS: usize = 8_192;

/// Measures one phase on made-up texts of `tokens` tokens (4 to 256), tokenising included.
pub fn bench(reader: &Reader, phase: BenchPhase, tokens: usize) -> Result<BenchRow, Error> {
    let tokens = tokens.clamp(4, WINDOW_TOKENS);
    let start = Instant::now();
    let mut tokens_done = 0;
    if phase == BenchPhase::Load {
        let fresh = Reader::embedded()?;
        fresh.embed(&[""])?;
    } else {
        let text = text_of(reader, tokens - 2);
        let count = BATCH_TOKENS.div_ceil(tokens);
        while start.elapsed().as_secs_f64() < SECONDS_MIN {
            run(reader, phase, &text, count)?;
            tokens_done += count * tokens;
        }
    }
    let seconds = start.elapsed().as_secs_f64();
    Ok(BenchRow {
        phase: phase.name(),
        tokens: if phase == BenchPhase::Load { 0 } else { tokens },
        threads: super::threads(),
        tokens_per_second: tokens_done as f64 / seconds,
        seconds,
        memory_bytes: resident_bytes().unwrap_or(reader.memory_bytes() as u64),
    })
}

fn run(reader: &Reader, phase: BenchPhase, text: &str, count: usize) -> Result<(), Error> {
    if phase == BenchPhase::Score {
        let sentences: Vec<&str> = text.split_inclusive('.').collect();
        let message = Reading { subject: "", sentences: &sentences, ..Reading::default() };
        reader.read(&vec![message; count])?;
    } else {
        reader.embed(&vec![text; count])?;
    }
    Ok(())
}

/// A text of exactly `tokens` tokens, sentences of eight: every word is one token.
fn text_of(reader: &Reader, tokens: usize) -> String {
    const WORDS: [&str; 7] = ["please", "send", "the", "report", "before", "next", "monday"];
    let words = (0..tokens).map(|place| WORDS.get(place % 8).copied().unwrap_or("."));
    let text = words.collect::<Vec<_>>().join(" ");
    debug_assert_eq!(reader.token_count(&text), tokens);
    text
}

/// Memory of this process that lies in RAM, where `/proc` says it (Linux).
pub(super) fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}
