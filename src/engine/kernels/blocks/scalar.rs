//! What the kernels must give, one number after another.

use half::f16;

use super::{Format, LANES, Matrix, OUTPUTS, Rounded, SUPER};

/// `x Wᵀ`, `[rows, outputs]`, added up in the kernels' order.
pub(super) fn multiply(matrix: &Matrix<'_>, x: &Rounded) -> Vec<f32> {
    let mut out = vec![0.0; x.rows() * matrix.outputs];
    for row in 0..x.rows() {
        for output in 0..matrix.outputs {
            out[row * matrix.outputs + output] = result(matrix, x, row, output);
        }
    }
    out
}

fn result(matrix: &Matrix<'_>, x: &Rounded, row: usize, output: usize) -> f32 {
    let format = matrix.format;
    let blocks = matrix.inputs / format.block();
    let (pair, half, lane) = (output / OUTPUTS, output / LANES % 2, output % LANES);
    let mut total = 0.0_f32;
    for block in 0..blocks {
        let tiles = &matrix.bytes[(pair * blocks + block) * format.pair_bytes()..];
        let head = &tiles[half * format.head_bytes()..][..format.head_bytes()];
        let body = &tiles[2 * format.head_bytes() + half * format.body_bytes()..];
        let body = &body[..format.body_bytes()];
        let at = row * matrix.inputs + block * format.block();
        let values = &x.values[at..][..format.block()];
        let scale = f16_at(head, lane);
        let row_scale = x.scales[row * blocks + block];
        if format.block() == 32 {
            let dot: i32 = (0..32)
                .map(|input| small_weight(format, body, lane, input) * i32::from(values[input]))
                .sum();
            total = (dot as f32).mul_add(scale * row_scale, total);
            continue;
        }
        let (mut scaled, mut least) = (0_i32, 0_i32);
        for input in 0..SUPER {
            let product = weight(format, body, lane, input) * i32::from(values[input]);
            if format == Format::Q6K {
                let group = head[2 * LANES + input / 16 * LANES + lane].cast_signed();
                scaled += product * i32::from(group);
            } else {
                let sub = input / 32;
                scaled += product * i32::from(head[4 * LANES + sub * LANES + lane]);
                let minimum = head[12 * LANES + (sub / 2 * LANES + lane) * 2 + sub % 2];
                least += i32::from(values[input]) * i32::from(minimum);
            }
        }
        total = (scaled as f32).mul_add(scale * row_scale, total);
        if format != Format::Q6K {
            let minimum = f16_at(&head[2 * LANES..], lane);
            total = (-(least as f32)).mul_add(minimum * row_scale, total);
        }
    }
    total
}

fn f16_at(head: &[u8], lane: usize) -> f32 {
    f16::from_le_bytes([head[2 * lane], head[2 * lane + 1]]).to_f32()
}

/// A weight of a block of 32, before its scale.
fn small_weight(format: Format, body: &[u8], lane: usize, input: usize) -> i32 {
    let (quad, byte) = (input / 4, input % 4);
    let at = |step: usize| body[(step * LANES + lane) * 4 + byte];
    let low = || at(quad / 2) >> (quad % 2 * 4) & 15;
    match format {
        Format::Q4_0 => i32::from(low()) - 8,
        Format::Q5_0 => i32::from(low() | (at(4) >> quad & 1) << 4) - 16,
        _ => i32::from(at(quad)) - 128,
    }
}

/// A weight of a super-block, before scales.
fn weight(format: Format, body: &[u8], lane: usize, input: usize) -> i32 {
    let (quad, byte) = (input / 4, input % 4);
    let at = |step: usize| body[(step * LANES + lane) * 4 + byte];
    let low = at(quad / 2) >> (quad % 2 * 4) & 15;
    match format {
        Format::Q5K => i32::from(low | (at(32 + quad / 8) >> (quad % 8) & 1) << 4),
        Format::Q6K => i32::from(low | (at(32 + quad / 4) >> (quad % 4 * 2) & 3) << 4) - 32,
        _ => i32::from(low),
    }
}
