//! `model bench`: how quick are the models on this machine?

use std::time::Instant;

use serde_json::{Value, json};

use super::args::Phase;
use super::failure::Failure;
use super::screen::Style;
use super::session::Session;
use crate::engine::{self, BenchPhase, BenchRow, WriterPhase};
use crate::models::ModelFolder;

/// Texts of these lengths are read by the reader when none are named.
const READER_TOKENS: [u32; 4] = [32, 64, 128, 256];
/// Prompts of these lengths by the writer.
const PREFILL_TOKENS: [u32; 2] = [128, 512];
/// It writes behind so many.
const DECODE_TOKENS: [u32; 2] = [0, 512];
/// It scores mails of so many.
const SCORE_TOKENS: [u32; 1] = [200];
/// The reader stays on the processor.
const READER_DEVICE: &str = "cpu";
/// The reader's window.
const READER_TOKENS_MAX: u32 = 256;

/// Benches the model named, else the writer in use, else the reader.
pub(super) fn bench(
    session: &mut Session<'_>,
    name: Option<&str>,
    phases: &[Phase],
    tokens: &[u32],
) -> Result<u8, Failure> {
    let in_use = ModelFolder::at(&session.home.models).in_use()?.map(|kept| kept.name);
    let reads = phases.contains(&Phase::Embed);
    let name = match name {
        Some(name) => name.to_owned(),
        None if reads => super::READER_NAME.to_owned(),
        None => in_use.unwrap_or_else(|| super::READER_NAME.to_owned()),
    };
    let wants =
        |phase| phases.contains(&phase) || (phases.is_empty() && phase != Phase::ScoreWhole);
    let rows = if name == super::READER_NAME {
        reader(session, &wants, tokens)?
    } else if super::models::is_writer(session, &name)? {
        writer(session, &name, &wants, tokens)?
    } else {
        return Err(Failure::asked_wrongly(format!("model bench {name}: there is no such model"))
            .hint("`postroom model list` names them"));
    };
    if rows.is_empty() {
        return Err(Failure::asked_wrongly(format!("model bench {name}: it has no such phase"))
            .hint("the reader: load, embed, score; a writer: load, prefill, decode, score, score-whole"));
    }
    show(session, rows)
}

fn reader(
    session: &mut Session<'_>,
    wants: &dyn Fn(Phase) -> bool,
    tokens: &[u32],
) -> Result<Vec<Value>, Failure> {
    let mut rows = Vec::new();
    let began = Instant::now();
    let reader = session.reader()?;
    if wants(Phase::Load) {
        let model = (super::READER_NAME, READER_DEVICE);
        rows.push(load(model, began, reader.memory_bytes(), engine::threads()));
    }
    if let Some(tokens) = tokens.iter().find(|tokens| **tokens > READER_TOKENS_MAX) {
        return Err(Failure::asked_wrongly(format!("--tokens {tokens}: the reader takes 256"))
            .hint("name a writer for longer texts"));
    }
    let tokens = if tokens.is_empty() { &READER_TOKENS[..] } else { tokens };
    for (asked, phase) in [(Phase::Embed, BenchPhase::Embed), (Phase::Score, BenchPhase::Score)] {
        for &tokens in tokens.iter().filter(|_| wants(asked)) {
            let row = engine::bench(&reader, phase, tokens as usize)
                .map_err(|error| Failure::from_error(&error))?;
            rows.push(item((super::READER_NAME, READER_DEVICE), &row));
        }
    }
    Ok(rows)
}

fn writer(
    session: &mut Session<'_>,
    name: &str,
    wants: &dyn Fn(Phase) -> bool,
    tokens: &[u32],
) -> Result<Vec<Value>, Failure> {
    let mut rows = Vec::new();
    let began = Instant::now();
    let writer = session.open_writer(name)?;
    let model = (name, writer.device().name);
    if wants(Phase::Load) {
        rows.push(load(model, began, writer.memory_bytes(), engine::writer_threads()));
    }
    for (asked, phase, usual) in [
        (Phase::Prefill, WriterPhase::Prefill, &PREFILL_TOKENS[..]),
        (Phase::Decode, WriterPhase::Decode, &DECODE_TOKENS[..]),
        (Phase::Score, WriterPhase::Score, &SCORE_TOKENS[..]),
        (Phase::ScoreWhole, WriterPhase::ScoreWhole, &SCORE_TOKENS[..]),
    ] {
        let tokens = if tokens.is_empty() { usual } else { tokens };
        for &tokens in tokens.iter().filter(|_| wants(asked)) {
            let row = engine::bench_writer(&writer, phase, tokens as usize)
                .map_err(|error| Failure::from_error(&error))?;
            rows.push(item(model, &row));
        }
    }
    Ok(rows)
}

/// A row for loading a model, given by name and device.
fn load(
    (name, device): (&str, &str),
    began: Instant,
    memory_bytes: usize,
    threads: usize,
) -> Value {
    json!({"phase": "load", "model": name, "device": device, "tokens": 0, "threads": threads,
        "tokens_per_second": null, "seconds": began.elapsed().as_secs_f64(),
        "memory_bytes": memory_bytes})
}

fn item((name, device): (&str, &str), row: &BenchRow) -> Value {
    json!({"phase": row.phase, "model": name, "device": device, "tokens": row.tokens, "threads": row.threads,
        "tokens_per_second": row.tokens_per_second, "seconds": row.seconds,
        "memory_bytes": row.memory_bytes})
}

fn show(session: &mut Session<'_>, rows: Vec<Value>) -> Result<u8, Failure> {
    if session.global.json {
        let envelope = session.envelope("model bench", None).items(rows);
        session.out.json(&envelope.value())?;
        return Ok(0);
    }
    for row in &rows {
        let rate = row["tokens_per_second"]
            .as_f64()
            .map_or_else(String::new, |rate| format!("{rate:>9.0} tokens/s"));
        let line = format!(
            "{:<7} {:>5} tokens {:>8.1} ms{rate}  {:>5} MB  {}",
            row["phase"].as_str().unwrap_or(""),
            row["tokens"],
            row["seconds"].as_f64().unwrap_or(0.0) * 1000.0,
            row["memory_bytes"].as_u64().unwrap_or(0) / 1_000_000,
            row["device"].as_str().unwrap_or(""),
        );
        session.out.line(Style::Plain, &line)?;
    }
    Ok(0)
}
