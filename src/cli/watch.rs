//! `sync --watch`: one connection an account waits for news, and each time there is some the account is
//! synced as ever, by this process, which opens no model and no index. A child under the lock indexes
//! and judges what came; the user's `[notify]` command is started by a process split off before
//! anything was read.

use std::collections::HashSet;
use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::account::{secret, unattended};
use super::args;
use super::failure::{Failure, chain};
use super::session::Session;
use super::sync::once;
use crate::accounts::{Account, Secret};
use crate::guard::{ConnectionLog, Messenger, SafeText};
use crate::intake::imap::{self, Login, Pace};
use crate::mail::UnixSeconds;
use crate::mail::when::format_rfc3339;
use crate::triage;

/// How often all folders are looked at, news or none: only the inbox is watched.
const ALL_FOLDERS: Duration = Duration::from_mins(10);
/// News comes in bursts: what follows within this time is fetched with the first.
const BURST: Duration = Duration::from_millis(300);
/// Messages named in one notice.
const NAMED_MAX: usize = 3;
/// Open messages looked through for new ones.
const OPEN_MAX: usize = 500;

/// What the threads that wait say.
enum Word {
    /// Something happened in this account's inbox.
    News(usize),
    /// Its connection broke, or cannot be made.
    Trouble(usize, String),
}

pub(super) fn run(
    session: &mut Session<'_>,
    args: &args::Sync,
    accounts: &[(String, Account)],
) -> Result<u8, Failure> {
    // Before anything connects or is read.
    let notify = session.config.notify.as_ref().map(|notify| notify.command.clone());
    let mut messenger = match notify {
        Some(_) => Some(Messenger::split_off()?),
        None => None,
    };
    let mut asked: Vec<Option<Secret>> = Vec::new();
    for (name, account) in accounts {
        // A command is run for each connection; what was typed is kept.
        let asks = account.password.is_none() && account.oauth.is_none();
        let typed = asks.then(|| secret(session, name, account)).transpose()?;
        asked.push(typed);
    }
    let data = session.home.data.clone();
    let (log, as_of) = (ConnectionLog::in_dir(&data), session.as_of);
    std::thread::scope(|scope| {
        let (sender, words) = mpsc::channel();
        for (at, (name, account)) in accounts.iter().enumerate() {
            let (sender, log, typed) = (sender.clone(), log.clone(), asked[at].as_ref());
            let waiter = Waiter { at, name, account, typed, log, as_of, data: &data };
            scope.spawn(move || waiter.wait(&sender));
        }
        drop(sender);
        let mut last_all = None;
        let mut told = Told { newest: newest_id(session), ids: HashSet::new() };
        let mut opened = None;
        loop {
            let due = match last_all {
                None => accounts.iter().enumerate().map(|(at, _)| at).collect(),
                Some(at) => heard(session, accounts, &words, at)?,
            };
            let whole = due.is_empty() || last_all.is_none();
            let chosen: Vec<usize> = if whole { (0..accounts.len()).collect() } else { due };
            if whole {
                last_all = Some(Instant::now());
            }
            session.now = as_of.unwrap_or_else(now);
            let newest = newest_id(session);
            let secrets = asked_again(session, accounts, &asked, &chosen);
            let (these, secrets) = match secrets {
                Ok(found) => found,
                Err(failure) => {
                    session.note(&failure.message)?;
                    continue;
                }
            };
            if let Err(failure) = once(session, args, &these, &secrets) {
                if failure.closed_pipe {
                    return Err(failure);
                }
                session.note(&failure.message)?;
            }
            session.out.flush()?;
            let window = window_now(session).map(|(opened, _)| opened);
            let is_news = newest_id(session) > newest || window != opened;
            opened = window;
            if is_news && !args.words_only {
                let text = judged(session, &mut told)?;
                if let (Some(messenger), Some(notify), Some(text)) =
                    (&mut messenger, &session.config.notify, text)
                {
                    messenger.tell(&notify.command, &text)?;
                }
            }
        }
    })
}

fn now() -> UnixSeconds {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    UnixSeconds(since.map_or(0, |since| since.as_secs() as i64))
}

/// Waits for news of some account and gives those back that have any; none when it is time to look at
/// everything.
fn heard(
    session: &mut Session<'_>,
    accounts: &[(String, Account)],
    words: &mpsc::Receiver<Word>,
    last_all: Instant,
) -> Result<Vec<usize>, Failure> {
    let mut due: Vec<usize> = Vec::new();
    loop {
        let mut left = ALL_FOLDERS.saturating_sub(last_all.elapsed());
        if let Some((_, next)) = window_now(session) {
            // What was held is told of when the window opens.
            let now = session.as_of.unwrap_or_else(now);
            left = left.min(Duration::from_secs((next.0 - now.0).max(1).unsigned_abs()));
        }
        let patience = if due.is_empty() { left } else { BURST };
        match words.recv_timeout(patience) {
            Ok(Word::News(at)) => {
                if !due.contains(&at) {
                    due.push(at);
                }
            }
            Ok(Word::Trouble(at, why)) => session.note(&format!("{}: {why}", accounts[at].0))?,
            Err(RecvTimeoutError::Timeout) => return Ok(due),
            Err(RecvTimeoutError::Disconnected) => {
                std::thread::sleep(patience);
                return Ok(due);
            }
        }
    }
}

/// What to log in with, for each of the accounts chosen.
type Ready = (Vec<(String, Account)>, Vec<Secret>);

fn asked_again(
    session: &Session<'_>,
    accounts: &[(String, Account)],
    typed: &[Option<Secret>],
    chosen: &[usize],
) -> Result<Ready, Failure> {
    let mut ready = (Vec::new(), Vec::new());
    for &at in chosen {
        let (name, account) = &accounts[at];
        ready.1.push(match &typed[at] {
            Some(secret) => secret.again(),
            None => secret(session, name, account)?,
        });
        ready.0.push(accounts[at].clone());
    }
    Ok(ready)
}

/// A thread that connects, waits, says when there is news, and connects again when the connection is dead.
struct Waiter<'a> {
    at: usize,
    name: &'a str,
    account: &'a Account,
    /// What was typed; else it is asked for with each connection.
    typed: Option<&'a Secret>,
    log: ConnectionLog,
    as_of: Option<UnixSeconds>,
    data: &'a Path,
}

impl Waiter<'_> {
    fn wait(&self, sender: &mpsc::Sender<Word>) {
        let mut failures = 0;
        let mut is_gone = false;
        while !is_gone {
            let ended = self.one_connection(&mut || {
                failures = 0;
                is_gone = sender.send(Word::News(self.at)).is_err();
                !is_gone
            });
            if let Err(why) = ended {
                failures += 1;
                let pause = imap::pause_after(failures);
                let text = format!("{why}; connecting again in {} s", pause.as_secs());
                if sender.send(Word::Trouble(self.at, text)).is_err() {
                    return;
                }
                std::thread::sleep(pause);
            }
        }
    }

    fn one_connection(&self, news: &mut dyn FnMut() -> bool) -> Result<(), String> {
        let (pace, at) = (Pace::default(), self.as_of.unwrap_or_else(now));
        let asked = match self.typed {
            Some(secret) => Some(secret.again()),
            None => unattended(self.data, self.name, self.account, at, "sync")
                .map_err(|error| chain(&error))?,
        };
        let secret = asked.ok_or_else(|| "there is no password".to_owned())?;
        let (time, purpose) =
            (format_rfc3339(at), format!("account {}, waiting for news", self.name));
        let login = Login {
            account: self.account,
            secret: &secret,
            log: &self.log,
            command: "sync",
            purpose: &purpose,
            time: &time,
            patience: pace.answer,
        };
        imap::watch(&login, pace, news).map_err(|error| chain(&error))
    }
}

fn newest_id(session: &Session<'_>) -> i64 {
    let store = session.store().ok();
    store.and_then(|store| store.newest_id().ok()).map_or(0, |id| id.0)
}

/// The window that is open and the next one, where the config names any.
fn window_now(session: &Session<'_>) -> Option<(UnixSeconds, UnixSeconds)> {
    let times = session.config.window_minutes();
    let now = session.as_of.unwrap_or_else(now);
    triage::windows_around(&times, &session.calendar, now)
}

/// What the user has been told of.
struct Told {
    /// Mail up to this one was there before.
    newest: i64,
    ids: HashSet<i64>,
}

/// Has a child judge the mail; in words, what of it is new and for now or today. Where the user has
/// windows, what came after the last one opened waits for the next, but for what may not wait.
fn judged(session: &mut Session<'_>, told: &mut Told) -> Result<Option<String>, Failure> {
    let mut words = vec!["triage".to_owned(), "--limit".to_owned(), OPEN_MAX.to_string()];
    if window_now(session).is_some() {
        words.push("--window".to_owned());
    }
    let answer = match super::change::child(session, &words) {
        Ok(answer) => answer,
        Err(failure) => {
            session.note(&failure.message)?;
            return Ok(None);
        }
    };
    let text = notice(&answer, told);
    if let Some(text) = &text {
        session.note(text.lines().next().unwrap_or_default())?;
    }
    Ok(text)
}

/// What the user is told of new mail that cannot wait; nothing when all of it can.
fn notice(answer: &Value, told: &mut Told) -> Option<String> {
    let items = answer["items"].as_array()?;
    let urgent: Vec<&Value> = items
        .iter()
        .filter(|item| matches!(item["tier"].as_str(), Some("now" | "today")))
        .filter(|item| {
            item["id"].as_i64().is_some_and(|id| id > told.newest && told.ids.insert(id))
        })
        .collect();
    if urgent.is_empty() {
        return None;
    }
    let count = |tier: &str| urgent.iter().filter(|item| item["tier"] == tier).count();
    let mut text = format!("new mail: {} for now, {} for today", count("now"), count("today"));
    for item in urgent.iter().take(NAMED_MAX) {
        let from = &item["from"];
        let name = from["name"].as_str().filter(|name| !name.is_empty());
        let name = name.or(from["address"].as_str()).unwrap_or_default();
        let subject = item["subject"].as_str().unwrap_or_default();
        text.push('\n');
        text.push_str(SafeText::line(&format!("{name}: {subject}")).as_str());
    }
    text.push('\n');
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_is_new_and_cannot_wait_is_told() {
        let item = |id: i64, tier: &str, name: &str, subject: &str| {
            json!({"id": id, "tier": tier, "subject": subject,
                   "from": {"name": name, "address": "bert@example.org"}})
        };
        let answer = json!({"items": [
            item(3, "now", "Old", "before"),
            item(7, "now", "Bert", "the server\u{1b}[31m is down"),
            item(8, "fyi", "List", "news"),
            item(9, "today", "", "sign"),
        ]});
        let mut told = Told { newest: 6, ids: HashSet::new() };
        let text = notice(&answer, &mut told).expect("two cannot wait");
        assert!(!text.contains('\u{1b}'), "{text}");
        assert!(text.starts_with("new mail: 1 for now, 1 for today\nBert: the server"), "{text}");
        assert!(text.ends_with("\nbert@example.org: sign\n"), "{text}");
        assert_eq!(notice(&answer, &mut told), None, "told already");
    }
}
