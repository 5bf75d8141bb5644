//! Whose words are these?
//!
//! A mail holds the sender's own words and, around and between them, what others wrote: quotes,
//! forwarded mail, headers that mail programs copy in, signatures, footers. [`passages`] tells them
//! apart line by line, in time linear in the text. Start there; [`letter_shape`] finds greeting and
//! sign-off.

mod attribution;
mod headers;
mod letter;
mod lines;
mod passed_on;
pub(super) mod phrases;
#[cfg(test)]
mod published_cases;
mod signature;
#[cfg(test)]
mod tests;

use std::ops::Range;

use attribution::{attribution, dated_address};
pub(in crate::mail) use headers::is_copied_mark;
use headers::{
    Mark, column_block, header_block, headers_after_mark, headless_block, is_rule, mark,
    names_header, notes_block,
};
pub use letter::{LetterShape, greeting, letter_shape, sign_off};
use lines::{Line, has_clock, next_filled};
pub use passed_on::own_or_forwarded_words;

/// Who speaks in a passage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Voice {
    /// The sender, here and now. Greeting and sign-off belong to it.
    Own,
    /// Somebody answered: quoted lines, the line that attributes them, copied headers.
    Quoted,
    /// A message passed on.
    Forwarded,
    /// Contact block, device line, disclaimer, list footer.
    Signature,
}

/// A stretch of whole lines in one voice; byte positions in the text it was made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passage {
    /// Who speaks.
    pub voice: Voice,
    /// First byte.
    pub start: usize,
    /// Byte after the last.
    pub end: usize,
}

/// Cuts a message's text into passages: in order, without gaps, covering all of it.
///
/// Answers between quoted lines and below them are `Own`. A header block or an attribution without
/// quoted lines under it takes the rest of the text, because nothing says where it would end. It is
/// `Forwarded` when a forwarding mark stands above it or no own words do, else `Quoted`.
pub fn passages(text: &str) -> Vec<Passage> {
    let lines = lines::lines(text);
    let voices = voices(&lines);
    let mut passages: Vec<Passage> = Vec::new();
    for (line, voice) in lines.iter().zip(voices) {
        match passages.last_mut() {
            Some(last) if last.voice == voice => last.end = line.end,
            _ => passages.push(Passage { voice, start: line.start, end: line.end }),
        }
    }
    passages
}

/// The sender's own words: the `Own` passages without blank edges, a blank line between them.
pub fn own_words(text: &str) -> String {
    words(text).own
}

/// A message's text by whose words it holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words {
    /// The sender's own, as [`own_words`] gives them.
    pub own: String,
    /// All the rest: quotes, forwarded mail, signatures.
    pub others: String,
}

/// Parts the sender's own words from all others.
pub fn words(text: &str) -> Words {
    let mut words = Words::default();
    for passage in passages(text) {
        let said = &text[passage.start..passage.end];
        if passage.voice != Voice::Own {
            words.others.push_str(said);
            continue;
        }
        let own = said.trim_end().trim_start_matches('\n');
        if own.trim().is_empty() {
            continue;
        }
        if !words.own.is_empty() {
            words.own.push_str("\n\n");
        }
        words.own.push_str(own);
    }
    words
}

/// One voice a line.
fn voices(lines: &[Line<'_>]) -> Vec<Voice> {
    let mut voices = vec![Voice::Own; lines.len()];
    mark_others(lines, &mut voices);
    join_wrapped_quotes(lines, &mut voices);
    settle_blanks(lines, &mut voices);
    for run in own_runs(&voices) {
        if let Some(start) = signature::ending(lines, run.clone()).signature {
            voices[start..run.end].fill(Voice::Signature);
        }
    }
    voices
}

/// Marks everything that somebody else wrote.
fn mark_others(lines: &[Line<'_>], voices: &mut [Voice]) {
    let mut at = 0;
    let mut own_seen = false;
    // Whether quoted lines belong to a forwarded mail, until own words come.
    let mut quote_voice = Voice::Quoted;
    while at < lines.len() {
        let line = &lines[at];
        if line.is_blank() {
            at += 1;
            continue;
        }
        if line.is_quoted() {
            voices[at] = quote_voice;
            at += 1;
            continue;
        }
        if let Some(block) = other_block(lines, voices, at, own_seen) {
            voices[block.start..block.end].fill(block.voice);
            quote_voice = block.voice;
            at = block.end;
            continue;
        }
        own_seen |= !is_rule(line.trimmed());
        quote_voice = Voice::Quoted;
        at += 1;
    }
}

/// Lines that somebody else wrote without a mark on each.
struct Block {
    voice: Voice,
    start: usize,
    end: usize,
}

fn other_block(lines: &[Line<'_>], voices: &[Voice], at: usize, own_seen: bool) -> Option<Block> {
    let line = lines[at].trimmed();
    if let Some((kind, next)) = mark(lines, at) {
        let voice = match kind {
            Mark::End => return Some(Block { voice: Voice::Forwarded, start: at, end: next }),
            Mark::Forwarded => Voice::Forwarded,
            Mark::Original if own_seen => Voice::Quoted,
            Mark::Original => Voice::Forwarded,
        };
        let next = headers_after_mark(lines, next).unwrap_or(next);
        return Some(unmarked(lines, at, next, voice));
    }
    let copied = if own_seen { Voice::Quoted } else { Voice::Forwarded };
    // A rule above a header block goes with it.
    if is_rule(line) {
        let below = next_filled(lines, at + 1).filter(|&below| below <= at + 3)?;
        let end = header_block(lines, below)?;
        return Some(unmarked(lines, at, end, copied));
    }
    // A memo opens with such lines too (`TO: … FROM: … DATE: …`), but tells no clock.
    let inside = at > 0 && names_header(&lines[at - 1]);
    let clocked = |end| lines[at..end].iter().any(|line: &Line<'_>| has_clock(line.text));
    let copied_in = |end| !inside && (own_seen || clocked(end));
    if let Some(end) = header_block(lines, at).filter(|&end| copied_in(end)) {
        return Some(unmarked(lines, at, end, copied));
    }
    let nearest = at.saturating_sub(8);
    let taken = (nearest..at).rev().find(|&index| voices[index] != Voice::Own);
    let floor = taken.map_or(nearest, |index| index + 1);
    if let Some((start, end)) = notes_block(lines, at, floor) {
        let voice = if has_filled(lines, 0..start) { Voice::Quoted } else { Voice::Forwarded };
        return Some(unmarked(lines, start, end, voice));
    }
    if let Some(end) = column_block(lines, at) {
        return Some(unmarked(lines, at, end, copied));
    }
    if let Some(end) = headless_block(lines, at).filter(|_| own_seen) {
        return Some(unmarked(lines, at, end, Voice::Quoted));
    }
    attributed(lines, at)
}

fn has_filled(lines: &[Line<'_>], range: Range<usize>) -> bool {
    lines[range].iter().any(|line| !line.is_blank())
}

/// An attribution and, where no line under it is marked as quoted, what follows it.
fn attributed(lines: &[Line<'_>], at: usize) -> Option<Block> {
    const GAP_MAX: usize = 6;
    let found = attribution(lines, at);
    let last = found.map_or(at, |found| found.last);
    let next = next_filled(lines, last + 1).filter(|&next| next <= last + GAP_MAX);
    let quoted = next.is_some_and(|next| lines[next].is_quoted());
    let Some(found) = found else {
        let line = lines[at].trimmed();
        return (quoted && next == Some(at + 1) && dated_address(line)).then_some(Block {
            voice: Voice::Quoted,
            start: at,
            end: at + 1,
        });
    };
    if quoted {
        return Some(Block { voice: Voice::Quoted, start: at, end: found.last + 1 });
    }
    if let Some(next) = next.filter(|&next| lines[next].trimmed().starts_with("<<")) {
        let end =
            (next..lines.len().min(next + 200)).find(|&index| lines[index].text.ends_with(">>"));
        return end.map(|end| Block { voice: Voice::Quoted, start: at, end: end + 1 });
    }
    found.strong.then(|| unmarked(lines, at, found.last + 1, Voice::Quoted))
}

/// A block whose text carries no marks: it goes to the end of a forwarded mail where that is
/// written, else to the end of the text. When the next line is marked, the marks decide.
fn unmarked(lines: &[Line<'_>], start: usize, after: usize, voice: Voice) -> Block {
    let marked = next_filled(lines, after).is_some_and(|next| lines[next].is_quoted());
    if marked {
        return Block { voice, start, end: after };
    }
    let close =
        (after..lines.len()).find(|&index| matches!(mark(lines, index), Some((Mark::End, _))));
    Block { voice, start, end: close.map_or(lines.len(), |index| index + 1) }
}

/// A long quoted line that was wrapped again leaves its tail without a mark.
fn join_wrapped_quotes(lines: &[Line<'_>], voices: &mut [Voice]) {
    for at in 1..lines.len().saturating_sub(1) {
        let tail = lines[at].text;
        let wrapped = lines[at - 1].is_quoted()
            && lines[at + 1].is_quoted()
            && lines[at - 1].text.len() >= 65
            && !tail.is_empty()
            && tail.len() <= 30
            && tail.starts_with(|c: char| c.is_lowercase() || c.is_ascii_digit())
            && voices[at] == Voice::Own;
        if wrapped {
            voices[at] = voices[at - 1];
        }
    }
}

/// Blank lines speak with the line above; at the top with the line below.
fn settle_blanks(lines: &[Line<'_>], voices: &mut [Voice]) {
    let first = next_filled(lines, 0).unwrap_or(0);
    if first < voices.len() {
        let voice = voices[first];
        voices[..first].fill(voice);
    }
    for at in first.max(1)..lines.len() {
        if lines[at].is_blank() && !lines[at].is_quoted() {
            voices[at] = voices[at - 1];
        }
    }
}

/// Maximal runs of own lines.
fn own_runs(voices: &[Voice]) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (at, _) in voices.iter().enumerate().filter(|(_, voice)| **voice == Voice::Own) {
        match runs.last_mut() {
            Some(run) if run.end == at => run.end = at + 1,
            _ => runs.push(at..at + 1),
        }
    }
    runs
}
