//! Every instruction set of this machine against plain arithmetic.

use super::attention::{HEAD, attend};
use super::dot::dots;
use super::elementwise::{Norm, add_and_normalise, gelu, normalise_rms};
use super::linear::{Packed, Rounded, multiply};
use super::*;

/// Numbers that look random and are the same every time: a linear congruence (Knuth).
fn numbers(seed: u64, count: usize, size: f32) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32 * 2.0 - 1.0
    };
    (0..count).map(|_| next() * size).collect()
}

fn q8_0(quants: &[i8], scale: f32) -> Vec<u8> {
    let block = |quants: &[i8]| {
        let mut bytes = half::f16::from_f32(scale).to_le_bytes().to_vec();
        bytes.extend(quants.iter().map(|quant| quant.cast_unsigned()));
        bytes
    };
    quants.chunks(32).flat_map(block).collect()
}

#[track_caller]
fn close(found: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        let off = (found - expected).abs() / expected.abs().max(1.0);
        assert!(off <= tolerance, "{what}: {found} at {place}, expected {expected}");
    }
}

#[test]
fn every_tier_multiplies_like_plain_arithmetic() {
    let (outputs, inputs) = (64, 96);
    let quants: Vec<i8> =
        numbers(1, outputs * inputs, 127.9).into_iter().map(|value| value as i8).collect();
    let packed = Packed::from_q8_0(&[&q8_0(&quants, 0.01)], inputs).expect("whole rows");
    let scale = half::f16::from_f32(0.01).to_f64();
    let bias = numbers(2, outputs, 3.0);
    // Every height of tile, alone and after taller ones.
    for rows in [1, 2, 3, 4, 5, 7, 9, 11, 12, 13, 22, 24, 31, 36, 61] {
        let x = numbers(rows as u64, rows * inputs, 4.0);
        let expected: Vec<f32> = (0..rows * outputs)
            .map(|place| {
                let (row, output) = (place / outputs, place % outputs);
                let dot: f64 = (0..inputs)
                    .map(|input| {
                        f64::from(x[row * inputs + input])
                            * f64::from(quants[output * inputs + input])
                            * scale
                    })
                    .sum();
                (dot + f64::from(bias[output])) as f32
            })
            .collect();
        for tier in Tier::available() {
            let mut out = vec![0.0; rows * outputs];
            multiply(tier, &packed, &Rounded::new(tier, &x, inputs), &bias, &mut out);
            close(&out, &expected, 2e-3, &format!("{tier:?}, {rows} rows"));
        }
    }
}

#[test]
fn the_largest_products_do_not_overflow() {
    let inputs = 64;
    for (quant, value) in [(127, 1.0), (-128, 1.0), (-128, -1.0)] {
        let packed =
            Packed::from_q8_0(&[&q8_0(&vec![quant; 32 * inputs], 1.0)], inputs).expect("rows");
        let x = vec![value; 13 * inputs];
        let expected = vec![f32::from(quant) * value * inputs as f32; 13 * 32];
        for tier in Tier::available() {
            let mut out = vec![0.0; 13 * 32];
            multiply(tier, &packed, &Rounded::new(tier, &x, inputs), &[0.0; 32], &mut out);
            close(&out, &expected, 1e-6, &format!("{tier:?}"));
        }
    }
}

#[test]
fn a_row_comes_out_the_same_whatever_rows_surround_it() {
    let (outputs, inputs) = (32, 64);
    let quants: Vec<i8> =
        numbers(5, outputs * inputs, 127.0).into_iter().map(|value| value as i8).collect();
    let packed = Packed::from_q8_0(&[&q8_0(&quants, 0.02)], inputs).expect("whole rows");
    let bias = vec![0.5; outputs];
    let x = numbers(6, 29 * inputs, 1.0);
    for tier in Tier::available() {
        let mut all = vec![0.0; 29 * outputs];
        multiply(tier, &packed, &Rounded::new(tier, &x, inputs), &bias, &mut all);
        for row in 0..29 {
            let mut alone = vec![0.0; outputs];
            let x = &x[row * inputs..][..inputs];
            multiply(tier, &packed, &Rounded::new(tier, x, inputs), &bias, &mut alone);
            assert_eq!(alone, all[row * outputs..][..outputs], "{tier:?}, row {row}");
        }
    }
}

#[test]
fn rows_of_zeros_and_parts_one_below_the_other() {
    let parts = [q8_0(&[3; 32 * 32], 1.0), q8_0(&[-5; 32 * 32], 0.5)];
    let packed = Packed::from_q8_0(&[&parts[0], &parts[1]], 32).expect("whole rows");
    assert_eq!((packed.outputs(), packed.inputs()), (64, 32));
    for tier in Tier::available() {
        let x = [vec![0.0; 32], vec![1.0; 32]].concat();
        let mut out = vec![9.0; 128];
        multiply(tier, &packed, &Rounded::new(tier, &x, 32), &[0.0; 64], &mut out);
        let expected = [vec![0.0; 64], vec![96.0; 32], vec![-80.0; 32]].concat();
        close(&out, &expected, 1e-6, &format!("{tier:?}"));
    }
}

#[test]
fn matrices_that_do_not_fit_are_not_packed() {
    assert!(Packed::from_q8_0(&[&q8_0(&[1; 16 * 32], 1.0)], 32).is_none());
    assert!(Packed::from_q8_0(&[&q8_0(&[1; 32 * 32], 1.0)[1..]], 32).is_none());
    assert!(Packed::from_q8_0(&[&[]], 0).is_none());
}

#[test]
fn every_tier_knows_gelu() {
    // Every 1/64 from -9 to 9, and candle's own GELU with the exact erf.
    let x: Vec<f32> = (-576..=576).map(|step| step as f32 / 64.0).collect();
    let tensor = candle_core::Tensor::new(x.as_slice(), &candle_core::Device::Cpu);
    let expected: Vec<f32> = tensor.and_then(|x| x.gelu_erf()?.to_vec1()).expect("candle's GELU");
    for tier in Tier::available() {
        let mut found = x.clone();
        gelu(tier, &mut found);
        close(&found, &expected, 2e-6, &format!("{tier:?}"));
    }
}

#[test]
fn every_tier_normalises() {
    let width = 48;
    let norm =
        Norm { weight: numbers(1, width, 2.0), bias: numbers(2, width, 1.0), epsilon: 1e-12 };
    let (x, residual) = (numbers(3, 5 * width, 7.0), numbers(4, 5 * width, 1.0));
    let mut expected = Vec::new();
    for (x, residual) in x.chunks(width).zip(residual.chunks(width)) {
        let sums: Vec<f64> =
            x.iter().zip(residual).map(|(x, y)| f64::from(*x) + f64::from(*y)).collect();
        let mean = sums.iter().sum::<f64>() / width as f64;
        let variance = sums.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / width as f64;
        expected.extend(sums.iter().zip(norm.weight.iter().zip(&norm.bias)).map(|(x, (w, b))| {
            ((x - mean) / variance.sqrt() * f64::from(*w) + f64::from(*b)) as f32
        }));
    }
    for tier in Tier::available() {
        let mut found = x.clone();
        add_and_normalise(tier, &norm, &mut found, &residual);
        close(&found, &expected, 1e-5, &format!("{tier:?}"));
    }
}

#[test]
fn every_tier_normalises_by_the_root_mean_square() {
    for width in [7, 16, 40] {
        let (rows, weight) = (numbers(31, 3 * width, 4.0), numbers(37, width, 2.0));
        let expected: Vec<f32> = rows
            .chunks(width)
            .flat_map(|row| {
                let squares: f64 = row.iter().map(|x| f64::from(*x).powi(2)).sum();
                let root = (squares / width as f64 + 1e-5).sqrt();
                row.iter().zip(&weight).map(move |(x, w)| (f64::from(x * w) / root) as f32)
            })
            .collect();
        for tier in Tier::available() {
            let mut found = rows.clone();
            normalise_rms(tier, &mut found, &weight, 1e-5);
            close(&found, &expected, 1e-6, &format!("{tier:?} {width}"));
        }
    }
}

#[test]
fn every_tier_attends_within_each_sequence() {
    let heads = 2;
    let width = heads * HEAD;
    let lengths = [1, 3, 4, 5, 16, 17, 40];
    let tokens: usize = lengths.iter().sum();
    let rows = numbers(8, tokens * 3 * width, 2.0);
    let mut expected = vec![0.0; tokens * width];
    let mut start = 0;
    for length in lengths {
        for (token, head) in (0..length).flat_map(|token| (0..heads).map(move |head| (token, head)))
        {
            let part = |token: usize, which: usize| {
                &rows[((start + token) * 3 + which) * width + head * HEAD..][..HEAD]
            };
            let weights: Vec<f64> = (0..length)
                .map(|other| {
                    let dot: f64 = part(token, 0)
                        .iter()
                        .zip(part(other, 1))
                        .map(|(q, k)| f64::from(*q) * f64::from(*k))
                        .sum();
                    (dot / (HEAD as f64).sqrt()).exp()
                })
                .collect();
            let all: f64 = weights.iter().sum();
            for dim in 0..HEAD {
                let sum: f64 =
                    (0..length).map(|other| weights[other] * f64::from(part(other, 2)[dim])).sum();
                expected[(start + token) * width + head * HEAD + dim] = (sum / all) as f32;
            }
        }
        start += length;
    }
    for tier in Tier::available() {
        let mut found = vec![0.0; tokens * width];
        attend(tier, heads, &lengths, &rows, &mut found);
        close(&found, &expected, 1e-5, &format!("{tier:?}"));
    }
}

#[test]
fn every_tier_finds_the_same_dot_products() {
    for (len, skip, rows) in [(0, 0, 3), (1, 3, 2), (15, 1, 4), (33, 16, 3), (384, 16, 9)] {
        let stride = skip + len + 1;
        let bytes: Vec<u8> = (0..stride * rows).map(|i| (i * 91 % 255) as u8).collect();
        let question: Vec<i8> = (0..len).map(|i| (i * 37 % 255) as u8 as i8).collect();
        let expected: Vec<i32> = (0..rows)
            .map(|row| {
                let values = &bytes[row * stride + skip..][..len];
                question.iter().zip(values).map(|(a, b)| i32::from(*a) * i32::from(*b as i8)).sum()
            })
            .collect();
        for tier in Tier::available() {
            let mut found = vec![-1; rows];
            dots(tier, &question, &bytes, stride, skip, &mut found);
            assert_eq!(found, expected, "{tier:?}, {len} numbers");
        }
    }
    let mut found = [0];
    dots(Tier::best(), &[-127; 384], &[0x81; 384], 384, 0, &mut found);
    assert_eq!(found, [127 * 127 * 384]);
}
