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

/// Weights of 16 outputs, 4 bytes of each beside one another.
type Line = [[u8; 4]; LANES];

fn lines(body: &mut [u8]) -> &mut [Line] {
    body.as_chunks_mut().0.as_chunks_mut().0
}

fn quad_at(bytes: &[u8], at: usize) -> Quad {
    Quad::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// Eight bytes of a block.
fn eight_at(bytes: &[u8], at: usize) -> u64 {
    let mut eight = [0; 8];
    eight.copy_from_slice(&bytes[at..at + 8]);
    u64::from_le_bytes(eight)
}

/// The scale or minimum in 16 bits that stands at `at` of each block.
fn put_f16<const BYTES: usize>(head: &mut [u8], blocks: &Blocks<'_, BYTES>, at: usize) {
    for (place, block) in head.as_chunks_mut::<2>().0.iter_mut().zip(blocks) {
        *place = [block[at], block[at + 1]];
    }
}

fn q8_0(blocks: &Blocks<'_, 34>, head: &mut [u8], body: &mut [u8]) {
    put_f16(head, blocks, 0);
    for (lane, block) in blocks.iter().enumerate() {
        for (line, quad) in lines(body).iter_mut().zip(block[2..].as_chunks::<4>().0) {
            // Turning the highest bit adds 128.
            line[lane] = quad.map(|byte| byte ^ 0x80);
        }
    }
}

/// Two quads of 4 bits from eight bytes that hold them low (`half` 0) or high (1).
fn two_of(eight: u64, half: usize) -> [u8; 4] {
    let wide = eight >> (4 * half) & 0x0F0F_0F0F_0F0F_0F0F;
    ((wide | wide >> 28) as Quad).to_le_bytes()
}

/// 32 weights of 4 bits: 16 in the low halves of 16 bytes, 16 in the high ones.
fn sixteen_bytes(low: &[u8], body: &mut [Line], lane: usize) {
    for pair in 0..2 {
        let eight = eight_at(low, 8 * pair);
        for half in 0..2 {
            body[half * 2 + pair][lane] = two_of(eight, half);
        }
    }
}

fn q4_0(blocks: &Blocks<'_, 18>, head: &mut [u8], body: &mut [u8]) {
    put_f16(head, blocks, 0);
    for (lane, block) in blocks.iter().enumerate() {
        sixteen_bytes(&block[2..], lines(body), lane);
    }
}

fn q5_0(blocks: &Blocks<'_, 22>, head: &mut [u8], body: &mut [u8]) {
    put_f16(head, blocks, 0);
    let (low, high) = body.split_at_mut(32 * LANES / 2);
    for (lane, block) in blocks.iter().enumerate() {
        sixteen_bytes(&block[6..], lines(low), lane);
        let bits = quad_at(*block, 2);
        let mut spread = 0;
        for quad in 0..8 {
            let four = bits >> (4 * quad);
            let four = four & 1 | (four & 2) << 7 | (four & 4) << 14 | (four & 8) << 21;
            spread |= four << quad;
        }
        lines(high)[0][lane] = spread.to_le_bytes();
    }
}

/// Weights of 4 bits: 32 in the low halves of 32 bytes, the next 32 in the high ones.
fn low_bits(low: &[u8], body: &mut [Line], lane: usize) {
    for chunk in 0..4 {
        for pair in 0..4 {
            let eight = eight_at(low, chunk * 32 + pair * 8);
            for half in 0..2 {
                body[chunk * 8 + half * 4 + pair][lane] = two_of(eight, half);
            }
        }
    }
}

fn q4_k(blocks: &Blocks<'_, 144>, head: &mut [u8], body: &mut [u8]) {
    scales_and_minima(blocks, head);
    for (lane, block) in blocks.iter().enumerate() {
        low_bits(&block[16..], lines(body), lane);
    }
}

fn q5_k(blocks: &Blocks<'_, 176>, head: &mut [u8], body: &mut [u8]) {
    scales_and_minima(blocks, head);
    let (low, high) = body.split_at_mut(SUPER * LANES / 2);
    for (lane, block) in blocks.iter().enumerate() {
        low_bits(&block[48..], lines(low), lane);
        let bits: [u64; 4] = std::array::from_fn(|eight| eight_at(&block[16..48], 8 * eight));
        for (sub, line) in lines(high).iter_mut().enumerate() {
            let mut both = 0;
            for (eight, bits) in bits.iter().enumerate() {
                both |= (bits >> sub & 0x0101_0101_0101_0101) << (2 * eight);
            }
            line[lane] = ((both | both >> 31) as Quad).to_le_bytes();
        }
    }
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
    for (lane, block) in blocks.iter().enumerate() {
        for half in 0..2 {
            for (side, pair) in
                [0, 1].into_iter().flat_map(|side| (0..4).map(move |pair| (side, pair)))
            {
                let eight = eight_at(&block[..128], half * 64 + side * 32 + pair * 8);
                for upper in 0..2 {
                    let quarter = side + 2 * upper;
                    lines(low)[half * 16 + quarter * 4 + pair][lane] = two_of(eight, upper);
                }
            }
            for first in 0..2 {
                let bits = eight_at(&block[128..192], half * 32 + first * 16);
                let more = eight_at(&block[128..192], half * 32 + first * 16 + 8);
                for quarter in 0..4 {
                    let two = |bits: u64| bits >> (2 * quarter) & 0x0303_0303_0303_0303;
                    let both = two(bits) | two(more) << 4;
                    lines(high)[half * 8 + quarter * 2 + first][lane] =
                        ((both | both >> 30) as Quad).to_le_bytes();
                }
            }
        }
    }
}

/// `[scale: 16 lanes][minimum: 16 lanes][8 scales][16 lanes]`, then minima as
/// `[4 pairs][16 lanes][2]`.
fn scales_and_minima<const BYTES: usize>(blocks: &Blocks<'_, BYTES>, head: &mut [u8]) {
    put_f16(head, blocks, 0);
    put_f16(&mut head[2 * LANES..], blocks, 2);
    let head = &mut head[4 * LANES..];
    for (lane, block) in blocks.iter().enumerate() {
        // Six bits each: of the first four in two words, of the others' low four in the third.
        let [first, second, third] = [4, 8, 12].map(|at| quad_at(*block, at));
        let six = 0x3F3F_3F3F;
        let upper = |word: Quad| (word >> 6 & 0x0303_0303) << 4;
        let scales = [first & six, third & 0x0F0F_0F0F | upper(first)].map(Quad::to_le_bytes);
        let minima =
            [second & six, third >> 4 & 0x0F0F_0F0F | upper(second)].map(Quad::to_le_bytes);
        for (sub, scale) in scales.as_flattened().iter().enumerate() {
            head[sub * LANES + lane] = *scale;
        }
        for (pair, two) in minima.as_flattened().as_chunks::<2>().0.iter().enumerate() {
            head[8 * LANES + (pair * LANES + lane) * 2..][..2].copy_from_slice(two);
        }
    }
}
