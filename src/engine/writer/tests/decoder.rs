//! The decoder against the reference, and against itself.

use candle_core::quantized::GgmlDType;

use super::kit::{MadeUp, Spec};
use super::reference;
use crate::engine::writer::decoder::{Decoder, Reading};
use crate::engine::writer::device::Backend;
use crate::engine::writer::dice::Dice;
use crate::engine::writer::linear::Activations;
use crate::engine::writer::plan::Plan;
use crate::engine::writer::store::Sequence;
use crate::engine::writer::weights::Weights;

pub(super) const FAMILIES: [&str; 4] = ["llama", "qwen2", "qwen3", "smollm3"];

fn decoder(model: &MadeUp, context: usize, activations: Activations) -> Decoder {
    let saved = model.file.save();
    let weights = Weights::open(&saved.path).expect("a header");
    let plan = Plan::read(&weights).expect("a plan");
    Decoder::read(&weights, plan, context, activations, &Backend::cpu()).expect("a decoder")
}

pub(super) fn ids(count: usize, vocabulary: usize, seed: u64) -> Vec<u32> {
    let mut dice = Dice::new(seed);
    (0..count).map(|_| (dice.bits() % vocabulary as u64) as u32).collect()
}

/// Logits after every token of one pass.
pub(super) fn read(decoder: &Decoder, sequence: &mut Sequence, ids: &[u32]) -> Vec<Vec<f32>> {
    let chosen: Vec<usize> = (0..ids.len()).collect();
    let hidden = decoder.read_tokens(&mut [Reading { sequence, ids, chosen: &chosen }]);
    decoder.logits(&hidden.expect("hidden states").expect("some chosen")).expect("logits")
}

pub(super) fn cosine(a: &[f32], b: &[f64]) -> f64 {
    let dot: f64 = a.iter().zip(b).map(|(a, b)| f64::from(*a) * b).sum();
    let (one, two): (f64, f64) =
        (a.iter().map(|a| f64::from(*a) * f64::from(*a)).sum(), b.iter().map(|b| b * b).sum());
    dot / (one * two).sqrt()
}

#[track_caller]
fn check_parity(spec: Spec, tokens: usize) {
    let (family, kind) = (spec.family, spec.kind);
    let model = MadeUp::new(spec);
    let ids = ids(tokens, model.spec.vocabulary, 9);
    let decoder = decoder(&model, tokens, Activations::Floats);
    let wanted: Vec<usize> = (0..tokens).step_by(tokens.div_ceil(9)).chain([tokens - 1]).collect();
    let mut sequence = decoder.sequence();
    let reading = Reading { sequence: &mut sequence, ids: &ids, chosen: &wanted };
    let hidden = decoder.read_tokens(&mut [reading]).expect("hidden states").expect("some chosen");
    let found = decoder.logits(&hidden).expect("logits");
    let expected = reference::logits(&model, &ids, &wanted);
    for ((found, expected), position) in found.iter().zip(&expected).zip(wanted) {
        let cosine = cosine(found, expected);
        assert!(cosine >= 0.99999, "{family} {kind:?} at {position}: cosine {cosine}");
    }
}

#[test]
fn every_family_gives_the_references_logits() {
    for family in FAMILIES {
        check_parity(Spec::small(family), 120);
    }
    let factors = vec![1.0, 1.0, 1.5, 2.0, 4.0, 8.0, 8.0, 8.0];
    check_parity(Spec { rope_factors: factors, ..Spec::small("llama") }, 400);
    check_parity(Spec { own_head: true, ..Spec::small("qwen3") }, 40);
    check_parity(Spec { heads: 16, key_heads: 4, head_width: 10, ..Spec::small("llama") }, 40);
}

#[test]
fn every_type_of_weights_gives_the_references_logits() {
    use GgmlDType::{BF16, F16, F32, Q2K, Q3K, Q4_0, Q4_1, Q4K, Q5_0, Q5_1, Q5K, Q6K};
    for kind in [F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1] {
        check_parity(Spec { kind, layers: 2, ..Spec::small("qwen3") }, 24);
    }
    for kind in [Q2K, Q3K, Q4K, Q5K, Q6K] {
        let spec = Spec { kind, finer: kind, layers: 2, ..Spec::small("qwen3") };
        check_parity(Spec { width: 256, heads: 16, feed_forward: 512, ..spec }, 24);
    }
}

#[test]
fn far_positions_are_as_exact_as_near_ones() {
    let spec = Spec {
        layers: 2,
        width: 32,
        heads: 2,
        key_heads: 1,
        feed_forward: 32,
        ..Spec::small("qwen3")
    };
    check_parity(spec, 4000);
}

/// Of every way matrices are multiplied in: repacked blocks, plain blocks, floats.
fn specs() -> Vec<Spec> {
    use GgmlDType::{F16, Q4_0, Q4K, Q6K};
    let wide = Spec { layers: 2, width: 256, heads: 16, feed_forward: 512, ..Spec::small("qwen3") };
    vec![
        Spec::small("smollm3"),
        Spec { kind: Q4_0, ..Spec::small("llama") },
        Spec { kind: F16, finer: F16, ..Spec::small("qwen2") },
        wide.clone(),
        Spec { kind: Q4K, finer: Q6K, ..wide },
    ]
}

#[test]
fn a_prefix_and_what_follows_equal_one_pass_over_both() {
    for spec in specs() {
        let model = MadeUp::new(spec);
        let decoder = decoder(&model, 256, Activations::Rounded);
        let ids = ids(90, model.spec.vocabulary, 4);
        let whole = read(&decoder, &mut decoder.sequence(), &ids);
        for cut in [1, 16, 37, 89] {
            let mut first = decoder.sequence();
            let mut parts = read(&decoder, &mut first, &ids[..cut]);
            let mut second = first.share().expect("shared");
            parts.extend(read(&decoder, &mut second, &ids[cut..]));
            assert!(parts == whole, "{} cut at {cut}", model.spec.family);
        }
        let mut sequence = decoder.sequence();
        let single: Vec<Vec<f32>> =
            ids.iter().flat_map(|id| read(&decoder, &mut sequence, &[*id])).collect();
        assert!(single == whole, "{} {:?} token by token", model.spec.family, model.spec.kind);
    }
}

#[test]
fn what_is_rolled_back_was_never_there() {
    let model = MadeUp::new(Spec::small("qwen3"));
    let decoder = decoder(&model, 256, Activations::Rounded);
    let vocabulary = model.spec.vocabulary;
    let (kept, dropped, after) =
        (ids(40, vocabulary, 1), ids(30, vocabulary, 2), ids(20, vocabulary, 3));
    let mut plain = decoder.sequence();
    read(&decoder, &mut plain, &kept);
    let expected = read(&decoder, &mut plain.clone(), &after);

    let mut rolled = plain.clone();
    read(&decoder, &mut rolled, &dropped);
    rolled.truncate(40);
    assert_eq!(rolled.ids(), kept);
    assert!(read(&decoder, &mut rolled, &after) == expected, "within a tail");

    // Back into a shared prefix, which others still stand on.
    let mut longer = plain.clone();
    read(&decoder, &mut longer, &dropped);
    let shared = longer.share().expect("shared");
    let mut rolled = shared.clone();
    read(&decoder, &mut rolled, &ids(9, vocabulary, 8));
    rolled.truncate(40);
    assert!(read(&decoder, &mut rolled, &after) == expected, "into a prefix");
    assert!(
        read(&decoder, &mut rolled.share().expect("shared"), &[7])
            == read(&decoder, &mut rolled, &[7])
    );
    let mut other = shared.clone();
    let mut longer = longer.clone();
    assert!(read(&decoder, &mut other, &after) == read(&decoder, &mut longer, &after));
}

#[test]
fn sequences_packed_together_equal_each_by_itself() {
    for spec in specs() {
        let model = MadeUp::new(spec);
        let decoder = decoder(&model, 256, Activations::Rounded);
        let vocabulary = model.spec.vocabulary;
        let mut prefix = decoder.sequence();
        read(&decoder, &mut prefix, &ids(33, vocabulary, 1));
        let prefix = prefix.share().expect("shared");
        let lengths = [5, 1, 40, 17, 1, 0];
        let texts: Vec<Vec<u32>> =
            (0..).zip(lengths).map(|(seed, length)| ids(length, vocabulary, seed)).collect();
        let mut sequences: Vec<Sequence> = texts.iter().map(|_| prefix.clone()).collect();
        sequences[2] = decoder.sequence();
        let alone: Vec<Vec<Vec<f32>>> = texts
            .iter()
            .zip(&sequences)
            .filter(|(ids, _)| !ids.is_empty())
            .map(|(ids, sequence)| read(&decoder, &mut sequence.clone(), ids))
            .collect();
        let chosen: Vec<Vec<usize>> = texts.iter().map(|ids| (0..ids.len()).collect()).collect();
        let mut readings: Vec<Reading<'_>> = sequences
            .iter_mut()
            .zip(&texts)
            .zip(&chosen)
            .map(|((sequence, ids), chosen)| Reading { sequence, ids, chosen })
            .collect();
        let hidden =
            decoder.read_tokens(&mut readings).expect("hidden states").expect("some chosen");
        let packed = decoder.logits(&hidden).expect("logits");
        assert!(packed == alone.concat(), "{} {:?}", model.spec.family, model.spec.kind);
        assert_eq!(sequences[3].length(), 33 + 17);
    }
}

#[test]
fn chosen_positions_and_rows_are_those_of_the_whole() {
    let model = MadeUp::new(Spec { own_head: true, ..Spec::small("llama") });
    let decoder = decoder(&model, 64, Activations::Rounded);
    let ids = ids(30, model.spec.vocabulary, 5);
    let whole = read(&decoder, &mut decoder.sequence(), &ids);
    let mut sequence = decoder.sequence();
    let reading = Reading { sequence: &mut sequence, ids: &ids, chosen: &[29, 3] };
    let hidden = decoder.read_tokens(&mut [reading]).expect("hidden states").expect("some chosen");
    assert!(decoder.logits(&hidden).expect("logits") == [whole[29].clone(), whole[3].clone()]);
    let some = decoder.logits_of(&hidden, &[40, 2, 77]).expect("logits");
    for (row, whole) in some.iter().zip([&whole[29], &whole[3]]) {
        for (found, id) in row.iter().zip([40, 2, 77]) {
            // The whole head rounds its activations to 8 bits, the chosen rows do not.
            assert!((found - whole[id]).abs() < 0.1, "{found} and {}", whole[id]);
        }
    }
}

#[test]
fn rounding_to_8_bits_moves_logits_only_a_little() {
    let model =
        MadeUp::new(Spec { width: 256, heads: 16, feed_forward: 512, ..Spec::small("qwen3") });
    let ids = ids(48, model.spec.vocabulary, 6);
    let (rounded, exact) =
        (logits(&model, &ids, Activations::Rounded), logits(&model, &ids, Activations::Floats));
    for (rounded, exact) in rounded.iter().zip(&exact) {
        let exact: Vec<f64> = exact.iter().map(|&value| f64::from(value)).collect();
        assert!(cosine(rounded, &exact) > 0.998);
    }
}

fn logits(model: &MadeUp, ids: &[u32], activations: Activations) -> Vec<Vec<f32>> {
    let decoder = decoder(model, ids.len(), activations);
    read(&decoder, &mut decoder.sequence(), ids)
}

/// Types of weights as files have them: of most matrices, and of the finer ones.
const MIXES: [(GgmlDType, GgmlDType); 4] = [
    (GgmlDType::Q8_0, GgmlDType::Q8_0),
    (GgmlDType::Q4K, GgmlDType::Q6K),
    (GgmlDType::Q5K, GgmlDType::Q6K),
    (GgmlDType::Q6K, GgmlDType::Q6K),
];

/// The root of the mean square of what lies between logits.
fn error(found: &[Vec<f32>], exact: &[Vec<f32>]) -> f64 {
    let pairs = || found.iter().flatten().zip(exact.iter().flatten());
    let squares: f64 = pairs().map(|(a, b)| f64::from(a - b).powi(2)).sum();
    (squares / pairs().count() as f64).sqrt()
}

/// Of positions where the exact model's first token leads by more than `lead`: how many there are, and
/// at how many of them the other names another token.
fn other_tokens(found: &[Vec<f32>], exact: &[Vec<f32>], lead: f64) -> (usize, usize) {
    let top = |row: &[f32]| {
        let mut order: Vec<usize> = (0..row.len()).collect();
        order.sort_by(|&a, &b| row[b].total_cmp(&row[a]));
        (order[0], f64::from(row[order[0]] - row[order[1]]))
    };
    let clear: Vec<(usize, usize)> = found
        .iter()
        .zip(exact)
        .map(|(found, exact)| (top(found).0, top(exact)))
        .filter(|(_, (_, by))| *by > lead)
        .map(|(found, (wanted, _))| (found, wanted))
        .collect();
    (clear.len(), clear.iter().filter(|(found, wanted)| found != wanted).count())
}

#[test]
fn own_kernels_round_no_worse_than_candles() {
    for (kind, finer) in MIXES {
        let shape = Spec { width: 256, heads: 16, feed_forward: 512, ..Spec::small("qwen3") };
        let model = MadeUp::new(Spec { kind, finer, ..shape });
        let ids = ids(48, model.spec.vocabulary, 6);
        let exact = logits(&model, &ids, Activations::Floats);
        let ours = logits(&model, &ids, Activations::Rounded);
        let theirs = logits(&model, &ids, Activations::Candle);
        let (our_error, their_error) = (error(&ours, &exact), error(&theirs, &exact));
        assert!(our_error <= 1.1 * their_error, "{kind:?}: {our_error} against {their_error}");
        assert_eq!(other_tokens(&ours, &exact, 4.0 * our_error).1, 0, "{kind:?}");
    }
}

/// Asks `POSTROOM_LLAMA_LOGITS`, which scripts/bench-rounding builds, for llama.cpp's logits.
#[test]
#[ignore = "wants llama.cpp: scripts/bench-rounding"]
fn rounding_beside_llama() {
    let program = std::env::var_os("POSTROOM_LLAMA_LOGITS").expect("a program");
    for (kind, finer) in MIXES {
        let shape = Spec {
            layers: 6,
            width: 1024,
            heads: 16,
            key_heads: 8,
            head_width: 64,
            feed_forward: 3072,
            ..Spec::small("qwen3")
        };
        let model = MadeUp::new(Spec { kind, finer, ..shape });
        let ids = ids(256, model.spec.vocabulary, 6);
        let exact = logits(&model, &ids, Activations::Floats);
        let saved = model.file.save();
        let mut command = std::process::Command::new(&program);
        command.arg(&saved.path).args(ids.iter().map(u32::to_string));
        let said = command.output().expect("llama.cpp runs");
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        let floats: Vec<f32> =
            said.stdout.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        let llama: Vec<Vec<f32>> =
            floats.chunks(model.spec.vocabulary).map(<[f32]>::to_vec).collect();
        for (name, found) in [
            ("ours", logits(&model, &ids, Activations::Rounded)),
            ("candle", logits(&model, &ids, Activations::Candle)),
            ("llama.cpp", llama),
        ] {
            let off = error(&found, &exact);
            let (clear, other) = other_tokens(&found, &exact, 4.0 * off);
            println!(
                "{kind:?}/{finer:?} {name}: error {off:.5}; of {} positions {clear} lead by four \
                 times that, {other} of them name another token",
                ids.len()
            );
        }
    }
}
