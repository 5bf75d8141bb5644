use std::io::Cursor;

use super::super::kit::Maker;
use super::*;

fn read(bytes: &[u8]) -> Result<Header, HeaderError> {
    read_header(Cursor::new(bytes), bytes.len() as u64)
}

#[track_caller]
fn check_refused(bytes: &[u8], words: &str) {
    let error = read(bytes).expect_err("refused").to_string();
    assert!(error.contains(words), "{error:?} does not say {words:?}");
}

#[test]
fn a_header_says_what_it_is() {
    let bytes = Maker::without_architecture()
        .with_number("qwen3.context_length", 40_960)
        .with_number("llama.context_length", 7)
        .with_texts("tokenizer.ggml.tokens", &["a", "", "Grüße"])
        .with("tokenizer.ggml.scores", 9, &[6, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4])
        .with("general.quantized", 7, &[1])
        .with_text("tokenizer.chat_template", &"x".repeat(5_000))
        .with_text("general.license", "apache-2.0")
        .with_text("general.type", "model")
        .with_text("general.architecture", "qwen3")
        .tensors(&[(0, 8), (8, 64), (12, 512)])
        .bytes();
    let header = read(&bytes).expect("a header");
    assert_eq!(header.architecture, "qwen3");
    assert_eq!(header.licence.as_deref(), Some("apache-2.0"));
    assert_eq!(header.context_tokens, 40_960);
}

#[test]
fn what_nobody_says_stays_open() {
    let header = read(&Maker::new("llama").version(2).bytes()).expect("a header");
    assert_eq!((header.licence, header.context_tokens), (None, 0));
}

#[test]
fn what_is_no_gguf_is_refused() {
    for bytes in [&b""[..], b"GGUF", b"PK\x03\x04and more", &[0; 64]] {
        check_refused(bytes, "not a GGUF file");
    }
    check_refused(b"GGUF\0\0\0\x03........", "big-endian");
    check_refused(&Maker::new("llama").version(1).bytes(), "version 1");
    check_refused(&Maker::new("llama").version(77).bytes(), "version 77");
}

#[test]
fn a_file_cut_anywhere_is_refused() {
    let bytes = Maker::new("qwen3")
        .with_texts("tokenizer.ggml.tokens", &["a", "b"])
        .tensors(&[(0, 8), (8, 64)])
        .bytes();
    assert!(read(&bytes).is_ok());
    // The last tensor ends 28 bytes before the file does: that is padding.
    let end = bytes.len() - 28;
    assert!(read(&bytes[..end]).is_ok());
    for length in 8..end {
        let error = read(&bytes[..length]).expect_err("cut");
        assert!(matches!(error, HeaderError::Truncated { .. }), "{length}: {error}");
    }
}

#[test]
fn what_does_not_write_is_refused() {
    check_refused(&Maker::new("bert").bytes(), "an encoder (bert)");
    check_refused(&Maker::new("clip").bytes(), "an encoder (clip)");
    check_refused(&Maker::new("llama").with_text("general.type", "adapter").bytes(), "adapter");
    check_refused(&Maker::new("llama").with_number("split.count", 3).bytes(), "one of 3 parts");
    check_refused(&Maker::new("llama").tensors(&[]).bytes(), "vocabulary");
    assert!(read(&Maker::new("llama").with_number("split.count", 1).bytes()).is_ok());
}

#[test]
fn a_header_that_lies_is_refused() {
    check_refused(&Maker::without_architecture().bytes(), "no architecture");
    check_refused(&Maker::new("a b").bytes(), "no architecture");
    check_refused(&Maker::new("x\u{1b}[31m").bytes(), "no architecture");
    check_refused(&Maker::new("llama").with_number("general.alignment", 0).bytes(), "alignment");
    check_refused(&Maker::new("llama").with("k", 99, &[]).bytes(), "no known type");
    // Weights that no disk holds, in a file without any.
    check_refused(&Maker::new("llama").tensors(&[(30, u64::MAX)]).bytes(), "an offset");
    check_refused(&Maker::new("llama").tensors(&[(30, 1 << 50)]).bytes(), "cut short");
    let mut bytes = b"GGUF\x03\0\0\0".to_vec();
    bytes.extend([0xff; 16]);
    bytes.extend(u64::MAX.to_le_bytes());
    check_refused(&bytes, "a key");
    // A list of 2^61 numbers of eight bytes.
    let mut content = 10u32.to_le_bytes().to_vec();
    content.extend((1u64 << 61).to_le_bytes());
    check_refused(&Maker::new("llama").with("k", 9, &content).bytes(), "a list's length");
    // A text that would end behind the end of all files.
    check_refused(&Maker::new("llama").with("k", 8, &[0xff; 8]).bytes(), "a length");
}
