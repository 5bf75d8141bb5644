//! Numbers in, numbers out: how does a text become tokens, a vector, and judgements?
//!
//! The reader is a small BERT encoder compiled into the binary. [`Reader::embed`] makes the vectors
//! that search compares; [`Reader::read`] says of a message what kind it is, and of each of its
//! sentences whether it asks, promises, names a deadline or decides. Nothing here reads a file,
//! opens a connection or knows what a mailbox is: texts come in, floats go out. Start with
//! [`Reader::embedded`].
//!
//! Weights are `Q8_0` in GGUF, activations are candle tensors, and the loops that take the time have
//! kernels of their own for AVX-512 and AVX2; other machines run candle's `QMatMul`.

mod bench;
mod encoder;
mod error;
mod gguf;
mod heads;
mod kernels;
mod parallel;
mod reader;
#[cfg(test)]
mod tests;
mod tokenizer;
mod words;
mod writer;

#[cfg(test)]
pub(crate) use writer::small_writer;

pub use bench::{BenchPhase, BenchRow, bench};
pub use error::Error;
pub use heads::{Judgement, KINDS, RESPONSES, SENTENCE_LABELS, SentenceScores};
pub use parallel::{WRITER_THREADS_VARIABLE, set_threads, threads, writer_threads};
pub use reader::{Reader, Reading, VECTOR_WIDTH, WINDOW_TOKENS};
pub use writer::{
    Activations, Calibration, Day, DeviceUse, DeviceWish, Generated, Generation, Grammar,
    LabelScores, Labels, Prefix, Prompt, Role, Sampling, StoppedBy, Turn, Writer, WriterOptions,
    WriterPhase, bench_writer, check_writer,
};

/// Dot products of a question's vector with many others, all in signed bytes, on this machine's best
/// instructions. Rows lie `stride` bytes apart in `rows`, each with its numbers behind its first
/// `skip` bytes; one product a place of `out`.
///
/// # Panics
/// When `rows` holds fewer rows than `out`, or a row is shorter than the question.
pub fn dots(question: &[i8], rows: &[u8], stride: usize, skip: usize, out: &mut [i32]) {
    kernels::dot::dots(kernels::Tier::best(), question, rows, stride, skip, out);
}
