//! The decoder by candle's operations alone, as it runs on a GPU: here on the processor.

use std::ops::ControlFlow;

use candle_core::Device;
use candle_core::quantized::GgmlDType;

use super::decoder::{FAMILIES, cosine, ids, read};
use super::kit::{MadeUp, Spec};
use super::reference;
use crate::engine::writer::decoder::{Decoder, Reading};
use crate::engine::writer::device::{Backend, Way};
use crate::engine::writer::linear::Activations;
use crate::engine::writer::plan::Plan;
use crate::engine::writer::store::Sequence;
use crate::engine::writer::weights::Weights;
use crate::engine::{Generation, Role, Turn, Writer, WriterOptions};

fn tensors() -> Backend {
    Backend { name: "cpu", device: Device::Cpu, way: Way::Tensors }
}

fn decoder(model: &MadeUp, backend: &Backend) -> Decoder {
    let saved = model.file.save();
    let weights = Weights::open(&saved.path).expect("a header");
    let plan = Plan::read(&weights).expect("a plan");
    Decoder::read(&weights, plan, 256, Activations::Floats, backend).expect("a decoder")
}

#[track_caller]
fn check(found: &[Vec<f32>], expected: &[Vec<f32>]) {
    assert!(!found.is_empty() && found.len() == expected.len());
    for (place, (found, expected)) in found.iter().zip(expected).enumerate() {
        let expected: Vec<f64> = expected.iter().map(|&value| f64::from(value)).collect();
        let cosine = cosine(found, &expected);
        assert!(cosine >= 0.99999, "row {place}: cosine {cosine}");
    }
}

fn specs() -> Vec<Spec> {
    let mut specs: Vec<Spec> = FAMILIES.map(Spec::small).to_vec();
    specs.push(Spec { heads: 16, key_heads: 4, head_width: 10, ..Spec::small("llama") });
    specs.push(Spec { rope_factors: vec![1.5; 8], own_head: true, ..Spec::small("llama") });
    specs.push(Spec { kind: GgmlDType::F16, own_head: true, ..Spec::small("qwen3") });
    specs
}

#[test]
fn tensors_give_the_logits_of_the_loops_and_of_the_reference() {
    for spec in specs() {
        let model = MadeUp::new(spec);
        let ids = ids(90, model.spec.vocabulary, 9);
        let (loops, tensors) = (decoder(&model, &Backend::cpu()), decoder(&model, &tensors()));
        let found = read(&tensors, &mut tensors.sequence(), &ids);
        check(&found, &read(&loops, &mut loops.sequence(), &ids));
        let expected = reference::logits(&model, &ids, &[0, 40, 89]);
        for (place, expected) in [0, 40, 89].into_iter().zip(&expected) {
            assert!(cosine(&found[place], expected) >= 0.99999, "{}", model.spec.family);
        }
    }
}

#[test]
fn a_prefix_in_tensors_and_what_follows_equal_one_pass_over_both() {
    for spec in specs() {
        let model = MadeUp::new(spec);
        let decoder = decoder(&model, &tensors());
        let ids = ids(60, model.spec.vocabulary, 4);
        let whole = read(&decoder, &mut decoder.sequence(), &ids);
        for cut in [1, 16, 59] {
            let mut first = decoder.sequence();
            let mut parts = read(&decoder, &mut first, &ids[..cut]);
            let mut second = first.share().expect("shared");
            assert!(second.prefix_bytes() > 0);
            parts.extend(read(&decoder, &mut second, &ids[cut..]));
            check(&parts, &whole);
        }
        let mut sequence = decoder.sequence();
        let single: Vec<Vec<f32>> =
            ids.iter().flat_map(|id| read(&decoder, &mut sequence, &[*id])).collect();
        check(&single, &whole);
    }
}

#[test]
fn what_is_rolled_back_in_tensors_was_never_there() {
    for family in FAMILIES {
        let model = MadeUp::new(Spec::small(family));
        let decoder = decoder(&model, &tensors());
        let ids = |count, seed| ids(count, model.spec.vocabulary, seed);
        let (kept, dropped, after) = (ids(40, 1), ids(30, 2), ids(20, 3));
        let mut plain = decoder.sequence();
        read(&decoder, &mut plain, &kept);
        let expected = read(&decoder, &mut plain.clone(), &after);

        let mut rolled = plain.clone();
        read(&decoder, &mut rolled, &dropped);
        rolled.truncate(40);
        assert!(read(&decoder, &mut rolled, &after) == expected, "within a tail");

        // Back into a shared prefix, which others still stand on.
        let mut longer = plain.clone();
        read(&decoder, &mut longer, &dropped);
        let shared = longer.share().expect("shared");
        let mut rolled = shared.clone();
        read(&decoder, &mut rolled, &ids(9, 8));
        rolled.truncate(40);
        assert!(read(&decoder, &mut rolled, &after) == expected, "into a prefix");
        let joined = read(&decoder, &mut rolled.share().expect("shared"), &[7]);
        check(&joined, &read(&decoder, &mut rolled, &[7]));
        check(&read(&decoder, &mut shared.clone(), &after), &read(&decoder, &mut longer, &after));
    }
}

#[test]
fn sequences_packed_in_tensors_equal_each_by_itself() {
    for spec in specs() {
        let model = MadeUp::new(spec);
        let decoder = decoder(&model, &tensors());
        let ids = |count, seed| ids(count, model.spec.vocabulary, seed);
        let mut prefix = decoder.sequence();
        read(&decoder, &mut prefix, &ids(33, 1));
        let prefix = prefix.share().expect("shared");
        let lengths = [5, 1, 40, 17, 1, 0];
        let texts: Vec<Vec<u32>> =
            (0..).zip(lengths).map(|(seed, length)| ids(length, seed)).collect();
        let mut sequences: Vec<Sequence> = texts.iter().map(|_| prefix.clone()).collect();
        sequences[2] = decoder.sequence();
        // Of some all rows, of some the last, of one none.
        let chosen = [vec![0, 1, 4], vec![0], vec![], vec![16], vec![0], vec![]];
        let mut alone = Vec::new();
        for ((ids, sequence), chosen) in texts.iter().zip(&sequences).zip(&chosen) {
            if !ids.is_empty() {
                let rows = read(&decoder, &mut sequence.clone(), ids);
                alone.extend(chosen.iter().map(|&row: &usize| rows[row].clone()));
            }
        }
        let mut readings: Vec<Reading<'_>> = sequences
            .iter_mut()
            .zip(&texts)
            .zip(&chosen)
            .map(|((sequence, ids), chosen)| Reading { sequence, ids, chosen })
            .collect();
        let hidden = decoder.read_tokens(&mut readings).expect("a pass").expect("some chosen");
        check(&decoder.logits(&hidden).expect("logits"), &alone);
        let next = [read(&decoder, &mut sequences[2], &[5]), {
            let mut whole = decoder.sequence();
            read(&decoder, &mut whole, &texts[2]);
            read(&decoder, &mut whole, &[5])
        }];
        check(&next[0], &next[1]);
    }
}

#[test]
fn a_writer_of_tensors_writes_what_one_of_loops_does() {
    let model = MadeUp::new(Spec::small("qwen3"));
    let saved = model.file.save();
    let options = WriterOptions { activations: Activations::Floats, ..WriterOptions::default() };
    let open = |gpu: Option<Backend>| {
        let weights = Weights::open(&saved.path).expect("a header");
        Writer::open_on(weights, &options, |needed_bytes| {
            assert!(needed_bytes > 512 << 20);
            Ok(gpu)
        })
        .expect("a writer")
    };
    let write = |writer: &Writer| {
        let turns = [Turn { role: Role::User, text: "when the time comes".to_owned() }];
        let prompt = writer.prompt(&turns).expect("a prompt");
        let prefix = writer.prefix(&prompt).expect("a prefix");
        let generation = Generation { tokens_max: 24, ..Generation::default() };
        let hear = &mut |_: &str| ControlFlow::Continue(());
        writer.generate(Some(&prefix), &prompt, &generation, hear).expect("an answer").text
    };
    let (loops, tensors) = (open(None), open(Some(Backend { name: "cuda", ..tensors() })));
    assert_eq!((loops.device().name, tensors.device().name), ("cpu", "cuda"));
    let text = write(&loops);
    assert!(!text.is_empty());
    assert_eq!(write(&tensors), text);
}
