use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};

use super::scalar;
use super::{Format, Matrix, Product, Rounded, SUPER, Share, multiply, supported};
use crate::engine::kernels::Tier;

const FORMATS: [(Format, GgmlDType); 6] = [
    (Format::Q4_0, GgmlDType::Q4_0),
    (Format::Q5_0, GgmlDType::Q5_0),
    (Format::Q8_0, GgmlDType::Q8_0),
    (Format::Q4K, GgmlDType::Q4K),
    (Format::Q5K, GgmlDType::Q5K),
    (Format::Q6K, GgmlDType::Q6K),
];

fn alone() -> Share<'static> {
    &|count, work| work(0..count)
}

/// Numbers like noise, the same each time.
fn noise(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next() + next() * next()).collect()
}

/// Every kernel this machine can run.
fn kernels() -> impl Iterator<Item = (Tier, (Format, GgmlDType))> {
    let tiers = Tier::available().into_iter().filter(|tier| supported(*tier));
    tiers.flat_map(|tier| FORMATS.map(|format| (tier, format)))
}

/// A matrix as it stands in a file, and its bytes packed.
fn packed(
    floats: &[f32],
    shape: (usize, usize),
    format: (Format, GgmlDType),
) -> (QTensor, Vec<u8>) {
    let (outputs, inputs) = shape;
    let tensor = Tensor::from_slice(floats, shape, &Device::Cpu).unwrap();
    let blocks = QTensor::quantize(&tensor, format.1).unwrap();
    let mut bytes = vec![0; format.0.packed_bytes(outputs, inputs).unwrap()];
    format.0.pack(&blocks.data().unwrap(), inputs, &mut bytes);
    (blocks, bytes)
}

fn product(tier: Tier, matrix: Matrix<'_>, rows: &[f32]) -> Vec<f32> {
    let x = Rounded::new(tier, rows, matrix.inputs, matrix.format.grain(), alone());
    let mut out = vec![f32::NAN; x.rows() * matrix.outputs];
    multiply(tier, &mut [Product { matrix, x: &x, out: &mut out }], alone());
    out
}

#[test]
fn what_is_packed_is_what_stood_in_the_file() {
    for format in FORMATS {
        let (outputs, inputs) = (64, 512);
        let (blocks, bytes) = packed(&noise(outputs * inputs, 3), (outputs, inputs), format);
        let matrix = Matrix { format: format.0, outputs, inputs, bytes: &bytes };
        let weights: Vec<Vec<f32>> = blocks.dequantize(&Device::Cpu).unwrap().to_vec2().unwrap();
        // A row of a single 1 finds the weights of its input, but for the last bits of a minimum taken off.
        for input in [0, 5, 31, 32, 63, 100, 255, 256, 400, 511] {
            let mut row = vec![0.0; inputs];
            row[input] = 1.0;
            let x = Rounded::new(Tier::best(), &row, inputs, format.0.grain(), alone());
            for (output, found) in scalar::multiply(&matrix, &x).into_iter().enumerate() {
                let wanted = weights[output][input];
                let near = (found - wanted).abs() <= 1e-6;
                assert!(near, "{format:?} {output} {input}: {found}, in the file {wanted}");
            }
        }
    }
}

#[test]
fn kernels_give_what_one_number_after_another_gives() {
    for (tier, format) in kernels() {
        for (rows, outputs, inputs) in [(1, 32, 256), (2, 64, 512), (23, 96, 1280)] {
            let floats = noise(outputs * inputs, 5);
            let (_, bytes) = packed(&floats, (outputs, inputs), format);
            let matrix = Matrix { format: format.0, outputs, inputs, bytes: &bytes };
            let x = noise(rows * inputs, 7);
            let rounded = Rounded::new(tier, &x, inputs, format.0.grain(), alone());
            let wanted = scalar::multiply(&matrix, &rounded);
            assert_eq!(
                product(tier, matrix, &x),
                wanted,
                "{tier:?} {format:?} {rows} {outputs} {inputs}"
            );
        }
    }
}

#[test]
fn the_largest_numbers_do_not_run_over() {
    for (tier, format) in kernels() {
        for sign in [1.0, -1.0] {
            let (outputs, inputs) = (32, 512);
            // Every weight at an end of its range, every activation at the end of its own.
            let ends = |at: usize| if at.is_multiple_of(outputs) { sign } else { -sign };
            let floats: Vec<f32> = (0..outputs * inputs).map(ends).collect();
            let (_, mut bytes) = packed(&floats, (outputs, inputs), format);
            if format.0.block() == SUPER {
                // Scales, minima and weights of all bits.
                bytes.iter_mut().for_each(|byte| *byte = 0x3F);
            }
            let matrix = Matrix { format: format.0, outputs, inputs, bytes: &bytes };
            let x = vec![sign; inputs];
            let rounded = Rounded::new(tier, &x, inputs, format.0.grain(), alone());
            let found = product(tier, matrix, &x);
            assert!(found.iter().all(|value| value.is_finite()), "{tier:?} {format:?}");
            assert_eq!(found, scalar::multiply(&matrix, &rounded), "{tier:?} {format:?}");
        }
    }
}

#[test]
fn a_row_does_not_depend_on_the_rows_beside_it() {
    for (tier, format) in kernels() {
        let (rows, outputs, inputs) = (17, 64, 768);
        let (_, bytes) = packed(&noise(outputs * inputs, 11), (outputs, inputs), format);
        let matrix = Matrix { format: format.0, outputs, inputs, bytes: &bytes };
        let x = noise(rows * inputs, 13);
        let together = product(tier, matrix, &x);
        for (row, wanted) in x.chunks(inputs).zip(together.chunks(outputs)) {
            assert_eq!(product(tier, matrix, row), wanted, "{tier:?} {format:?}");
        }
    }
}

#[test]
fn activations_are_rounded_as_well_as_candle_rounds_them() {
    for (tier, format) in kernels() {
        let (rows, outputs, inputs) = (8, 256, 1024);
        let (blocks, bytes) = packed(&noise(outputs * inputs, 17), (outputs, inputs), format);
        let matrix = Matrix { format: format.0, outputs, inputs, bytes: &bytes };
        let x = noise(rows * inputs, 19);
        let ours = product(tier, matrix, &x);
        let input = Tensor::from_slice(&x, (rows, inputs), &Device::Cpu).unwrap();
        let weights = blocks.dequantize(&Device::Cpu).unwrap();
        let exact = input.matmul(&weights.t().unwrap()).unwrap();
        let exact: Vec<f32> = exact.flatten_all().unwrap().to_vec1().unwrap();
        let theirs = input.apply_op1_no_bwd(&blocks).unwrap();
        let theirs: Vec<f32> = theirs.flatten_all().unwrap().to_vec1().unwrap();
        let error = |found: &[f32]| {
            let squares = found.iter().zip(&exact).map(|(a, b)| f64::from(a - b).powi(2));
            (squares.sum::<f64>() / exact.len() as f64).sqrt()
        };
        let (ours, theirs) = (error(&ours), error(&theirs));
        assert!(ours <= 1.1 * theirs, "{tier:?} {format:?}: {ours} against candle's {theirs}");
    }
}

/// How many products of two numbers a second, in billions, one thread: in cache, by rows at once.
#[test]
#[ignore = "a measurement: run it alone, optimised"]
fn speed() {
    let (outputs, inputs) = (1024, 1024);
    for (tier, format) in kernels() {
        let (_, bytes) = packed(&noise(outputs * inputs, 23), (outputs, inputs), format);
        let matrix = Matrix { format: format.0, outputs, inputs, bytes: &bytes };
        let rates = [1, 6, 48].map(|rows| {
            let floats = noise(rows * inputs, 29);
            let x = Rounded::new(tier, &floats, inputs, format.0.grain(), alone());
            let mut out = vec![0.0; rows * outputs];
            let (mut done, start) = (0, std::time::Instant::now());
            while start.elapsed().as_millis() < 200 {
                multiply(tier, &mut [Product { matrix, x: &x, out: &mut out }], alone());
                done += rows * outputs * inputs;
            }
            done as f64 / start.elapsed().as_secs_f64() / 1e9
        });
        println!("{tier:?} {:?}: {rates:.0?}", format.0);
    }
}
