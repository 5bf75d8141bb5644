//! GGUF files made for tests: whole, small or not so small, and without meaning.

use sha2::{Digest as _, Sha256};

const WIDTH: u64 = 32;
const SIGNS: [&str; 3] = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
const TEMPLATE: &str = "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + \
    '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

/// A model that can be run, of `architecture`: one layer of 32 floats, random weights, bytes for
/// tokens. At least `bytes` of numbers that do not pack lie beside them.
pub(crate) fn gguf(architecture: &str, bytes: usize) -> Vec<u8> {
    let key = |name: &str| format!("{architecture}.{name}");
    let mut values = Values::default();
    values.text("general.architecture", architecture);
    values.text("general.license", "apache-2.0");
    for (name, number) in [
        ("context_length", 2_048),
        ("block_count", 1),
        ("embedding_length", 32),
        ("feed_forward_length", 32),
        ("attention.head_count", 2),
        ("attention.head_count_kv", 1),
    ] {
        values.number(&key(name), number);
    }
    values.float(&key("attention.layer_norm_rms_epsilon"), 1e-6);
    values.float(&key("rope.freq_base"), 10_000.0);
    values.text("tokenizer.ggml.model", "gpt2");
    values.text("tokenizer.ggml.pre", "qwen2");
    let letters = (0..=255_u8).map(|byte| letter(byte).to_string());
    let tokens: Vec<String> = letters.chain(SIGNS.map(str::to_owned)).collect();
    values.texts("tokenizer.ggml.tokens", &tokens);
    let kinds: Vec<i32> = (0..tokens.len()).map(|id| if id < 256 { 1 } else { 3 }).collect();
    values.numbers("tokenizer.ggml.token_type", &kinds);
    values.texts("tokenizer.ggml.merges", &[]);
    values.number("tokenizer.ggml.eos_token_id", 258);
    values.text("tokenizer.chat_template", TEMPLATE);
    let count = tokens.len() as u64;
    let mut tensors: Vec<(String, Vec<u64>)> = vec![
        ("token_embd.weight".into(), vec![WIDTH, count]),
        ("output_norm.weight".into(), vec![WIDTH]),
    ];
    for (name, inner) in [
        ("attn_norm", vec![WIDTH]),
        ("attn_q", vec![WIDTH, WIDTH]),
        ("attn_k", vec![WIDTH, WIDTH / 2]),
        ("attn_v", vec![WIDTH, WIDTH / 2]),
        ("attn_output", vec![WIDTH, WIDTH]),
        ("ffn_norm", vec![WIDTH]),
        ("ffn_gate", vec![WIDTH, WIDTH]),
        ("ffn_up", vec![WIDTH, WIDTH]),
        ("ffn_down", vec![WIDTH, WIDTH]),
    ] {
        tensors.push((format!("blk.0.{name}.weight"), inner));
    }
    if architecture == "qwen2" {
        for (name, count) in [("attn_q", WIDTH), ("attn_k", WIDTH / 2), ("attn_v", WIDTH / 2)] {
            tensors.push((format!("blk.0.{name}.bias"), vec![count]));
        }
    }
    if architecture == "qwen3" {
        for name in ["attn_q_norm", "attn_k_norm"] {
            tensors.push((format!("blk.0.{name}.weight"), vec![WIDTH / 2]));
        }
    }
    tensors.push(("filling".into(), vec![bytes.div_ceil(4).max(1) as u64]));
    file(&values, &tensors)
}

fn file(values: &Values, tensors: &[(String, Vec<u64>)]) -> Vec<u8> {
    let mut file = b"GGUF".to_vec();
    file.extend(3u32.to_le_bytes());
    file.extend((tensors.len() as u64).to_le_bytes());
    file.extend(values.count.to_le_bytes());
    file.extend(&values.bytes);
    let mut offset = 0_u64;
    for (name, dims) in tensors {
        text(&mut file, name);
        file.extend((dims.len() as u32).to_le_bytes());
        dims.iter().for_each(|dim| file.extend(dim.to_le_bytes()));
        file.extend(0u32.to_le_bytes());
        file.extend(offset.to_le_bytes());
        offset = (offset + 4 * dims.iter().product::<u64>()).next_multiple_of(32);
    }
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut draw = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 40) as f32 / (1_u32 << 24) as f32 - 0.5
    };
    for (name, dims) in tensors {
        file.resize(file.len().next_multiple_of(32), 0);
        for _ in 0..dims.iter().product::<u64>() {
            let number = if name.ends_with("_norm.weight") { 1.0 } else { draw() };
            file.extend(number.to_le_bytes());
        }
    }
    file
}

/// Metadata as it is written.
#[derive(Default)]
struct Values {
    count: u64,
    bytes: Vec<u8>,
}

impl Values {
    fn key(&mut self, key: &str, kind: u32) {
        self.count += 1;
        text(&mut self.bytes, key);
        self.bytes.extend(kind.to_le_bytes());
    }

    fn number(&mut self, key: &str, number: u32) {
        self.key(key, 4);
        self.bytes.extend(number.to_le_bytes());
    }

    fn float(&mut self, key: &str, float: f32) {
        self.key(key, 6);
        self.bytes.extend(float.to_le_bytes());
    }

    fn text(&mut self, key: &str, value: &str) {
        self.key(key, 8);
        text(&mut self.bytes, value);
    }

    fn texts(&mut self, key: &str, values: &[String]) {
        self.list(key, 8, values.len());
        values.iter().for_each(|value| text(&mut self.bytes, value));
    }

    fn numbers(&mut self, key: &str, values: &[i32]) {
        self.list(key, 5, values.len());
        values.iter().for_each(|value| self.bytes.extend(value.to_le_bytes()));
    }

    fn list(&mut self, key: &str, kind: u32, count: usize) {
        self.key(key, 9);
        self.bytes.extend(kind.to_le_bytes());
        self.bytes.extend((count as u64).to_le_bytes());
    }
}

/// The letter GPT-2's vocabulary has for a byte.
fn letter(byte: u8) -> char {
    let plain = |byte: u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    if plain(byte) {
        return char::from(byte);
    }
    let before = (0..byte).filter(|&byte| !plain(byte)).count();
    char::from_u32(256 + before as u32).expect("a letter")
}

fn text(file: &mut Vec<u8>, text: &str) {
    file.extend((text.len() as u64).to_le_bytes());
    file.extend(text.as_bytes());
}

/// 64 hex digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
