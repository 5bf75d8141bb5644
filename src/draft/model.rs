//! A language model as the writer: what it is told, within its window, and what becomes of its text.

use std::ops::ControlFlow;
use std::time::Instant;

use super::written::{Known, objection, tidy};
use super::{Writer, WriterError, WritingBrief};
use crate::engine;
use crate::prompts::{self, Fence, Pair, Reply, Role, Said, Style};

/// Tokens of a prompt: more than this takes a laptop's processor half a minute to read.
const PROMPT_TOKENS_MAX: usize = 1_800;
/// Tokens of past replies and the mail they answered.
const EXAMPLES_TOKENS_MAX: usize = 700;
/// The most tokens of an answer.
const ANSWER_TOKENS_MAX: usize = 400;
/// Characters of the mail, or of an example, that are looked at.
const MAIL_CHARS_MAX: usize = 6_000;
const EXAMPLE_CHARS_MAX: usize = 700;

/// A language model that writes as the user does.
pub struct Model<'a> {
    writer: &'a engine::Writer,
    name: String,
    me: String,
    random: u64,
    deadline: Option<Instant>,
}

impl<'a> Model<'a> {
    /// `name` is what `written_by` says; `me` the user's name; `random` is drawn anew for each
    /// letter, for the fence's mark. It stops at `deadline`, and then gives no text.
    pub fn new(
        writer: &'a engine::Writer,
        name: impl Into<String>,
        me: impl Into<String>,
        random: u64,
        deadline: Option<Instant>,
    ) -> Self {
        Self { writer, name: name.into(), me: me.into(), random, deadline }
    }

    /// The prompt, with less and less around the asks until it fits: first goes the oldest mail of
    /// the thread, then the farthest example, then the middle of the mail.
    fn prompt(
        &self,
        fence: &Fence,
        brief: &WritingBrief<'_>,
    ) -> Result<engine::Prompt, WriterError> {
        let window = self.writer.context_tokens().saturating_sub(ANSWER_TOKENS_MAX);
        let most = window.min(PROMPT_TOKENS_MAX);
        let mut examples = self.examples(brief)?;
        let mut thread: Vec<Said<'_>> = brief
            .thread
            .iter()
            .map(|earlier| Said { from: &earlier.from, text: &earlier.text })
            .collect();
        let mut mail_chars = MAIL_CHARS_MAX;
        loop {
            let mail = without_middle(brief.mail, mail_chars);
            let prompt = self.rendered(fence, brief, &examples, &thread, &mail)?;
            if prompt.tokens_count() <= most {
                return Ok(prompt);
            }
            if !thread.is_empty() {
                thread.remove(0);
            } else if examples.pop().is_none() {
                if mail_chars < 200 {
                    return Err(WriterError {
                        why: format!("the asks alone do not fit a window of {most} tokens"),
                    });
                }
                mail_chars /= 2;
            }
        }
    }

    fn examples<'b>(&self, brief: &'b WritingBrief<'_>) -> Result<Vec<Pair<'b>>, WriterError> {
        let mut pairs = Vec::new();
        let mut tokens = 0;
        for example in brief.examples {
            let pair = Pair {
                asked: start_of(&example.asked, EXAMPLE_CHARS_MAX),
                answered: start_of(&example.answered, EXAMPLE_CHARS_MAX),
            };
            for text in [pair.asked, pair.answered] {
                tokens += self.writer.tokens_count(text).map_err(why)?;
            }
            if tokens > EXAMPLES_TOKENS_MAX {
                break;
            }
            pairs.push(pair);
        }
        Ok(pairs)
    }

    fn rendered(
        &self,
        fence: &Fence,
        brief: &WritingBrief<'_>,
        examples: &[Pair<'_>],
        thread: &[Said<'_>],
        mail: &str,
    ) -> Result<engine::Prompt, WriterError> {
        let style = Style {
            me: &self.me,
            language: language_name(brief.language),
            words: brief.habits.lengths.median,
            phrases: brief.phrases,
        };
        let turns = if brief.mail.is_empty() {
            prompts::compose(&style, brief.subject, brief.say)
        } else {
            let asks: Vec<&str> = brief.asks.iter().map(|ask| ask.quote.as_str()).collect();
            let mail = Said { from: brief.from, text: mail };
            let (subject, say) = (brief.subject, brief.say);
            prompts::reply(
                fence,
                &Reply { style, examples, thread, subject, mail, asks: &asks, say },
            )
        };
        let turns: Vec<engine::Turn> = turns.into_iter().map(turn).collect();
        self.writer.prompt(&turns).map_err(why)
    }
}

impl Writer for Model<'_> {
    fn name(&self) -> &str {
        &self.name
    }

    fn write(&self, brief: &WritingBrief<'_>) -> Result<String, WriterError> {
        let fence = Fence::new(self.random);
        let prompt = self.prompt(&fence, brief)?;
        let words = brief.habits.lengths.median.max(brief.asks.len() * 15);
        let generation = engine::Generation {
            tokens_max: (words * 3 + 60).clamp(120, ANSWER_TOKENS_MAX),
            deadline: self.deadline,
            sampling: engine::Sampling {
                temperature: 0.6,
                top_p: 0.9,
                min_p: 0.05,
                repetition: 1.05,
                // The same mail gets the same answer.
                seed: brief.mail.len() as u64,
                ..engine::Sampling::default()
            },
            stop: &[fence.mark()],
            ..engine::Generation::default()
        };
        let mut go_on = |_: &str| ControlFlow::Continue(());
        let answer = self.writer.generate(None, &prompt, &generation, &mut go_on).map_err(why)?;
        if answer.stopped_by == engine::StoppedBy::Deadline {
            return Err(WriterError { why: "it took too long".to_owned() });
        }
        let text = tidy(&answer.text);
        let known = Known {
            language: brief.language,
            mark: fence.mark(),
            strangers: brief.mail,
            others: &[brief.subject, brief.say],
            past: brief.examples,
        };
        match objection(&text, &known) {
            Some(why) => Err(WriterError { why }),
            None => Ok(text),
        }
    }

    fn prompt_stamp(&self, brief: &WritingBrief<'_>) -> String {
        let kind =
            if brief.mail.is_empty() { prompts::Kind::Compose } else { prompts::Kind::Reply };
        kind.stamp()
    }
}

fn why(error: engine::Error) -> WriterError {
    WriterError { why: error.to_string() }
}

fn turn(turn: prompts::Turn) -> engine::Turn {
    let role = match turn.role {
        Role::System => engine::Role::System,
        Role::User => engine::Role::User,
    };
    engine::Turn { role, text: turn.text }
}

/// The language's English name, which models know better than its code; empty when unsure.
fn language_name(code: &str) -> &str {
    const NAMES: &[(&str, &str)] = &[
        ("en", "English"),
        ("de", "German"),
        ("fr", "French"),
        ("es", "Spanish"),
        ("it", "Italian"),
        ("nl", "Dutch"),
        ("pt", "Portuguese"),
        ("sv", "Swedish"),
        ("da", "Danish"),
        ("nb", "Norwegian"),
        ("fi", "Finnish"),
        ("pl", "Polish"),
        ("cs", "Czech"),
        ("ru", "Russian"),
        ("uk", "Ukrainian"),
        ("tr", "Turkish"),
        ("ja", "Japanese"),
        ("zh", "Chinese"),
        ("ko", "Korean"),
    ];
    NAMES.iter().find(|(known, _)| *known == code).map_or("", |(_, name)| name)
}

fn start_of(text: &str, chars_max: usize) -> &str {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

/// The text, or its beginning and end with a gap between: what is asked stands at one of them.
fn without_middle(text: &str, chars_max: usize) -> String {
    let count = text.chars().count();
    if count <= chars_max {
        return text.to_owned();
    }
    let head: String = text.chars().take(chars_max * 2 / 3).collect();
    let tail: String = text.chars().skip(count - chars_max / 3).collect();
    format!("{head}\n{}\n{tail}", super::GAP)
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::*;
    use crate::draft::Ask;
    use crate::voice::Habits;

    static STARTED: LazyLock<Instant> = LazyLock::new(Instant::now);

    fn brief<'a>(mail: &'a str, asks: &'a [Ask], habits: &'a Habits) -> WritingBrief<'a> {
        WritingBrief {
            subject: "Ink",
            mail,
            from: "Ben",
            thread: &[],
            asks,
            say: "two drums",
            examples: &[],
            habits,
            phrases: &[],
            language: "",
        }
    }

    #[test]
    fn a_model_writes_the_same_again_or_says_why_not() {
        let writer = engine::small_writer();
        let habits = Habits::default();
        let asks = [Ask { quote: "Shall I order ink?".to_owned(), due: None }];
        for mail in ["Shall I order ink?".to_owned(), "Ink. ".repeat(4_000)] {
            let brief = brief(&mail, &asks, &habits);
            let write = |random| {
                let model = Model::new(&writer, "tiny", "Ada", random, None);
                model.write(&brief).map_err(|error| error.why)
            };
            assert_eq!(write(7), write(7));
            if let Ok(text) = write(7) {
                assert!(!text.is_empty() && !text.contains("0000000000000007"), "{text}");
            }
        }
    }

    #[test]
    fn asks_that_do_not_fit_are_not_cut() {
        let writer = engine::small_writer();
        let habits = Habits::default();
        let asks = [Ask { quote: "ink and ".repeat(2_000), due: None }];
        let model = Model::new(&writer, "tiny", "Ada", 7, None);
        let error = model.write(&brief("Ink?", &asks, &habits)).expect_err("too long");
        assert!(error.why.contains("do not fit"), "{}", error.why);
    }

    #[test]
    fn a_writer_that_takes_too_long_is_not_waited_for() {
        let writer = engine::small_writer();
        let habits = Habits::default();
        let mut model = Model::new(&writer, "tiny", "Ada", 7, None);
        // Any instant there is lies before the answer's end.
        model.deadline = Some(*STARTED);
        let error = model.write(&brief("Ink?", &[], &habits)).expect_err("late");
        assert!(error.why.contains("too long"), "{}", error.why);
    }

    #[test]
    fn a_long_mail_keeps_its_ends() {
        assert_eq!(without_middle("abcdefghi", 9), "abcdefghi");
        assert_eq!(without_middle("abcdefghij", 6), "abcd\n[…]\nij");
        assert_eq!(start_of("äöü", 2), "äö");
    }
}
