//! How quick the writer is: prompts of 128, 512 and 2,048 tokens, writing behind 0, 512 and 2,048, and
//! mails of 200 tokens scored behind a shared prompt of 600.
//!
//! `WRITER` in the environment names a GGUF file; any will do, its weights change nothing about the
//! time (`scripts/bench-writer` makes some up). Tokens are made up, the same every time. Phases take
//! turns, `ROUNDS` (5) times; the figures are tokens a second, those of the mails alone for scoring.
//! `CANDLE_NUM_THREADS` sets the threads, otherwise one a processor. Fails where there is no file.
//!
//! ```text
//! WRITER=model.gguf CANDLE_NUM_THREADS=1 cargo bench --bench writer
//! ```

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use postroom::engine::{Error, Writer, WriterOptions, WriterPhase, bench_writer, writer_threads};

const PHASES: [(WriterPhase, usize); 8] = [
    (WriterPhase::Prefill, 128),
    (WriterPhase::Prefill, 512),
    (WriterPhase::Prefill, 2_048),
    (WriterPhase::Decode, 0),
    (WriterPhase::Decode, 512),
    (WriterPhase::Decode, 2_048),
    (WriterPhase::Score, 200),
    (WriterPhase::ScoreWhole, 200),
];

fn main() -> ExitCode {
    let Some(file) = std::env::var_os("WRITER").map(PathBuf::from) else {
        eprintln!("WRITER must name a GGUF file: scripts/bench-writer makes some up");
        return ExitCode::FAILURE;
    };
    let rounds = std::env::var("ROUNDS").map_or(Ok(5), |text| text.parse());
    let Ok(rounds @ 1..) = rounds else {
        eprintln!("ROUNDS must be a number, 1 or more");
        return ExitCode::FAILURE;
    };
    match measure(&file, rounds) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", file.display());
            ExitCode::FAILURE
        }
    }
}

fn measure(file: &Path, rounds: usize) -> Result<(), Error> {
    let start = Instant::now();
    let writer = Writer::open(file, &WriterOptions::default())?;
    let (load, threads) = (start.elapsed().as_secs_f64(), writer_threads());
    println!("{}: {threads} threads, loaded in {load:.2} s", file.display());
    let mut rates = vec![Vec::with_capacity(rounds); PHASES.len()];
    let mut memory = 0;
    for _ in 0..rounds {
        for ((phase, tokens), rates) in PHASES.into_iter().zip(&mut rates) {
            let row = bench_writer(&writer, phase, tokens)?;
            rates.push(row.tokens_per_second);
            memory = memory.max(row.memory_bytes);
        }
    }
    println!("phase        tokens   lowest   median  highest");
    for ((phase, tokens), mut rates) in PHASES.into_iter().zip(rates) {
        rates.sort_by(f64::total_cmp);
        let [low, middle, high] = [rates[0], rates[rounds / 2], rates[rounds - 1]];
        println!("{:<12} {tokens:>6} {low:>8.1} {middle:>8.1} {high:>8.1}", phase.name());
    }
    println!("memory {} MB", memory / 1_000_000);
    Ok(())
}
