//! Text to token ids and back, with nothing but what stands in the GGUF file.
//!
//! [`Tokens::encode`] never yields a special token: `<|im_end|>` in a mail is ten characters. Only
//! the chat template's own words may become special ones ([`Tokens::until_sign`]).

mod bpe;
mod pieces;
mod split;
mod stream;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use stream::TextStream;

use super::header::Header;
use crate::engine::Error;

/// What a token of the vocabulary is for (`tokenizer.ggml.token_type`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Part of a text.
    Plain,
    /// One byte of a text.
    Byte,
    /// A run of blanks or a letter that stands for itself, whatever is around it.
    Itself,
    /// A sign to the model; never made from a text.
    Sign,
    /// Not in use.
    Unused,
}

/// A token.
#[derive(Debug, Clone)]
pub(super) struct Token {
    /// What it adds to a text; for a sign, its name.
    pub(super) bytes: Vec<u8>,
    pub(super) kind: Kind,
}

/// The vocabulary of a model, and how texts are cut into it.
pub(super) struct Tokens {
    tokens: Vec<Token>,
    /// Signs by name.
    signs: BTreeMap<String, u32>,
    /// Tokens that stand for themselves, the longest first.
    selves: Vec<(String, u32)>,
    cutter: Cutter,
    /// The token called the beginning of texts, wanted or not.
    first: Option<u32>,
    /// Whether texts begin with it.
    begins: bool,
    /// Tokens that end an answer.
    ends: Vec<u32>,
}

enum Cutter {
    Bpe(Box<bpe::Bpe>),
    Pieces(Box<pieces::Pieces>),
}

/// The names of tokens that end an answer or a turn, in vocabularies whose metadata name one only.
const END_NAMES: [&str; 6] =
    ["<|im_end|>", "<|eot_id|>", "<|endoftext|>", "<|end_of_text|>", "<|end|>", "</s>"];

impl Tokens {
    /// Reads the tokenizer of a file.
    ///
    /// # Errors
    ///
    /// For a kind of tokenizer or a way of splitting that is not known by name, a vocabulary that
    /// is not `vocabulary` tokens long, merges that name tokens which are not there.
    pub(super) fn read(header: &Header, vocabulary: Option<usize>) -> Result<Self, Error> {
        let names = header.texts("tokenizer.ggml.tokens")?;
        if let Some(rows) = vocabulary
            && rows != names.len()
        {
            let problem = format!("has {} tokens, expected {rows}", names.len());
            return Err(header.bad_value("tokenizer.ggml.tokens", &problem));
        }
        let kinds = kinds(header, names)?;
        let key = "tokenizer.ggml.model";
        let (tokens, cutter) = match header.text(key)? {
            Some("gpt2") => bpe::read(header, names, &kinds)?,
            Some("llama") => pieces::read(header, names, &kinds)?,
            Some(other) => {
                let problem = format!("is {other:?}, expected gpt2 or llama");
                return Err(header.bad_value(key, &problem));
            }
            None => return Err(header.bad_value(key, "is missing")),
        };
        let mut signs = BTreeMap::new();
        let mut selves = Vec::new();
        for ((id, name), kind) in (0..).zip(names).zip(&kinds) {
            match kind {
                Kind::Sign if !name.is_empty() => {
                    signs.entry(name.clone()).or_insert(id);
                }
                Kind::Itself => selves.push((name.clone(), id)),
                _ => {}
            }
        }
        selves.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        let id = |name: &str| {
            let key = format!("tokenizer.ggml.{name}_token_id");
            let id = header.number(&key, 0..=names.len().saturating_sub(1))?;
            Ok::<_, Error>(id.map(|id| id as u32))
        };
        // llama.cpp: SentencePiece models want a beginning unless they say otherwise.
        let spoken = header.truth("tokenizer.ggml.add_bos_token")?;
        let begins = spoken.unwrap_or(matches!(cutter, Cutter::Pieces(_)));
        let mut ends = Vec::new();
        ends.extend(id("eos")?);
        ends.extend(id("eot")?);
        ends.extend(END_NAMES.iter().filter_map(|name| signs.get(*name)));
        let mut seen = BTreeSet::new();
        ends.retain(|end| seen.insert(*end));
        if ends.is_empty() {
            let problem = "is missing, and no token known to end a text is there";
            return Err(header.bad_value("tokenizer.ggml.eos_token_id", problem));
        }
        Ok(Self { tokens, signs, selves, cutter, first: id("bos")?, begins, ends })
    }

    /// The ids of a text, none of them a sign's.
    pub(super) fn encode(&self, text: &str) -> Result<Vec<u32>, Error> {
        self.encode_part(text, Place::Start)
    }

    /// The ids of a text that stands after others.
    pub(super) fn encode_part(&self, text: &str, place: Place) -> Result<Vec<u32>, Error> {
        let mut ids = Vec::new();
        let mut rest = text;
        let mut place = place;
        let mut next = vec![NextSelf::Unsought; self.selves.len()];
        while !rest.is_empty() {
            let (plain, found) = self.until_self(text, text.len() - rest.len(), &mut next);
            if !plain.is_empty() {
                match &self.cutter {
                    Cutter::Bpe(bpe) => bpe.encode(plain, &mut ids)?,
                    Cutter::Pieces(pieces) => pieces.encode(plain, place, &mut ids)?,
                }
            }
            place = Place::Middle;
            rest = &rest[plain.len()..];
            if let Some((name, id)) = found {
                ids.push(*id);
                rest = &rest[name.len()..];
            }
        }
        Ok(ids)
    }

    /// What stands from `from` on up to the first token that stands for itself, and that token.
    /// `next` remembers where each comes next, so that a text is gone over once for each.
    fn until_self<'a>(
        &self,
        text: &'a str,
        from: usize,
        next: &mut [NextSelf],
    ) -> (&'a str, Option<&(String, u32)>) {
        let mut first: Option<(usize, &(String, u32))> = None;
        for (token, next) in self.selves.iter().zip(next) {
            let is_behind = match *next {
                NextSelf::Unsought => true,
                NextSelf::At(at) => at < from,
                NextSelf::Nowhere => false,
            };
            if is_behind {
                let found = text[from..].find(&token.0);
                *next = found.map_or(NextSelf::Nowhere, |at| NextSelf::At(from + at));
            }
            // The longest come first: of two at one place the longer is kept.
            if let NextSelf::At(at) = *next
                && first.is_none_or(|(nearest, _)| at < nearest)
            {
                first = Some((at, token));
            }
        }
        match first {
            Some((at, token)) => (&text[from..at], Some(token)),
            None => (&text[from..], None),
        }
    }

    /// The text of tokens, signs left out; bytes that are no UTF-8 become U+FFFD.
    #[cfg(test)]
    pub(super) fn decode(&self, ids: &[u32]) -> String {
        let mut stream = self.stream();
        let mut text = String::new();
        for &id in ids {
            text.push_str(&stream.push(self, id));
        }
        text.push_str(&stream.finish());
        text
    }

    /// Text as its tokens come in, at the beginning of one.
    pub(super) fn stream(&self) -> TextStream {
        TextStream::new(matches!(&self.cutter, Cutter::Pieces(pieces) if pieces.prefix_space()))
    }

    /// The id of a sign.
    #[cfg(test)]
    pub(super) fn sign(&self, name: &str) -> Option<u32> {
        self.signs.get(name).copied()
    }

    /// The tokens between which a model thinks aloud, when it has them.
    pub(super) fn thoughts(&self) -> Option<(u32, u32)> {
        Some((*self.signs.get("<think>")?, *self.signs.get("</think>")?))
    }

    /// Whether a token is a sign: it adds nothing to a text.
    pub(super) fn is_sign(&self, id: u32) -> bool {
        self.token(id).is_some_and(|token| token.kind == Kind::Sign)
    }

    /// A text up to the first sign named in it, and that sign: its name's length and its id.
    pub(super) fn until_sign<'a>(&self, text: &'a str) -> (&'a str, Option<(usize, u32)>) {
        let found = self.signs.iter().filter_map(|(name, id)| Some((text.find(name)?, name, id)));
        match found.min_by_key(|(at, name, _)| (*at, std::cmp::Reverse(name.len()))) {
            Some((at, name, id)) => (&text[..at], Some((name.len(), *id))),
            None => (text, None),
        }
    }

    /// A token; `None` beyond the vocabulary.
    pub(super) fn token(&self, id: u32) -> Option<&Token> {
        self.tokens.get(id as usize)
    }

    /// All tokens, by id.
    pub(super) fn all(&self) -> &[Token] {
        &self.tokens
    }

    /// The token texts begin with, when the model wants one.
    pub(super) fn begin(&self) -> Option<u32> {
        self.first.filter(|_| self.begins)
    }

    /// The token called the beginning of texts, for templates that write it themselves.
    pub(super) fn first_sign(&self) -> Option<u32> {
        self.first
    }

    /// The tokens that end an answer, at least one; the file's own choice first.
    pub(super) fn ends(&self) -> &[u32] {
        &self.ends
    }

    /// Bytes it holds, about.
    pub(super) fn memory_bytes(&self) -> usize {
        self.tokens.iter().map(|token| token.bytes.len() * 3 + 160).sum()
    }
}

/// Where in a text a token that stands for itself comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NextSelf {
    Unsought,
    At(usize),
    Nowhere,
}

/// Where a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// At the beginning, or after a sign.
    Start,
    /// After other text.
    Middle,
}

/// What each token is for; plain where the file does not say.
fn kinds(header: &Header, names: &[String]) -> Result<Vec<Kind>, Error> {
    let key = "tokenizer.ggml.token_type";
    let Some(numbers) = header.numbers(key)? else {
        return Ok(vec![Kind::Plain; names.len()]);
    };
    if numbers.len() != names.len() {
        let problem = format!("has {} entries, expected {}", numbers.len(), names.len());
        return Err(header.bad_value(key, &problem));
    }
    let kind = |(number, name): (&f64, &String)| match *number as i64 {
        1 => Kind::Plain,
        6 => Kind::Byte,
        // User-defined: `<think>` and its like are signs, in a mail they are characters.
        4 if stands_for_itself(name) => Kind::Itself,
        2..=4 => Kind::Sign,
        _ => Kind::Unused,
    };
    Ok(numbers.iter().zip(names).map(kind).collect())
}

fn stands_for_itself(name: &str) -> bool {
    let mut letters = name.chars();
    match (letters.next(), letters.next()) {
        (None, _) => false,
        (Some(_), None) => true,
        _ => name.chars().all(char::is_whitespace),
    }
}
