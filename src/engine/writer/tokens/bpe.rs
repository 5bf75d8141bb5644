//! Byte-level byte pairs (GPT-2, Radford et al. 2019), by the tokenizers crate.
//!
//! The crate panics on merges that name missing tokens, and finds special tokens in texts once it
//! knows of any: merges are checked first, and of special tokens it is never told.

use std::collections::HashMap;

use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{PreTokenizerWrapper, SplitDelimiterBehavior, Tokenizer};

use super::super::header::Header;
use super::{Cutter, Kind, Token, split};
use crate::engine::Error;

/// Bytes tokenised at once: expressions that look back give up on megabytes without a line end.
const PIECE_BYTES: usize = 16 * 1024;

pub(super) struct Bpe(Tokenizer);

/// Reads the vocabulary and its merges.
pub(super) fn read(
    header: &Header,
    names: &[String],
    kinds: &[Kind],
) -> Result<(Vec<Token>, Cutter), Error> {
    let key = "tokenizer.ggml.pre";
    let way = header.text(key)?.ok_or_else(|| header.bad_value(key, "is missing"))?;
    let Some(way) = split::named(way) else {
        let problem = format!("is {way:?}, a way of splitting that is not known here");
        return Err(header.bad_value(key, &problem));
    };
    let mut ids: HashMap<&str, u32> = HashMap::with_capacity(names.len());
    for ((id, name), kind) in (0..).zip(names).zip(kinds) {
        if *kind == Kind::Plain && ids.insert(name, id).is_some() {
            let problem = format!("has {name:?} twice");
            return Err(header.bad_value("tokenizer.ggml.tokens", &problem));
        }
    }
    // Bytes that a vocabulary may do without: characters nobody writes. Some small ones do, and their
    // own tokenizers leave such characters out, as here.
    let rare = |byte: u8| !matches!(byte, b'\t' | b'\n' | b' '..=b'~' | 0x80..=0xbf | 0xc2..=0xf0);
    for byte in 0..=u8::MAX {
        if !rare(byte) && !ids.contains_key(letter(byte).to_string().as_str()) {
            let problem = format!("has no token for the byte {byte}");
            return Err(header.bad_value("tokenizer.ggml.tokens", &problem));
        }
    }
    let merges = merges(header, &ids)?;
    let vocabulary: Vocab = ids.into_iter().map(|(name, id)| (name.to_owned(), id)).collect();
    let model = BPE::builder()
        .vocab_and_merges(vocabulary, merges)
        .ignore_merges(way.whole_first)
        .build()
        .map_err(Error::Tokenizer)?;
    let mut steps: Vec<PreTokenizerWrapper> = Vec::new();
    for expression in way.expressions {
        let pattern = SplitPattern::Regex((*expression).to_owned());
        let step = Split::new(pattern, SplitDelimiterBehavior::Isolated, false);
        steps.push(step.map_err(Error::Tokenizer)?.into());
    }
    steps.push(ByteLevel::new(false, false, false).into());
    let mut tokenizer = Tokenizer::new(model);
    tokenizer.with_pre_tokenizer(Some(Sequence::new(steps)));
    let bytes: HashMap<char, u8> = (0..=u8::MAX).map(|byte| (letter(byte), byte)).collect();
    let token = |(name, kind): (&String, &Kind)| {
        // Only plain tokens are written in letters for bytes.
        let spelt = || name.chars().map(|letter| bytes.get(&letter).copied()).collect();
        let bytes = if *kind == Kind::Plain { spelt() } else { None };
        Token { bytes: bytes.unwrap_or_else(|| name.as_bytes().to_vec()), kind: *kind }
    };
    let tokens = names.iter().zip(kinds).map(token).collect();
    Ok((tokens, Cutter::Bpe(Box::new(Bpe(tokenizer)))))
}

impl Bpe {
    pub(super) fn encode(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), Error> {
        let mut rest = text;
        while !rest.is_empty() {
            let piece = &rest[..cut(rest)];
            let encoding = self
                .0
                .encode_fast(piece, false)
                .map_err(|source| Error::Tokenize { bytes: piece.len(), source })?;
            ids.extend_from_slice(encoding.get_ids());
            rest = &rest[piece.len()..];
        }
        Ok(())
    }
}

/// Where to end a piece: after the last line end that is followed by no blank, where every way of
/// splitting splits anyway; else before a blank; else between two characters.
fn cut(text: &str) -> usize {
    if text.len() <= PIECE_BYTES {
        return text.len();
    }
    let piece = &text[..text.floor_char_boundary(PIECE_BYTES)];
    let blank = |at: usize| text[at..].chars().next().is_some_and(char::is_whitespace);
    let mut line_ends = piece.rmatch_indices('\n').map(|(at, _)| at + 1);
    line_ends
        .find(|&at| !blank(at))
        .or_else(|| piece.rfind(char::is_whitespace).filter(|&at| at > 0))
        .unwrap_or(piece.len())
}

/// The merges as pairs, every part and every result of which is a token.
fn merges(header: &Header, ids: &HashMap<&str, u32>) -> Result<Vec<(String, String)>, Error> {
    let key = "tokenizer.ggml.merges";
    let mut merges = Vec::new();
    for merge in header.texts(key)? {
        // The first letter may be a blank's own letter, never a blank: U+0020 parts the two.
        let parts = merge.split_once(' ').filter(|(one, two)| !one.is_empty() && !two.is_empty());
        let Some((one, two)) = parts else {
            return Err(header.bad_value(key, &format!("has {merge:?}, which is no pair")));
        };
        let joined = format!("{one}{two}");
        if let Some(missing) = [one, two, &joined].into_iter().find(|name| !ids.contains_key(name))
        {
            let problem = format!("names {missing:?}, which is no token");
            return Err(header.bad_value(key, &problem));
        }
        merges.push((one.to_owned(), two.to_owned()));
    }
    Ok(merges)
}

/// The letter that stands for a byte: itself where it can be printed, else one from U+0100 on.
pub(super) fn letter(byte: u8) -> char {
    let printed = |byte: u8| matches!(byte, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    if printed(byte) {
        return char::from(byte);
    }
    let before = (0..byte).filter(|&byte| !printed(byte)).count();
    char::from_u32(0x100 + before as u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}
