//! Products of a question's vector with many others, all in signed bytes.

use super::{Kernel, Tier, dispatch};

/// Dot products of `question` with rows that lie `stride` bytes apart in `rows`; a row's numbers stand
/// behind its first `skip` bytes. One product a place of `out`.
///
/// # Panics
/// When `rows` holds fewer rows than `out`, or a row is shorter than the question.
pub(crate) fn dots(
    tier: Tier,
    question: &[i8],
    rows: &[u8],
    stride: usize,
    skip: usize,
    out: &mut [i32],
) {
    assert!(skip + question.len() <= stride && rows.len() >= out.len() * stride);
    dispatch(tier, Dots { question, rows, stride, skip, out });
}

struct Dots<'a> {
    question: &'a [i8],
    rows: &'a [u8],
    stride: usize,
    skip: usize,
    out: &'a mut [i32],
}

impl Kernel for Dots<'_> {
    #[inline(always)]
    fn run<const FMA: bool>(self) {
        for (row, out) in self.rows.chunks_exact(self.stride).zip(self.out) {
            let values = &row[self.skip..self.skip + self.question.len()];
            // 384 products of 127 x 127 fit an i32 300 times over. In this form compilers see the
            // instruction that multiplies pairs and adds them.
            *out = self
                .question
                .iter()
                .zip(values)
                .map(|(one, other)| i32::from(*one) * i32::from(other.cast_signed()))
                .sum();
        }
    }
}
