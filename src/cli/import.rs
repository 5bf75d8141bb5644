//! `import`.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use serde_json::json;

use super::args;
use super::config::is_bare_address;
use super::failure::Failure;
use super::progress::Progress;
use super::screen::{Style, counted};
use super::session::Session;
use crate::intake::{self, Summary};
use crate::mail::source::Format;
use crate::mail::when::format_rfc3339;
use crate::search::Feed;
use crate::store::{Origin, Store};

/// Items that are no mail named on the screen; JSON names more.
const PROBLEMS_SHOWN_MAX: usize = 8;

pub(super) fn run(session: &mut Session<'_>, args: &args::Import) -> Result<u8, Failure> {
    for address in &args.me {
        if !is_bare_address(address) {
            return Err(Failure::asked_wrongly(format!("--me {address}: not an address"))
                .hint("for example --me ada@example.org"));
        }
    }
    for path in &args.paths {
        if let Err(error) = std::fs::metadata(path) {
            return Err(missing(path, &error));
        }
    }
    let mut store = session.new_store()?;
    store.add_own_addresses(&args.me, Origin::Told)?;
    let format = match args.format {
        args::Format::Auto => Format::Auto,
        args::Format::Maildir => Format::Maildir,
        args::Format::Mbox => Format::Mbox,
        args::Format::Eml => Format::Eml,
    };
    let mut items = Vec::new();
    let mut without_mail = None;
    for path in &args.paths {
        let began = Instant::now();
        let summary = take_in(session, &mut store, path, format)?;
        let seconds = began.elapsed().as_secs_f64();
        if summary.seen > 0 && summary.unreadable == summary.seen {
            without_mail = Some(no_mail_in(path, &summary));
        }
        report(session, path, &summary, seconds)?;
        items.push(json!({
            "source": path.display().to_string(), "seen": summary.seen, "added": summary.added,
            "known": summary.known, "unreadable": summary.unreadable,
            "seconds": (seconds * 1000.0).round() / 1000.0, "problems": summary.problems,
        }));
    }
    let guessed = intake::guess_own_addresses(&mut store)?;
    store.set_mark("fresh", &format_rfc3339(session.now))?;
    let coverage = index(session, &mut store, args.words_only)?;
    if session.global.json {
        let envelope = session
            .envelope("import", Some(&store))
            .coverage(coverage.0, coverage.1)
            .with("own_addresses", json!(session.me(&store)?))
            .items(items)
            .value();
        session.out.json(&envelope)?;
    } else {
        say_who(session, &store, &guessed)?;
    }
    without_mail.map_or(Ok(0), Err)
}

fn no_mail_in(path: &Path, summary: &Summary) -> Failure {
    let path = path.display();
    if summary.refused == summary.seen {
        let files = counted(summary.seen, "file", "files");
        return Failure::could_not(format!("importing {path}: {files} could not be read"))
            .hint("may you read them?");
    }
    let what = format!("none of {} is mail", counted(summary.seen, "file", "files"));
    Failure::could_not(format!("importing {path}: {what}"))
        .hint("Maildir, mbox and folders of one-message files can be read; --format names the one")
}

fn missing(path: &Path, error: &std::io::Error) -> Failure {
    let failure = Failure::could_not(format!("importing {}: {error}", path.display()));
    match error.kind() {
        std::io::ErrorKind::NotFound => {
            failure.hint("check the path; a Maildir is named by its folder")
        }
        std::io::ErrorKind::PermissionDenied => failure.hint("you may not read it: ask its owner"),
        _ => failure,
    }
}

/// Into the store, and what is new into the index of words as it comes.
fn take_in(
    session: &mut Session<'_>,
    store: &mut Store,
    path: &Path,
    format: Format,
) -> Result<Summary, Failure> {
    let mut index = session.level_index(store)?;
    let mut feed = Feed::new(&mut index);
    let mut progress = Progress::new(session.shows_progress(), "importing");
    let mut failed = None;
    let summary = intake::import(store, path, format, session.now, &mut |batch| {
        progress.at(batch.seen, 0);
        match feed.take(batch.store, batch.words) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    });
    if let Some(error) = failed {
        return Err(error.into());
    }
    let summary = summary.map_err(failure_of)?;
    feed.finish()?;
    Ok(summary)
}

fn failure_of(error: intake::Error) -> Failure {
    let failure = Failure::from_error(&error);
    match error {
        intake::Error::Store { source, .. } => {
            let message = failure.message;
            Failure { message, ..source.into() }
        }
        _ => failure.hint("Maildir, mbox and folders of one-message files can be read"),
    }
}

fn report(
    session: &mut Session<'_>,
    path: &Path,
    summary: &Summary,
    seconds: f64,
) -> Result<(), Failure> {
    for problem in summary.problems.iter().take(PROBLEMS_SHOWN_MAX) {
        session.note(&format!("skipped {problem}"))?;
    }
    let shown = summary.problems.len().min(PROBLEMS_SHOWN_MAX) as u64;
    let more = summary.unreadable - shown;
    if more > 0 {
        session.note(&format!("skipped {more} more like these"))?;
    }
    if session.global.json {
        return Ok(());
    }
    let some = |count: u64, what: &str| match count {
        0 => String::new(),
        count => format!(", {count} {what}"),
    };
    let line = format!(
        "{}: {} added, {} known{}{} ({seconds:.1} s)",
        path.display(),
        counted(summary.added, "message", "messages"),
        summary.known,
        some(summary.unreadable - summary.refused, "not mail"),
        some(summary.refused, "not readable"),
    );
    session.out.line(Style::Plain, &line)?;
    Ok(())
}

/// Words first, then attachments, then vectors; gives back how many messages have vectors, of how many.
fn index(
    session: &mut Session<'_>,
    store: &mut Store,
    words_only: bool,
) -> Result<(u64, u64), Failure> {
    session.level_index(store)?;
    let total = store.messages_count(None)?;
    if words_only {
        let covered = session.vectors()?.messages_count() as u64;
        return Ok((covered, total));
    }
    let mut vectors = session.vectors()?;
    if (vectors.messages_count() as u64) < total {
        session.note("searchable by words now; going on with attachments and vectors (break off at any time, `postroom index embed` goes on)")?;
    }
    session.attachments(store)?;
    if (vectors.messages_count() as u64) < total {
        session.embed(store, &mut vectors)?;
    }
    Ok((vectors.messages_count() as u64, total))
}

fn say_who(session: &mut Session<'_>, store: &Store, guessed: &[String]) -> Result<(), Failure> {
    let me = session.me(store)?;
    if me.is_empty() {
        session.note(
            "which address is yours? say it once with --me ADDRESS, so that triage and drafts know",
        )?;
    } else if !guessed.is_empty() {
        let line = format!(
            "taken as your own addresses, from your sent mail: {} (--me ADDRESS says it better)",
            guessed.join(", ")
        );
        session.note(&line)?;
    } else {
        let strangers = intake::strangers_in_sent(store)?;
        if !strangers.is_empty() {
            let line = format!(
                "also writes much of your sent mail: {} (yours too? say so with --me ADDRESS)",
                strangers.join(", ")
            );
            session.note(&line)?;
        }
    }
    Ok(())
}
