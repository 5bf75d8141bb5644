//! Models made up for tests: GGUF files with true shapes and random weights, written by our own
//! writer, and the same weights as floats for the reference.

use std::collections::BTreeMap;
use std::path::PathBuf;

use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use tempfile::TempDir;

use super::super::dice::Dice;

/// A metadata value to write.
#[derive(Debug, Clone)]
pub(in super::super) enum Entry {
    Number(u32),
    Truth(bool),
    Float(f32),
    Text(String),
    Texts(Vec<String>),
    Numbers(Vec<i32>),
}

/// A GGUF file to be.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct File {
    pub(in super::super) entries: Vec<(String, Entry)>,
    pub(in super::super) tensors: Vec<Written>,
}

#[derive(Debug, Clone)]
pub(in super::super) struct Written {
    pub(in super::super) name: String,
    /// Outermost first.
    pub(in super::super) dims: Vec<usize>,
    pub(in super::super) kind: u32,
    pub(in super::super) bytes: Vec<u8>,
}

impl File {
    pub(in super::super) fn set(&mut self, key: &str, entry: Entry) {
        self.entries.retain(|(name, _)| name != key);
        self.entries.push((key.to_owned(), entry));
    }

    pub(in super::super) fn remove(&mut self, key: &str) {
        self.entries.retain(|(name, _)| name != key);
        self.tensors.retain(|tensor| tensor.name != key);
    }

    pub(in super::super) fn tensor(&mut self, name: &str) -> &mut Written {
        self.tensors.iter_mut().find(|tensor| tensor.name == name).expect("a tensor of this name")
    }

    pub(in super::super) fn bytes(&self) -> Vec<u8> {
        let sizes: Vec<usize> = self.tensors.iter().map(|tensor| tensor.bytes.len()).collect();
        let mut out = self.head(&sizes);
        for tensor in &self.tensors {
            out.extend(&tensor.bytes);
            out.resize(out.len().next_multiple_of(32), 0);
        }
        out
    }

    /// All before the weights, of which there are so many bytes a tensor.
    fn head(&self, sizes: &[usize]) -> Vec<u8> {
        let mut out = b"GGUF".to_vec();
        out.extend(3_u32.to_le_bytes());
        out.extend((self.tensors.len() as u64).to_le_bytes());
        out.extend((self.entries.len() as u64).to_le_bytes());
        for (key, entry) in &self.entries {
            write_text(&mut out, key);
            write_entry(&mut out, entry);
        }
        let mut offset = 0_u64;
        for (tensor, size) in self.tensors.iter().zip(sizes) {
            write_text(&mut out, &tensor.name);
            out.extend((tensor.dims.len() as u32).to_le_bytes());
            for dim in tensor.dims.iter().rev() {
                out.extend((*dim as u64).to_le_bytes());
            }
            out.extend(tensor.kind.to_le_bytes());
            out.extend(offset.to_le_bytes());
            offset = (offset + *size as u64).next_multiple_of(32);
        }
        out.resize(out.len().next_multiple_of(32), 0);
        out
    }

    /// Writes it into a folder that lasts as long as the result.
    pub(in super::super) fn save(&self) -> Saved {
        save(&self.bytes())
    }
}

/// A file in a folder of its own.
pub(in super::super) struct Saved {
    pub(in super::super) path: PathBuf,
    _folder: TempDir,
}

pub(in super::super) fn save(bytes: &[u8]) -> Saved {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("made-up.gguf");
    std::fs::write(&path, bytes).expect("written");
    Saved { path, _folder: folder }
}

/// A writer of two thin layers with random weights: it writes nonsense, by all the rules.
pub(crate) fn small_writer() -> crate::engine::Writer {
    let saved = MadeUp::new(Spec { context: 4_096, ..Spec::small("qwen3") }).file.save();
    crate::engine::Writer::open(&saved.path, &crate::engine::WriterOptions::default())
        .expect("a writer")
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

fn write_entry(out: &mut Vec<u8>, entry: &Entry) {
    let list = |out: &mut Vec<u8>, kind: u32, count: usize| {
        out.extend(9_u32.to_le_bytes());
        out.extend(kind.to_le_bytes());
        out.extend((count as u64).to_le_bytes());
    };
    match entry {
        Entry::Number(number) => {
            out.extend(4_u32.to_le_bytes());
            out.extend(number.to_le_bytes());
        }
        Entry::Truth(truth) => {
            out.extend(7_u32.to_le_bytes());
            out.push(u8::from(*truth));
        }
        Entry::Float(float) => {
            out.extend(6_u32.to_le_bytes());
            out.extend(float.to_le_bytes());
        }
        Entry::Text(text) => {
            out.extend(8_u32.to_le_bytes());
            write_text(out, text);
        }
        Entry::Texts(texts) => {
            list(out, 8, texts.len());
            texts.iter().for_each(|text| write_text(out, text));
        }
        Entry::Numbers(numbers) => {
            list(out, 5, numbers.len());
            numbers.iter().for_each(|number| out.extend(number.to_le_bytes()));
        }
    }
}

/// What a made-up model is like.
#[derive(Debug, Clone)]
pub(in super::super) struct Spec {
    pub(in super::super) family: &'static str,
    pub(in super::super) layers: usize,
    pub(in super::super) width: usize,
    pub(in super::super) heads: usize,
    pub(in super::super) key_heads: usize,
    pub(in super::super) head_width: usize,
    pub(in super::super) feed_forward: usize,
    pub(in super::super) vocabulary: usize,
    pub(in super::super) context: usize,
    pub(in super::super) rope_base: f32,
    /// Of the matrices.
    pub(in super::super) kind: GgmlDType,
    /// Of the values' matrix and of `ffn_down`, as `Q4_K_M` files have it.
    pub(in super::super) finer: GgmlDType,
    pub(in super::super) own_head: bool,
    pub(in super::super) rope_factors: Vec<f32>,
    pub(in super::super) seed: u64,
}

impl Spec {
    /// A small model of a family.
    pub(in super::super) fn small(family: &'static str) -> Self {
        Self {
            family,
            layers: 4,
            width: 64,
            heads: 4,
            key_heads: 2,
            head_width: 16,
            feed_forward: 96,
            vocabulary: vocabulary().len(),
            context: 8192,
            rope_base: 1e6,
            kind: GgmlDType::Q8_0,
            finer: GgmlDType::Q8_0,
            own_head: family == "llama",
            rope_factors: Vec::new(),
            seed: 1,
        }
    }
}

/// A made-up model: its file, and its weights as floats.
pub(in super::super) struct MadeUp {
    pub(in super::super) spec: Spec,
    pub(in super::super) file: File,
    pub(in super::super) floats: BTreeMap<String, Vec<f32>>,
}

impl MadeUp {
    pub(in super::super) fn new(spec: Spec) -> Self {
        let file = File { entries: entries(&spec), tensors: Vec::new() };
        let mut made = Self { spec: spec.clone(), file, floats: BTreeMap::new() };
        let mut dice = Dice::new(spec.seed);
        let (width, feed) = (spec.width, spec.feed_forward);
        let (queries, keys) = (spec.heads * spec.head_width, spec.key_heads * spec.head_width);
        made.matrix(&mut dice, "token_embd.weight", spec.vocabulary, width, spec.kind);
        if spec.own_head {
            made.matrix(&mut dice, "output.weight", spec.vocabulary, width, spec.kind);
        }
        made.norm(&mut dice, "output_norm.weight", width);
        if !spec.rope_factors.is_empty() {
            made.vector("rope_freqs.weight", spec.rope_factors.clone());
        }
        for layer in 0..spec.layers {
            let name = |name: &str| format!("blk.{layer}.{name}.weight");
            made.norm(&mut dice, &name("attn_norm"), width);
            made.norm(&mut dice, &name("ffn_norm"), width);
            made.matrix(&mut dice, &name("attn_q"), queries, width, spec.kind);
            made.matrix(&mut dice, &name("attn_k"), keys, width, spec.kind);
            made.matrix(&mut dice, &name("attn_v"), keys, width, spec.finer);
            made.matrix(&mut dice, &name("attn_output"), width, queries, spec.kind);
            made.matrix(&mut dice, &name("ffn_gate"), feed, width, spec.kind);
            made.matrix(&mut dice, &name("ffn_up"), feed, width, spec.kind);
            made.matrix(&mut dice, &name("ffn_down"), width, feed, spec.finer);
            if spec.family == "qwen2" {
                for (part, count) in [("attn_q", queries), ("attn_k", keys), ("attn_v", keys)] {
                    let bias = (0..count).map(|_| normal(&mut dice) * 0.3).collect();
                    made.vector(&format!("blk.{layer}.{part}.bias"), bias);
                }
            }
            if spec.family == "qwen3" {
                made.norm(&mut dice, &name("attn_q_norm"), spec.head_width);
                made.norm(&mut dice, &name("attn_k_norm"), spec.head_width);
            }
        }
        made
    }

    fn matrix(
        &mut self,
        dice: &mut Dice,
        name: &str,
        rows: usize,
        columns: usize,
        kind: GgmlDType,
    ) {
        let size = (columns as f32).sqrt();
        let floats: Vec<f32> = (0..rows * columns).map(|_| normal(dice) / size).collect();
        let tensor = Tensor::from_vec(floats, (rows, columns), &Device::Cpu).expect("a matrix");
        let blocks = QTensor::quantize(&tensor, kind).expect("a type that can be written");
        let back = blocks.dequantize(&Device::Cpu).and_then(|back| back.flatten_all());
        self.floats.insert(name.to_owned(), back.and_then(|back| back.to_vec1()).expect("floats"));
        let bytes = blocks.data().expect("bytes").to_vec();
        let (name, dims, kind) = (name.to_owned(), vec![rows, columns], number(kind));
        self.file.tensors.push(Written { name, dims, kind, bytes });
    }

    fn norm(&mut self, dice: &mut Dice, name: &str, width: usize) {
        self.vector(name, (0..width).map(|_| 1.0 + 0.2 * normal(dice)).collect());
    }

    fn vector(&mut self, name: &str, floats: Vec<f32>) {
        let bytes = floats.iter().flat_map(|float| float.to_le_bytes()).collect();
        let dims = vec![floats.len()];
        self.floats.insert(name.to_owned(), floats);
        self.file.tensors.push(Written { name: name.to_owned(), dims, kind: 0, bytes });
    }
}

/// A model of true size: its blocks are drawn as bytes when they are written, which is quick.
pub(in super::super) struct Large {
    file: File,
    kinds: Vec<GgmlDType>,
}

impl Large {
    pub(in super::super) fn new(spec: &Spec) -> Self {
        let mut large =
            Self { file: File { entries: entries(spec), tensors: Vec::new() }, kinds: Vec::new() };
        let (queries, keys) = (spec.heads * spec.head_width, spec.key_heads * spec.head_width);
        let (width, feed, f32) = (spec.width, spec.feed_forward, GgmlDType::F32);
        large.add("token_embd.weight".to_owned(), &[spec.vocabulary, width], spec.finer);
        large.add("output_norm.weight".to_owned(), &[width], f32);
        for layer in 0..spec.layers {
            for (name, dims, kind) in [
                ("attn_norm", &[width][..], f32),
                ("ffn_norm", &[width], f32),
                ("attn_q_norm", &[spec.head_width], f32),
                ("attn_k_norm", &[spec.head_width], f32),
                ("attn_q", &[queries, width], spec.kind),
                ("attn_k", &[keys, width], spec.kind),
                ("attn_v", &[keys, width], if layer % 2 == 0 { spec.finer } else { spec.kind }),
                ("attn_output", &[width, queries], spec.kind),
                ("ffn_gate", &[feed, width], spec.kind),
                ("ffn_up", &[feed, width], spec.kind),
                ("ffn_down", &[width, feed], if layer % 2 == 0 { spec.finer } else { spec.kind }),
            ] {
                large.add(format!("blk.{layer}.{name}.weight"), dims, kind);
            }
        }
        large
    }

    fn add(&mut self, name: String, dims: &[usize], kind: GgmlDType) {
        self.kinds.push(kind);
        let (dims, kind) = (dims.to_vec(), number(kind));
        self.file.tensors.push(Written { name, dims, kind, bytes: Vec::new() });
    }

    pub(in super::super) fn write(&self, out: &mut impl std::io::Write) -> std::io::Result<()> {
        let blocks = |tensor: &Written, kind: &GgmlDType| {
            tensor.dims.iter().product::<usize>() / kind.block_size()
        };
        let tensors = || self.file.tensors.iter().zip(&self.kinds);
        let sizes: Vec<usize> =
            tensors().map(|(tensor, kind)| blocks(tensor, kind) * kind.type_size()).collect();
        out.write_all(&self.file.head(&sizes))?;
        let mut dice = Dice::new(5);
        for ((tensor, kind), size) in tensors().zip(&sizes) {
            let columns = tensor.dims.last().copied().unwrap_or(1) as f32;
            for _ in 0..blocks(tensor, kind) {
                out.write_all(&block(&mut dice, *kind, columns.sqrt()))?;
            }
            out.write_all(&vec![0; size.next_multiple_of(32) - size])?;
        }
        Ok(())
    }
}

/// A block of random weights with about the spread that keeps a sum of `root`² of them at 1.
fn block(dice: &mut Dice, kind: GgmlDType, root: f32) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(kind.type_size() + 8);
    while bytes.len() < kind.type_size() {
        bytes.extend(dice.bits().to_le_bytes());
    }
    bytes.truncate(kind.type_size());
    let scale = |value: f32| half::f16::from_f32(value / root).to_le_bytes();
    match kind {
        GgmlDType::F32 => bytes = 1.0_f32.to_le_bytes().to_vec(),
        GgmlDType::Q8_0 => bytes[..2].copy_from_slice(&scale(1.0 / 74.0)),
        GgmlDType::Q4K => {
            bytes[..2].copy_from_slice(&scale(1.0 / 180.0));
            bytes[2..4].copy_from_slice(&scale(7.5 / 180.0));
        }
        GgmlDType::Q6K => bytes[208..].copy_from_slice(&scale(1.0 / 1350.0)),
        other => unreachable!("no large model has {other:?}"),
    }
    bytes
}

fn number(kind: GgmlDType) -> u32 {
    match kind {
        GgmlDType::F32 => 0,
        GgmlDType::F16 => 1,
        GgmlDType::Q4_0 => 2,
        GgmlDType::Q4_1 => 3,
        GgmlDType::Q5_0 => 6,
        GgmlDType::Q5_1 => 7,
        GgmlDType::Q8_0 => 8,
        GgmlDType::Q8_1 => 9,
        GgmlDType::Q2K => 10,
        GgmlDType::Q3K => 11,
        GgmlDType::Q4K => 12,
        GgmlDType::Q5K => 13,
        GgmlDType::Q6K => 14,
        GgmlDType::Q8K => 15,
        GgmlDType::BF16 => 30,
    }
}

/// About normal: the sum of twelve even numbers.
pub(in super::super) fn normal(dice: &mut Dice) -> f32 {
    ((0..12).map(|_| dice.unit()).sum::<f64>() - 6.0) as f32
}

fn entries(spec: &Spec) -> Vec<(String, Entry)> {
    let key = |name: &str| format!("{}.{name}", spec.family);
    let number = |name: &str, number: usize| (key(name), Entry::Number(number as u32));
    let mut entries = vec![
        ("general.architecture".to_owned(), Entry::Text(spec.family.to_owned())),
        number("block_count", spec.layers),
        number("context_length", spec.context),
        number("embedding_length", spec.width),
        number("feed_forward_length", spec.feed_forward),
        number("attention.head_count", spec.heads),
        number("attention.head_count_kv", spec.key_heads),
        number("attention.key_length", spec.head_width),
        number("attention.value_length", spec.head_width),
        (key("attention.layer_norm_rms_epsilon"), Entry::Float(1e-6)),
        (key("rope.freq_base"), Entry::Float(spec.rope_base)),
    ];
    let mut tokens = vocabulary();
    let mut kinds: Vec<i32> =
        tokens.iter().map(|token| if token.starts_with("<|") { 3 } else { 1 }).collect();
    while tokens.len() < spec.vocabulary {
        tokens.push(format!("[unused{}]", tokens.len()));
        kinds.push(5);
    }
    let text = |text: &str| Entry::Text(text.to_owned());
    entries.extend([
        ("tokenizer.ggml.model".to_owned(), text("gpt2")),
        ("tokenizer.ggml.pre".to_owned(), text("qwen2")),
        ("tokenizer.ggml.tokens".to_owned(), Entry::Texts(tokens)),
        ("tokenizer.ggml.token_type".to_owned(), Entry::Numbers(kinds)),
        ("tokenizer.ggml.merges".to_owned(), Entry::Texts(merges())),
        ("tokenizer.ggml.eos_token_id".to_owned(), Entry::Number(END)),
        ("tokenizer.chat_template".to_owned(), text(TEMPLATE)),
    ]);
    entries
}

/// `<|im_end|>` of the made-up vocabulary.
pub(in super::super) const END: u32 = 258;

/// The template most models of these families have, as short as it gets.
pub(in super::super) const TEMPLATE: &str = "{% for message in messages %}{{ '<|im_start|>' + \
    message.role + '\\n' + message.content + '<|im_end|>\\n' }}{% endfor %}\
    {% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/// Bytes, three special tokens, and a few merged ones.
pub(in super::super) fn vocabulary() -> Vec<String> {
    let mut tokens: Vec<String> = (0..=255_u8).map(|byte| letter(byte).to_string()).collect();
    tokens.extend(["<|endoftext|>", "<|im_start|>", "<|im_end|>"].map(str::to_owned));
    tokens.extend(merges().iter().map(|merge| merge.replace(' ', "")));
    tokens
}

fn merges() -> Vec<String> {
    let merges = ["t h", "th e", "i n", "Ġ the", "e r", "o n", "Ġ a", "r e", "e n", "\" :", "m e"];
    merges.map(str::to_owned).to_vec()
}

/// The letter GPT-2's vocabulary has for a byte.
pub(in super::super) fn letter(byte: u8) -> char {
    let plain = |byte: u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    if plain(byte) {
        return char::from(byte);
    }
    let before = (0..byte).filter(|&byte| !plain(byte)).count();
    char::from_u32(256 + before as u32).expect("a letter")
}
