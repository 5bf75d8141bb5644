//! The text between greeting and sign-off, and who wrote it.

use super::{WRITTEN_BY_YOU, Writer, WritingBrief};
use crate::voice::{Example, Voice};

/// Past letters a writer goes by, at least, where there are so many.
const EXAMPLES_MIN: usize = 3;

/// The text between greeting and sign-off.
pub(super) struct Text {
    pub(super) words: String,
    /// The examples its notes are from, or that its writer was shown.
    pub(super) used: Vec<usize>,
    /// The earlier mails of the thread its writer was shown, from the last.
    pub(super) thread_count: usize,
    pub(super) written_by: String,
    pub(super) prompt: String,
    /// What became of the writer's text.
    pub(super) warning: Option<String>,
}

impl Text {
    /// Text that no model had a part in.
    pub(super) fn put_together(words: String) -> Self {
        Self {
            words,
            used: Vec::new(),
            thread_count: 0,
            written_by: WRITTEN_BY_YOU.to_owned(),
            prompt: String::new(),
            warning: None,
        }
    }
}

/// What a writer goes by: past replies to the like, and where these are few, letters that show how
/// the user writes.
pub(super) fn to_go_by(
    replies: &[Example],
    voice: &Voice,
    about: &str,
    language: &str,
) -> Vec<Example> {
    let mut all = replies.to_vec();
    let letters = voice.letters_like(about, language, EXAMPLES_MIN + replies.len());
    let others = letters.into_iter().filter(|letter| replies.iter().all(|it| it.id != letter.id));
    all.extend(others.take(EXAMPLES_MIN.saturating_sub(replies.len())));
    all
}

/// What the writer wrote, or why it wrote nothing that can be used.
pub(super) fn by_writer(writer: &dyn Writer, brief: &WritingBrief<'_>) -> Result<Text, String> {
    let name = writer.name();
    match writer.write(brief) {
        Ok(written) => Ok(Text {
            words: written.text.trim().to_owned(),
            used: (0..brief.examples.len().min(written.examples_count)).collect(),
            thread_count: written.thread_count,
            written_by: format!("writer {name}"),
            prompt: writer.prompt_stamp(brief),
            warning: written.warning,
        }),
        Err(error) => Err(format!("the text of the writer {name} was put aside: {error}")),
    }
}
