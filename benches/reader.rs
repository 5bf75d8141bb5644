//! How quick the embedded reader is: tokens a second at several lengths, and its start.
//!
//! Corpus: made-up texts of one-token words, the same every time, so that a text has exactly the
//! tokens its name says, `[CLS]` and `[SEP]` included. Each sample is 4,096 tokens of equal texts
//! through [`Reader::embed`], tokenising included; divan's items are tokens. `THREADS` in the
//! environment sets the threads, otherwise one a processor.
//!
//! ```text
//! cargo bench --bench reader
//! ```

use divan::Bencher;
use divan::counter::ItemsCount;
use postroom::engine::{Reader, set_threads};

fn main() {
    if let Some(threads) = std::env::var_os("THREADS") {
        let threads = threads.to_str().and_then(|text| text.parse().ok());
        set_threads(threads.expect("THREADS is a number"));
    }
    divan::main();
}

const SAMPLE_TOKENS: usize = 4096;

#[divan::bench(args = [32, 64, 128, 256], max_time = 5)]
fn embed(bencher: Bencher, tokens: usize) {
    let reader = Reader::embedded().expect("the embedded reader");
    let words = ["please", "send", "the", "report", "before", "next", "monday", "."];
    let text: Vec<&str> = words.iter().copied().cycle().take(tokens - 2).collect();
    let text = text.join(" ");
    assert_eq!(reader.token_count(&text), tokens - 2);
    let texts = vec![text.as_str(); SAMPLE_TOKENS / tokens];
    bencher
        .counter(ItemsCount::new(SAMPLE_TOKENS))
        .bench(|| reader.embed(&texts).expect("vectors"));
}

/// A query of a few words: what a search waits for once the reader is there.
#[divan::bench(max_time = 3)]
fn embed_a_query(bencher: Bencher) {
    let reader = Reader::embedded().expect("the embedded reader");
    bencher
        .bench(|| reader.embed(&["who wanted the contract signed by friday"]).expect("a vector"));
}

/// Building the reader, as every command does that needs one.
#[divan::bench(max_time = 3)]
fn start() -> Reader {
    Reader::embedded().expect("the embedded reader")
}

/// Building it and making the first vector, for which the layers are unpacked.
#[divan::bench(max_time = 3)]
fn start_and_first_vector() -> Vec<Vec<f32>> {
    let reader = Reader::embedded().expect("the embedded reader");
    reader.embed(&["who wanted the contract signed by friday"]).expect("a vector")
}
