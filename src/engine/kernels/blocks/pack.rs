//! From a file's blocks to tiles.

use super::{Format, LANES, OUTPUTS, SUPER};

/// Four weights of one output, a byte each.
type Quad = u32;

pub(super) fn pack(format: Format, source: &[u8], inputs: usize, target: &mut [u8]) {
    let blocks = inputs / format.block();
    let row_bytes = blocks * format.file_bytes();
    let outputs = source.len() / row_bytes;
    assert_eq!(source.len(), outputs * row_bytes, "whole rows");
    assert_eq!(Some(target.len()), format.packed_bytes(outputs, inputs), "room for the tiles");
    let pairs = source.chunks_exact(OUTPUTS * row_bytes);
    for (rows, tiles) in pairs.zip(target.chunks_exact_mut(blocks * format.pair_bytes())) {
        for (block, pair) in tiles.chunks_exact_mut(format.pair_bytes()).enumerate() {
            let (heads, bodies) = pair.split_at_mut(2 * format.head_bytes());
            let halves = heads
                .chunks_exact_mut(format.head_bytes())
                .zip(bodies.chunks_exact_mut(format.body_bytes()));
            for (half, (head, body)) in halves.enumerate() {
                for lane in 0..LANES {
                    let row = &rows[(half * LANES + lane) * row_bytes..][..row_bytes];
                    let block = &row[block * format.file_bytes()..][..format.file_bytes()];
                    match format {
                        Format::Q8_0 => q8_0(block, lane, head, body),
                        Format::Q4K => q4_k(block, lane, head, body),
                        Format::Q5K => q5_k(block, lane, head, body),
                        Format::Q6K => q6_k(block, lane, head, body),
                    }
                }
            }
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

/// Puts a quad where the lane's quads of the `step`th 64 bytes are.
fn put(body: &mut [u8], step: usize, lane: usize, quad: Quad) {
    body[(step * LANES + lane) * 4..][..4].copy_from_slice(&quad.to_le_bytes());
}

fn put_f16(head: &mut [u8], lane: usize, bytes: &[u8]) {
    head[2 * lane..][..2].copy_from_slice(bytes);
}

fn q8_0(block: &[u8], lane: usize, head: &mut [u8], body: &mut [u8]) {
    put_f16(head, lane, &block[..2]);
    for quad in 0..8 {
        // Turning the highest bit adds 128.
        put(body, quad, lane, quad_at(&block[2..], quad) ^ 0x8080_8080);
    }
}

fn q4_k(block: &[u8], lane: usize, head: &mut [u8], body: &mut [u8]) {
    scales_and_minima(block, lane, head);
    low_bits(&unpacked_4(&block[16..]), lane, body);
}

fn q5_k(block: &[u8], lane: usize, head: &mut [u8], body: &mut [u8]) {
    scales_and_minima(block, lane, head);
    let (high, low) = block[16..].split_at(32);
    low_bits(&unpacked_4(low), lane, body);
    let body = &mut body[SUPER * LANES / 2..];
    for sub in 0..8 {
        let mut bits = 0;
        for quad in 0..8 {
            bits |= (quad_at(high, quad) >> sub & 0x0101_0101) << quad;
        }
        put(body, sub, lane, bits);
    }
}

fn q6_k(block: &[u8], lane: usize, head: &mut [u8], body: &mut [u8]) {
    let (low, rest) = block.split_at(128);
    let (high, rest) = rest.split_at(64);
    let (scales, scale) = rest.split_at(16);
    put_f16(head, lane, scale);
    for (group, scale) in scales.iter().enumerate() {
        head[2 * LANES + group * LANES + lane] = *scale;
    }
    // Halves of 128 weights; in each, quarters of 32: low bits in two runs of 32 bytes, high bits
    // in one of 32, two for each quarter.
    let mut quads = [0; SUPER / 4];
    let mut highs = [0; SUPER / 4];
    for half in 0..2 {
        for quarter in 0..4 {
            for quad in 0..8 {
                let from = half * 16 + quarter % 2 * 8 + quad;
                let to = half * 32 + quarter * 8 + quad;
                quads[to] = quad_at(low, from) >> (quarter / 2 * 4) & 0x0F0F_0F0F;
                highs[to] = quad_at(high, half * 8 + quad) >> (2 * quarter) & 0x0303_0303;
            }
        }
    }
    low_bits(&quads, lane, body);
    let body = &mut body[SUPER * LANES / 2..];
    for (step, four) in highs.as_chunks::<4>().0.iter().enumerate() {
        put(body, step, lane, four[0] | four[1] << 2 | four[2] << 4 | four[3] << 6);
    }
}

/// Weights of 4 bits: 32 in the low halves of 32 bytes, the next 32 in the high ones.
fn unpacked_4(low: &[u8]) -> [Quad; SUPER / 4] {
    let mut quads = [0; SUPER / 4];
    for (to, quad) in quads.iter_mut().enumerate() {
        let (chunk, half, at) = (to / 16, to / 8 % 2, to % 8);
        *quad = quad_at(low, chunk * 8 + at) >> (4 * half) & 0x0F0F_0F0F;
    }
    quads
}

/// Quads of 4 bits, two in each 64 bytes: the even one low, the odd one high.
fn low_bits(quads: &[Quad; SUPER / 4], lane: usize, body: &mut [u8]) {
    for (step, two) in quads.as_chunks::<2>().0.iter().enumerate() {
        put(body, step, lane, two[0] | two[1] << 4);
    }
}

/// `[scale: 16 lanes][minimum: 16 lanes][8 scales][16 lanes]`, then minima as
/// `[4 pairs][16 lanes][2]`.
fn scales_and_minima(block: &[u8], lane: usize, head: &mut [u8]) {
    put_f16(head, lane, &block[..2]);
    put_f16(&mut head[2 * LANES..], lane, &block[2..4]);
    let packed = &block[4..16];
    let head = &mut head[4 * LANES..];
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
