//! `brief`.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;

use super::args;
use super::day;
use super::failure::Failure;
use super::screen::{Style, shorten};
use super::session::Session;
use crate::brief::{self, Brief, Line, Remembered, Section, SinceLast};
use crate::mail::UnixSeconds;
use crate::mail::when::{format_rfc3339, human_with_time, parse_query_date, parse_rfc3339};
use crate::store::Store;

/// How far the first brief looks back for what is new.
const FIRST_SECONDS: i64 = 7 * 86_400;
/// How long a brief waits for a writer, opening it included.
const TELLING_SECONDS_MAX: u64 = 20;

impl From<brief::Error> for Failure {
    fn from(error: brief::Error) -> Self {
        match error {
            brief::Error::Store(error) => error.into(),
            brief::Error::Ledger(error) => error.into(),
            brief::Error::Triage(error) => error.into(),
        }
    }
}

pub(super) fn run(session: &mut Session<'_>, args: &args::Brief) -> Result<u8, Failure> {
    let mut store = session.store()?;
    let last = Remembered::load(&store)?.filter(|last| last.as_of <= session.now);
    let since = match args.since.as_str() {
        "last" => {
            last.as_ref().map_or(UnixSeconds(session.now.0 - FIRST_SECONDS), |last| last.as_of)
        }
        text => parse_rfc3339(text)
            .or_else(|| {
                parse_query_date(text, session.now, &session.calendar.zone).map(|(from, _)| from)
            })
            .ok_or_else(|| {
                Failure::asked_wrongly(format!("--since {text}: not a time"))
                    .hint("last, yesterday, 3d, 2026-03-01 or a time as in RFC 3339")
            })?,
    };
    let wanted = day::window(session);
    let (coverage, version) = day::judge(session, &mut store, &wanted, None)?;
    let mut brief = brief::brief(&store, &version, session.now, since, last.as_ref())?;
    let (writer, warning) = sentences(session, &store, &mut brief, args.writer)?;
    if let Some(path) = &args.html {
        write_page(path, &brief::html(&brief, &session.calendar.zone))?;
        session.note(&format!("written to {}", path.display()))?;
    }
    if session.global.json {
        let items = brief.lines.iter().map(|line| json!(line)).collect();
        let envelope = session
            .envelope("brief", Some(&store))
            .coverage(coverage.done, coverage.total)
            .with("since", json!(format_rfc3339(since)))
            .with("counts", json!(brief.counts()))
            .with("writer", json!(writer))
            .with("warnings", json!(warning.as_slice()))
            .items(items);
        session.out.json(&envelope.value())?;
    } else if args.html.is_none() {
        print(session, &brief)?;
    }
    // What a person saw is what the next brief is compared with.
    if args.mark || (session.out.terminal && !session.global.json && session.as_of.is_none()) {
        Remembered::save(&store, &brief)?;
    }
    Ok(0)
}

/// Has the writer in use tell lines in a sentence: gives back its name, and what is to be said of the
/// lines that it did not tell. It is opened only when there is something to tell.
fn sentences(
    session: &mut Session<'_>,
    store: &Store,
    brief: &mut Brief,
    wanted: args::TellWriter,
) -> Result<(Option<String>, Option<String>), Failure> {
    let deadline = match wanted {
        args::TellWriter::Never => return Ok((None, None)),
        args::TellWriter::Auto => Some(Instant::now() + Duration::from_secs(TELLING_SECONDS_MAX)),
        args::TellWriter::Always => None,
    };
    if let (Some(name), Some(stamp)) = (session.writer_name(), session.writer_stamp()) {
        brief::recall(store, brief, &name, &stamp)?;
    }
    if !brief::is_to_tell(brief) {
        return Ok((session.writer_name(), None));
    }
    let Some(opened) = session.writer()? else { return Ok((None, None)) };
    let stamp = session.writer_stamp().unwrap_or_default();
    let mut go_on = || deadline.is_none_or(|deadline| Instant::now() < deadline);
    let told = brief::tell(store, brief, &opened.for_briefs(deadline), &stamp, &mut go_on)?;
    let warning = quoted(&opened.name, &told);
    if let Some(warning) = &warning {
        session.note(warning)?;
    }
    Ok((Some(opened.name), warning))
}

/// What to say of lines that a writer did not tell; nothing when it told all of them.
fn quoted(name: &str, told: &brief::Told) -> Option<String> {
    let all = told.written + told.put_aside + told.left;
    let mut others = Vec::new();
    if told.put_aside > 0 {
        let why = told.why.as_deref().unwrap_or_default();
        others.push(format!("{} put aside (the first: {why})", told.put_aside));
    }
    if told.left > 0 {
        others.push(format!("{} not told in time, run it again to go on", told.left));
    }
    let others = others.join(", ");
    let told = told.written;
    (told < all).then(|| {
        format!("the writer {name} told {told} of {all} lines, the others quote: {others}")
    })
}

/// The brief as the demo shows it: nothing is remembered.
pub(super) fn for_demo(
    session: &mut Session<'_>,
    store: &Store,
    version: &str,
) -> Result<(), Failure> {
    let since = UnixSeconds(session.now.0 - FIRST_SECONDS);
    let brief = brief::brief(store, version, session.now, since, None)?;
    print(session, &brief)
}

/// The same lines for JSON.
pub(super) fn lines_for_demo(
    session: &Session<'_>,
    store: &Store,
    version: &str,
) -> Result<serde_json::Value, Failure> {
    let since = UnixSeconds(session.now.0 - FIRST_SECONDS);
    Ok(json!(brief::brief(store, version, session.now, since, None)?.lines))
}

fn write_page(path: &Path, page: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::writing(path, &error);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    use std::io::Write as _;
    options.open(path).and_then(|mut file| file.write_all(page.as_bytes())).map_err(failed)
}

fn print(session: &mut Session<'_>, brief: &Brief) -> Result<(), Failure> {
    let mut first = true;
    for section in Section::ALL {
        let lines: Vec<&Line> = brief.section(section).collect();
        if lines.is_empty() {
            continue;
        }
        if !first {
            session.out.end()?;
        }
        first = false;
        session.out.line(Style::Bold, section.title())?;
        for line in lines {
            row(session, line)?;
        }
    }
    let has = |mark| brief.lines.iter().any(|line| line.since_last == mark);
    let tellers = brief.lines.iter().filter_map(|line| line.written_by.as_deref());
    let tellers: std::collections::BTreeSet<&str> = tellers.collect();
    let legend: Vec<&str> = [(SinceLast::New, "+ new"), (SinceLast::Settled, "✓ done")]
        .into_iter()
        .filter_map(|(mark, words)| has(mark).then_some(words))
        .collect();
    if !legend.is_empty() {
        session.out.end()?;
        let since = human_with_time(brief.since, session.now, &session.calendar.zone);
        let marks = legend.join(", ");
        let line = format!("{marks} since {since}. `postroom show ID` reads the mail of an [ID].");
        session.out.line(Style::Dim, &line)?;
    }
    if !tellers.is_empty() {
        let tellers = tellers.into_iter().collect::<Vec<_>>().join(", ");
        let line = format!("~ in the words of the {tellers}; every other line quotes.");
        session.out.line(Style::Dim, &line)?;
    }
    if first {
        session.out.line(Style::Plain, "Nothing came, nothing is owed, nothing is due.")?;
    }
    Ok(())
}

fn row(session: &mut Session<'_>, line: &Line) -> Result<(), Failure> {
    let (mark, style) = match line.since_last {
        SinceLast::New => ("+ ", Style::Plain),
        SinceLast::Still => ("  ", Style::Plain),
        SinceLast::Settled => ("✓ ", Style::Dim),
    };
    let due = line.due.map_or_else(String::new, |due| {
        let when = human_with_time(due, session.now, &session.calendar.zone);
        if line.late { format!("  was due {when}") } else { format!("  due {when}") }
    });
    let source = match line.sources.as_slice() {
        [] => String::new(),
        [source] => format!("  [{}]", source.id.0),
        [source, more @ ..] => format!("  [{} and {} more]", source.id.0, more.len()),
    };
    let columns = session.out.width.saturating_sub(4 + due.len() + source.len()).max(40);
    session.out.put(Style::Green, &format!("  {mark}"))?;
    let text = match line.written_by {
        Some(_) => format!("{} ~", shorten(&line.text, columns.saturating_sub(2))),
        None => shorten(&line.text, columns),
    };
    session.out.put(style, &text)?;
    session.out.put(if line.late { Style::Red } else { Style::Yellow }, &due)?;
    session.out.line(Style::Dim, &source)?;
    Ok(())
}
