//! A language model as the teller of lines.

use std::cell::OnceCell;
use std::ops::ControlFlow;
use std::time::Instant;

use super::tell::{Matter, Teller, TellerError};
use crate::engine::{self, Prefix, Prompt, StoppedBy};
use crate::prompts::{self, Fence, Said, start_of};

/// Tokens of a prompt: a brief has many, and somebody waits.
const PROMPT_TOKENS_MAX: usize = 900;
/// Tokens of a sentence.
const SENTENCE_TOKENS_MAX: usize = 80;

/// A language model that says in a sentence what a mail has come to.
pub struct Model<'a> {
    writer: &'a engine::Writer,
    name: String,
    draw: &'a dyn Fn() -> u64,
    deadline: Option<Instant>,
    /// What all its prompts begin with, read once.
    prefix: OnceCell<Prefix>,
}

impl<'a> Model<'a> {
    /// `name` is what `written_by` says; `draw` gives a number nobody can foresee for each prompt,
    /// for the fence's mark. It stops at `deadline`, wherever it is.
    pub fn new(
        writer: &'a engine::Writer,
        name: impl Into<String>,
        draw: &'a dyn Fn() -> u64,
        deadline: Option<Instant>,
    ) -> Self {
        Self { writer, name: name.into(), draw, deadline, prefix: OnceCell::new() }
    }

    fn prompt(
        &self,
        fence: &Fence,
        matter: &Matter<'_>,
        text: &str,
    ) -> Result<Prompt, TellerError> {
        let language = prompts::language_name(matter.language);
        let said = [Said { from: matter.from, text }];
        let turns = prompts::sentence(fence, language, matter.subject, &said);
        self.writer.prompt(&turns).map_err(other)
    }

    /// The prompt with as much of the mail as fits.
    fn fitting(&self, fence: &Fence, matter: &Matter<'_>) -> Result<Prompt, TellerError> {
        let most = self.writer.context_tokens().saturating_sub(SENTENCE_TOKENS_MAX);
        let mut text = matter.text;
        loop {
            let prompt = self.prompt(fence, matter, text)?;
            if prompt.tokens_count() <= most.min(PROMPT_TOKENS_MAX) {
                return Ok(prompt);
            }
            let half = text.chars().count() / 2;
            if half == 0 {
                return Err(TellerError::Other("its mail does not fit the window".to_owned()));
            }
            text = start_of(text, half);
        }
    }

    fn prefix(&self) -> Result<&Prefix, TellerError> {
        if let Some(prefix) = self.prefix.get() {
            return Ok(prefix);
        }
        // Marks and texts differ, so what is shared ends before the first of them.
        let empty = |mark| {
            let matter = Matter { from: "", subject: "", text: "", language: "" };
            self.prompt(&Fence::new(mark), &matter, "")
        };
        let common = Prompt::common(&[empty(0)?, empty(u64::MAX)?]);
        let prefix = self.writer.prefix(&common).map_err(other)?;
        Ok(self.prefix.get_or_init(|| prefix))
    }
}

impl Teller for Model<'_> {
    fn name(&self) -> &str {
        &self.name
    }

    fn tell(&self, matter: &Matter<'_>) -> Result<String, TellerError> {
        let fence = Fence::new((self.draw)());
        let prompt = self.fitting(&fence, matter)?;
        let generation = engine::Generation {
            tokens_max: SENTENCE_TOKENS_MAX,
            deadline: self.deadline,
            stop: &[fence.mark()],
            ..engine::Generation::default()
        };
        let mut go_on = |_: &str| ControlFlow::Continue(());
        let prefix = Some(self.prefix()?);
        let answer =
            self.writer.generate(prefix, &prompt, &generation, &mut go_on).map_err(other)?;
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
    use std::cell::Cell;

    use super::*;

    const MATTER: Matter<'static> = Matter {
        from: "Ben",
        subject: "Ink",
        text: "Shall I order ink? The press needs two drums by Friday.",
        language: "en",
    };

    #[test]
    fn what_all_prompts_share_is_read_once() {
        let writer = engine::small_writer();
        let drawn = Cell::new(0);
        let draw = || drawn.replace(drawn.get() + 1);
        let model = Model::new(&writer, "tiny", &draw, None);
        let german = Matter { language: "de", text: "Soll ich Tinte bestellen?", ..MATTER };
        let prompt = |mark, matter| model.fitting(&Fence::new(mark), matter).unwrap();
        let (one, other) = (prompt(7, &MATTER), prompt(u64::MAX - 7, &german));
        let shared = Prompt::common(&[one.clone(), other]).tokens_count();
        let prefix = model.prefix().unwrap().tokens_count();
        assert!(prefix > 100 && prefix <= shared, "{prefix} of {shared}");
        assert!(prefix * 2 > one.tokens_count(), "most of a short mail's prompt is shared");
        let told = [model.tell(&MATTER), model.tell(&german)];
        assert!(told.iter().all(|told| !matches!(told, Err(TellerError::Late))), "{told:?}");
        assert_eq!(drawn.get(), 2, "each prompt has a mark of its own");
    }

    #[test]
    fn a_long_mail_is_cut_and_a_late_sentence_is_none() {
        let writer = engine::small_writer();
        let text = "Ink. ".repeat(4_000);
        let matter = Matter { text: &text, ..MATTER };
        let model = Model::new(&writer, "tiny", &|| 7, Some(Instant::now()));
        let prompt = model.fitting(&Fence::new(7), &matter).unwrap();
        assert!(prompt.tokens_count() <= PROMPT_TOKENS_MAX);
        assert!(matches!(model.tell(&matter), Err(TellerError::Late)));
    }
}
