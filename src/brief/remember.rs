//! What the last brief said, to tell what is new, what still stands, and what is settled.

use serde::{Deserialize, Serialize};

use super::{Brief, Error, Line, Section, SinceLast, Source};
use crate::mail::{ThreadId, UnixSeconds};
use crate::store::Store;

/// The store's name for it.
pub const MARK: &str = "brief";

/// The last brief that was read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Remembered {
    /// When.
    pub as_of: UnixSeconds,
    /// Its lines about single threads.
    pub lines: Vec<RememberedLine>,
}

/// One line of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RememberedLine {
    /// Its section.
    pub section: Section,
    /// The thread.
    pub thread: ThreadId,
    /// The line.
    pub text: String,
    /// Where it stood.
    pub sources: Vec<Source>,
    /// Whose words it had, where these were a model's.
    #[serde(default)]
    pub written_by: Option<String>,
}

impl Remembered {
    /// The last brief that was read; nothing when there was none, or a version that wrote another
    /// form of it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn load(store: &Store) -> Result<Option<Self>, Error> {
        Ok(store.mark(MARK)?.and_then(|json| serde_json::from_str(&json).ok()))
    }

    /// Makes `brief` the last one.
    ///
    /// # Errors
    /// The store cannot be written.
    pub fn save(store: &Store, brief: &Brief) -> Result<(), Error> {
        let lines = brief
            .lines
            .iter()
            .filter(|line| line.since_last != SinceLast::Settled)
            .filter_map(|line| {
                Some(RememberedLine {
                    section: line.section,
                    thread: line.thread?,
                    text: line.text.clone(),
                    sources: line.sources.clone(),
                    written_by: line.written_by.clone(),
                })
            })
            .collect();
        let remembered = Self { as_of: brief.as_of, lines };
        store.set_mark(MARK, &serde_json::to_string(&remembered).unwrap_or_default())?;
        Ok(())
    }

    /// Whether a line of this thread with the same source stood in it.
    pub(super) fn holds(&self, thread: ThreadId, line: &Line) -> bool {
        self.lines.iter().any(|held| {
            held.thread == thread
                && held.sources.first().map(|source| source.id)
                    == line.sources.first().map(|source| source.id)
        })
    }

    /// Lines that asked for something and are not in the brief any more: done.
    pub(super) fn settled(&self, now: &[Line]) -> Vec<Line> {
        self.lines
            .iter()
            .filter(|held| held.section <= Section::Waiting)
            .filter(|held| {
                !now.iter().any(|line| {
                    line.thread == Some(held.thread) && line.section <= Section::Waiting
                })
            })
            .map(|held| Line {
                section: held.section,
                text: held.text.clone(),
                due: None,
                late: false,
                sources: held.sources.clone(),
                since_last: SinceLast::Settled,
                thread: Some(held.thread),
                tier: None,
                written_by: held.written_by.clone(),
                who: String::new(),
            })
            .collect()
    }
}
