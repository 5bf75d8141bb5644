//! Where the writer's own words end: sign-off, name, contact block, footers.

use std::ops::Range;

use super::headers::is_rule;
use super::lines::{Line, word_count};
use super::phrases::{
    Closing, begins_upper, closing, is_device_line, is_legal, is_list_footer, is_name,
    is_postscript,
};

/// How a run of own lines ends. All three are line numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ending {
    /// The sign-off with its name: still the writer's words.
    pub(super) sign_off: Option<Range<usize>>,
    /// From here on the run is signature.
    pub(super) signature: Option<usize>,
}

/// Lines of a contact block at most, blank ones not counted.
const BLOCK_LINES_MAX: usize = 12;

/// Reads the end of a run of own lines.
///
/// Looks from the bottom: footers and disclaimers, then a separator (`-- `), then a contact block
/// under a sign-off or a name.
pub(super) fn ending(lines: &[Line<'_>], run: Range<usize>) -> Ending {
    let mut end = trim_blank(lines, run.start, run.end);
    let mut signature = None;
    if let Some(start) = legal_start(lines, run.start..end) {
        signature = Some(start);
        end = trim_blank(lines, run.start, start);
    }
    while let Some(start) = footer_start(lines, run.start..end) {
        signature = Some(start);
        end = trim_blank(lines, run.start, start);
    }
    if let Some(start) = separator(lines, run.start..end) {
        signature = Some(start);
        end = trim_blank(lines, run.start, start);
    }
    let postscript = postscript_start(lines, run.start..end);
    let body_end = postscript.map_or(end, |at| trim_blank(lines, run.start, at));
    let sign_off = worded_sign_off(lines, run.start..body_end);
    if let Some(found) = &sign_off {
        if let Some(block) = block_after(lines, found.end, body_end, postscript.is_none()) {
            signature = Some(block);
        }
        return Ending { sign_off, signature };
    }
    if postscript.is_none()
        && let Some(block) = contact_block(lines, run.start..body_end)
    {
        return Ending { sign_off: None, signature: Some(block) };
    }
    let sign_off = name_alone(lines, run.start..body_end);
    let below = sign_off.as_ref().and_then(|name| (name.end < body_end).then_some(name.end));
    Ending { sign_off, signature: below.or(signature) }
}

fn trim_blank(lines: &[Line<'_>], floor: usize, mut end: usize) -> usize {
    while end > floor && lines[end - 1].is_blank() {
        end -= 1;
    }
    end
}

fn any_filled(lines: &[Line<'_>], range: Range<usize>) -> bool {
    lines[range].iter().any(|line| !line.is_blank())
}

fn filled(lines: &[Line<'_>], range: Range<usize>) -> usize {
    lines[range].iter().filter(|line| !line.is_blank()).count()
}

fn paragraph_start(lines: &[Line<'_>], floor: usize, end: usize) -> usize {
    let mut start = end;
    while start > floor && !lines[start - 1].is_blank() {
        start -= 1;
    }
    start
}

fn joined(lines: &[Line<'_>], range: Range<usize>) -> String {
    const BYTES_MAX: usize = 4_000;
    let mut text = String::new();
    for line in &lines[range] {
        if text.len() > BYTES_MAX {
            break;
        }
        text.push_str(line.trimmed());
        text.push(' ');
    }
    text
}

/// The first paragraph that opens like a disclaimer and reads like one; a short mail may follow
/// none, so the first paragraph of a run never counts.
fn legal_start(lines: &[Line<'_>], run: Range<usize>) -> Option<usize> {
    const LINES_MAX: usize = 80;
    let mut at = run.end.saturating_sub(LINES_MAX).max(run.start);
    while at < run.end {
        if lines[at].is_blank() {
            at += 1;
            continue;
        }
        let mut to = at;
        while to < run.end && !lines[to].is_blank() {
            to += 1;
        }
        // A rule or a row of stars may stand on the first line.
        let open = (at..to)
            .find(|&index| !is_rule(lines[index].trimmed()) && !lines[index].trimmed().is_empty());
        if let Some(open) = open
            && any_filled(lines, run.start..at)
            && is_legal(&joined(lines, open..to))
        {
            return Some(with_rule(lines, run.start, at));
        }
        at = to;
    }
    None
}

/// Takes the rule above a footer along.
fn with_rule(lines: &[Line<'_>], floor: usize, at: usize) -> usize {
    let above = trim_blank(lines, floor, at);
    if above > floor && is_rule(lines[above - 1].trimmed()) { above - 1 } else { at }
}

/// One footer at the end of the range: device line, list footer, advertisement.
fn footer_start(lines: &[Line<'_>], run: Range<usize>) -> Option<usize> {
    const FOOTER_LINES_MAX: usize = 14;
    const FOOTER_BYTES_MAX: usize = 800;
    if run.is_empty() {
        return None;
    }
    let last = run.end - 1;
    if is_device_line(lines[last].trimmed()) || is_rule(lines[last].trimmed()) {
        return Some(last);
    }
    let start = paragraph_start(lines, run.start, run.end);
    if run.end - start > FOOTER_LINES_MAX {
        return None;
    }
    // The rule may stand in the middle of the paragraph, right under the writer's last line.
    let rule = (start..run.end).rev().find(|&index| {
        is_rule(lines[index].trimmed()) || matches!(lines[index].text, "--" | "---")
    });
    let from = rule.unwrap_or(start);
    let above = any_filled(lines, run.start..from);
    let text = joined(lines, from..run.end);
    // A newsletter's long last paragraph is its text, whatever stands in it.
    if text.len() <= FOOTER_BYTES_MAX && is_list_footer(&text) && (above || rule.is_some()) {
        return Some(with_rule(lines, run.start, from));
    }
    None
}

/// `-- ` (RFC 3676, section 4.3), or `--` and a rule where little follows.
fn separator(lines: &[Line<'_>], run: Range<usize>) -> Option<usize> {
    const BACK_MAX: usize = 80;
    (run.end.saturating_sub(BACK_MAX).max(run.start)..run.end).find(|&at| {
        let text = lines[at].text;
        if !text.starts_with(['-', '_', '=', '*', '~', '#', '—', '–']) {
            return false;
        }
        let after = filled(lines, at + 1..run.end);
        if text == "--" || text == "—" {
            // The blank at the end is lost in many mails, so the length decides.
            return after <= 20 && lines[at + 1..run.end].iter().all(|line| line.text.len() <= 120);
        }
        let rule = matches!(text, "---" | "- --" | "__" | "___" | "===") || is_rule(text);
        rule && after <= BLOCK_LINES_MAX
            && (1..=BLOCK_LINES_MAX).contains(&after)
            && lines[at + 1..run.end].iter().all(|line| !is_sentence(line.trimmed()))
            && lines[at + 1..run.end].iter().any(|line| is_contact(line.trimmed()))
    })
}

fn postscript_start(lines: &[Line<'_>], run: Range<usize>) -> Option<usize> {
    const BACK_MAX: usize = 15;
    let lowest = run.end.saturating_sub(BACK_MAX).max(run.start);
    (lowest..run.end).find(|&at| is_postscript(lines[at].trimmed()) && at > run.start)
}

/// The lowest line of closing words with only short lines below it.
fn worded_sign_off(lines: &[Line<'_>], run: Range<usize>) -> Option<Range<usize>> {
    let mut below = 0;
    for at in run.clone().rev() {
        let text = lines[at].trimmed();
        if text.is_empty() {
            continue;
        }
        let first = !any_filled(lines, run.start..at);
        match closing(text) {
            Some(Closing::WordsAndName) => return Some(at..at + 1),
            Some(kind) => {
                let next = (at + 1..run.end).find(|&index| !lines[index].is_blank());
                match next.filter(|&next| next - at <= 3 && is_name(lines[next].trimmed())) {
                    Some(name) => return Some(at..name + 1),
                    // `Thanks for the report.` as the whole mail says something.
                    None if kind == Closing::Words && !(first && below == 0) => {
                        return Some(at..at + 1);
                    }
                    None if next.is_none() && !first => return Some(at..at + 1),
                    None => {}
                }
            }
            None => {}
        }
        below += 1;
        if below > BLOCK_LINES_MAX || is_sentence(text) {
            return None;
        }
    }
    None
}

/// A contact block between the sign-off and the end of the run.
fn block_after(lines: &[Line<'_>], from: usize, to: usize, lenient: bool) -> Option<usize> {
    let start = (from..to).find(|&at| !lines[at].is_blank())?;
    let block = &lines[start..to];
    let short = block.iter().all(|line| !is_sentence(line.trimmed()) && line.text.len() <= 100);
    let contact = block.iter().any(|line| is_contact(line.trimmed()));
    let count = filled(lines, start..to);
    (short && count <= BLOCK_LINES_MAX && (contact || (lenient && count <= 6))).then_some(start)
}

/// A name with ways to reach its owner, without a sign-off above.
fn contact_block(lines: &[Line<'_>], run: Range<usize>) -> Option<usize> {
    let mut start = run.end;
    let mut contacts = 0;
    let mut count = 0;
    while start > run.start && count < BLOCK_LINES_MAX {
        let text = lines[start - 1].trimmed();
        if text.is_empty() {
            start -= 1;
            continue;
        }
        if is_sentence(text) || text.len() > 80 || text.ends_with([':', ',']) {
            break;
        }
        count += 1;
        contacts += usize::from(is_contact(text));
        start -= 1;
    }
    // `You can reach me at:` above means that the lines are what the mail says.
    if start > run.start && lines[start - 1].text.ends_with(':') || contacts == 0 || count < 2 {
        return None;
    }
    // The block begins with a name; short lines above it belong to the text.
    let first_contact = (start..run.end).find(|&at| is_contact(lines[at].trimmed()))?;
    let name = (start..first_contact)
        .rev()
        .filter(|&at| is_name(lines[at].trimmed()))
        .take_while(|&at| filled(lines, at..first_contact) <= 4)
        .last();
    let from = name.or((contacts >= 2).then_some(first_contact))?;
    let text_above = lines[run.start..from].iter().any(|line| is_sentence(line.trimmed()));
    text_above.then_some(from)
}

/// A name alone under the last paragraph: `Anna` after a blank line, `-Anna` after any. A second
/// line under it (`Example Trading`) is left to the signature.
fn name_alone(lines: &[Line<'_>], run: Range<usize>) -> Option<Range<usize>> {
    const NO_NAME: &[&str] = &[
        "yes",
        "no",
        "ok",
        "okay",
        "done",
        "agreed",
        "please",
        "fyi",
        "sure",
        "great",
        "hi",
        "hello",
        "regarding",
    ];
    let last = run.end.checked_sub(1).filter(|&last| last > run.start)?;
    let two = paragraph_start(lines, run.start, run.end) + 2 == run.end
        && titled(lines[last].trimmed())
        && word_count(lines[last - 1].trimmed()) >= 2;
    let at = if two { last - 1 } else { last };
    if at == run.start || !any_filled(lines, run.start..at) {
        return None;
    }
    let text = lines[at].trimmed();
    let bare = text.trim_start_matches(['-', '–', '—', '~', '/', ' ']);
    let dashed = bare.len() < text.len() && !text.contains("- ") && !two;
    let above = lines[..at].iter().rev().find(|line| !line.is_blank())?;
    let apart = lines[at - 1].is_blank() || above.text.ends_with(['.', '?', '!', ')']);
    let known = NO_NAME.iter().any(|word| super::phrases::same_folded(bare, word));
    let listed = two && above.text.ends_with([':', ',']);
    (is_name(bare) && is_name(lines[last].trimmed()) && word_count(bare) <= 3)
        .then_some(())
        .filter(|()| dashed || (apart && titled(bare)))
        .filter(|()| !known && !listed)
        .map(|()| at..at + 1)
}

/// Whether a line reads like running text.
pub(super) fn is_sentence(line: &str) -> bool {
    if is_contact(line) {
        return false;
    }
    let words = word_count(line);
    if words >= 9 {
        return !line.contains(" | ") && !line.contains('•');
    }
    // `Anna Muster, Ph.D.` and `Example Inc.` end with a full stop too.
    words >= 4 && line.ends_with(['.', '?', '!']) && !titled(line)
}

/// Whether every word begins like a name's.
fn titled(line: &str) -> bool {
    line.split_whitespace().all(|word| !word.contains(char::is_alphabetic) || begins_upper(word))
}

/// A way to reach somebody: telephone, address of a person or a page, label of one.
pub(super) fn is_contact(line: &str) -> bool {
    const LABELS: &[&str] = &[
        "tel",
        "tel.",
        "phone",
        "ph",
        "fax",
        "mobile",
        "mob",
        "cell",
        "office",
        "direct",
        "skype",
        "email",
        "e-mail",
        "mail",
        "web",
        "www",
        "pager",
        "telefon",
        "mobil",
        "téléphone",
        "tél",
        "móvil",
        "teléfono",
        "t",
        "f",
        "m",
        "p",
        "o",
        "c",
        "internet",
        "voice",
        "ext",
        "icq",
        "pgp",
        "gsm",
        "aim",
        "twitter",
        "linkedin",
        "fon",
    ];
    if line.len() > 120 {
        return false;
    }
    let words = word_count(line);
    let lower = line.to_lowercase();
    let label = lower.split([':', ' ', '.', '/', '(']).next().unwrap_or_default();
    let digits = line.bytes().filter(u8::is_ascii_digit).count();
    let letters = line.chars().filter(|c| c.is_alphabetic()).count();
    if LABELS.contains(&label)
        && words <= 8
        && (digits >= 5
            || lower.contains('@')
            || lower.contains("://")
            || lower.contains("www.")
            || lower[label.len()..].starts_with(':'))
    {
        return true;
    }
    if digits >= 7
        && digits + 4 >= letters
        && !line.contains(['$', '€', '%', '£'])
        && words <= 8
        && looks_like_phone(line)
    {
        return true;
    }
    words <= 3
        && (lower.contains("http://")
            || lower.contains("https://")
            || lower.starts_with("www.")
            || (lower.contains('@') && lower.contains('.')))
}

/// Figures in groups with the marks of a telephone number, not a sum or a date.
fn looks_like_phone(line: &str) -> bool {
    let mut groups = line.split(|c: char| !c.is_ascii_digit()).filter(|group| !group.is_empty());
    let long = groups.clone().any(|group| group.len() >= 6);
    let three = groups.by_ref().filter(|group| group.len() >= 2).count() >= 3;
    (long || three) && !line.contains(',') && !line.contains(':')
        || line.trim_start().starts_with('+')
}
