//! The writer: a language model that drafts, condenses and judges, from any GGUF file of its
//! families.
//!
//! [`Writer::open`] checks a file's header and maps its weights. [`Writer::prompt`] renders turns of
//! a talk by the model's own template; what is said in them is never taken for special tokens.
//! [`Writer::prefix`] reads what many prompts begin with once, for [`Writer::generate`] and
//! [`Writer::score`] to go on from. Tokens are the same whether or not a prefix is shared, prompts
//! are packed, or guesses are tried; on a GPU nearly so, since its kernels depend on how many rows there
//! are. Nothing here opens a connection or knows what a mail is.

mod bench;
mod crew;
mod decoder;
mod device;
mod dice;
mod family;
mod generate;
mod grammar;
mod guess;
mod header;
mod linear;
mod metal;
mod ops;
mod packed;
mod plan;
mod rope;
mod sample;
mod score;
mod stop;
mod store;
mod template;
mod tensors;
#[cfg(test)]
mod tests;
mod tokens;
mod weights;

use std::path::Path;
use std::sync::Arc;

pub use bench::{WriterPhase, bench_writer};
#[cfg(test)]
pub(crate) use tests::kit::small_writer;

pub use device::{DeviceUse, DeviceWish};
pub use generate::{Generated, Generation, StoppedBy};
pub use grammar::Grammar;
pub use linear::Activations;
pub use sample::Sampling;
pub use score::{Calibration, LabelScores, Labels};
pub use template::{Day, Role, Turn};

use self::decoder::{Decoder, Reading};
use self::device::Backend;
use self::grammar::Grammars;
use self::store::Sequence;
use self::template::Template;
use self::tokens::Tokens;
use self::weights::Weights;
use super::Error;

/// Tokens of one pass over a prompt: enough to keep the kernels busy, few enough that whoever asks to
/// stop is heard soon.
const PASS_TOKENS: usize = 128;

/// How a writer is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriterOptions {
    /// The most tokens of prompt and answer together; the model's own window if that is smaller.
    /// Memory grows with what is used of it.
    pub context_tokens: usize,
    /// The day, for templates that tell it to the model. Without one they leave it out.
    pub today: Option<Day>,
    /// The device it runs on; the processor where that cannot be had.
    pub device: DeviceWish,
    /// How exact products are.
    pub activations: Activations,
}

impl Default for WriterOptions {
    /// 8,192 tokens, no day, whichever device is best, rounded activations.
    fn default() -> Self {
        Self {
            context_tokens: 8_192,
            today: None,
            device: DeviceWish::Auto,
            activations: Activations::Rounded,
        }
    }
}

/// A language model.
pub struct Writer {
    decoder: Decoder,
    tokens: Arc<Tokens>,
    template: Option<Template>,
    grammars: Grammars,
    context_tokens: usize,
    today: Option<Day>,
    weights: Weights,
    device: DeviceUse,
}

/// What a model is given to read: tokens, of the template's signs and of plain words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    ids: Vec<u32>,
}

impl Prompt {
    /// How many tokens it has.
    pub fn tokens_count(&self) -> usize {
        self.ids.len()
    }

    /// What all of these prompts begin with; empty when there are none.
    pub fn common(prompts: &[Self]) -> Self {
        let Some((first, rest)) = prompts.split_first() else { return Self { ids: Vec::new() } };
        let length = rest.iter().map(|prompt| shared(&first.ids, &prompt.ids)).min();
        Self { ids: first.ids[..length.unwrap_or(first.ids.len())].to_vec() }
    }

    fn ids(&self) -> &[u32] {
        &self.ids
    }
}

/// A beginning of prompts that was read once. Cloning one is cheap.
#[derive(Debug, Clone)]
pub struct Prefix {
    sequence: Sequence,
}

impl Prefix {
    /// How many tokens it has.
    pub fn tokens_count(&self) -> usize {
        self.sequence.length()
    }

    /// Bytes that are remembered of it, for all its clones together.
    pub fn memory_bytes(&self) -> usize {
        self.sequence.prefix_bytes()
    }
}

impl Writer {
    /// Opens a model's file.
    ///
    /// The header is checked before any weight is touched; then weights are put into the order the
    /// machine multiplies them in, so that the first answer is as quick as the second. A GPU that is
    /// missing, too small or full leaves it to the processor: [`Self::device`] says so.
    ///
    /// # Errors
    ///
    /// When the file is no GGUF, is cut off, or holds an architecture, a type of weights, a
    /// tokenizer or shapes that are not known here: the error says which. A chat template is looked
    /// at when it is first used.
    pub fn open(path: &Path, options: &WriterOptions) -> Result<Self, Error> {
        let weights = Weights::open(path)?;
        Self::open_on(weights, options, |needed_bytes| device::gpu(options.device, needed_bytes))
    }

    fn open_on(
        mut weights: Weights,
        options: &WriterOptions,
        gpu: impl FnOnce(usize) -> Result<Option<Backend>, String>,
    ) -> Result<Self, Error> {
        let plan = plan::Plan::read(&weights)?;
        let tokens = Tokens::read(weights.header(), Some(plan.vocabulary))?;
        let template = weights.header().text("tokenizer.chat_template")?;
        let template = template.map(Template::new);
        let context_tokens = options.context_tokens.min(plan.context_tokens).max(1);
        let found = gpu(Decoder::device_bytes(&weights, &plan, context_tokens));
        let (decoder, device) = device::read_on(found, |backend| {
            let activations = options.activations;
            let plan = plan.clone();
            let decoder = Decoder::read(&weights, plan, context_tokens, activations, backend)?;
            decoder.warm_up()?;
            Ok(decoder)
        })?;
        weights.forget_values();
        weights.forget_pages();
        Ok(Self {
            decoder,
            tokens: Arc::new(tokens),
            template,
            grammars: Grammars::new(),
            context_tokens,
            today: options.today,
            weights,
            device,
        })
    }

    /// Where it runs.
    pub fn device(&self) -> &DeviceUse {
        &self.device
    }

    /// A talk as the model reads it, ready for its answer. Thinking aloud is switched off where the
    /// template knows of it.
    ///
    /// # Errors
    ///
    /// When the model has no chat template, or it does not render.
    pub fn prompt(&self, turns: &[Turn]) -> Result<Prompt, Error> {
        let template = self.template.as_ref().ok_or(Error::NoTemplate)?;
        Ok(Prompt { ids: template.ids(&self.tokens, turns, self.today)? })
    }

    /// Plain text to be gone on with, for models without a template.
    ///
    /// # Errors
    ///
    /// When the text cannot be tokenised.
    pub fn continuation(&self, text: &str) -> Result<Prompt, Error> {
        let mut ids: Vec<u32> = self.tokens.begin().into_iter().collect();
        ids.extend(self.tokens.encode(text)?);
        Ok(Prompt { ids })
    }

    /// Reads a beginning once, to go on from many times. See [`Prompt::common`].
    ///
    /// # Errors
    ///
    /// When it does not fit the window, or a pass does not succeed.
    pub fn prefix(&self, prompt: &Prompt) -> Result<Prefix, Error> {
        self.check_window(prompt.ids.len())?;
        let mut sequence = self.decoder.sequence();
        for ids in prompt.ids.chunks(PASS_TOKENS) {
            self.decoder.read_tokens(&mut [Reading {
                sequence: &mut sequence,
                ids,
                chosen: &[],
            }])?;
        }
        let tokens = prompt.ids.len();
        let shared = sequence.share().map_err(|source| Error::Decode { tokens, source })?;
        Ok(Prefix { sequence: shared })
    }

    /// How many tokens a text has by itself.
    ///
    /// # Errors
    ///
    /// When the text cannot be tokenised.
    pub fn tokens_count(&self, text: &str) -> Result<usize, Error> {
        Ok(self.tokens.encode(text)?.len())
    }

    /// The most tokens of prompt and answer together.
    pub fn context_tokens(&self) -> usize {
        self.context_tokens
    }

    /// Bytes the writer takes up, about: weights in their working order, tables, vocabulary. What
    /// is remembered of prompts comes on top.
    pub fn memory_bytes(&self) -> usize {
        self.decoder.memory_bytes() + self.tokens.memory_bytes()
    }

    /// The length of the model's file.
    pub fn file_bytes(&self) -> usize {
        self.weights.file_bytes()
    }

    /// A grammar whose every answer is JSON of this schema.
    ///
    /// # Errors
    ///
    /// When the schema is none, or asks for what cannot be kept to.
    pub fn json_grammar(&self, schema: &str) -> Result<Grammar, Error> {
        self.grammars.json(&self.tokens, schema)
    }

    /// A grammar whose every answer is matched by this regular expression as a whole.
    ///
    /// # Errors
    ///
    /// When the expression is none.
    pub fn regex_grammar(&self, expression: &str) -> Result<Grammar, Error> {
        self.grammars.regex(&self.tokens, expression)
    }

    /// A sequence that begins with as much of the prompt as `prefix` has, and what is left to be
    /// read: at least one token.
    fn begin<'a>(
        &self,
        prefix: Option<&Prefix>,
        prompt: &'a Prompt,
    ) -> Result<(Sequence, &'a [u32]), Error> {
        self.check_window(prompt.ids.len())?;
        let Some(last) = prompt.ids.len().checked_sub(1) else { return Err(Error::EmptyPrompt) };
        let Some(prefix) = prefix else {
            return Ok((self.decoder.sequence(), &prompt.ids));
        };
        let mut sequence = prefix.sequence.clone();
        sequence.truncate(shared(sequence.ids(), &prompt.ids).min(last));
        let rest = &prompt.ids[sequence.length()..];
        Ok((sequence, rest))
    }

    fn check_window(&self, tokens: usize) -> Result<(), Error> {
        if tokens <= self.context_tokens {
            return Ok(());
        }
        Err(Error::PromptTooLong { tokens, window_tokens: self.context_tokens })
    }
}

/// Whether a file is a writer that can be opened here, from its header alone: architecture, types of
/// weights, shapes and tokenizer are known.
///
/// # Errors
///
/// As [`Writer::open`], without having read a weight.
pub fn check_writer(path: &Path) -> Result<(), Error> {
    let weights = Weights::open(path)?;
    let plan = plan::Plan::read(&weights)?;
    Tokens::read(weights.header(), Some(plan.vocabulary)).map(drop)
}

/// How many ids two rows begin with in common.
fn shared(one: &[u32], two: &[u32]) -> usize {
    one.iter().zip(two).take_while(|(one, two)| one == two).count()
}
