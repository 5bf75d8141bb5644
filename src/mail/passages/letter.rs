//! The shape of a letter: greeting, sign-off, signature.

use std::ops::Range;

use super::lines::{Line, lines, next_filled};
use super::phrases::greeting_len;
use super::{Voice, own_runs, signature, voices};

/// Where a letter greets, signs off and gives its contact block: byte ranges of the text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LetterShape {
    /// `Hi Anna,`
    pub greeting: Option<Range<usize>>,
    /// `Best regards,⏎Anna`, or the name alone.
    pub sign_off: Option<Range<usize>>,
    /// What follows it: title, telephone, disclaimer, footer.
    pub signature: Option<Range<usize>>,
}

/// Finds greeting, sign-off and signature in a message's text or in own words alone.
pub fn letter_shape(text: &str) -> LetterShape {
    let lines = lines(text);
    let voices = voices(&lines);
    let mut shape = LetterShape::default();
    // The signature cut its run short: look at the run as it was.
    let joined: Vec<Voice> = voices
        .iter()
        .map(|&voice| if voice == Voice::Signature { Voice::Own } else { voice })
        .collect();
    let runs = own_runs(&joined);
    if let Some(first) = runs.first() {
        shape.greeting = greeting_range(&lines, first.clone());
    }
    for run in runs.into_iter().rev() {
        let ending = signature::ending(&lines, run.clone());
        if let Some(start) = ending.signature.filter(|_| shape.signature.is_none()) {
            shape.signature = Some(span(&lines, start..run.end));
        }
        if let Some(found) = ending.sign_off {
            let found = span(&lines, found);
            // One line cannot be both: `Thanks, Anna` alone thanks.
            if shape.greeting.as_ref().is_none_or(|greeting| greeting.end <= found.start) {
                shape.sign_off = Some(found);
                break;
            }
        }
    }
    shape
}

/// The greeting of own words: `Hi Anna,`.
pub fn greeting(own: &str) -> Option<&str> {
    letter_shape(own).greeting.map(|range| &own[range])
}

/// The sign-off of own words, with the name under it: `Best regards,⏎Anna`.
pub fn sign_off(own: &str) -> Option<&str> {
    letter_shape(own).sign_off.map(|range| &own[range])
}

fn greeting_range(lines: &[Line<'_>], run: Range<usize>) -> Option<Range<usize>> {
    let at = next_filled(lines, run.start).filter(|at| run.contains(at))?;
    let line = lines[at].trimmed();
    let start = lines[at].start + (lines[at].text.len() - line.len());
    greeting_len(line).map(|len| start..start + line[..len].trim_end().len())
}

/// The bytes of some lines, without blank edges.
fn span(lines: &[Line<'_>], range: Range<usize>) -> Range<usize> {
    let mut filled = range.filter(|&at| !lines[at].is_blank());
    let Some(first) = filled.next() else { return 0..0 };
    let last = filled.next_back().unwrap_or(first);
    let start = lines[first].start + (lines[first].text.len() - lines[first].trimmed().len());
    start..lines[last].start + lines[last].text.len()
}
