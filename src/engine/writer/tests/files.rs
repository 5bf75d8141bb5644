//! Files the writer must refuse, each in one line that says what is wrong.

use std::error::Error as _;
use std::path::Path;

use super::kit::{Entry, File, MadeUp, Spec, save};
use crate::engine::Error;
use crate::engine::writer::decoder::Decoder;
use crate::engine::writer::device::Backend;
use crate::engine::writer::linear::Activations;
use crate::engine::writer::plan::Plan;
use crate::engine::writer::weights::Weights;

fn open(path: &Path) -> Result<Decoder, Error> {
    let weights = Weights::open(path)?;
    let plan = Plan::read(&weights)?;
    Decoder::read(&weights, plan, 64, Activations::Rounded, &Backend::cpu())
}

#[track_caller]
fn check_bytes(bytes: &[u8], expected: &str) {
    let saved = save(bytes);
    let error = open(&saved.path).err().expect("an error");
    let mut line = error.to_string();
    if let Some(source) = error.source() {
        line = format!("{line}: {source}");
    }
    assert!(line.contains(expected), "{line}, expected {expected}");
    assert!(line.len() < 300 && !line.contains('\n'), "{line}");
}

#[track_caller]
fn check(change: impl FnOnce(&mut File), expected: &str) {
    let mut file = MadeUp::new(Spec { layers: 1, ..Spec::small("qwen3") }).file;
    change(&mut file);
    check_bytes(&file.bytes(), expected);
}

#[test]
fn foreign_and_truncated_files_are_refused() {
    check_bytes(b"", "it is empty");
    check_bytes(b"PK\x03\x04 a zip file, perhaps", "it is not a GGUF file");
    check_bytes(b"GGUF", "wants 4 bytes more at 4, and the file ends at 4");
    check_bytes(b"GGUF\x01\0\0\0\0\0\0\0\0\0\0\0", "its version is 1");
    let whole = MadeUp::new(Spec { layers: 1, ..Spec::small("llama") }).file.bytes();
    for length in [5, 30, 200, 1_000, 3_000] {
        check_bytes(&whole[..length], "made-up.gguf cannot be read: ");
    }
    check_bytes(&whole[..whole.len() - 64], "beyond the end of the file");
    let missing = open(Path::new("/nowhere/model.gguf")).err().expect("an error");
    assert_eq!(missing.to_string(), "opening model.gguf");
}

#[test]
fn every_cut_of_a_header_is_an_error_and_no_panic() {
    let file = MadeUp::new(Spec { layers: 1, ..Spec::small("qwen2") }).file;
    let whole = file.bytes();
    let tensors: usize = file.tensors.iter().map(|t| t.bytes.len().next_multiple_of(32)).sum();
    for length in (0..whole.len() - tensors).step_by(7) {
        let header = crate::engine::writer::header::Header::parse("cut", &whole[..length]);
        assert!(header.is_err(), "{length} bytes");
    }
}

#[test]
fn lying_counts_are_refused_before_memory_is_taken() {
    let count = |tensors: u64, values: u64| {
        let mut bytes = b"GGUF\x03\0\0\0".to_vec();
        bytes.extend(tensors.to_le_bytes());
        bytes.extend(values.to_le_bytes());
        bytes
    };
    check_bytes(&count(u64::MAX, 1), "it announces 18446744073709551615 tensors");
    let mut bytes = count(0, 1);
    bytes.extend((u64::MAX - 3).to_le_bytes());
    check_bytes(&bytes, "it announces a list of 18446744073709551612 where 0 bytes are left");
    let mut bytes = count(0, 1);
    bytes.extend([1, 0, 0, 0, 0, 0, 0, 0, b'k', 9, 0, 0, 0, 4, 0, 0, 0]);
    bytes.extend((1_u64 << 62).to_le_bytes());
    check_bytes(&bytes, "a list of 4611686018427387904");
    check(
        |file| file.tensor("output_norm.weight").dims = vec![1 << 40, 1 << 40],
        "tensor output_norm.weight has shape",
    );
    check(
        |file| file.tensor("output_norm.weight").dims = vec![1 << 30],
        "beyond the end of the file's",
    );
}

#[test]
fn types_that_cannot_be_read_are_refused_by_name() {
    check(
        |file| file.tensor("blk.0.ffn_up.weight").kind = 23,
        "tensor blk.0.ffn_up.weight is IQ4_XS, a type this build cannot read",
    );
    check(|file| file.tensor("blk.0.ffn_up.weight").kind = 39, "is MXFP4, a type");
    check(|file| file.tensor("blk.0.ffn_up.weight").kind = 9, "is Q8_1, a type");
    check(|file| file.tensor("blk.0.ffn_up.weight").kind = 777, "is type 777, a type");
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    check(|file| file.remove("blk.0.attn_k.weight"), "tensor blk.0.attn_k.weight is missing");
    check(|file| file.remove("token_embd.weight"), "tensor token_embd.weight is missing");
    check(|file| file.remove("blk.0.attn_q_norm.weight"), "attn_q_norm.weight is missing");
    check(
        |file| file.tensor("blk.0.ffn_up.weight").dims = vec![64, 96],
        "has shape [64, 96], expected [96, 64]",
    );
    check(
        |file| file.set("qwen3.attention.head_count_kv", Entry::Number(3)),
        "is 3, which does not divide 4 heads",
    );
    check(
        |file| {
            let stray = file.tensor("output_norm.weight").clone();
            file.tensors
                .push(super::kit::Written { name: "blk.0.attn_output.bias".into(), ..stray });
        },
        "tensor blk.0.attn_output.bias is not expected",
    );
    check(
        |file| {
            let twice = file.tensor("output_norm.weight").clone();
            file.tensors.push(twice);
        },
        "tensor output_norm.weight is there twice",
    );
}

#[test]
fn metadata_that_cannot_be_used_is_refused() {
    let number =
        |key: &'static str, number| move |file: &mut File| file.set(key, Entry::Number(number));
    let text = |key: &'static str, text: &'static str| {
        move |file: &mut File| file.set(key, Entry::Text(text.to_owned()))
    };
    check(text("general.architecture", "gemma3"), "is \"gemma3\", expected one of llama, qwen2");
    check(|file| file.remove("general.architecture"), "general.architecture is missing");
    check(|file| file.remove("qwen3.block_count"), "qwen3.block_count is missing");
    check(number("qwen3.block_count", 0), "is 0, expected 1 to");
    check(number("qwen3.block_count", 2), "tensor blk.1.attn_q.weight is missing");
    check(number("qwen3.attention.head_count", 4_000_000), "expected 1 to 1024");
    check(text("qwen3.embedding_length", "64"), "qwen3.embedding_length is not a whole number");
    check(number("general.alignment", 24), "is 24, expected a power of two");
    check(number("qwen3.expert_count", 8), "qwen3.expert_count is more than 0");
    check(number("qwen3.rope.dimension_count", 8), "is 8, expected 16");
    check(text("qwen3.rope.scaling.type", "yarn"), "is \"yarn\", expected none or linear");
    check(
        |file| file.set("qwen3.attention.layer_norm_rms_epsilon", Entry::Float(f32::NAN)),
        "is NaN, expected more than 0",
    );
    check(
        |file| {
            file.tensor("output_norm.weight").bytes[..4].copy_from_slice(&f32::NAN.to_le_bytes());
        },
        "output_norm.weight holds numbers that are not finite",
    );
}
