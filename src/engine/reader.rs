//! The embedded reader: vectors for search, judgements for triage.

use std::sync::OnceLock;

use super::encoder::{Backend, Dimensions, Embeddings, Encoder};
use super::gguf::Gguf;
use super::heads::{Heads, Judgement, KINDS, RESPONSES, Response, SentenceScores, mean};
use super::tokenizer::Tokenizer;
use super::{Error, parallel};
use crate::models;

/// Floats in a vector of the embedded reader.
pub const VECTOR_WIDTH: usize = 384;
/// The most tokens the reader takes in at once, `[CLS]` and `[SEP]` included.
pub const WINDOW_TOKENS: usize = 256;
/// Tokens of a subject that open each window of a message.
const SUBJECT_TOKENS_MAX: usize = 32;
/// Tokens of a sentence that are read.
const SENTENCE_TOKENS_MAX: usize = 64;
/// Windows of a message that are read, about 1,600 tokens; later sentences score 0.
const WINDOWS_MAX: usize = 8;
/// Tokens of one pass: enough to keep the kernels busy, few enough for a processor's cache.
const PASS_TOKENS: usize = 256;

/// A message to be judged: its subject and its writer's own sentences.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reading<'a> {
    /// The subject, empty when there is none.
    pub subject: &'a str,
    /// The sentences, in order.
    pub sentences: &'a [&'a str],
    /// Its response is not wanted: nobody waits for an answer to a mailing.
    pub without_response: bool,
}

/// The encoder that reads all mail.
///
/// Building one checks the headers of its files; layers are unpacked when they are first needed,
/// those for vectors, for judgements and for the response each by themselves.
pub struct Reader {
    tokenizer: Tokenizer,
    embeddings: Embeddings,
    vectors: Lazy,
    judgements: Option<(Heads, Lazy)>,
    response: Option<(Response, Lazy)>,
}

/// An encoder that is unpacked when it is first needed.
struct Lazy {
    name: &'static str,
    bytes: &'static [u8],
    dimensions: Dimensions,
    encoder: OnceLock<Encoder>,
}

impl Lazy {
    fn new(
        name: &'static str,
        bytes: &'static [u8],
        gguf: &Gguf<'static>,
        dimensions: Dimensions,
    ) -> Result<Self, Error> {
        Encoder::check(gguf, dimensions)?;
        Ok(Self { name, bytes, dimensions, encoder: OnceLock::new() })
    }

    fn get(&self) -> Result<&Encoder, Error> {
        if let Some(encoder) = self.encoder.get() {
            return Ok(encoder);
        }
        let encoder =
            Encoder::read(&Gguf::parse(self.name, self.bytes)?, self.dimensions, Backend::best())?;
        Ok(self.encoder.get_or_init(|| encoder))
    }
}

/// Kind and sentence scores of one window.
struct WindowScores {
    kind: [f32; KINDS.len()],
    sentences: Vec<SentenceScores>,
}

impl Reader {
    /// The reader compiled into this binary.
    ///
    /// # Errors
    ///
    /// Only when the embedded files are not what they were built to be.
    pub fn embedded() -> Result<Self, Error> {
        Self::from_files(
            models::READER,
            models::TOKENIZER,
            Some(models::HEADS),
            Some(models::RESPONSE),
        )
    }

    /// A reader of these files: GGUF, `tokenizer.json`, GGUF of the heads that judge, and of the response.
    ///
    /// # Errors
    ///
    /// When a header, tensor or label is not what this reader takes; the error names it.
    pub fn from_files(
        reader: &'static [u8],
        tokenizer: &[u8],
        heads: Option<&'static [u8]>,
        response: Option<&'static [u8]>,
    ) -> Result<Self, Error> {
        let tokenizer = Tokenizer::from_bytes(tokenizer)?;
        let gguf = Gguf::parse("reader.gguf", reader)?;
        let dimensions = Dimensions::read(&gguf)?;
        if dimensions.width != VECTOR_WIDTH {
            let problem = format!("is {}, expected {VECTOR_WIDTH}", dimensions.width);
            return Err(gguf.bad_metadata("bert.embedding_length", problem));
        }
        let embeddings = Embeddings::read(&gguf, dimensions, tokenizer.size(), WINDOW_TOKENS)?;
        let vectors = Lazy::new("reader.gguf", reader, &gguf, dimensions)?;
        let layers = |name: &'static str, bytes: &'static [u8]| {
            let gguf = Gguf::parse(name, bytes)?;
            Lazy::new(name, bytes, &gguf, dimensions).map(|lazy| (gguf, lazy))
        };
        let judgements = heads.map(|bytes| layers("heads.gguf", bytes)).transpose()?;
        let judgements = judgements
            .map(|(gguf, lazy)| Heads::read(&gguf, dimensions).map(|heads| (heads, lazy)))
            .transpose()?;
        let response = response.map(|bytes| layers("response.gguf", bytes)).transpose()?;
        let response = response
            .map(|(gguf, lazy)| Response::read(&gguf, dimensions).map(|head| (head, lazy)))
            .transpose()?;
        Ok(Self { tokenizer, embeddings, vectors, judgements, response })
    }

    /// The vector of each text: 384 floats of length 1, in order.
    ///
    /// A text is cut after 254 tokens. An empty text has a vector too, of `[CLS]` and `[SEP]` alone.
    pub fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, Error> {
        let encoder = self.vectors.get()?;
        let sequences = parallel::map(texts, |text| self.sequence(text))?;
        let passes = passes(&sequences, Vec::len);
        let vectors = parallel::map(&passes, |sequences| {
            let ids = sequences.concat();
            let lengths: Vec<usize> = sequences.iter().map(Vec::len).collect();
            let hidden = encoder.hidden(&self.embeddings, &ids, &lengths)?;
            let mut rest = hidden.as_slice();
            let mut vectors = Vec::with_capacity(lengths.len());
            for length in lengths {
                let (rows, after) = rest.split_at(length * VECTOR_WIDTH);
                rest = after;
                vectors.push(unit(mean(rows, VECTOR_WIDTH).unwrap_or_default()));
            }
            Ok(vectors)
        })?;
        Ok(vectors.into_iter().flatten().collect())
    }

    /// How many tokens a text has, `[CLS]` and `[SEP]` not counted.
    pub fn token_count(&self, text: &str) -> usize {
        self.tokenizer.count(text)
    }

    /// What each message and each of its sentences is, in order.
    ///
    /// A message is read as `[CLS] subject [SEP] sentences [SEP]` in windows of 256 tokens, each
    /// with the subject (without one `[CLS] sentences [SEP]`); the kind is the first window's. Sentences are read up to 64 tokens.
    /// A sentence without tokens, or beyond the eighth window, scores 0.
    ///
    /// # Errors
    ///
    /// [`Error::NoHeads`] when the reader was built without them.
    pub fn read(&self, messages: &[Reading<'_>]) -> Result<Vec<Judgement>, Error> {
        let planned = parallel::map(messages, |message| self.windows(message))?;
        let windows: Vec<(usize, Window)> = planned
            .into_iter()
            .enumerate()
            .flat_map(|(message, windows)| windows.into_iter().map(move |window| (message, window)))
            .collect();
        let text = |message: usize, sentence: usize| messages[message].sentences[sentence];
        let judged = self.judge(&windows, text)?;
        let responses = self.respond(messages, &windows)?;
        let empty = |message: &Reading<'_>| Judgement {
            kind: [0.0; KINDS.len()],
            response: [0.0; RESPONSES.len()],
            sentences: vec![SentenceScores::default(); message.sentences.len()],
        };
        let mut judgements: Vec<Judgement> = messages.iter().map(empty).collect();
        for ((message, window), judged) in windows.iter().zip(judged) {
            let judgement = &mut judgements[*message];
            if window.first {
                judgement.kind = judged.kind;
            }
            for (span, score) in window.spans.iter().zip(judged.sentences) {
                judgement.sentences[span.sentence] = score;
            }
        }
        for (message, response) in responses {
            judgements[message].response = response;
        }
        Ok(judgements)
    }

    /// What each sentence is when nothing is known around it: read as `[CLS] sentence [SEP]`.
    ///
    /// # Errors
    ///
    /// [`Error::NoHeads`] when the reader was built without them.
    pub fn read_sentences(&self, sentences: &[&str]) -> Result<Vec<SentenceScores>, Error> {
        let places: Vec<usize> = (0..sentences.len()).collect();
        let windows = parallel::map(&places, |&place| {
            let mut window = Window { ids: vec![self.tokenizer.cls()], spans: vec![], first: true };
            let ids = self.tokenizer.first(sentences[place], SENTENCE_TOKENS_MAX)?;
            window.push(0, &ids);
            window.ids.push(self.tokenizer.sep());
            Ok((place, window))
        })?;
        let judged = self.judge(&windows, |place, _| sentences[place])?;
        Ok(judged
            .into_iter()
            .map(|judged| judged.sentences.first().copied().unwrap_or_default())
            .collect())
    }

    /// Bytes of weights in use: those compiled in that are read, and those unpacked so far.
    pub fn memory_bytes(&self) -> usize {
        let unpacked = |lazy: &Lazy| lazy.encoder.get().map_or(0, Encoder::memory_bytes);
        let judgements = self.judgements.as_ref().map_or(0, |(_, lazy)| unpacked(lazy));
        let response = self.response.as_ref().map_or(0, |(_, lazy)| unpacked(lazy));
        self.embeddings.memory_bytes() + unpacked(&self.vectors) + judgements + response
    }

    /// `[CLS] text [SEP]`, cut to the window.
    fn sequence(&self, text: &str) -> Result<Vec<u32>, Error> {
        let mut ids = vec![self.tokenizer.cls()];
        ids.extend(self.tokenizer.first(text, WINDOW_TOKENS - 2)?);
        ids.push(self.tokenizer.sep());
        Ok(ids)
    }

    fn windows(&self, message: &Reading<'_>) -> Result<Vec<Window>, Error> {
        let mut opening = vec![self.tokenizer.cls()];
        // As in training: without a subject its end is not there either.
        if !message.subject.is_empty() {
            opening.extend(self.tokenizer.first(message.subject, SUBJECT_TOKENS_MAX)?);
            opening.push(self.tokenizer.sep());
        }
        let sep = self.tokenizer.sep();
        let mut windows = Vec::new();
        let mut window = Window { ids: opening.clone(), spans: vec![], first: true };
        for (sentence, text) in message.sentences.iter().enumerate() {
            let ids = self.tokenizer.first(text, SENTENCE_TOKENS_MAX)?;
            if window.ids.len() + ids.len() + 1 > WINDOW_TOKENS {
                if windows.len() + 1 == WINDOWS_MAX {
                    break;
                }
                window.ids.push(sep);
                let next = Window { ids: opening.clone(), spans: vec![], first: false };
                windows.push(std::mem::replace(&mut window, next));
            }
            window.push(sentence, &ids);
        }
        window.ids.push(sep);
        windows.push(window);
        Ok(windows)
    }

    /// Kind and sentence scores of each window; `text` finds a window's sentence by the window's tag.
    fn judge<'a>(
        &self,
        windows: &[(usize, Window)],
        text: impl Fn(usize, usize) -> &'a str + Sync,
    ) -> Result<Vec<WindowScores>, Error> {
        let (heads, layers) = self.judgements.as_ref().ok_or(Error::NoHeads)?;
        let encoder = layers.get()?;
        let judged = parallel::map(&passes(windows, |(_, window)| window.ids.len()), |windows| {
            let lengths: Vec<usize> = windows.iter().map(|(_, window)| window.ids.len()).collect();
            let ids: Vec<u32> = windows.iter().flat_map(|(_, w)| w.ids.iter().copied()).collect();
            let hidden = encoder.hidden(&self.embeddings, &ids, &lengths)?;
            let mut rest = hidden.as_slice();
            let mut judged = Vec::with_capacity(windows.len());
            for ((tag, window), length) in windows.iter().zip(lengths) {
                let (rows, after) = rest.split_at(length * VECTOR_WIDTH);
                rest = after;
                let score = |span: &Span| {
                    let rows = &rows[span.start * VECTOR_WIDTH..span.end * VECTOR_WIDTH];
                    heads.sentence(rows, text(*tag, span.sentence))
                };
                let sentences = window.spans.iter().map(score).collect();
                judged.push(WindowScores { kind: heads.kind(rows), sentences });
            }
            Ok(judged)
        })?;
        Ok(judged.into_iter().flatten().collect())
    }

    /// The response of each message that wants one, by its first window; none where the reader has no such
    /// head.
    fn respond(
        &self,
        messages: &[Reading<'_>],
        windows: &[(usize, Window)],
    ) -> Result<Vec<Responded>, Error> {
        let Some((head, layers)) = &self.response else { return Ok(Vec::new()) };
        let encoder = layers.get()?;
        let is_wanted = |(message, window): &&(usize, Window)| {
            window.first && !messages[*message].without_response
        };
        let firsts: Vec<&(usize, Window)> = windows.iter().filter(is_wanted).collect();
        let responses =
            parallel::map(&passes(&firsts, |(_, window)| window.ids.len()), |windows| {
                let lengths: Vec<usize> =
                    windows.iter().map(|(_, window)| window.ids.len()).collect();
                let ids: Vec<u32> =
                    windows.iter().flat_map(|(_, w)| w.ids.iter().copied()).collect();
                let hidden = encoder.hidden(&self.embeddings, &ids, &lengths)?;
                let mut rest = hidden.as_slice();
                let mut responses = Vec::with_capacity(windows.len());
                for ((message, window), length) in windows.iter().zip(lengths) {
                    let (rows, after) = rest.split_at(length * VECTOR_WIDTH);
                    rest = after;
                    responses.push((*message, head.logits(rows, window.ranges(), VECTOR_WIDTH)));
                }
                Ok(responses)
            })?;
        Ok(responses.into_iter().flatten().collect())
    }
}

/// A message's place among those read, and its response.
type Responded = (usize, [f32; RESPONSES.len()]);

/// One sequence of a message, and where its sentences stand in it.
struct Window {
    ids: Vec<u32>,
    spans: Vec<Span>,
    /// Whether it is its message's first.
    first: bool,
}

struct Span {
    sentence: usize,
    start: usize,
    end: usize,
}

impl Window {
    /// The tokens of each sentence.
    fn ranges(&self) -> impl Iterator<Item = std::ops::Range<usize>> {
        self.spans.iter().map(|span| span.start..span.end)
    }

    fn push(&mut self, sentence: usize, ids: &[u32]) {
        let start = self.ids.len();
        self.ids.extend_from_slice(ids);
        self.spans.push(Span { sentence, start, end: self.ids.len() });
    }
}

/// Neighbours put together until they make a pass.
fn passes<T>(sequences: &[T], length: impl Fn(&T) -> usize) -> Vec<&[T]> {
    let mut passes = Vec::new();
    let (mut start, mut tokens) = (0, 0);
    for (place, sequence) in sequences.iter().enumerate() {
        let more = length(sequence);
        if tokens > 0 && tokens + more > PASS_TOKENS {
            passes.push(&sequences[start..place]);
            (start, tokens) = (place, 0);
        }
        tokens += more;
    }
    if start < sequences.len() {
        passes.push(&sequences[start..]);
    }
    passes
}

/// Scales a vector to length 1. The encoder's last norm keeps it from being 0.
fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|value| *value /= length);
    }
    vector
}
