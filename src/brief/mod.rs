//! What happened, and what needs a decision?
//!
//! The brief is put together by code from verdicts and the ledger: it quotes and shortens, every line
//! with its source. A thread stands in it once, in its most important section. Start with [`brief`].
//! With a language model in use, [`tell()`] has it say in a sentence what a mail has come to, from that
//! mail's own words; a sentence that does not stand up to code's checks is put aside, and the quote
//! stays. Sources, dues and people are code's at all times.

mod compose;
mod html;
mod model;
mod remember;
mod sentence;
mod tell;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize, Serializer};

pub use compose::brief;
pub use html::html;
pub use model::Model;
pub use remember::{MARK, Remembered};
pub use tell::{Matter, Teller, TellerError, Told, is_to_tell, recall, tell};

use crate::mail::when::format_rfc3339;
use crate::mail::{MessageId, ThreadId, UnixSeconds};
use crate::{ledger, store, triage};

/// What the brief was doing when it could not.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The ledger could not be read.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// The verdicts could not be read.
    #[error(transparent)]
    Triage(#[from] triage::Error),
}

/// A section, most important first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Section {
    /// Needs thought or a choice of the user's.
    Decide,
    /// Needs an answer.
    Reply,
    /// The user promised it.
    Promised,
    /// The user waits for it.
    Waiting,
    /// Was decided, called off or taken back.
    Changed,
    /// To know.
    Fyi,
}

impl Section {
    /// All of them, in order.
    pub const ALL: [Self; 6] =
        [Self::Decide, Self::Reply, Self::Promised, Self::Waiting, Self::Changed, Self::Fyi];

    /// As the contract writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Decide => "decide",
            Self::Reply => "reply",
            Self::Promised => "promised",
            Self::Waiting => "waiting",
            Self::Changed => "changed",
            Self::Fyi => "fyi",
        }
    }

    /// A heading for a person.
    pub fn title(self) -> &'static str {
        match self {
            Self::Decide => "To decide",
            Self::Reply => "To answer",
            Self::Promised => "You promised",
            Self::Waiting => "You await",
            Self::Changed => "What changed",
            Self::Fyi => "Good to know",
        }
    }
}

/// How a line stands to the last brief.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SinceLast {
    /// It was not in it.
    New,
    /// It was, and still stands.
    Still,
    /// It was, and is done.
    Settled,
}

/// Where a line stands in the mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The message.
    pub id: MessageId,
    /// The words, exactly as they stand there.
    pub quote: String,
}

/// One line of the brief.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    /// Its section.
    pub section: Section,
    /// The line: a name and words of the mail.
    pub text: String,
    /// By when.
    #[serde(serialize_with = "optional_time")]
    pub due: Option<UnixSeconds>,
    /// Whether that is past.
    pub late: bool,
    /// Where it stands.
    pub sources: Vec<Source>,
    /// How it stands to the last brief.
    pub since_last: SinceLast,
    /// The thread; nothing for a line about several.
    pub thread: Option<ThreadId>,
    /// How soon, for lines that need an answer.
    pub tier: Option<triage::Tier>,
    /// `writer NAME` where the words behind the name are a model's; nothing where they are the mail's.
    pub written_by: Option<String>,
    /// Whose mail the line tells of, where a sentence may stand for its words; else empty.
    #[serde(skip)]
    pub who: String,
}

#[expect(clippy::ref_option, reason = "the shape serde asks for")]
fn optional_time<S: Serializer>(at: &Option<UnixSeconds>, to: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => to.serialize_some(&format_rfc3339(*at)),
        None => to.serialize_none(),
    }
}

/// What happened, and what needs a decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Brief {
    /// The time it is seen from.
    pub as_of: UnixSeconds,
    /// What is new is newer than this.
    pub since: UnixSeconds,
    /// Section by section, in order.
    pub lines: Vec<Line>,
}

impl Brief {
    /// Lines a section, settled ones left out; every section is there.
    pub fn counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts: BTreeMap<&'static str, usize> =
            Section::ALL.into_iter().map(|section| (section.as_str(), 0)).collect();
        for line in self.lines.iter().filter(|line| line.since_last != SinceLast::Settled) {
            *counts.entry(line.section.as_str()).or_default() += 1;
        }
        counts
    }

    /// The lines of a section.
    pub fn section(&self, section: Section) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(move |line| line.section == section)
    }
}
