//! Measurements on models of true size, made up: nothing here runs unless it is asked for.
//!
//! ```text
//! scripts/bench-writer
//! ```

use std::fs::File as Disk;
use std::io::{BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

use candle_core::quantized::{GgmlDType, gguf_file};
use candle_core::{Device, Tensor};
use candle_transformers::models::quantized_qwen3::ModelWeights;

use super::kit::{Large, Spec};
use crate::engine::bench::resident_bytes;
use crate::engine::writer::{Writer, WriterOptions};
use crate::engine::{WriterPhase, bench_writer};

/// The shape of Qwen3-0.6B; 1.7B differs in width and feed-forward.
fn shape(width: usize, kind: GgmlDType, finer: GgmlDType) -> Spec {
    Spec {
        layers: 28,
        width,
        heads: 16,
        key_heads: 8,
        head_width: 128,
        feed_forward: 3 * width,
        vocabulary: 151_936,
        kind,
        finer,
        own_head: false,
        ..Spec::small("qwen3")
    }
}

fn saved(name: &str, spec: &Spec) -> PathBuf {
    let folder =
        std::env::var_os("POSTROOM_MADE_UP").map_or_else(std::env::temp_dir, PathBuf::from);
    let path = folder.join(format!("postroom-made-up-{name}.gguf"));
    if !path.exists() {
        let mut out = BufWriter::new(Disk::create(&path).expect("a file"));
        Large::new(spec).write(&mut out).and_then(|()| out.flush()).expect("written");
    }
    path
}

fn megabytes(bytes: u64) -> u64 {
    bytes / 1_000_000
}

fn compare(name: &str, spec: &Spec) {
    let path = saved(name, spec);
    let before = resident_bytes().unwrap_or(0);
    let start = Instant::now();
    let writer = Writer::open(&path, &WriterOptions::default()).expect("a writer");
    let loaded = start.elapsed().as_secs_f64();
    let file = writer.file_bytes() as u64;
    let ours = resident_bytes().unwrap_or(0) - before;
    println!(
        "{name}: file {} MB, in memory {} MB ({:.2} of the file), said to be {} MB, loaded in {loaded:.1} s",
        megabytes(file),
        megabytes(ours),
        ours as f64 / file as f64,
        megabytes(writer.memory_bytes() as u64),
    );
    let before = resident_bytes().unwrap_or(0);
    let start = Instant::now();
    let mut theirs = candle(&path);
    run(&mut theirs, &[1, 2], 0);
    let more = resident_bytes().unwrap_or(0) - before;
    println!(
        "{name}: candle-transformers in memory {} MB, loaded in {:.1} s",
        megabytes(more),
        start.elapsed().as_secs_f64()
    );
    for (phase, tokens) in [
        (WriterPhase::Prefill, 128),
        (WriterPhase::Prefill, 512),
        (WriterPhase::Prefill, 2048),
        (WriterPhase::Decode, 0),
        (WriterPhase::Decode, 512),
        (WriterPhase::Decode, 2048),
    ] {
        // Alternating, so that a busy moment hits both.
        let (mut best_ours, mut best_theirs) = (0.0_f64, 0.0_f64);
        for _ in 0..if tokens < 2048 { 2 } else { 1 } {
            let row = bench_writer(&writer, phase, tokens).expect("a measurement");
            best_ours = best_ours.max(row.tokens_per_second);
            theirs.clear_kv_cache();
            let prompt: Vec<u32> = (0..tokens as u32).map(|id| id * 37 % 150_000).collect();
            let (count, seconds) = if phase == WriterPhase::Prefill {
                let start = Instant::now();
                run(&mut theirs, &prompt, 0);
                (tokens, start.elapsed().as_secs_f64())
            } else {
                if tokens > 0 {
                    run(&mut theirs, &prompt, 0);
                }
                let start = Instant::now();
                for step in 0..16 {
                    run(&mut theirs, &[7], tokens + step);
                }
                (16, start.elapsed().as_secs_f64())
            };
            best_theirs = best_theirs.max(count as f64 / seconds);
        }
        println!(
            "{name}: {} {tokens}: {best_ours:.1} tokens/s, candle-transformers {best_theirs:.1}, x{:.2}",
            phase.name(),
            best_ours / best_theirs
        );
    }
    for phase in [WriterPhase::Score, WriterPhase::ScoreWhole] {
        let row = bench_writer(&writer, phase, 200).expect("a measurement");
        println!(
            "{name}: {}: {:.2} mails/s of 200 tokens",
            phase.name(),
            row.tokens_per_second / 200.0
        );
    }
}

fn run(model: &mut ModelWeights, ids: &[u32], at: usize) -> usize {
    let input = Tensor::new(ids, &Device::Cpu).and_then(|ids| ids.unsqueeze(0)).expect("ids");
    let logits = model.forward(&input, at).and_then(|logits| logits.flatten_all());
    logits.and_then(|logits| logits.to_vec1::<f32>()).expect("logits").len()
}

fn candle(path: &Path) -> ModelWeights {
    let mut reader = BufReader::new(Disk::open(path).expect("a file"));
    let content = gguf_file::Content::read(&mut reader).expect("a header");
    ModelWeights::from_gguf(content, &mut reader, &Device::Cpu).expect("a model")
}

/// Made up for `scripts/bench-engine`: both shapes as `Q4_K_M`, the smaller as `Q6_K` and `Q8_0` too.
#[test]
#[ignore = "gigabytes: models of true size"]
fn files_of_true_shapes() {
    use GgmlDType::{Q4K, Q6K, Q8_0};
    for (name, width, kind, finer) in [
        ("0.6B-Q4_K", 1024, Q4K, Q6K),
        ("0.6B-Q6_K", 1024, Q6K, Q6K),
        ("0.6B-Q8_0", 1024, Q8_0, Q8_0),
        ("1.7B-Q4_K", 2048, Q4K, Q6K),
    ] {
        saved(name, &shape(width, kind, finer));
    }
}

#[test]
#[ignore = "minutes: a model of true size"]
fn qwen3_600m_beside_candle_transformers() {
    compare("0.6B-Q8_0", &shape(1024, GgmlDType::Q8_0, GgmlDType::Q8_0));
}

#[test]
#[ignore = "minutes: a model of true size"]
fn qwen3_1700m_beside_candle_transformers() {
    compare("1.7B-Q4_K", &shape(2048, GgmlDType::Q4K, GgmlDType::Q6K));
}
