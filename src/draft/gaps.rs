//! Gaps: what only the user can say. `[…]`, or the same with a note in it for them alone; both have
//! to go before a letter can be approved.

use super::GAP;
use crate::mail::MessageId;
use crate::mail::facts::{OMISSION, omissions};

/// A gap that reminds of a sentence the user wrote in another letter. It is no answer: a model or a
/// likeness of words cannot know what they would say this time.
pub(super) fn with_note(id: MessageId, sentence: &str) -> String {
    format!("{OMISSION} in #{} you wrote: “{sentence}”]", id.0)
}

/// Whether something is still open.
pub(super) fn has_gap(text: &str) -> bool {
    text.contains(OMISSION)
}

/// The text with its gaps' notes left out.
pub(super) fn without_notes(text: &str) -> String {
    let mut plain = String::new();
    let mut at = 0;
    for gap in omissions(text) {
        plain.push_str(&text[at..gap.start]);
        plain.push_str(GAP);
        at = gap.end;
    }
    plain.push_str(&text[at..]);
    plain
}
