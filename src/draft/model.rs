//! A language model as the writer: what it is told, within its window, and what becomes of its text.

use std::ops::ControlFlow;
use std::time::Instant;

use super::written::{Known, cut_back, objection, tidy};
use super::{Writer, WriterError, WritingBrief, Written};
use crate::engine::{self, StoppedBy};
use crate::prompts::{self, Fence, Pair, Reply, Said, Style, start_of};

/// Tokens of a prompt: reading them is most of what a person waits for.
const PROMPT_TOKENS_MAX: usize = 1_800;
/// Tokens of past replies and the mail they answered.
const EXAMPLES_TOKENS_MAX: usize = 700;
/// The most tokens of an answer.
const ANSWER_TOKENS_MAX: usize = 400;
/// Characters of the mail, or of an example, that are looked at.
const MAIL_CHARS_MAX: usize = 6_000;
const EXAMPLE_CHARS_MAX: usize = 700;

/// What of a brief stands in the prompt.
struct Shown<'a> {
    /// The first of its examples.
    examples: Vec<Pair<'a>>,
    /// The last of the thread.
    thread: Vec<Said<'a>>,
}

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

    /// The prompt and what it holds, with less and less around the asks until it fits: first goes the oldest mail of
    /// the thread, then the farthest example, then the middle of the mail.
    fn prompt<'b>(
        &self,
        fence: &Fence,
        brief: &'b WritingBrief<'_>,
    ) -> Result<(engine::Prompt, Shown<'b>), WriterError> {
        let window = self.writer.context_tokens().saturating_sub(ANSWER_TOKENS_MAX);
        let most = window.min(PROMPT_TOKENS_MAX);
        let mut examples = self.examples(brief)?;
        let mut thread: Vec<Said<'b>> = brief
            .thread
            .iter()
            .map(|earlier| Said { from: &earlier.from, text: &earlier.text })
            .collect();
        let mut mail_chars = MAIL_CHARS_MAX;
        loop {
            let mail = without_middle(brief.mail, mail_chars);
            let prompt = self.rendered(fence, brief, &examples, &thread, &mail)?;
            if prompt.tokens_count() <= most {
                return Ok((prompt, Shown { examples, thread }));
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

    /// What the model says to a brief, and what of the brief it was shown.
    fn answer<'b>(
        &self,
        brief: &'b WritingBrief<'_>,
    ) -> Result<(engine::Generated, Shown<'b>), WriterError> {
        let fence = Fence::new(self.random);
        let (prompt, shown) = self.prompt(&fence, brief)?;
        let words = brief.habits.lengths.median.max(brief.asks.len() * 15);
        let generation = engine::Generation {
            tokens_max: (words * 3 + 60).clamp(120, ANSWER_TOKENS_MAX),
            deadline: self.deadline,
            sampling: engine::Sampling {
                temperature: 0.6,
                top_p: 0.9,
                min_p: 0.05,
                repetition: 1.05,
                // The fence's mark makes each prompt another one: the same mail gets the same
                // answer only with the same random number.
                seed: self.random,
                ..engine::Sampling::default()
            },
            stop: &[fence.mark()],
            ..engine::Generation::default()
        };
        let mut go_on = |_: &str| ControlFlow::Continue(());
        let answer = self.writer.generate(None, &prompt, &generation, &mut go_on).map_err(why)?;
        Ok((answer, shown))
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
            language: prompts::language_name(brief.language),
            words: brief.habits.lengths.median,
            phrases: brief.phrases,
        };
        let turns = if brief.mail.is_empty() {
            prompts::compose(fence, &style, examples, brief.subject, brief.say)
        } else {
            let asks: Vec<&str> = brief.asks.iter().map(|ask| ask.quote.as_str()).collect();
            let mail = Said { from: brief.from, text: mail };
            let (subject, say) = (brief.subject, brief.say);
            prompts::reply(
                fence,
                &Reply { style, examples, thread, subject, mail, asks: &asks, say },
            )
        };
        self.writer.prompt(&turns).map_err(why)
    }
}

impl Writer for Model<'_> {
    fn name(&self) -> &str {
        &self.name
    }

    fn write(&self, brief: &WritingBrief<'_>) -> Result<Written, WriterError> {
        let (answer, shown) = self.answer(brief)?;
        let (text, warning) = whole(&answer)?;
        let strangers: Vec<&str> =
            shown.thread.iter().map(|said| said.text).chain([brief.mail]).collect();
        let past: Vec<&str> = shown.examples.iter().map(|pair| pair.answered).collect();
        let elsewhere: Vec<&str> = shown.examples.iter().map(|pair| pair.asked).collect();
        let known = Known {
            language: brief.language,
            strangers: &strangers,
            others: &[brief.subject, brief.say],
            past: &past,
            elsewhere: &elsewhere,
        };
        if let Some(why) = objection(&text, &known) {
            return Err(WriterError { why });
        }
        let (examples_count, thread_count) = (shown.examples.len(), shown.thread.len());
        Ok(Written { text, examples_count, thread_count, warning })
    }

    fn prompt_stamp(&self, brief: &WritingBrief<'_>) -> String {
        let kind =
            if brief.mail.is_empty() { prompts::Kind::Compose } else { prompts::Kind::Reply };
        kind.stamp()
    }
}

/// The text of an answer, cut back to what is whole where it broke off, and what to say of that.
fn whole(answer: &engine::Generated) -> Result<(String, Option<String>), WriterError> {
    let objection = |why: &str| Err(WriterError { why: why.to_owned() });
    let text = tidy(&answer.text);
    match answer.stopped_by {
        StoppedBy::End | StoppedBy::Caller => Ok((text, None)),
        StoppedBy::Deadline => objection("it took too long"),
        // The only stop text is the fence's mark.
        StoppedBy::Text(_) => objection("it repeated signs of its instructions"),
        StoppedBy::Tokens | StoppedBy::Window => match cut_back(&text) {
            Some(text) => {
                let warning = "the writer's text broke off and ends in a gap: look how it goes on";
                Ok((text, Some(warning.to_owned())))
            }
            None => objection("it broke off before its first sentence was whole"),
        },
    }
}

fn why(error: engine::Error) -> WriterError {
    WriterError { why: error.to_string() }
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
    use crate::draft::{Ask, Earlier};
    use crate::mail::MessageId;
    use crate::voice::{Example, Habits};

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
    fn the_same_random_number_gives_the_same_text() {
        let writer = engine::small_writer();
        let habits = Habits::default();
        let asks = [Ask { quote: "Shall I order ink?".to_owned(), due: None }];
        for mail in ["Shall I order ink?".to_owned(), "Ink. ".repeat(4_000)] {
            let brief = brief(&mail, &asks, &habits);
            let model = |random| Model::new(&writer, "tiny", "Ada", random, None);
            let answer = |random| model(random).answer(&brief).expect("an answer").0.text;
            assert_eq!(answer(7), answer(7));
            assert_ne!(answer(7), answer(8));
            // Made-up weights write no sentence.
            let why = model(7).write(&brief).expect_err("no letter").why;
            assert!(why.contains("broke off") || why.starts_with("it wrote"), "{why}");
        }
    }

    #[test]
    fn what_the_prompt_had_no_room_for_was_not_shown() {
        let writer = engine::small_writer();
        let habits = Habits::default();
        let example = |n: i64| Example {
            id: MessageId(n),
            asked_id: None,
            asked: format!("Is number {n} in? {}", "Let me know. ".repeat(40)),
            answered: format!("Number {n} is in. {}", "Have a look. ".repeat(40)),
            score: 0.5,
        };
        let examples: Vec<Example> = (0..6).map(example).collect();
        let earlier = |n: i64| Earlier {
            id: MessageId(n),
            from: "Ben".to_owned(),
            text: format!("Press {n} is down. {}", "It smokes. ".repeat(80)),
        };
        let thread: Vec<Earlier> = (0..4).map(earlier).collect();
        let brief = WritingBrief {
            examples: &examples,
            thread: &thread,
            ..brief("Shall I order ink?", &[], &habits)
        };
        let model = Model::new(&writer, "tiny", "Ada", 7, None);
        let Ok((prompt, shown)) = model.prompt(&Fence::new(7), &brief) else {
            panic!("it fits");
        };
        assert!(prompt.tokens_count() <= PROMPT_TOKENS_MAX);
        assert!(shown.examples.len() + shown.thread.len() < 10);
        let mut first = examples.iter().zip(&shown.examples);
        assert!(first.all(|(all, shown)| all.answered.starts_with(shown.answered)));
        let mut last = thread.iter().rev().zip(shown.thread.iter().rev());
        assert!(last.all(|(all, shown)| all.text == shown.text));
    }

    #[track_caller]
    fn check_whole(text: &str, stopped_by: StoppedBy, expected: Result<(&str, bool), &str>) {
        let answer = engine::Generated {
            text: text.to_owned(),
            tokens_count: 9,
            guessed_count: 0,
            stopped_by,
        };
        match (whole(&answer), expected) {
            (Ok((text, warning)), Ok((expected, warns))) => {
                assert_eq!((text.as_str(), warning.is_some()), (expected, warns));
            }
            (Err(error), Err(expected)) => assert!(error.why.contains(expected), "{}", error.why),
            (found, expected) => panic!("{found:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn how_an_answer_ended_says_what_it_is_worth() {
        check_whole("Yes. It is", StoppedBy::End, Ok(("Yes. It is", false)));
        check_whole("Yes. It is", StoppedBy::Tokens, Ok(("Yes. […]", true)));
        check_whole("Yes. It is", StoppedBy::Window, Ok(("Yes. […]", true)));
        check_whole("Yes it is so that", StoppedBy::Tokens, Err("broke off"));
        check_whole("Yes. --- ", StoppedBy::Text(0), Err("instructions"));
        check_whole("Yes.", StoppedBy::Deadline, Err("too long"));
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
