//! One token after another, until something ends it.

use std::ops::ControlFlow;
use std::time::Instant;

use super::decoder::Reading;
use super::grammar::{Grammar, Progress};
use super::guess::guess;
use super::sample::{Sampler, Sampling};
use super::stop::{Gate, Passed};
use super::store::Sequence;
use super::tokens::TextStream;
use super::{PASS_TOKENS, Prefix, Prompt, Writer};
use crate::engine::Error;

/// What to generate, and how far.
#[derive(Debug, Clone)]
pub struct Generation<'a> {
    /// The most tokens.
    pub tokens_max: usize,
    /// When to stop at the latest; looked at after each pass.
    pub deadline: Option<Instant>,
    /// How words are chosen.
    pub sampling: Sampling,
    /// Texts that end the answer, and are no part of it.
    pub stop: &'a [&'a str],
    /// What the answer has to look like. Only an answer that was stopped by [`StoppedBy::End`] or a
    /// stop text is whole.
    pub grammar: Option<&'a Grammar>,
    /// How many tokens to guess from the prompt at once, at most; 0 is none. Changes no token.
    pub guess_tokens: usize,
}

impl Default for Generation<'_> {
    /// Up to 512 of the likeliest tokens, eight guessed at once.
    fn default() -> Self {
        Self {
            tokens_max: 512,
            deadline: None,
            sampling: Sampling::default(),
            stop: &[],
            grammar: None,
            guess_tokens: 8,
        }
    }
}

/// Why generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoppedBy {
    /// The model ended its answer, or its grammar allows no more.
    End,
    /// The stop text at this place of the list came.
    Text(usize),
    /// As many tokens as were asked for.
    Tokens,
    /// The time was up.
    Deadline,
    /// The model's window is full.
    Window,
    /// The caller said so.
    Caller,
}

/// What was generated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// The text, without the stop text.
    pub text: String,
    /// Tokens of it, the one that ended it not counted.
    pub tokens_count: usize,
    /// How many of these were guessed right, and so came without a pass of their own.
    pub guessed_count: usize,
    /// Why it ended.
    pub stopped_by: StoppedBy,
}

impl Writer {
    /// Generates the answer to a prompt.
    ///
    /// What the prompt has in common with `prefix` from its start is not read again. `on_text` gets
    /// each further piece of the text, after each token, empty where characters are not whole or a
    /// stop text may have begun; it ends generation by breaking.
    ///
    /// # Errors
    ///
    /// When the prompt does not fit the window, or a pass does not succeed.
    pub fn generate(
        &self,
        prefix: Option<&Prefix>,
        prompt: &Prompt,
        generation: &Generation<'_>,
        on_text: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<Generated, Error> {
        let (mut sequence, rest) = self.begin(prefix, prompt)?;
        let late = || generation.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        let mut answer = Answer {
            sampler: Sampler::new(generation.sampling),
            progress: generation.grammar.map(Grammar::start).transpose()?,
            history: prompt.ids().to_vec(),
            stream: self.tokens.stream(),
            gate: Gate::new(generation.stop),
            generated: Generated {
                text: String::new(),
                tokens_count: 0,
                guessed_count: 0,
                stopped_by: StoppedBy::End,
            },
            tokens_max: generation.tokens_max,
        };
        let mut rows = Vec::new();
        let chunks: Vec<&[u32]> = rest.chunks(PASS_TOKENS).collect();
        for (place, ids) in chunks.iter().enumerate() {
            let last = [ids.len() - 1];
            let chosen: &[usize] = if place + 1 == chunks.len() { &last } else { &[] };
            rows = self.rows(&mut sequence, ids, chosen)?;
            if late() {
                return Ok(answer.end(StoppedBy::Deadline, on_text));
            }
        }
        let mut guessed: Vec<u32> = Vec::new();
        // A wrong guess costs time: more are tried while they are right.
        let mut bold = 2;
        loop {
            let before = sequence.length() - guessed.len();
            let mut next = None;
            for (place, row) in rows.iter_mut().enumerate() {
                let id = match answer.take(self, row, on_text)? {
                    ControlFlow::Continue(id) => id,
                    ControlFlow::Break(stopped_by) => return Ok(answer.end(stopped_by, on_text)),
                };
                if guessed.get(place) == Some(&id) {
                    answer.generated.guessed_count += 1;
                    continue;
                }
                sequence.truncate(before + place);
                next = Some(id);
                if !guessed.is_empty() {
                    bold = if place == guessed.len() { bold * 2 } else { place.max(1) };
                    bold = bold.min(generation.guess_tokens);
                }
                break;
            }
            if late() {
                return Ok(answer.end(StoppedBy::Deadline, on_text));
            }
            let room = self.context_tokens - sequence.length();
            let Some(next) = next.filter(|_| room > 0) else {
                return Ok(answer.end(StoppedBy::Window, on_text));
            };
            let left = generation.tokens_max - answer.generated.tokens_count;
            let count = bold.min(generation.guess_tokens).min(room - 1).min(left.saturating_sub(1));
            guessed = guess(&answer.history, count).to_vec();
            let ids: Vec<u32> = std::iter::once(next).chain(guessed.iter().copied()).collect();
            let chosen: Vec<usize> = (0..ids.len()).collect();
            rows = self.rows(&mut sequence, &ids, &chosen)?;
        }
    }

    /// Reads tokens and returns the logits after the chosen ones.
    pub(super) fn rows(
        &self,
        sequence: &mut Sequence,
        ids: &[u32],
        chosen: &[usize],
    ) -> Result<Vec<Vec<f32>>, Error> {
        let hidden = self.decoder.read_tokens(&mut [Reading { sequence, ids, chosen }])?;
        match hidden {
            Some(hidden) => self.decoder.logits(&hidden),
            None => Ok(Vec::new()),
        }
    }
}

/// An answer as it grows.
struct Answer<'a> {
    sampler: Sampler,
    progress: Option<Progress>,
    /// The prompt's tokens and the answer's.
    history: Vec<u32>,
    stream: TextStream,
    gate: Gate<'a>,
    generated: Generated,
    tokens_max: usize,
}

impl Answer<'_> {
    /// Chooses the next token and lets its text out. Breaks when the answer ends with it.
    fn take(
        &mut self,
        writer: &Writer,
        logits: &mut [f32],
        on_text: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Result<ControlFlow<StoppedBy, u32>, Error> {
        if self.generated.tokens_count >= self.tokens_max {
            return Ok(ControlFlow::Break(StoppedBy::Tokens));
        }
        if let Some(progress) = &mut self.progress {
            progress.restrict(logits)?;
        }
        let picked = self.sampler.pick(logits, &self.history);
        let Some(id) = picked.filter(|id| !writer.tokens.ends().contains(id)) else {
            return Ok(ControlFlow::Break(StoppedBy::End));
        };
        self.history.push(id);
        self.generated.tokens_count += 1;
        let over = match &mut self.progress {
            Some(progress) => progress.take(id)?,
            None => false,
        };
        let text = self.stream.push(&writer.tokens, id);
        let (text, stopped) = match self.gate.push(&text) {
            Passed::Text(text) => (text, None),
            Passed::Stopped(text, place) => (text, Some(StoppedBy::Text(place))),
        };
        self.generated.text.push_str(&text);
        let told = on_text(&text);
        if let Some(stopped_by) = stopped {
            return Ok(ControlFlow::Break(stopped_by));
        }
        if told.is_break() {
            return Ok(ControlFlow::Break(StoppedBy::Caller));
        }
        if over {
            return Ok(ControlFlow::Break(StoppedBy::End));
        }
        if self.generated.tokens_count == self.tokens_max {
            return Ok(ControlFlow::Break(StoppedBy::Tokens));
        }
        Ok(ControlFlow::Continue(id))
    }

    /// Lets out what was held back, unless a stop text ended it.
    fn end(
        mut self,
        stopped_by: StoppedBy,
        on_text: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Generated {
        if !matches!(stopped_by, StoppedBy::Text(_)) {
            let last = self.stream.finish();
            let mut text = match self.gate.push(&last) {
                Passed::Text(text) | Passed::Stopped(text, _) => text,
            };
            text.push_str(&self.gate.finish());
            self.generated.text.push_str(&text);
            if !text.is_empty() && stopped_by != StoppedBy::Caller {
                // The answer is over: there is nothing left that a break could end.
                let _ = on_text(&text);
            }
        }
        self.generated.stopped_by = stopped_by;
        self.generated
    }
}
