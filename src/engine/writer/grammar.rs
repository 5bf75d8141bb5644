//! Answers that cannot be malformed: tokens that would break a grammar are never chosen.
//!
//! By llguidance (github.com/guidance-ai/llguidance), with the vocabulary taken from the model's own
//! file. Signs are no part of any grammar but the one that ends the answer.

use std::sync::{Arc, OnceLock};

use llguidance::api::TopLevelGrammar;
use llguidance::{Matcher, ParserFactory};
use toktrie::{
    InferenceCapabilities, SimpleVob, TokEnv, TokRxInfo, TokTrie, TokenId, TokenizerEnv,
};

use super::tokens::{Kind, Tokens};
use crate::engine::Error;

/// What an answer has to look like.
#[derive(Clone)]
pub struct Grammar {
    factory: Arc<ParserFactory>,
    source: TopLevelGrammar,
}

/// Makes grammars for one vocabulary; what that takes is prepared when the first is wanted.
pub(super) struct Grammars {
    factory: OnceLock<Arc<ParserFactory>>,
}

impl Grammars {
    pub(super) fn new() -> Self {
        Self { factory: OnceLock::new() }
    }

    /// JSON of this schema, written without blanks but one after each colon and comma.
    pub(super) fn json(&self, tokens: &Arc<Tokens>, schema: &str) -> Result<Grammar, Error> {
        let bad = |problem: String| Error::Grammar { problem };
        let mut schema: serde_json::Value =
            serde_json::from_str(schema).map_err(|error| bad(error.to_string()))?;
        let Some(object) = schema.as_object_mut() else {
            return Err(bad("the schema is no object".to_owned()));
        };
        // Free blanks would let a model write nothing else for ever.
        let layout = serde_json::json!({
            "whitespace_flexible": false, "item_separator": ", ", "key_separator": ": ",
        });
        object.insert("x-guidance".to_owned(), layout);
        self.checked(tokens, TopLevelGrammar::from_json_schema(schema))
    }

    /// Text that a regular expression matches as a whole (the syntax is that of the regex crate).
    pub(super) fn regex(&self, tokens: &Arc<Tokens>, expression: &str) -> Result<Grammar, Error> {
        self.checked(tokens, TopLevelGrammar::from_regex(expression))
    }

    fn checked(&self, tokens: &Arc<Tokens>, source: TopLevelGrammar) -> Result<Grammar, Error> {
        let bad = |error: &dyn std::fmt::Display| Error::Grammar { problem: first_line(error) };
        let factory = if let Some(factory) = self.factory.get() {
            Arc::clone(factory)
        } else {
            let factory = Arc::new(factory(tokens).map_err(|error| bad(&error))?);
            Arc::clone(self.factory.get_or_init(|| factory))
        };
        let grammar = Grammar { factory, source };
        grammar.start()?;
        Ok(grammar)
    }
}

fn first_line(error: &dyn std::fmt::Display) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

fn factory(tokens: &Arc<Tokens>) -> Result<ParserFactory, impl std::fmt::Display> {
    let words: Vec<Vec<u8>> = tokens
        .all()
        .iter()
        .map(|token| match token.kind {
            Kind::Plain | Kind::Byte | Kind::Itself => token.bytes.clone(),
            Kind::Sign => {
                let mut word = vec![TokTrie::SPECIAL_TOKEN_MARKER];
                word.extend_from_slice(&token.bytes);
                word
            }
            Kind::Unused => Vec::new(),
        })
        .collect();
    let end = tokens.ends().first().copied().unwrap_or_default();
    let facts = TokRxInfo::new(words.len() as u32, end);
    let trie = TokTrie::from(&facts, &words);
    let vocabulary: TokEnv = Arc::new(Vocabulary { trie, tokens: Arc::clone(tokens) });
    let slices = llguidance::earley::SlicedBiasComputer::general_slices();
    let factory = ParserFactory::new(&vocabulary, InferenceCapabilities::default(), &slices);
    factory.map(|mut factory| {
        factory.quiet();
        factory
    })
}

struct Vocabulary {
    trie: TokTrie,
    tokens: Arc<Tokens>,
}

impl TokenizerEnv for Vocabulary {
    fn tok_trie(&self) -> &TokTrie {
        &self.trie
    }

    fn tokenize_bytes(&self, bytes: &[u8]) -> Vec<TokenId> {
        // What is no UTF-8 is cut by the trie; forced tokens are never taken from here.
        let encode = |bytes: &[u8]| {
            self.tokens
                .encode_part(std::str::from_utf8(bytes).ok()?, super::tokens::Place::Middle)
                .ok()
        };
        encode(bytes).unwrap_or_else(|| self.trie.greedy_tokenize(bytes))
    }

    fn tokenize_is_canonical(&self) -> bool {
        false
    }
}

impl Grammar {
    /// Begins an answer.
    pub(super) fn start(&self) -> Result<Progress, Error> {
        let matcher = Matcher::new(self.factory.create_parser(self.source.clone()));
        match matcher.get_error() {
            Some(error) => Err(Error::Grammar { problem: first_line(&error) }),
            None => Ok(Progress(matcher)),
        }
    }
}

impl std::fmt::Debug for Grammar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Grammar").finish_non_exhaustive()
    }
}

/// How far an answer has come.
pub(super) struct Progress(Matcher);

impl Progress {
    /// Puts the logits of all tokens that would break the grammar to minus infinity.
    pub(super) fn restrict(&mut self, logits: &mut [f32]) -> Result<(), Error> {
        let allowed: SimpleVob = self.0.compute_mask_or_eos().map_err(|error| broken(&error))?;
        for (id, logit) in logits.iter_mut().enumerate() {
            if id >= allowed.len() || !allowed.get(id) {
                *logit = f32::NEG_INFINITY;
            }
        }
        Ok(())
    }

    /// Takes in a token. `true` when nothing can follow it.
    pub(super) fn take(&mut self, id: u32) -> Result<bool, Error> {
        self.0.consume_token(id).map_err(|error| broken(&error))?;
        Ok(self.0.is_stopped())
    }
}

fn broken(error: &dyn std::fmt::Display) -> Error {
    Error::Grammar { problem: first_line(error) }
}
