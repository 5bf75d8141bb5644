//! Gaps: what only the user can say. `[…]`, or the same with a note in it for them alone; both have
//! to go before a letter can be approved.

use std::ops::Range;

use super::GAP;
use crate::mail::MessageId;

/// What every gap begins with.
const OPEN: &str = "[…";

/// A gap that reminds of a sentence the user wrote in another letter. It is no answer: a model or a
/// likeness of words cannot know what they would say this time.
pub(super) fn with_note(id: MessageId, sentence: &str) -> String {
    format!("{OPEN} in #{} you wrote: “{sentence}”]", id.0)
}

/// Byte ranges of all gaps, notes included. A gap ends in its line.
pub(super) fn gaps(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(step) = text[at..].find(OPEN) {
        let start = at + step;
        let line_end = text[start..].find('\n').map_or(text.len(), |end| start + end);
        let end = text[start..line_end].find(']').map_or(line_end, |end| start + end + 1);
        found.push(start..end);
        at = end;
    }
    found
}

/// Whether something is still open.
pub(super) fn has_gap(text: &str) -> bool {
    text.contains(OPEN)
}

/// The text with its gaps' notes left out.
pub(super) fn without_notes(text: &str) -> String {
    let mut plain = String::new();
    let mut at = 0;
    for gap in gaps(text) {
        plain.push_str(&text[at..gap.start]);
        plain.push_str(GAP);
        at = gap.end;
    }
    plain.push_str(&text[at..]);
    plain
}
