//! The list of `triage` as a person reads it, and what is not in it.

use std::collections::BTreeMap;

use super::failure::Failure;
use super::screen::{Style, columns_of, counted, fit, shorten};
use super::session::Session;
use crate::mail::when::{Zone, short, short_day};
use crate::mail::{UnixSeconds, base_subject};
use crate::triage::{Item, Kind, State, Tier};

/// What a list does not show, so that what it says at its end is true.
#[derive(Debug, Default)]
pub(super) struct Rest {
    /// Show `fyi` as a count alone.
    pub(super) folds: bool,
    /// At most so many lines.
    pub(super) limit: Option<usize>,
    /// Lines left out before this, by the same limit.
    pub(super) beyond: usize,
    /// Threads left out because nothing is left to do in them.
    pub(super) settled: usize,
    /// Messages not judged yet.
    pub(super) unjudged: u64,
    /// What is said when there is nothing to list.
    pub(super) nothing: String,
}

pub(super) fn title(tier: Tier) -> (Style, &'static str) {
    match tier {
        Tier::Now => (Style::Red, "NOW       minutes; belongs in a call"),
        Tier::Today => (Style::Yellow, "TODAY     within the working day"),
        Tier::Normal => (Style::Green, "NORMAL    about a working day"),
        Tier::Consider => (Style::Cyan, "CONSIDER  one or two days, wants thought"),
        Tier::Fyi => (Style::Dim, "FYI       no reply expected"),
    }
}

pub(super) fn print(session: &mut Session<'_>, items: &[Item], rest: &Rest) -> Result<(), Failure> {
    let (aside, mut shown): (Vec<&Item>, Vec<&Item>) =
        items.iter().partition(|item| rest.folds && item.thread_tier == Tier::Fyi);
    let lines = shown.len();
    shown.truncate(rest.limit.unwrap_or(usize::MAX));
    let beyond = rest.beyond + lines - shown.len();
    // What a query finds comes newest first.
    shown.sort_by_key(|item| item.thread_tier);
    let columns = Columns::of(&shown, session);
    let mut tier = None;
    for item in &shown {
        if tier != Some(item.thread_tier) {
            if tier.is_some() {
                session.out.end()?;
            }
            let (style, title) = title(item.thread_tier);
            session.out.line(style, title)?;
            tier = Some(item.thread_tier);
        }
        row(session, item, &columns)?;
    }
    if items.is_empty() && beyond == 0 {
        session.out.line(Style::Plain, &rest.nothing)?;
        return Ok(());
    }
    if shown.is_empty() && beyond == 0 && rest.unjudged == 0 {
        session.out.line(Style::Plain, "Nothing open waits for a reply.")?;
    }
    let ends = ends(rest, beyond, &aside);
    if !ends.is_empty() && !shown.is_empty() {
        session.out.end()?;
    }
    for line in ends {
        session.out.line(Style::Dim, &line)?;
    }
    Ok(())
}

/// What is said below the lines: how much more there is, or that there is no more.
fn ends(rest: &Rest, beyond: usize, aside: &[&Item]) -> Vec<String> {
    let mut lines = Vec::new();
    if beyond > 0 {
        let what = if rest.folds { " open" } else { "" };
        lines.push(format!("{beyond} more{what}: a larger --limit shows them."));
    }
    if !aside.is_empty() {
        lines.push(set_aside(aside));
    }
    if rest.settled > 0 {
        let threads = counted(rest.settled as u64, "thread is", "threads are");
        lines.push(format!("{threads} settled. --all lists them too."));
    }
    if lines.is_empty() && rest.folds && rest.unjudged == 0 {
        lines.push("Nothing else came.".to_owned());
    }
    lines
}

/// "Set aside, no reply expected: 41 threads (12 newsletters, …)".
fn set_aside(items: &[&Item]) -> String {
    let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
    for item in items {
        *kinds.entry(item.kind).or_default() += 1;
    }
    let parts: Vec<String> =
        kinds.iter().map(|(kind, count)| format!("{count} {}", of_kind(*kind, *count))).collect();
    format!(
        "Set aside, no reply expected: {} ({}). --all lists them.",
        counted(items.len() as u64, "thread", "threads"),
        parts.join(", ")
    )
}

/// `3 newsletters`: what stands behind the number.
fn of_kind(kind: Kind, count: usize) -> &'static str {
    match (kind, count) {
        (Kind::Person, _) => "from people",
        (Kind::List, _) => "on lists",
        (Kind::Newsletter, 1) => "newsletter",
        (Kind::Newsletter, _) => "newsletters",
        (Kind::Promotion, 1) => "promotion",
        (Kind::Promotion, _) => "promotions",
        (Kind::Notification, 1) => "notification",
        (Kind::Notification, _) => "notifications",
        (Kind::Transaction, 1) => "transaction",
        (Kind::Transaction, _) => "transactions",
        (Kind::Calendar, 1) => "invitation",
        (Kind::Calendar, _) => "invitations",
        (Kind::Junk, _) => "junk",
        (Kind::Suspicious, _) => "suspicious",
    }
}

/// How wide each column is.
struct Columns {
    id: usize,
    when: usize,
    who: usize,
    text: usize,
}

impl Columns {
    fn of(items: &[&Item], session: &Session<'_>) -> Self {
        let longest = |of: &dyn Fn(&Item) -> usize| items.iter().map(|item| of(item)).max();
        let width = session.out.width;
        let id = longest(&|item| item.id.0.to_string().len()).unwrap_or(0).max(5);
        let when = longest(&|item| columns_of(&when(item, session.now, &session.calendar.zone)));
        let when = when.unwrap_or(0);
        let who =
            longest(&|item| columns_of(item.from.called())).unwrap_or(0).min(who_columns(width));
        let text = width.saturating_sub(id + 2 + when + 1 + who + 1).max(20);
        Self { id, when, who, text }
    }
}

/// Columns of a name on a screen of `width`.
pub(super) fn who_columns(width: usize) -> usize {
    match width {
        ..90 => 16,
        90..120 => 20,
        _ => 24,
    }
}

/// By when; what became of it where nothing is left to do. At most eleven columns.
fn when(item: &Item, now: UnixSeconds, zone: &Zone) -> String {
    match (item.state, item.due) {
        (State::Answered | State::Superseded | State::Lapsed, _) => item.state.as_str().to_owned(),
        (State::Overdue, Some(due)) => format!("late {}", short_day(due, now, zone)),
        (State::Overdue, None) => "late".to_owned(),
        (State::Open, due) => due.map_or_else(String::new, |due| short(due, now, zone)),
    }
}

fn row(session: &mut Session<'_>, item: &Item, columns: &Columns) -> Result<(), Failure> {
    let settled = item.state.is_settled();
    let style = |style| if settled { Style::Dim } else { style };
    let when = when(item, session.now, &session.calendar.zone);
    let due = if item.state == State::Overdue { Style::Red } else { Style::Plain };
    let mark = match item.kind {
        Kind::Suspicious => "[tries to deceive?] ",
        Kind::Junk => "[junk?] ",
        _ if item.call.is_some() => "[wants a call] ",
        _ => "",
    };
    let out = &mut session.out;
    out.put(Style::Dim, &format!("{:>1$}  ", item.id.0, columns.id))?;
    out.put(style(due), &fit(&when, columns.when))?;
    out.put(Style::Plain, " ")?;
    out.put(style(Style::Bold), &fit(item.from.called(), columns.who))?;
    out.put(Style::Plain, " ")?;
    if !mark.is_empty() {
        out.put(style(Style::Magenta), mark)?;
    }
    let text = text(&item.subject, item.line(), columns.text.saturating_sub(mark.len()).max(12));
    out.line(style(Style::Plain), &text)?;
    Ok(())
}

/// `Subject: words` in at most `columns`; one of them where the other adds nothing. The subject is
/// cut to a third where the words need the room.
fn text(subject: &str, words: &str, columns: usize) -> String {
    let subject = without_marks(subject);
    let (known, new) = (folded(subject), folded(words));
    if new.trim().is_empty() || known.contains(&new) {
        let subject = if subject.is_empty() { "(no subject)" } else { subject };
        return shorten(subject, columns);
    }
    if known.trim().is_empty() || new.contains(&known) {
        return shorten(words, columns);
    }
    let room = columns.saturating_sub(columns_of(words.trim()) + 2).max(columns / 3);
    let subject = shorten(subject, room);
    let left = columns.saturating_sub(columns_of(&subject) + 2);
    format!("{subject}: {}", shorten(words, left))
}

/// A subject without its `Re:` and `Fwd:`: a line of a list says more with what stands behind them.
fn without_marks(subject: &str) -> &str {
    let mut rest = subject.trim();
    while let Some((mark, after)) = rest.split_once(':') {
        if !base_subject(&format!("{mark}: x")).1 {
            break;
        }
        rest = after.trim_start();
    }
    rest
}

/// The words alone, each between blanks.
fn folded(text: &str) -> String {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    format!(" {} ", words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_text(subject: &str, words: &str, columns: usize, expected: &str) {
        let text = text(subject, words, columns);
        assert_eq!(text, expected);
        assert!(columns_of(&text) <= columns);
    }

    #[test]
    fn a_line_has_subject_and_words() {
        check_text("Re: Crane on Tuesday", "Can you?", 40, "Crane on Tuesday: Can you?");
        check_text(
            "The crane that we hire on Tuesday",
            "Can you confirm it by Monday noon at the latest?",
            43,
            "The crane tha…: Can you confirm it by Mond…",
        );
        check_text("Agenda", "Short", 43, "Agenda: Short");
    }

    #[test]
    fn what_says_nothing_new_is_left_out() {
        check_text(
            "Fridge goes for repair",
            "fridge goes for repair.",
            40,
            "Fridge goes for repair",
        );
        check_text("Crane", "Is the crane there?", 40, "Is the crane there?");
        check_text("AW: Re: Crane on Tuesday", "", 40, "Crane on Tuesday");
        check_text("", "", 40, "(no subject)");
        check_text("Re:", "Can you?", 40, "Can you?");
        // A word within another is another word.
        check_text("Ran", "Crane on Tuesday", 40, "Ran: Crane on Tuesday");
    }

    #[test]
    fn wide_characters_take_two_columns() {
        check_text("日本語日本語日本語", "日本語です日本語です", 24, "日本語…: 日本語です日本…");
    }

    #[track_caller]
    fn check_ends(rest: &Rest, beyond: usize, expected: &[&str]) {
        assert_eq!(ends(rest, beyond, &[]), expected);
    }

    #[test]
    fn the_end_says_what_is_true() {
        let folds = || Rest { folds: true, ..Rest::default() };
        check_ends(&folds(), 0, &["Nothing else came."]);
        check_ends(&folds(), 15, &["15 more open: a larger --limit shows them."]);
        check_ends(
            &Rest { settled: 1, ..folds() },
            0,
            &["1 thread is settled. --all lists them too."],
        );
        check_ends(&Rest { unjudged: 3, ..folds() }, 0, &[]);
        // A list of what was asked for says nothing of the rest.
        check_ends(&Rest::default(), 0, &[]);
        check_ends(&Rest::default(), 2, &["2 more: a larger --limit shows them."]);
    }
}
