//! What triage says of a message.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::history::Sender;
use crate::mail::{MessageId, UnixSeconds};

/// How soon: most urgent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Within minutes; belongs in a call.
    Now,
    /// Within the working day.
    Today,
    /// About 24 hours, on a working day.
    Normal,
    /// One or two days: thought needed.
    Consider,
    /// No reply expected.
    Fyi,
}

impl Tier {
    /// All of them, most urgent first.
    pub const ALL: [Self; 5] = [Self::Now, Self::Today, Self::Normal, Self::Consider, Self::Fyi];

    /// As the contract writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Now => "now",
            Self::Today => "today",
            Self::Normal => "normal",
            Self::Consider => "consider",
            Self::Fyi => "fyi",
        }
    }
}

/// What sort of mail, in the order of the reader's probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Written by somebody to somebody.
    Person,
    /// A discussion among many.
    List,
    /// A letter to subscribers.
    Newsletter,
    /// Advertising.
    Promotion,
    /// A machine or service says that something happened.
    Notification,
    /// An order, a receipt, a booking.
    Transaction,
    /// An invitation or an answer to one.
    Calendar,
    /// Unwanted, harmless.
    Junk,
    /// Tries to deceive.
    Suspicious,
}

impl Kind {
    /// All of them, in order.
    pub const ALL: [Self; 9] = [
        Self::Person,
        Self::List,
        Self::Newsletter,
        Self::Promotion,
        Self::Notification,
        Self::Transaction,
        Self::Calendar,
        Self::Junk,
        Self::Suspicious,
    ];

    /// As the contract writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::List => "list",
            Self::Newsletter => "newsletter",
            Self::Promotion => "promotion",
            Self::Notification => "notification",
            Self::Transaction => "transaction",
            Self::Calendar => "calendar",
            Self::Junk => "junk",
            Self::Suspicious => "suspicious",
        }
    }
}

/// A name that is no tier or no kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is no {what}")]
pub struct UnknownName {
    /// As given.
    pub name: String,
    /// `tier` or `kind`.
    pub what: &'static str,
}

impl FromStr for Tier {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        let found = Self::ALL.into_iter().find(|tier| tier.as_str() == name);
        found.ok_or_else(|| UnknownName { name: name.to_owned(), what: "tier" })
    }
}

impl FromStr for Kind {
    type Err = UnknownName;

    fn from_str(name: &str) -> Result<Self, UnknownName> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == name);
        found.ok_or_else(|| UnknownName { name: name.to_owned(), what: "kind" })
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Who had the last word on a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DecidedBy {
    /// A rule of the user's configuration.
    Rule,
    /// The reader, and the rules over it.
    Reader,
    /// The writer, where the reader was unsure.
    Writer,
    /// The user, who said so of this very message.
    You,
}

/// Probabilities, 0..1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Unwanted.
    pub junk: f32,
    /// Tries to deceive.
    pub suspicious: f32,
    /// Somebody waits for an answer.
    pub needs_reply: f32,
}

/// Why, and the words it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// In words for a person.
    pub text: String,
    /// As it stands in the message or its header; empty where something absent is the reason.
    pub quote: String,
}

/// One thing that was weighed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Signal {
    /// Its name.
    pub name: String,
    /// What was measured: 1 for "is so", a probability, a count, hours.
    pub value: f32,
    /// What it added, in log-odds or tier points; positive is towards attention or suspicion.
    pub weight: f32,
}

/// What triage says of a message, as of its arrival.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The message.
    pub id: MessageId,
    /// How soon.
    pub tier: Tier,
    /// What sort.
    pub kind: Kind,
    /// Whether somebody waits for an answer.
    pub needs_reply: bool,
    /// How sure, 0..1; see [`super::judge_new`].
    pub confidence: f32,
    /// By when an answer is due.
    pub due: Option<UnixSeconds>,
    /// Who had the last word.
    pub decided_by: DecidedBy,
    /// Probabilities.
    pub scores: Scores,
    /// Why.
    pub reasons: Vec<Reason>,
    /// All that was weighed.
    pub signals: Vec<Signal>,
    /// What was known of the sender then.
    pub sender: Sender,
    /// What is said without anything the user taught.
    #[serde(default)]
    pub untaught: Untaught,
}

/// A verdict before what the user taught is added to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Untaught {
    /// The tier.
    pub tier: Tier,
    /// Probabilities of the tiers; they add up to 1.
    pub tiers: [f32; 5],
    /// Probabilities of the kinds; they add up to 1.
    pub kinds: [f32; 9],
    /// Probability that somebody waits for an answer.
    pub reply: f32,
}

impl Default for Untaught {
    fn default() -> Self {
        Self { tier: Tier::Fyi, tiers: [0.2; 5], kinds: [1.0 / 9.0; 9], reply: 0.5 }
    }
}
