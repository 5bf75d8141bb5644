//! `sync`. This process speaks to servers and therefore opens no model and no index: when its connections are
//! closed, a child of its own, under the lock, indexes what came.

use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};

use super::account::{chosen, secret};
use super::args;
use super::config::is_bare_address;
use super::failure::Failure;
use super::progress::Progress;
use super::screen::{Style, counted};
use super::session::Session;
use crate::accounts::{Account, Secret};
use crate::guard::ConnectionLog;
use crate::intake::{self, imap};
use crate::mail::when::format_rfc3339;
use crate::store::Origin;

pub(super) fn run(session: &mut Session<'_>, args: &args::Sync) -> Result<u8, Failure> {
    let accounts = chosen(session, &args.accounts)?;
    if args.watch {
        return super::watch::run(session, args, &accounts);
    }
    // Asked for before anything connects, and before any mail is read.
    let mut secrets = Vec::new();
    for (name, account) in &accounts {
        secrets.push(secret(session, name, account)?);
    }
    once(session, args, &accounts, &secrets)
}

/// Syncs these accounts, and has what came indexed.
pub(super) fn once(
    session: &mut Session<'_>,
    args: &args::Sync,
    accounts: &[(String, Account)],
    secrets: &[Secret],
) -> Result<u8, Failure> {
    let mut store = session.new_store()?;
    if args.push {
        let pushed = super::change::push(session, &mut store, accounts, None, "sync")?;
        if !session.global.json {
            session.note(&super::change::in_words(&pushed))?;
        }
    }
    let log = ConnectionLog::in_dir(&session.home.data);
    let time = format_rfc3339(session.now);
    let deletions = if args.purge { imap::Deletions::Confirmed } else { imap::Deletions::Guarded };
    let (mut items, mut failures) = (Vec::new(), Vec::new());
    for ((name, account), secret) in accounts.iter().zip(secrets) {
        if is_bare_address(&account.address) {
            store.add_own_addresses(std::slice::from_ref(&account.address), Origin::Told)?;
        }
        let began = Instant::now();
        let purpose = format!("account {name}");
        let login = imap::Login {
            account,
            secret,
            log: &log,
            command: "sync",
            purpose: &purpose,
            time: &time,
            patience: imap::PATIENCE,
        };
        let mut bar = Progress::new(session.shows_progress(), "fetching");
        let synced =
            imap::sync(&mut store, &login, deletions, session.now, &mut |_, done, total| {
                bar.at(done, total);
            });
        drop(bar);
        match synced {
            Ok(summary) => {
                let seconds = began.elapsed().as_secs_f64();
                items.push(report(session, name, &summary, seconds)?);
                failures.extend(summary.failed.first().map(|failed| {
                    Failure::could_not(format!("syncing {name}: {failed}"))
                        .hint("the other folders are here; run it again")
                }));
            }
            Err(error) => {
                let failure = Failure::from(error);
                let message = format!("syncing {name}: {}", failure.message);
                failures.push(Failure { message, ..failure });
            }
        }
    }
    if !items.is_empty() {
        intake::guess_own_addresses(&mut store)?;
        store.set_mark("fresh", &time)?;
    }
    // What came is searchable, also when an account failed.
    drop(store);
    let coverage = index(session, args.words_only)?;
    if session.global.json {
        let mut envelope =
            session.envelope("sync", None).items(items).with("fresh_as_of", json!(time));
        if let Some((done, total)) = coverage {
            envelope = envelope.coverage(done, total);
        }
        session.out.json(&envelope.value())?;
    }
    let more = failures.len().saturating_sub(1);
    match failures.into_iter().next() {
        None => Ok(0),
        Some(first) if more == 0 => Err(first),
        Some(first) => {
            let message = format!("{} (and {more} more)", first.message);
            Err(Failure { message, ..first })
        }
    }
}

fn report(
    session: &mut Session<'_>,
    name: &str,
    summary: &imap::Summary,
    seconds: f64,
) -> Result<Value, Failure> {
    for line in summary.warnings.iter().chain(&summary.failed) {
        session.note(&format!("{name}: {line}"))?;
    }
    if !session.global.json {
        let some = |count: u64, what: &str| match count {
            0 => String::new(),
            count => format!(", {count} {what}"),
        };
        let line = format!(
            "{name}: {} added, {} known{}{}{}{} ({seconds:.1} s)",
            counted(summary.added, "message", "messages"),
            summary.known,
            some(summary.unreadable, "not given by the server"),
            some(summary.reflagged, "with other flags"),
            some(summary.moved, "moved"),
            some(summary.removed, "gone"),
        );
        session.out.line(Style::Plain, &line)?;
    }
    Ok(json!({
        "source": name, "seen": summary.seen, "added": summary.added, "known": summary.known,
        "unreadable": summary.unreadable, "seconds": (seconds * 1000.0).round() / 1000.0,
        "reflagged": summary.reflagged, "moved": summary.moved, "removed": summary.removed,
        "problems": summary.warnings.iter().chain(&summary.failed).collect::<Vec<_>>(),
    }))
}

/// Words first, then vectors, each in a child that gives up its sockets as every command does. Gives back how
/// many messages have vectors, of how many.
fn index(session: &mut Session<'_>, words_only: bool) -> Result<Option<(u64, u64)>, Failure> {
    let coverage = child(session, "words")?;
    if words_only {
        return Ok(coverage);
    }
    if coverage.is_some_and(|(done, total)| done < total) {
        session.note("searchable by words now; going on with vectors (break off at any time, `postroom index embed` goes on)")?;
        return child(session, "embed");
    }
    Ok(coverage)
}

fn child(session: &Session<'_>, verb: &str) -> Result<Option<(u64, u64)>, Failure> {
    let failed = |why: String| {
        Failure::could_not(format!("indexing what came: {why}"))
            .hint("the mail is here; `postroom index embed` goes on")
    };
    let program = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
    let mut command = Command::new(program);
    if let Some(home) = &session.global.home {
        command.arg("--home").arg(home);
    }
    if let Some(threads) = session.global.threads {
        command.arg("--threads").arg(threads.to_string());
    }
    if session.global.quiet {
        command.arg("--quiet");
    }
    command.args(["--json", "index", verb]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let output = command.output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(format!("`index {verb}` ended with {}", output.status)));
    }
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let number = |name: &str| answer["coverage"][name].as_u64();
    Ok(number("done").zip(number("total")))
}
