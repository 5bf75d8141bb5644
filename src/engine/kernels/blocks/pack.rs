//! From a file's blocks to tiles.

use super::{Format, LANES, OUTPUTS, SUPER};

/// Four weights of one output, a byte each.
type Quad = u32;

pub(super) fn pack(format: Format, source: &[u8], inputs: usize, target: &mut [u8]) {
    let blocks = inputs / format.block();
    let outputs = source.len() / (blocks * format.file_bytes());
    assert_eq!(source.len(), outputs * blocks * format.file_bytes(), "whole rows");
    assert_eq!(Some(target.len()), format.packed_bytes(outputs, inputs), "room for the tiles");
    match format {
        Format::Q4_0 => tiles(format, source, blocks, target, q4_0),
        Format::Q5_0 => tiles(format, source, blocks, target, q5_0),
        Format::Q8_0 => tiles(format, source, blocks, target, q8_0),
        Format::Q4K => tiles(format, source, blocks, target, q4_k),
        Format::Q5K => tiles(format, source, blocks, target, q5_k),
        Format::Q6K => tiles(format, source, blocks, target, q6_k),
    }
}

/// The blocks of 16 outputs that become one block of a tile.
type Blocks<'a, const BYTES: usize> = [&'a [u8; BYTES]; LANES];

fn tiles<const BYTES: usize>(
    format: Format,
    source: &[u8],
    blocks: usize,
    target: &mut [u8],
    one: impl Fn(&Blocks<'_, BYTES>, &mut [u8], &mut [u8]),
) {
    let source = source.as_chunks::<BYTES>().0;
    let pairs = source.chunks_exact(OUTPUTS * blocks);
    for (rows, tiles) in pairs.zip(target.chunks_exact_mut(blocks * format.pair_bytes())) {
        for (block, pair) in tiles.chunks_exact_mut(format.pair_bytes()).enumerate() {
            let (heads, bodies) = pair.split_at_mut(2 * format.head_bytes());
            let halves = heads
                .chunks_exact_mut(format.head_bytes())
                .zip(bodies.chunks_exact_mut(format.body_bytes()));
            for (half, (head, body)) in halves.enumerate() {
                let lane = |lane: usize| &rows[(half * LANES + lane) * blocks + block];
                one(&std::array::from_fn(lane), head, body);
            }
        }
    }
}

/// Fills line after line of 16 quads; `quad` says what a block has in a line.
#[inline(always)]
fn fill<const BYTES: usize>(
    body: &mut [u8],
    blocks: &Blocks<'_, BYTES>,
    quad: impl Fn(&[u8; BYTES], usize) -> Quad,
) {
    for (step, line) in body.as_chunks_mut::<{ 4 * LANES }>().0.iter_mut().enumerate() {
        for (place, block) in line.as_chunks_mut::<4>().0.iter_mut().zip(blocks) {
            *place = quad(block, step).to_le_bytes();
        }
    }
}

fn quad_at(bytes: &[u8], quad: usize) -> Quad {
    Quad::from_le_bytes([
        bytes[4 * quad],
        bytes[4 * quad + 1],
        bytes[4 * quad + 2],
        bytes[4 * quad + 3],
    ])
}

/// The scale or minimum in 16 bits that stands at `at` of each block.
fn put_f16<const BYTES: usize>(head: &mut [u8], blocks: &Blocks<'_, BYTES>, at: usize) {
    for (place, block) in head.as_chunks_mut::<2>().0.iter_mut().zip(blocks) {
        *place = [block[at], block[at + 1]];
    }
}

fn q8_0(blocks: &Blocks<'_, 34>, head: &mut [u8], body: &mut [u8]) {
    put_f16(head, blocks, 0);
    // Turning the highest bit adds 128.
    fill(body, blocks, |block, quad| quad_at(&block[2..], quad) ^ 0x8080_8080);
}

/// Two quads of 4 bits from bytes that hold one of them low and one high.
fn two_of(low: &[u8], first: usize, half: usize) -> Quad {
    let quad = |at: usize| quad_at(low, at) >> (4 * half) & 0x0F0F_0F0F;
    quad(first) | quad(first + 1) << 4
}

fn q4_0(blocks: &Blocks<'_, 18>, head: &mut [u8], body: &mut [u8]) {
    put_f16(head, blocks, 0);
    fill(body, blocks, |block, step| two_of(&block[2..], 2 * step % 4, step / 2));
}

fn q5_0(blocks: &Blocks<'_, 22>, head: &mut [u8], body: &mut [u8]) {
    put_f16(head, blocks, 0);
    let (low, high) = body.split_at_mut(32 * LANES / 2);
    fill(low, blocks, |block, step| two_of(&block[6..], 2 * step % 4, step / 2));
    fill(high, blocks, |block, _| {
        let bits = quad_at(&block[2..], 0);
        let mut spread = 0;
        for quad in 0..8 {
            let four = bits >> (4 * quad);
            let four = four & 1 | (four & 2) << 7 | (four & 4) << 14 | (four & 8) << 21;
            spread |= four << quad;
        }
        spread
    });
}

fn q4_k(blocks: &Blocks<'_, 144>, head: &mut [u8], body: &mut [u8]) {
    scales_and_minima(blocks, head);
    fill(body, blocks, |block, step| unpacked_4(&block[16..], step));
}

fn q5_k(blocks: &Blocks<'_, 176>, head: &mut [u8], body: &mut [u8]) {
    scales_and_minima(blocks, head);
    let (low, high) = body.split_at_mut(SUPER * LANES / 2);
    fill(low, blocks, |block, step| unpacked_4(&block[48..], step));
    fill(high, blocks, |block, sub| {
        let mut bits = 0;
        for quad in 0..8 {
            bits |= (quad_at(&block[16..48], quad) >> sub & 0x0101_0101) << quad;
        }
        bits
    });
}

/// Halves of 128 weights; in each, quarters of 32: low bits in two runs of 32 bytes, high bits in one
/// of 32, two for each quarter.
fn q6_k(blocks: &Blocks<'_, 210>, head: &mut [u8], body: &mut [u8]) {
    put_f16(head, blocks, 208);
    for (lane, block) in blocks.iter().enumerate() {
        for (group, scale) in block[192..208].iter().enumerate() {
            head[2 * LANES + group * LANES + lane] = *scale;
        }
    }
    let (low, high) = body.split_at_mut(SUPER * LANES / 2);
    fill(low, blocks, |block, step| {
        let (half, quarter, quad) = (step / 16, step / 4 % 4, 2 * step % 8);
        two_of(&block[..128], half * 16 + quarter % 2 * 8 + quad, quarter / 2)
    });
    fill(high, blocks, |block, step| {
        let (half, quarter, first) = (step / 8, step / 2 % 4, 4 * step % 8);
        let mut bits = 0;
        for quad in 0..4 {
            let at = half * 8 + first + quad;
            bits |= (quad_at(&block[128..192], at) >> (2 * quarter) & 0x0303_0303) << (2 * quad);
        }
        bits
    });
}

/// Weights of 4 bits: 32 in the low halves of 32 bytes, the next 32 in the high ones.
fn unpacked_4(low: &[u8], step: usize) -> Quad {
    let (chunk, half, at) = (step / 8, step / 4 % 2, 2 * step % 8);
    two_of(low, chunk * 8 + at, half)
}

/// `[scale: 16 lanes][minimum: 16 lanes][8 scales][16 lanes]`, then minima as
/// `[4 pairs][16 lanes][2]`.
fn scales_and_minima<const BYTES: usize>(blocks: &Blocks<'_, BYTES>, head: &mut [u8]) {
    put_f16(head, blocks, 0);
    put_f16(&mut head[2 * LANES..], blocks, 2);
    let head = &mut head[4 * LANES..];
    for (lane, block) in blocks.iter().enumerate() {
        let packed = &block[4..16];
        for sub in 0..8 {
            let (scale, minimum) = if sub < 4 {
                (packed[sub] & 63, packed[sub + 4] & 63)
            } else {
                (
                    packed[sub + 4] & 15 | packed[sub - 4] >> 6 << 4,
                    packed[sub + 4] >> 4 | packed[sub] >> 6 << 4,
                )
            };
            head[sub * LANES + lane] = scale;
            head[8 * LANES + (sub / 2 * LANES + lane) * 2 + sub % 2] = minimum;
        }
    }
}
