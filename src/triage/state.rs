//! What happened since a message came?

use serde::{Deserialize, Serialize};

use super::verdict::{Tier, Verdict};
use crate::mail::{CalendarMethod, UnixSeconds};
use crate::store::Header;

/// What became of a message, as of some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It stands as it came.
    Open,
    /// The user wrote in the thread after it.
    Answered,
    /// Its due time passed.
    Overdue,
    /// A later mail of the thread takes its place.
    Superseded,
    /// Nobody waits any more.
    Lapsed,
}

/// Mail that asks nothing is let go after this; sooner once it was read.
const FYI_SECONDS: i64 = 7 * 86_400;
const FYI_READ_SECONDS: i64 = 3 * 86_400;
/// An ask is let go so long after it was due.
const OVERDUE_SECONDS: i64 = 30 * 86_400;

impl State {
    /// As the contract writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Answered => "answered",
            Self::Overdue => "overdue",
            Self::Superseded => "superseded",
            Self::Lapsed => "lapsed",
        }
    }

    /// Whether nothing is left to do.
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Answered | Self::Superseded | Self::Lapsed)
    }
}

/// The state of a message; `later` are the messages of its thread after it, sent at or before
/// `as_of`, each with its verdict if it has one.
pub(super) fn state(
    header: &Header,
    verdict: &Verdict,
    later: &[(&Header, Option<&Verdict>)],
    as_of: UnixSeconds,
) -> State {
    if later.iter().any(|(after, _)| after.own && !after.facts.automatic) {
        return State::Answered;
    }
    let superseded = later.iter().any(|(after, their)| {
        let same = after.from.address == header.from.address;
        let asks_anew = their.is_some_and(|their| their.needs_reply);
        let called_off = after.facts.calendar == Some(CalendarMethod::Cancel);
        same && !after.facts.automatic && (asks_anew || called_off || !verdict.needs_reply)
    });
    if superseded {
        return State::Superseded;
    }
    if verdict.needs_reply || verdict.tier != Tier::Fyi {
        return match verdict.due {
            Some(due) if as_of.0 - due.0 > OVERDUE_SECONDS => State::Lapsed,
            Some(due) if due < as_of => State::Overdue,
            _ => State::Open,
        };
    }
    let patience = if header.is_read() { FYI_READ_SECONDS } else { FYI_SECONDS };
    if as_of.0 - header.date.0 > patience { State::Lapsed } else { State::Open }
}
