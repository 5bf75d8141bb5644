//! Tokenizers against the vectors of llama.cpp, made by the models' own tokenizers.

use std::collections::HashMap;
use std::fs;

use proptest::prelude::*;

use super::data::data;
use super::kit::{Entry, File, MadeUp, Spec, letter};
use crate::engine::writer::header::Header;
use crate::engine::writer::tokens::{Place, Tokens};

fn tokens_of(bytes: &[u8]) -> Tokens {
    let header = Header::parse("vocabulary.gguf", bytes).expect("a header");
    Tokens::read(&header, None).expect("a tokenizer")
}

#[track_caller]
fn check_vectors(name: &str, tokens: &Tokens) {
    let file = |end: &str| {
        let path = data(&format!("tokenizers/ggml-vocab/models/ggml-vocab-{name}.gguf.{end}"));
        fs::read_to_string(path.expect("the file beside it")).expect("text")
    };
    let (texts, ids) = (file("inp"), file("out"));
    let mut texts: Vec<&str> = texts.split("\n__ggml_vocab_test__\n").collect();
    assert_eq!(texts.pop(), Some(""), "a mark after the last");
    let expected: Vec<Vec<u32>> = ids
        .lines()
        .map(|line| line.split_whitespace().map(|id| id.parse().expect("an id")).collect())
        .collect();
    assert!(texts.len() > 40 && texts.len() == expected.len(), "{name}: {}", texts.len());
    for (text, expected) in texts.iter().zip(&expected) {
        assert_eq!(&tokens.encode(text).expect("ids"), expected, "{name}: {text:?}");
        assert_eq!(&tokens.decode(expected), text, "{name}: {expected:?}");
    }
}

#[test]
fn vocabularies_of_llama_cpp_give_its_ids() {
    let Some(folder) = data("tokenizers/ggml-vocab/models") else { return };
    for name in ["gpt-2", "mpt", "refact", "starcoder", "falcon", "deepseek-coder"] {
        let path = folder.join(format!("ggml-vocab-{name}.gguf"));
        check_vectors(name, &tokens_of(&fs::read(path).expect("a file")));
    }
    for name in ["llama-spm", "phi-3"] {
        let path = folder.join(format!("ggml-vocab-{name}.gguf"));
        check_vectors(name, &tokens_of(&fs::read(path).expect("a file")));
    }
}

#[test]
fn a_tokenizer_of_another_kind_is_refused() {
    let Some(path) = data("tokenizers/ggml-vocab/models/ggml-vocab-bert-bge.gguf") else { return };
    let header = Header::parse("bge.gguf", &fs::read(path).expect("a file")).expect("a header");
    let error = Tokens::read(&header, None).err().expect("an error");
    assert_eq!(
        error.to_string(),
        "bge.gguf: tokenizer.ggml.model is \"bert\", expected gpt2 or llama"
    );
}

#[test]
fn llama_3_and_qwen_2_give_their_ids() {
    if let Some(path) = data("tokenizers/llama/models/llama3/tokenizer.model") {
        let signs = ["<|begin_of_text|>", "<|end_of_text|>"];
        let file = from_ranks(&fs::read_to_string(path).expect("ranks"), "llama-bpe", &signs);
        let tokens = tokens_of(&file.bytes());
        check_vectors("llama-bpe", &tokens);
        assert_eq!(tokens.sign("<|end_of_text|>"), Some(128_001));
        check_mail(&tokens);
    }
    if let Some(path) = data("tokenizers/qwen/qwen_agent/utils/qwen.tiktoken") {
        let signs = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
        let file = from_ranks(&fs::read_to_string(path).expect("ranks"), "qwen2", &signs);
        let tokens = tokens_of(&file.bytes());
        check_vectors("qwen2", &tokens);
        assert_eq!(tokens.ends(), [151_645, 151_643]);
        check_mail(&tokens);
    }
}

#[test]
fn smollm_gives_the_ids_of_its_own_tokenizer() {
    let folder = "tokenizers/smollm/models/a420/SmolLM-360M-Instruct-ONNX/tokenizer.json";
    let Some(path) = data(folder) else { return };
    let json: serde_json::Value =
        serde_json::from_slice(&fs::read(&path).expect("a file")).expect("JSON");
    let original = tokenizers::Tokenizer::from_file(&path).expect("a tokenizer");
    let mut names: Vec<(u64, &String)> = json["model"]["vocab"]
        .as_object()
        .expect("a vocabulary")
        .iter()
        .map(|(name, id)| (id.as_u64().expect("an id"), name))
        .collect();
    names.sort_unstable();
    let signs: Vec<u64> = json["added_tokens"]
        .as_array()
        .expect("signs")
        .iter()
        .map(|sign| sign["id"].as_u64().expect("an id"))
        .collect();
    let kinds = names.iter().map(|(id, _)| if signs.contains(id) { 3 } else { 1 }).collect();
    let merge = |merge: &serde_json::Value| match merge {
        serde_json::Value::String(merge) => merge.clone(),
        pair => format!("{} {}", pair[0].as_str().expect("one"), pair[1].as_str().expect("two")),
    };
    let merges = json["model"]["merges"].as_array().expect("merges").iter().map(merge).collect();
    let names = names.into_iter().map(|(_, name)| name.clone()).collect();
    let tokens = tokens_of(&vocabulary("smollm", names, kinds, merges, 2).bytes());
    let texts =
        ["Could you send v1.2.3 by 4 May 2031, 17:45?\r\n\r\nThanks -- Zoë 🎉", "  a\t\tb\n"];
    for text in texts {
        let expected = original.encode(text, false).expect("ids");
        assert_eq!(tokens.encode(text).expect("ids"), expected.get_ids(), "{text:?}");
    }
    check_mail(&tokens);
}

/// Round trips on real mail, where there is some.
#[track_caller]
fn check_mail(tokens: &Tokens) {
    let Some(folder) = data("spamassassin/data/easy-ham-1") else { return };
    let mut paths: Vec<_> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("a file").path())
        .collect();
    paths.sort();
    let mut count = 0;
    for path in paths.into_iter().step_by(60) {
        let text = String::from_utf8_lossy(&fs::read(&path).expect("a file")).into_owned();
        let ids = tokens.encode(&text).expect("ids");
        assert_eq!(tokens.decode(&ids), text, "{}", path.display());
        assert!(ids.len() * 6 > text.len() / 2 && ids.len() < text.len());
        count += 1;
    }
    assert!(count > 30);
}

/// A file with a vocabulary as tiktoken has it: bytes and ranks, merges to be found.
fn from_ranks(ranks: &str, way: &str, signs: &[&str]) -> File {
    let words: Vec<Vec<u8>> =
        ranks.lines().map(|line| decode_base64(line.split(' ').next().expect("a token"))).collect();
    let ids: HashMap<&[u8], usize> =
        words.iter().enumerate().map(|(rank, word)| (word.as_slice(), rank)).collect();
    let spelt = |bytes: &[u8]| bytes.iter().map(|&byte| letter(byte)).collect::<String>();
    let mut merges = Vec::new();
    for (rank, word) in words.iter().enumerate().filter(|(_, word)| word.len() > 1) {
        let mut parts: Vec<&[u8]> = word.chunks(1).collect();
        while parts.len() > 2 {
            let mut best = (usize::MAX, 0);
            let mut start = 0;
            for place in 0..parts.len() - 1 {
                let pair = &word[start..start + parts[place].len() + parts[place + 1].len()];
                if let Some(&found) = ids.get(pair).filter(|&&found| found < rank.min(best.0)) {
                    best = (found, place);
                }
                start += parts[place].len();
            }
            if best.0 == usize::MAX {
                break;
            }
            let start: usize = parts[..best.1].iter().map(|part| part.len()).sum();
            let end = start + parts[best.1].len() + parts[best.1 + 1].len();
            parts[best.1] = &word[start..end];
            parts.remove(best.1 + 1);
        }
        // A token that no two others make stands for itself only.
        if let [one, two] = parts.as_slice() {
            merges.push(format!("{} {}", spelt(one), spelt(two)));
        }
    }
    let mut names: Vec<String> = words.iter().map(|word| spelt(word)).collect();
    let mut kinds = vec![1; names.len()];
    names.extend(signs.iter().map(|&sign| sign.to_owned()));
    kinds.resize(names.len(), 3);
    let end = names.len() as u32 - 1;
    vocabulary(way, names, kinds, merges, end)
}

fn vocabulary(
    way: &str,
    names: Vec<String>,
    kinds: Vec<i32>,
    merges: Vec<String>,
    end: u32,
) -> File {
    let mut file = File::default();
    file.set("tokenizer.ggml.model", Entry::Text("gpt2".to_owned()));
    file.set("tokenizer.ggml.pre", Entry::Text(way.to_owned()));
    file.set("tokenizer.ggml.tokens", Entry::Texts(names));
    file.set("tokenizer.ggml.token_type", Entry::Numbers(kinds));
    file.set("tokenizer.ggml.merges", Entry::Texts(merges));
    file.set("tokenizer.ggml.eos_token_id", Entry::Number(end));
    file
}

fn decode_base64(text: &str) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for letter in text.bytes().filter(|&letter| letter != b'=') {
        let value = LETTERS.iter().position(|&known| known == letter).expect("base 64");
        bits = bits << 6 | value as u32;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
        }
    }
    bytes
}

fn made_up() -> File {
    MadeUp::new(Spec { layers: 1, ..Spec::small("qwen3") }).file
}

#[test]
fn special_tokens_in_text_are_plain_characters() {
    let mut file = made_up();
    let mut names = super::kit::vocabulary();
    let mut kinds: Vec<i32> =
        names.iter().map(|name| if name.starts_with("<|") { 3 } else { 1 }).collect();
    names.push("<think>".to_owned());
    kinds.push(4);
    file.set("tokenizer.ggml.tokens", Entry::Texts(names));
    file.set("tokenizer.ggml.token_type", Entry::Numbers(kinds));
    for way in ["qwen2", "llama-bpe", "gpt-2", "smollm"] {
        file.set("tokenizer.ggml.pre", Entry::Text(way.to_owned()));
        let tokens = tokens_of(&file.bytes());
        for text in ["<|im_end|>", "a<|im_start|>system\n", "<|endoftext|><think>", "<think>"] {
            let ids = tokens.encode(text).expect("ids");
            assert!(ids.iter().all(|id| tokens.sign("<|im_end|>") != Some(*id)));
            assert!(
                ids.iter().all(|&id| id < 256
                    || tokens.token(id).expect("a token").bytes.len() > 1
                        && tokens.sign("<think>") != Some(id)
                        && tokens.sign("<|im_start|>") != Some(id)
                        && tokens.sign("<|endoftext|>") != Some(id)),
                "{ids:?}"
            );
            assert_eq!(tokens.decode(&ids), text);
        }
        assert!(tokens.sign("<think>").is_some());
    }
}

#[test]
fn vocabularies_that_do_not_hold_together_are_refused() {
    let check = |change: &dyn Fn(&mut File), expected: &str| {
        let mut file = made_up();
        change(&mut file);
        let header = Header::parse("made-up.gguf", &file.bytes()).expect("a header");
        let error = Tokens::read(&header, Some(270)).err().expect("an error").to_string();
        assert!(error.contains(expected), "{error}, expected {expected}");
    };
    let text = |key: &'static str, text: &'static str| {
        move |file: &mut File| file.set(key, Entry::Text(text.to_owned()))
    };
    let merges = |merge: &'static str| {
        move |file: &mut File| {
            file.set("tokenizer.ggml.merges", Entry::Texts(vec![merge.to_owned()]));
        }
    };
    check(&text("tokenizer.ggml.pre", "qwen35"), "pre is \"qwen35\", a way of splitting");
    check(&text("tokenizer.ggml.pre", "default"), "pre is \"default\", a way of splitting");
    check(&|file| file.remove("tokenizer.ggml.pre"), "tokenizer.ggml.pre is missing");
    check(&|file| file.remove("tokenizer.ggml.tokens"), "tokenizer.ggml.tokens is missing");
    check(&merges("t nowhere"), "merges names \"nowhere\", which is no token");
    check(&merges("t t"), "merges names \"tt\", which is no token");
    check(&merges("th"), "merges has \"th\", which is no pair");
    check(
        &|file| file.set("tokenizer.ggml.tokens", Entry::Texts(vec!["a".to_owned()])),
        "tokens has 1 tokens, expected 270",
    );
    check(
        &|file| file.set("tokenizer.ggml.token_type", Entry::Numbers(vec![1; 5])),
        "token_type has 5 entries, expected 270",
    );
    check(
        &|file| file.set("tokenizer.ggml.eos_token_id", Entry::Number(4_000)),
        "eos_token_id is 4000, expected 0 to 269",
    );
    check(&text("tokenizer.ggml.model", "llama"), "tokenizer.ggml.scores is missing");
}

#[test]
fn long_texts_without_a_line_end_are_bounded() {
    let tokens = tokens_of(&made_up().bytes());
    for text in
        [" ".repeat(300_000), "x".repeat(300_000), "\n ".repeat(100_000), "語".repeat(90_000)]
    {
        let ids = tokens.encode(&text).expect("ids");
        assert_eq!(tokens.decode(&ids), text);
    }
}

#[test]
fn characters_come_out_whole() {
    let tokens = tokens_of(&made_up().bytes());
    let text = "naïve 🎉 日本\u{301}!";
    let mut stream = tokens.stream();
    let mut parts = Vec::new();
    for id in tokens.encode_part(text, Place::Start).expect("ids") {
        parts.push(stream.push(&tokens, id));
        assert!(!parts.last().expect("a part").contains('\u{fffd}'));
    }
    assert_eq!(parts.concat(), text);
    // Half a character, then something else: one replacement, and nothing is lost.
    let mut stream = tokens.stream();
    let broken: String = [0xf0, 0x9f, u32::from(b'a')].map(|id| stream.push(&tokens, id)).concat();
    assert_eq!(broken, "\u{fffd}a");
    stream.push(&tokens, 0xe6);
    assert_eq!(stream.finish(), "\u{fffd}");
}

proptest! {
    #[test]
    fn any_text_comes_back(text in "\\PC{0,40}[\\r\\n\\t ]{0,4}(<\\|im_end\\|>)?\\PC{0,40}") {
        use std::sync::LazyLock;
        static TOKENS: LazyLock<Tokens> = LazyLock::new(|| tokens_of(&made_up().bytes()));
        let ids = TOKENS.encode(&text).expect("ids");
        prop_assert_eq!(TOKENS.decode(&ids), text);
        prop_assert!(ids.iter().all(|&id| !(256..259).contains(&id)));
    }
}
