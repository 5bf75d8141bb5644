//! A tiny model that was really trained: the ids it is known to write.

use std::fs;

use super::data::data;
use super::kit::{Entry, File, Written};
use crate::engine::writer::decoder::{Decoder, Reading};
use crate::engine::writer::device::Backend;
use crate::engine::writer::linear::Activations;
use crate::engine::writer::plan::Plan;
use crate::engine::writer::sample::likeliest;
use crate::engine::writer::weights::Weights;

/// The file of llama2.c (`legacy_export` of its `export.py`) as GGUF.
fn stories() -> Option<File> {
    let path = data("stories260K/stories260K.dequant-f32.llama2c.bin")?;
    let bytes = fs::read(path).expect("a file");
    let (words, _) = bytes.as_chunks::<4>();
    let head: Vec<usize> =
        words[..7].iter().map(|&word| i32::from_le_bytes(word) as usize).collect();
    let [width, feed, layers, heads, key_heads, vocabulary, context] = head[..] else {
        panic!("seven numbers")
    };
    let keys = width / heads * key_heads;
    let mut file = File::default();
    file.set("general.architecture", Entry::Text("llama".to_owned()));
    for (key, number) in [
        ("block_count", layers),
        ("context_length", context),
        ("embedding_length", width),
        ("feed_forward_length", feed),
        ("attention.head_count", heads),
        ("attention.head_count_kv", key_heads),
    ] {
        file.set(&format!("llama.{key}"), Entry::Number(number as u32));
    }
    file.set("llama.attention.layer_norm_rms_epsilon", Entry::Float(1e-5));
    let mut rest = &words[7..];
    let mut take = |count: usize| {
        let (taken, after) = rest.split_at(count);
        rest = after;
        taken.as_flattened().to_vec()
    };
    let mut tensors = Vec::new();
    let mut add = |name: String, dims: &[usize], bytes: Vec<u8>| {
        tensors.push(Written { name, dims: dims.to_vec(), kind: 0, bytes });
    };
    add("token_embd.weight".to_owned(), &[vocabulary, width], take(vocabulary * width));
    for (name, dims) in [
        ("attn_norm", &[width][..]),
        ("attn_q", &[width, width]),
        ("attn_k", &[keys, width]),
        ("attn_v", &[keys, width]),
        ("attn_output", &[width, width]),
        ("ffn_norm", &[width]),
        ("ffn_gate", &[feed, width]),
        ("ffn_down", &[width, feed]),
        ("ffn_up", &[feed, width]),
    ] {
        for layer in 0..layers {
            let bytes = take(dims.iter().product());
            add(format!("blk.{layer}.{name}.weight"), dims, bytes);
        }
    }
    add("output_norm.weight".to_owned(), &[width], take(width));
    file.tensors = tensors;
    Some(file)
}

#[test]
fn a_trained_model_writes_the_ids_it_is_known_for() {
    let Some(file) = stories() else { return };
    let saved = file.save();
    for activations in [Activations::Rounded, Activations::Floats] {
        let weights = Weights::open(&saved.path).expect("a header");
        let plan = Plan::read(&weights).expect("a plan");
        let decoder =
            Decoder::read(&weights, plan, 64, activations, &Backend::cpu()).expect("a decoder");
        let mut sequence = decoder.sequence();
        let mut ids = vec![1];
        while ids.len() < 11 {
            let ids_read = [ids[ids.len() - 1]];
            let reading = Reading { sequence: &mut sequence, ids: &ids_read, chosen: &[0] };
            let hidden = decoder.read_tokens(&mut [reading]).expect("a pass").expect("a row");
            let logits = decoder.logits(&hidden).expect("logits");
            ids.push(likeliest(&logits[0]).expect("a token").0);
        }
        assert_eq!(ids, [1, 403, 407, 261, 378, 432, 383, 286, 261, 376, 298]);
    }
}
