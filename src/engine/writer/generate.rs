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
    /// Generates the answer to a prompt. What the model thinks aloud is no part of it, and a sign that
    /// would begin another turn ends it.
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
            thinks: generation.grammar.is_none() && self.ends_thinking(prompt),
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

    /// Whether a prompt leaves the model in the middle of thinking aloud.
    fn ends_thinking(&self, prompt: &Prompt) -> bool {
        self.tokens.thoughts().is_some_and(|(open, close)| {
            prompt.ids().iter().rfind(|id| [open, close].contains(id)) == Some(&open)
        })
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
    /// Whether what comes is thought aloud, and no part of the answer.
    thinks: bool,
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
        let id = self.sampler.pick(logits, &self.history).ok_or(Error::NoToken)?;
        if writer.tokens.ends().contains(&id) || self.is_another_turn(writer, id) {
            return Ok(ControlFlow::Break(StoppedBy::End));
        }
        self.history.push(id);
        self.generated.tokens_count += 1;
        let over = match &mut self.progress {
            Some(progress) => progress.take(id)?,
            None => false,
        };
        let text = self.stream.push(&writer.tokens, id);
        let text = if self.thinks { String::new() } else { text };
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

    /// Whether a sign begins something that is no part of an answer. The signs around thinking aloud
    /// are, and are noted.
    fn is_another_turn(&mut self, writer: &Writer, id: u32) -> bool {
        if self.progress.is_some() || !writer.tokens.is_sign(id) {
            return false;
        }
        match writer.tokens.thoughts() {
            Some((open, _)) if id == open => self.thinks = true,
            Some((_, close)) if id == close => self.thinks = false,
            _ => return true,
        }
        false
    }

    /// Lets out what was held back, unless a stop text ended it.
    fn end(
        mut self,
        stopped_by: StoppedBy,
        on_text: &mut dyn FnMut(&str) -> ControlFlow<()>,
    ) -> Generated {
        if !matches!(stopped_by, StoppedBy::Text(_)) {
            let last = self.stream.finish();
            let last = if self.thinks { String::new() } else { last };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::writer::WriterOptions;
    use crate::engine::writer::tests::kit::{Entry, MadeUp, Spec};

    /// A writer that has the signs `<think>` (300) and `</think>` (301).
    fn thinker() -> Writer {
        let spec = Spec { layers: 1, vocabulary: 302, ..Spec::small("qwen3") };
        let mut file = MadeUp::new(spec).file;
        for (_, entry) in &mut file.entries {
            match entry {
                Entry::Texts(names) if names.len() == 302 => {
                    names[300..].clone_from_slice(&["<think>", "</think>"].map(str::to_owned));
                }
                Entry::Numbers(kinds) if kinds.len() == 302 => kinds[300..].fill(4),
                _ => {}
            }
        }
        let saved = file.save();
        Writer::open(&saved.path, &WriterOptions::default()).expect("a writer")
    }

    fn letter(writer: &Writer, byte: u8) -> u32 {
        let place = writer.tokens.all().iter().position(|token| token.bytes == [byte]);
        place.expect("a letter") as u32
    }

    /// The text of an answer in which these tokens are chosen, and how many were taken.
    #[track_caller]
    fn check(prompt: &str, chosen: &[u32], expected: &str, taken: usize) {
        let writer = thinker();
        let prompt =
            Prompt { ids: prompt.split(' ').map(|id| id.parse().expect("an id")).collect() };
        let mut answer = Answer {
            sampler: Sampler::new(Sampling::default()),
            progress: None,
            history: prompt.ids().to_vec(),
            stream: writer.tokens.stream(),
            gate: Gate::new(&[]),
            generated: Generated {
                text: String::new(),
                tokens_count: 0,
                guessed_count: 0,
                stopped_by: StoppedBy::End,
            },
            tokens_max: 100,
            thinks: writer.ends_thinking(&prompt),
        };
        let mut on_text = |_: &str| ControlFlow::Continue(());
        let mut count = 0;
        for &id in chosen {
            let mut logits = vec![0.0; writer.decoder.plan().vocabulary];
            logits[id as usize] = 9.0;
            if answer.take(&writer, &mut logits, &mut on_text).expect("taken").is_break() {
                break;
            }
            count += 1;
        }
        let generated = answer.end(StoppedBy::End, &mut on_text);
        assert_eq!((generated.text.as_str(), count), (expected, taken));
    }

    #[test]
    fn what_is_thought_aloud_is_no_part_of_the_answer() {
        let writer = thinker();
        let (h, i) = (letter(&writer, b'h'), letter(&writer, b'i'));
        check("257", &[h, i], "hi", 2);
        check("257", &[300, h, h, 301, i], "i", 5);
        check("257", &[h, 300, i], "h", 3);
        check("257 300", &[h, h, 301, i], "i", 4);
        check("257 300 301", &[h, i], "hi", 2);
        check("257 300", &[h, h], "", 2);
    }

    #[test]
    fn a_sign_of_another_turn_ends_the_answer() {
        let h = letter(&thinker(), b'h');
        check("257", &[h, 257, h], "h", 1);
        check("257", &[h, 258, h], "h", 1);
    }

    #[test]
    fn logits_that_are_no_numbers_are_an_error() {
        let mut sampler = Sampler::new(Sampling::default());
        assert_eq!(sampler.pick(&mut [f32::NAN; 4], &[]), None);
    }
}
