//! A language model as the teller of answers.

use std::ops::ControlFlow;
use std::time::Instant;

use super::tell::{Matter, Teller, TellerError, told_of};
use crate::engine::{self, Prompt, StoppedBy};
use crate::prompts::{self, Fence, start_of};

/// Tokens of a prompt.
const PROMPT_TOKENS_MAX: usize = 2_000;
/// Tokens of an answer.
const ANSWER_TOKENS_MAX: usize = 120;
/// Characters of a question that are shown.
const QUESTION_CHARS_MAX: usize = 400;

/// A language model that answers from passages.
pub struct Model<'a> {
    writer: &'a engine::Writer,
    name: String,
    random: u64,
    deadline: Option<Instant>,
}

impl<'a> Model<'a> {
    /// `random` is a number nobody can foresee, for the fence's mark. It stops at `deadline`.
    pub fn new(
        writer: &'a engine::Writer,
        name: impl Into<String>,
        random: u64,
        deadline: Option<Instant>,
    ) -> Self {
        Self { writer, name: name.into(), random, deadline }
    }

    /// The prompt with as many of the passages as fit, the best first.
    fn fitting(&self, fence: &Fence, matter: &Matter<'_>) -> Result<Prompt, TellerError> {
        let most = self.writer.context_tokens().saturating_sub(ANSWER_TOKENS_MAX);
        let question = start_of(matter.question, QUESTION_CHARS_MAX);
        let language = matter.passages.first().map_or("", |passage| passage.language.as_str());
        let language = prompts::language_name(language);
        let texts: Vec<String> = matter
            .passages
            .iter()
            .map(|passage| told_of(passage, matter.now, matter.zone))
            .collect();
        for count in (1..=texts.len()).rev() {
            let texts: Vec<&str> = texts[..count].iter().map(String::as_str).collect();
            let turns = prompts::ask(fence, question, &texts, language);
            let prompt = self.writer.prompt(&turns).map_err(other)?;
            if prompt.tokens_count() <= most.min(PROMPT_TOKENS_MAX) {
                return Ok(prompt);
            }
        }
        Err(TellerError::Other("no passage fits its window".to_owned()))
    }
}

impl Teller for Model<'_> {
    fn name(&self) -> &str {
        &self.name
    }

    fn tell(&self, matter: &Matter<'_>) -> Result<String, TellerError> {
        let fence = Fence::new(self.random);
        let prompt = self.fitting(&fence, matter)?;
        let generation = engine::Generation {
            tokens_max: ANSWER_TOKENS_MAX,
            deadline: self.deadline,
            stop: &[fence.mark()],
            ..engine::Generation::default()
        };
        let mut go_on = |_: &str| ControlFlow::Continue(());
        let answer = self.writer.generate(None, &prompt, &generation, &mut go_on).map_err(other)?;
        match answer.stopped_by {
            StoppedBy::End | StoppedBy::Caller => Ok(answer.text),
            StoppedBy::Deadline => Err(TellerError::Late),
            // The only stop text is the fence's mark.
            StoppedBy::Text(_) => {
                Err(TellerError::Other("it repeated its instructions".to_owned()))
            }
            StoppedBy::Tokens | StoppedBy::Window => {
                Err(TellerError::Other("it found no end".to_owned()))
            }
        }
    }
}

fn other(error: engine::Error) -> TellerError {
    TellerError::Other(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::super::Passage;
    use super::*;
    use crate::mail::when::Zone;
    use crate::mail::{MessageId, Person, UnixSeconds};

    fn passages(count: usize, words: usize) -> Vec<Passage> {
        let passage = |id: usize| Passage {
            id: MessageId(id as i64),
            date: UnixSeconds(1_772_442_000),
            from: Person { name: "Ben".to_owned(), address: "ben@example.org".to_owned() },
            subject: "Ink".to_owned(),
            quote: "two drums ".repeat(words),
            support: 0.9,
            decides: false,
            language: "en".to_owned(),
        };
        (1..=count).map(passage).collect()
    }

    #[test]
    fn passages_that_do_not_fit_are_left_out_from_the_end() {
        let writer = engine::small_writer();
        let model = Model::new(&writer, "tiny", 7, Some(Instant::now()));
        let zone = Zone::utc();
        let fitting = |passages: &[Passage]| {
            let now = UnixSeconds(1_772_442_000);
            let matter = Matter { question: "How much ink?", passages, now, zone: &zone };
            let prompt = model.fitting(&Fence::new(7), &matter)?;
            Ok::<_, TellerError>((prompt.tokens_count(), model.tell(&matter)))
        };
        let (short, told) = fitting(&passages(2, 3)).unwrap();
        assert!(matches!(told, Err(TellerError::Late)), "{told:?}");
        let (long, _) = fitting(&passages(5, 60)).unwrap();
        assert!(short < long && long <= PROMPT_TOKENS_MAX, "{short} {long}");
        let endless = fitting(&passages(1, 9_000));
        assert!(matches!(endless, Err(TellerError::Other(_))));
    }
}
