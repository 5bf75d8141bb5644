//! `archive`, `flag`, `read`, `trash`, `move`, `label`: mail changed here, and with `--push` on the server.
//!
//! What is pushed is chosen by a child under the lock, which may read the index; this process, which
//! connects, does not.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::account::secret;
use super::args;
use super::failure::Failure;
use super::find::ids_of;
use super::screen::{Style, counted};
use super::session::Session;
use crate::accounts::Account;
use crate::guard::ConnectionLog;
use crate::intake::imap::{self, Pushed};
use crate::intake::{Wish, plan};
use crate::mail::when::format_rfc3339;
use crate::mail::{MessageId, is_label};
use crate::store::{Edit, Store};

/// Messages changed by one command.
const MESSAGES_MAX: usize = 10_000;
/// Lines shown of a rehearsal.
const LINES_MAX: usize = 20;

/// What was typed: the verb, what it wishes, and of what.
pub(super) struct Asked<'a> {
    pub(super) verb: &'static str,
    pub(super) wish: Wish,
    pub(super) of: &'a [String],
    pub(super) options: &'a args::ChangeOptions,
}

impl<'a> Asked<'a> {
    pub(super) fn plain(verb: &'static str, wish: Wish, args: &'a args::Change) -> Self {
        Self { verb, wish, of: &args.what, options: &args.options }
    }

    pub(super) fn flag(
        verb: &'static str,
        letter: char,
        of: &'a [String],
        off: bool,
        options: &'a args::ChangeOptions,
    ) -> Self {
        Self { verb, wish: Wish::Flag(letter, !off), of, options }
    }
}

pub(super) fn run(session: &mut Session<'_>, asked: &Asked<'_>) -> Result<u8, Failure> {
    if asked.options.pushes() {
        return change_and_push(session, asked);
    }
    let mut store = session.store()?;
    let ids = chosen(session, &store, asked.of)?;
    let places = store.places_of(&ids)?;
    let sources: BTreeSet<i64> = places.iter().map(|place| place.source).collect();
    let mut folders = BTreeMap::new();
    for source in sources {
        folders.insert(source, store.folders_of_source(source)?);
    }
    let edits = plan(&asked.wish, &places, &folders);
    let messages: BTreeSet<MessageId> = edits.iter().map(|edit| edit.place.message).collect();
    let what = described(&asked.wish, messages.len() as u64);
    let n = if asked.options.dry_run || edits.is_empty() {
        None
    } else {
        let n = store.change_mail(&what, &edits, session.now)?;
        session.index(&store)?;
        Some(n)
    };
    let passed_over = (ids.len() - messages.len()) as u64;
    say(session, &store, &Told { asked, ids: &ids, edits: &edits, what, n, passed_over })
}

pub(super) fn label(session: &mut Session<'_>, args: &args::Label) -> Result<u8, Failure> {
    let (name, on) = match args.label.strip_prefix('-') {
        Some(name) => (name, false),
        None => (args.label.strip_prefix('+').unwrap_or(&args.label), true),
    };
    if !is_label(name) {
        let failure = Failure::asked_wrongly(format!("`{}` is no label", args.label));
        return Err(failure.hint("postroom label +work 12, or -work to take it away"));
    }
    let wish = Wish::Label(name.to_owned(), on);
    run(session, &Asked { verb: "label", wish, of: &args.what, options: &args.options })
}

/// What was done, for a person and for JSON.
struct Told<'a> {
    asked: &'a Asked<'a>,
    ids: &'a [MessageId],
    edits: &'a [Edit],
    what: String,
    n: Option<i64>,
    passed_over: u64,
}

fn say(session: &mut Session<'_>, store: &Store, told: &Told<'_>) -> Result<u8, Failure> {
    if session.global.json {
        let item = |edit: &Edit| {
            json!({"id": edit.place.message, "folder": edit.place.folder, "to": edit.folder,
                   "flags": super::read::mark_names(&edit.flags)})
        };
        let items = told.edits.iter().map(item).collect();
        let envelope = session
            .envelope("change", Some(store))
            .with("n", json!(told.n))
            .with("what", json!(told.what))
            .with("ids", json!(told.ids))
            .with("dry_run", json!(told.asked.options.dry_run))
            .with("pushed", Value::Null)
            .items(items);
        session.out.json(&envelope.value())?;
        return Ok(0);
    }
    if told.asked.options.dry_run {
        for edit in told.edits.iter().take(LINES_MAX) {
            let place = &edit.place;
            session.out.put(Style::Dim, &format!("{:>6} ", place.message.0))?;
            let line = if edit.folder == place.folder {
                let flags = |marks: &str| super::read::mark_names(marks).join(" ");
                format!("{}: {} -> {}", place.folder, flags(&place.flags), flags(&edit.flags))
            } else {
                format!("{} -> {}", place.folder, edit.folder)
            };
            session.out.line(Style::Plain, &line)?;
        }
        if told.edits.len() > LINES_MAX {
            session.note(&format!("and {} more", told.edits.len() - LINES_MAX))?;
        }
    }
    let would = if told.asked.options.dry_run { "would be " } else { "" };
    let mut line = format!("{would}{}", told.what);
    if told.passed_over > 0 {
        line.push_str(&format!(" ({} left as they are)", told.passed_over));
    }
    session.out.line(Style::Plain, &line)?;
    if let Some(n) = told.n {
        let push = if has_account_mail(session, store, told.ids)? && !told.asked.options.push {
            "; the server does not know of it yet (--push, or `postroom sync --push`)"
        } else {
            ""
        };
        session.note(&format!("`postroom undo {n}` takes it back, for 30 days{push}"))?;
    }
    Ok(0)
}

fn has_account_mail(
    session: &Session<'_>,
    store: &Store,
    ids: &[MessageId],
) -> Result<bool, Failure> {
    for account in session.config.accounts.values() {
        if !store.unpushed(&account.location(), Some(ids))?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// "archived 3 messages", as the journal says it.
fn described(wish: &Wish, count: u64) -> String {
    let messages = counted(count, "message", "messages");
    match wish {
        Wish::Archive => format!("archived: {messages}"),
        Wish::Trash => format!("moved to the trash: {messages}"),
        Wish::Move(folder) => format!("moved to {folder}: {messages}"),
        Wish::Flag('S', true) => format!("marked as read: {messages}"),
        Wish::Flag('S', false) => format!("marked as not read: {messages}"),
        Wish::Flag(_, true) => format!("flagged: {messages}"),
        Wish::Flag(_, false) => format!("no longer flagged: {messages}"),
        Wish::Label(label, true) => format!("labelled {label}: {messages}"),
        Wish::Label(label, false) => format!("label {label} taken away: {messages}"),
    }
}

/// The messages meant: ids where all of them are ids, else a query.
fn chosen(
    session: &mut Session<'_>,
    store: &Store,
    of: &[String],
) -> Result<Vec<MessageId>, Failure> {
    let digits = |text: &String| {
        let text = text.strip_prefix("id:").unwrap_or(text);
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    let ids = if of.iter().all(|text| digits(text) || text.starts_with("mid:<")) {
        let ids = of.iter().map(|text| session.message_id(store, text));
        ids.collect::<Result<Vec<_>, _>>()?
    } else {
        let text = of.join(" ");
        if super::saved::parse(store, &text)?.leaves_words_out() {
            let what =
                format!("changing the mail that answers {text}: bare words are not all required");
            return Err(Failure::asked_wrongly(what)
                .hint("require each (+crane +lorry), put them in quotes, or use operators; --dry-run shows what it would be"));
        }
        ids_of(session, store, &text)?
    };
    if ids.len() > MESSAGES_MAX {
        let what = format!("changing {} messages at once: {MESSAGES_MAX} at most", ids.len());
        return Err(Failure::asked_wrongly(what).hint("narrow the query"));
    }
    Ok(ids)
}

/// A child changes the mail here and says which it is; this process tells the servers.
fn change_and_push(session: &mut Session<'_>, asked: &Asked<'_>) -> Result<u8, Failure> {
    let mut args: Vec<String> = vec![asked.verb.to_owned()];
    if let Wish::Flag(_, false) = asked.wish {
        args.push("--off".to_owned());
    }
    args.push("--".to_owned());
    match &asked.wish {
        Wish::Move(folder) => args.push(folder.clone()),
        Wish::Label(label, true) => args.push(format!("+{label}")),
        Wish::Label(label, false) => args.push(format!("-{label}")),
        _ => {}
    }
    args.extend(asked.of.iter().cloned());
    let changed = child(session, &args)?;
    let ids: Vec<MessageId> = serde_json::from_value(changed["ids"].clone()).unwrap_or_default();
    let what = changed["what"].as_str().unwrap_or_default().to_owned();
    if !session.global.json {
        session.out.line(Style::Plain, &what)?;
        if let Some(n) = changed["n"].as_i64() {
            session.note(&format!("`postroom undo {n} --push` takes it back, for 30 days"))?;
        }
    }
    let mut store = session.store()?;
    let accounts: Vec<(String, Account)> = session
        .config
        .accounts
        .iter()
        .map(|(name, account)| (name.clone(), account.clone()))
        .collect();
    let pushed = push(session, &mut store, &accounts, Some(&ids), asked.verb)?;
    if session.global.json {
        let items = changed["items"].as_array().cloned().unwrap_or_default();
        let envelope = session
            .envelope("change", Some(&store))
            .with("n", changed["n"].clone())
            .with("what", json!(what))
            .with("ids", json!(ids))
            .with("dry_run", json!(false))
            .with("pushed", said(&pushed))
            .items(items);
        session.out.json(&envelope.value())?;
        return Ok(0);
    }
    session.out.line(Style::Plain, &in_words(&pushed))?;
    Ok(0)
}

/// What was told to servers, as JSON.
pub(super) fn said(pushed: &Pushed) -> Value {
    json!({"flagged": pushed.flagged, "moved": pushed.moved, "problems": pushed.left})
}

/// The same for a person.
pub(super) fn in_words(pushed: &Pushed) -> String {
    match (pushed.flagged, pushed.moved) {
        (0, 0) => "nothing to tell the server".to_owned(),
        (flagged, moved) => {
            let flags = counted(flagged, "message's flags", "messages' flags");
            let moves = counted(moved, "message moved", "messages moved");
            format!("on the server: {flags}, {moves}")
        }
    }
}

/// Tells the servers of these accounts what they have not heard, of these messages or of all.
pub(super) fn push(
    session: &mut Session<'_>,
    store: &mut Store,
    accounts: &[(String, Account)],
    only: Option<&[MessageId]>,
    command: &str,
) -> Result<Pushed, Failure> {
    let log = ConnectionLog::in_dir(&session.home.data);
    let time = format_rfc3339(session.now);
    let mut all = Pushed::default();
    for (name, account) in accounts {
        if store.unpushed(&account.location(), only)?.is_empty() {
            continue;
        }
        let secret = secret(session, name, account)?;
        let purpose = format!("account {name}");
        let login = imap::Login {
            account,
            secret: &secret,
            log: &log,
            command,
            purpose: &purpose,
            time: &time,
            patience: imap::PATIENCE,
        };
        let pushed = imap::push(store, &login, only).map_err(|error| {
            let failure = Failure::from(error);
            let message = format!("{name}: {}", failure.message);
            Failure { message, ..failure }.hint(
                "it is changed here; `postroom sync --push` tells the server what it has not heard",
            )
        })?;
        all.flagged += pushed.flagged;
        all.moved += pushed.moved;
        for line in pushed.left {
            session.note(&format!("{name}: {line}"))?;
            all.left.push(line);
        }
    }
    Ok(all)
}

/// This program again, under the lock, with these arguments and `--json`; its answer.
pub(super) fn child(session: &Session<'_>, args: &[String]) -> Result<Value, Failure> {
    let failed = |why: String| Failure::could_not(format!("{}: {why}", args[0]));
    let program = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
    let mut command = Command::new(program);
    if let Some(home) = &session.global.home {
        command.arg("--home").arg(home);
    }
    if let Some(time) = &session.global.as_of {
        command.arg("--as-of").arg(time);
    }
    if session.global.quiet {
        command.arg("--quiet");
    }
    command.arg("--json").args(args);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = command.output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        // What it says of itself is what this process has to say.
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let line = |start: &str| text.lines().find_map(|line| line.strip_prefix(start));
        let message = line("postroom: ").unwrap_or("the change failed").to_owned();
        let status = output.status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
        let failure = Failure::new(status, message);
        return Err(match line("hint: ") {
            Some(hint) => failure.hint(hint),
            None => failure,
        });
    }
    Ok(serde_json::from_slice(&output.stdout).unwrap_or_default())
}
