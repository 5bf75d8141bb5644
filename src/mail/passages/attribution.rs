//! The line above a quote that says who wrote it: `On Tue, 3 Mar 2026 at 10:02, Anna wrote:`.

use super::lines::{Line, begins_otherwise, has_clock, has_date, starts_folded, word_count};

/// An attribution of one to four lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attribution {
    /// Its last line.
    pub(super) last: usize,
    /// It names a time and a writer: enough to take what follows for a quote without any mark.
    pub(super) strong: bool,
}

/// Verbs of writing, as whole words. Words with `'` or blanks are matched as written.
const VERBS: &[&str] = &[
    "wrote",
    "writes",
    "written",
    "said",
    "says",
    "schrieb",
    "schreibt",
    "geschrieben",
    "écrit",
    "ecrit",
    "écrivait",
    "escribió",
    "escribio",
    "escreveu",
    "scrisse",
    "scritto",
    "schreef",
    "geschreven",
    "skrev",
    "skrifaði",
    "kirjoitti",
    "napisał",
    "napisała",
    "napisał(a)",
    "pisze",
    "napsal",
    "napsal(a)",
    "napsala",
    "написал",
    "написала",
    "писал",
    "писала",
    "пишет",
    "пише",
    "написав",
    "yazdı",
    "έγραψε",
    "escriu",
    "írta",
    "scris",
    "viết",
    "menulis",
    "idatzi",
    "napísal",
    "napísal(a)",
    "rašė",
    "pisao",
    "napisao",
];

/// The same in languages that put no blank around words.
const VERBS_JOINED: &[&str] =
    &["写道", "寫道", "书き", "書きました", "のメール", "작성", "님이 작성"];

/// What an attribution with a date may begin with.
const STARTERS: &[&str] = &[
    "on ",
    "at ",
    "in a message dated",
    "in message",
    "in article",
    "am ",
    "le ",
    "el ",
    "il ",
    "em ",
    "op ",
    "den ",
    "w dniu ",
    "dnia ",
    "dne ",
    "on:",
    "il giorno ",
    "em:",
    "a ",
    "la data de",
    "pe ",
    "vào ",
    "στις ",
    "2",
    "1",
    "0",
    "3",
    "在",
    "於",
    "quoting ",
    "zitat von ",
    "citando ",
    "selon ",
    "mon",
    "tue",
    "wed",
    "thu",
    "fri",
    "sat",
    "sun",
    "---",
    "* ",
    "пн",
    "вт",
    "ср",
    "чт",
    "пт",
    "сб",
    "вс",
    "kl.",
    "från",
    "pada ",
    "ma ",
    "ti ",
    "ke ",
    "to ",
    "pe ",
    "la ",
    "su ",
    "missatge de",
    "[",
    "el día ",
    "dana ",
    "»",
    "lainaus",
];

/// An attribution that begins at line `at`, if there is one.
///
/// It may be wrapped over up to four lines and ends with a colon. Whether a quote follows is for
/// the caller to see; `strong` tells how much this one needs it.
pub(super) fn attribution(lines: &[Line<'_>], at: usize) -> Option<Attribution> {
    const LINES_MAX: usize = 4;
    const BYTES_MAX: usize = 400;
    let first = lines[at].trimmed();
    if first.is_empty() || first.len() > BYTES_MAX {
        return None;
    }
    let mut joined = String::new();
    for (last, line) in lines.iter().enumerate().skip(at).take(LINES_MAX) {
        if line.is_blank() || line.is_quoted() || joined.len() + line.text.len() > BYTES_MAX {
            return None;
        }
        if last > at {
            // A later line that could begin one by itself is the better beginning.
            if begins_dated(line.trimmed()) {
                return None;
            }
            joined.push(' ');
        }
        joined.push_str(line.trimmed());
        if !closes(&joined) {
            continue;
        }
        let wrapped = last > at;
        return judge(&joined, wrapped).map(|strong| Attribution { last, strong });
    }
    None
}

fn closes(joined: &str) -> bool {
    joined.ends_with([':', '：']) || joined.ends_with("wrote...") || joined.ends_with("schrieb...")
}

/// Whether the joined text is an attribution, and if so whether it is a strong one.
fn judge(joined: &str, wrapped: bool) -> Option<bool> {
    let verb = has_verb(joined);
    let starter = STARTERS.iter().any(|start| starts_folded(joined, start));
    let dated = has_clock(joined) || has_date(joined);
    let address = joined.contains('@');
    if !verb {
        // `Quoting Anna <anna@example.org>:`, `2012/4/2 Anna <anna@example.org>:`
        let named = starter && address && joined.contains('<');
        // `Anna posted the following on 2026-03-03 10:02:` needs a quote right below.
        if has_clock(joined) && has_date(joined) && word_count(joined) <= 20 {
            return Some(false);
        }
        return (named
            && (dated || starts_folded(joined, "quoting") || starts_folded(joined, "zitat")))
        .then_some(false);
    }
    if wrapped && !(starter && (dated || address)) {
        return None;
    }
    if word_count(joined) > 40 {
        return None;
    }
    Some(starter && dated && (address || word_count(joined) >= 5))
}

/// A line that by itself has a starter and a date: where a wrapped attribution begins.
fn begins_dated(line: &str) -> bool {
    STARTERS.iter().any(|start| start.len() > 1 && starts_folded(line, start))
        && (has_date(line) || (has_clock(line) && word_count(line) >= 4))
        && !line.starts_with(|c: char| c.is_ascii_digit())
}

fn has_verb(joined: &str) -> bool {
    if VERBS_JOINED.iter().any(|verb| joined.contains(verb)) {
        return true;
    }
    joined
        .split(|c: char| c.is_whitespace() || matches!(c, ':' | '>' | ',' | '"' | '：'))
        .any(|word| !word.is_empty() && VERBS.iter().any(|verb| same_folded(word, verb)))
}

fn same_folded(word: &str, lower: &str) -> bool {
    !begins_otherwise(word, lower)
        && word.trim_end_matches('.').chars().flat_map(char::to_lowercase).eq(lower.chars())
}

/// `2012/4/2 Anna <anna@example.org>` without a verb or colon, right above a quote.
pub(super) fn dated_address(line: &str) -> bool {
    line.len() < 200
        && line.contains('<')
        && line.contains('@')
        && (has_date(line) || has_clock(line))
}
