//! Administration: `index`, `export`, `log`, `undo`, `doctor`, `privacy`, `config`, `model`.

use std::io::Read;
use std::path::Path;

use serde_json::{Value, json};

use super::args;
use super::failure::{COULD_NOT, Failure};
use super::screen::{Style, counted};
use super::session::Session;
use crate::attach;
use crate::guard::{self, Connection, ConnectionLog};
use crate::mail::when::{format_rfc3339, human_with_time};
use crate::models;
use crate::search::Index;
use crate::store::AttachedTotals;

pub(super) fn index(session: &mut Session<'_>, verb: args::IndexVerb) -> Result<u8, Failure> {
    let mut store = session.store()?;
    match verb {
        args::IndexVerb::Check => return check_index(session),
        args::IndexVerb::Words => drop(session.level_index(&store)?),
        args::IndexVerb::Embed => {
            session.level_index(&store)?;
            session.attachments(&mut store)?;
            let mut vectors = session.vectors()?;
            session.embed(&store, &mut vectors)?;
        }
        args::IndexVerb::Rebuild => {
            // Readings and verdicts are made anew when they are next asked for.
            store.forget_derived()?;
            session.rebuilt_index(&store)?;
            session.attachments(&mut store)?;
            crate::search::Vectors::remove_file(&session.home.vectors())?;
            let mut vectors = session.vectors()?;
            session.embed(&store, &mut vectors)?;
        }
    }
    let total = store.messages_count(None)?;
    let covered = session.vectors()?.messages_count() as u64;
    let messages = counted(total, "message", "messages");
    let attached = store.attached_totals(attach::VERSION)?;
    let line = format!("{messages} by words, {covered} with vectors{}", of_attached(&attached));
    let ok = covered >= total && attached.messages_waiting == 0;
    say_index(session, ok, (covered, total), &line, &attached)?;
    Ok(0)
}

/// What became of attachments, as the end of a line; nothing where there are none.
fn of_attached(totals: &AttachedTotals) -> String {
    let AttachedTotals { read, unreadable, unknown, messages_waiting } = totals;
    if totals == &AttachedTotals::default() {
        return String::new();
    }
    let mut line =
        format!("; attachments: {read} read, {unreadable} not readable, {unknown} of other types");
    if *messages_waiting > 0 {
        let messages = counted(*messages_waiting, "message", "messages");
        line.push_str(&format!(", those of {messages} not read yet"));
    }
    line
}

fn say_index(
    session: &mut Session<'_>,
    ok: bool,
    coverage: (u64, u64),
    line: &str,
    attached: &AttachedTotals,
) -> Result<(), Failure> {
    if !session.global.json {
        return session.out.line(Style::Plain, line).map_err(Failure::from);
    }
    let items = vec![json!({"name": "index", "check": "coverage", "ok": ok, "hint": line})];
    let AttachedTotals { read, unreadable, unknown, messages_waiting } = attached;
    let counts = json!({"read": read, "unreadable": unreadable, "unknown": unknown,
        "messages_waiting": messages_waiting});
    let envelope = session.envelope("index", None).coverage(coverage.0, coverage.1).items(items);
    session.out.json(&envelope.with("attachments", counts).value()).map_err(Failure::from)
}

fn check_index(session: &mut Session<'_>) -> Result<u8, Failure> {
    let store = session.store()?;
    let total = store.messages_count(None)?;
    // Looked at as it lies there: a check must not mend what it checks.
    let (words, whole) = match Index::open(&session.home.index()) {
        Ok(index) => match index.check() {
            Ok(()) if index.watermark() < store.generation()? => {
                (index.messages_count(), "words are behind the mail".to_owned())
            }
            Ok(()) => (index.messages_count(), String::new()),
            Err(error) => (0, super::failure::chain(&error)),
        },
        Err(error) => (0, super::failure::chain(&error)),
    };
    let covered = session.vectors()?.messages_count() as u64;
    let attached = store.attached_totals(attach::VERSION)?;
    let waiting = attached.messages_waiting;
    let ok = whole.is_empty() && words == total && covered >= total && waiting == 0;
    let mut line = format!(
        "{words} of {total} messages by words, {covered} with vectors{}",
        of_attached(&attached)
    );
    if !whole.is_empty() {
        line = format!("{line}; {whole}");
    }
    say_index(session, ok, (covered.min(words), total), &line, &attached)?;
    if ok {
        return Ok(0);
    }
    session.note("`postroom index embed` goes on; `postroom index rebuild` makes it anew")?;
    Ok(COULD_NOT)
}

fn say(
    session: &mut Session<'_>,
    kind: &str,
    items: Vec<Value>,
    coverage: (u64, u64),
    line: &str,
) -> Result<u8, Failure> {
    if session.global.json {
        let envelope = session.envelope(kind, None).coverage(coverage.0, coverage.1).items(items);
        session.out.json(&envelope.value())?;
    } else {
        session.out.line(Style::Plain, line)?;
    }
    Ok(0)
}

pub(super) fn log(session: &mut Session<'_>, args: &args::Log) -> Result<u8, Failure> {
    let store = session.store()?;
    let entries = store.journal(args.limit)?;
    if session.global.json {
        let items = entries
            .iter()
            .map(|entry| {
                json!({"n": entry.n, "time": format_rfc3339(entry.time), "what": entry.what,
                       "ids": entry.ids, "undone": entry.undone.map(format_rfc3339)})
            })
            .collect();
        let envelope = session.envelope("log", Some(&store)).items(items);
        session.out.json(&envelope.value())?;
        return Ok(0);
    }
    if entries.is_empty() {
        session.note("nothing was changed yet")?;
    }
    for entry in &entries {
        let when = human_with_time(entry.time, session.now, &session.calendar.zone);
        session.out.put(Style::Dim, &format!("{:>5}  {when:<18} ", entry.n))?;
        let undone = if entry.undone.is_some() { " (taken back)" } else { "" };
        session.out.line(Style::Plain, &format!("{}{undone}", entry.what))?;
    }
    Ok(0)
}

pub(super) fn undo(session: &mut Session<'_>, args: &args::Undo) -> Result<u8, Failure> {
    if args.push {
        return undo_and_push(session, args);
    }
    let mut store = session.store()?;
    if args.n.is_none() && store.journal(usize::MAX >> 1)?.iter().all(|e| e.undone.is_some()) {
        return Err(Failure::could_not("taking back the newest change: there is none")
            .hint("`postroom log` lists the changes"));
    }
    let entry = store.undo(args.n, session.now)?;
    session.index(&store)?;
    let line = format!("taken back: {} {}", entry.n, entry.what);
    let items = vec![json!({"n": entry.n, "time": format_rfc3339(entry.time), "what": entry.what,
        "ids": entry.ids, "undone": entry.undone.map(format_rfc3339)})];
    let total = store.messages_count(None)?;
    say(session, "undo", items, (total, total), &line)
}

/// A child takes it back here; this process, which connects, tells the servers.
fn undo_and_push(session: &mut Session<'_>, args: &args::Undo) -> Result<u8, Failure> {
    let mut words = vec!["undo".to_owned()];
    words.extend(args.n.map(|n| n.to_string()));
    let answer = super::change::child(session, &words)?;
    let entry = answer["items"][0].clone();
    let ids: Vec<crate::mail::MessageId> =
        serde_json::from_value(entry["ids"].clone()).unwrap_or_default();
    let mut store = session.store()?;
    let accounts: Vec<_> = session.config.accounts.clone().into_iter().collect();
    let pushed = super::change::push(session, &mut store, &accounts, Some(&ids), "undo")?;
    let (n, what) = (&entry["n"], entry["what"].as_str().unwrap_or_default());
    let told = super::change::in_words(&pushed);
    let line = format!("taken back: {n} {what}; {told}");
    let total = store.messages_count(None)?;
    say(session, "undo", vec![entry.clone()], (total, total), &line)
}

/// One line of `doctor`.
struct Finding {
    name: String,
    check: &'static str,
    ok: bool,
    hint: String,
}

pub(super) fn doctor(session: &mut Session<'_>) -> Result<u8, Failure> {
    let mut findings = Vec::new();
    let mut add = |name: &str, check: &'static str, ok: bool, hint: String| {
        findings.push(Finding { name: name.to_owned(), check, ok, hint });
    };
    let (check, ok, hint) = about_config(session);
    add("config", check, ok, hint);
    let models = models::verify();
    add(
        "reader",
        "checksum",
        models.is_ok(),
        models.as_ref().err().map_or_else(|| "as published".into(), |e| super::failure::chain(e)),
    );
    let lock = guard::verify(None);
    let open: Vec<&str> = lock.iter().filter(|a| !a.refused).map(|a| a.attempt.as_str()).collect();
    add(
        "lock",
        "sockets",
        open.is_empty(),
        if open.is_empty() {
            "the kernel refuses every socket".into()
        } else {
            format!("not refused: {}", open.join(", "))
        },
    );
    match session.store() {
        Err(failure) => add("store", "readable", false, failure.message),
        Ok(store) => {
            let problems = store.integrity()?;
            let total = store.messages_count(None)?;
            add(
                "store",
                "whole",
                problems.is_empty(),
                if problems.is_empty() {
                    format!(
                        "{}, {} MB",
                        counted(total, "message", "messages"),
                        store.bytes_on_disk() >> 20
                    )
                } else {
                    problems.join("; ")
                },
            );
            let me = session.me(&store)?;
            add(
                "me",
                "addresses",
                !me.is_empty(),
                if me.is_empty() {
                    "none known: `postroom import PATH --me ADDRESS`, or [me] in the config".into()
                } else {
                    me.join(", ")
                },
            );
            let private = is_private(&session.home.data);
            add(
                "store",
                "private",
                private,
                if private {
                    "readable by you alone".into()
                } else {
                    format!("chmod 700 {}", session.home.data.display())
                },
            );
            let (words, why) = match Index::open(&session.home.index()) {
                Ok(index) => (index.messages_count(), String::new()),
                Err(error) => (0, super::failure::chain(&error)),
            };
            let covered = session.vectors()?.messages_count() as u64;
            let attached = store.attached_totals(attach::VERSION)?;
            add(
                "index",
                "complete",
                words == total && covered >= total && attached.messages_waiting == 0,
                if why.is_empty() {
                    let more = of_attached(&attached);
                    format!("{words} of {total} by words, {covered} with vectors{more}")
                } else {
                    why
                },
            );
        }
    }
    let (works, what) = match models::ModelFolder::at(&session.home.models).in_use() {
        Ok(None) => (true, "none: drafts come from your past replies, and say so".into()),
        Ok(Some(kept)) => match session.open_writer(&kept.name) {
            Ok(writer) => {
                let device = writer.device();
                let why = device.instead.as_ref().map_or_else(String::new, |w| format!(" ({w})"));
                (true, format!("{} writes drafts, on {}{why}", kept.name, device.name))
            }
            Err(failure) => (false, failure.message),
        },
        Err(error) => (false, super::failure::chain(&error)),
    };
    add("writer", "works", works, what);
    print_findings(session, &findings)
}

/// What `doctor` says of the configuration.
fn about_config(session: &Session<'_>) -> (&'static str, bool, String) {
    let path = session.home.config.display();
    if let Some(failure) = &session.config_failure {
        return ("readable", false, failure.message.clone());
    }
    if !session.home.config.exists() {
        return ("not there", true, format!("every setting has its default: {path}"));
    }
    ("readable", true, path.to_string())
}

fn is_private(dir: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::metadata(dir).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 == 0)
    }
    #[cfg(not(unix))]
    {
        dir.exists()
    }
}

fn print_findings(session: &mut Session<'_>, findings: &[Finding]) -> Result<u8, Failure> {
    let all_ok = findings.iter().all(|finding| finding.ok);
    if session.global.json {
        let items = findings
            .iter()
            .map(|f| json!({"name": f.name, "check": f.check, "ok": f.ok, "hint": f.hint}))
            .collect();
        let envelope = session.envelope("doctor", None).items(items);
        session.out.json(&envelope.value())?;
    } else {
        for finding in findings {
            let (style, mark) =
                if finding.ok { (Style::Green, "ok ") } else { (Style::Red, "no ") };
            session.out.put(style, mark)?;
            let name = format!("{:<18} ", format!("{} {}", finding.name, finding.check));
            session.out.put(Style::Plain, &name)?;
            session.out.line(Style::Dim, &finding.hint)?;
        }
    }
    Ok(if all_ok { 0 } else { COULD_NOT })
}

pub(super) fn privacy(
    session: &mut Session<'_>,
    verb: Option<args::PrivacyVerb>,
    probe: Option<std::process::Command>,
) -> Result<u8, Failure> {
    match verb {
        None => connections(session),
        Some(args::PrivacyVerb::Verify) => verify(session, probe),
    }
}

fn connections(session: &mut Session<'_>) -> Result<u8, Failure> {
    let list: Vec<Connection> = ConnectionLog::in_dir(&session.home.data).read()?;
    if session.global.json {
        let items = list.iter().map(|connection| json!(connection)).collect();
        let envelope = session.envelope("privacy", None).items(items);
        session.out.json(&envelope.value())?;
        return Ok(0);
    }
    if list.is_empty() {
        session.out.line(Style::Plain, "no connection was ever opened")?;
    }
    for c in &list {
        let line = format!(
            "{}  {}  {}:{}  {}  {} bytes in, {} out",
            c.time, c.command, c.host, c.port, c.purpose, c.bytes_in, c.bytes_out
        );
        session.out.line(Style::Plain, &line)?;
    }
    session
        .note("`sync`, `account add` and `check`, `outbox send` and `save`, `model fetch` and what is run with --push alone may open one; `postroom privacy verify` tries to break out")?;
    Ok(0)
}

fn verify(session: &mut Session<'_>, probe: Option<std::process::Command>) -> Result<u8, Failure> {
    let mut probe = probe;
    let attempts = guard::verify(probe.as_mut());
    let all_refused = attempts.iter().all(|attempt| attempt.refused);
    if session.global.json {
        let items = attempts.iter().map(|attempt| json!(attempt)).collect();
        let envelope = session.envelope("privacy", None).items(items);
        session.out.json(&envelope.value())?;
    } else {
        for attempt in &attempts {
            let (style, mark) =
                if attempt.refused { (Style::Green, "refused ") } else { (Style::Red, "OPEN    ") };
            session.out.put(style, mark)?;
            session.out.put(Style::Plain, &format!("{:<26} ", attempt.attempt))?;
            session.out.line(Style::Dim, &attempt.how)?;
        }
        let line = if all_refused {
            "Every way out is closed by the kernel, for this process and its children."
        } else if cfg!(target_os = "linux") {
            "Not every way out is closed."
        } else {
            "This system has no such lock here: Postroom opens no connection, but nothing enforces it."
        };
        session.out.line(Style::Bold, line)?;
    }
    Ok(if all_refused { 0 } else { COULD_NOT })
}

pub(super) fn config(session: &mut Session<'_>, verb: args::ConfigVerb) -> Result<u8, Failure> {
    match verb {
        args::ConfigVerb::Path => {
            let home = session.home.clone();
            let rows = [("config", &home.config), ("data", &home.data), ("models", &home.models)];
            if session.global.json {
                let items = rows
                    .iter()
                    .map(|(name, path)| json!({"name": name, "path": path.display().to_string()}))
                    .collect();
                let envelope = session.envelope("config", None).items(items);
                session.out.json(&envelope.value())?;
            } else {
                for (name, path) in rows {
                    session.out.put(Style::Dim, &format!("{name:<7} "))?;
                    session.out.line(Style::Plain, &path.display().to_string())?;
                }
            }
        }
        args::ConfigVerb::Show => {
            if let Some(failure) = session.config_failure.take() {
                return Err(failure);
            }
            if session.global.json {
                let items = vec![json!(session.config)];
                let envelope = session.envelope("config", None).items(items);
                session.out.json(&envelope.value())?;
            } else {
                let text = toml::to_string(&session.config)
                    .map_err(|error| Failure::could_not(error.to_string()))?;
                session.out.block(Style::Plain, "", &text)?;
            }
        }
    }
    Ok(0)
}

pub(super) fn export(session: &mut Session<'_>, args: &args::Export) -> Result<u8, Failure> {
    let store = session.store()?;
    super::session::empty_folder(&args.dir)?;
    let count = super::export::write(session, &store, args)?;
    let messages = counted(count, "message", "messages");
    let line = format!("{messages} written to {}", args.dir.display());
    say(
        session,
        "export",
        vec![json!({"dir": args.dir.display().to_string(), "count": count})],
        (count, count),
        &line,
    )
}

pub(super) fn model(
    session: &mut Session<'_>,
    verb: &args::ModelVerb,
    input: &mut dyn Read,
) -> Result<u8, Failure> {
    use super::models;
    match verb {
        args::ModelVerb::List => models::list(session),
        args::ModelVerb::Fetch { name } => models::fetch(session, name.as_deref(), input),
        args::ModelVerb::Add { file, name } => models::add(session, file, name.as_deref()),
        args::ModelVerb::Verify => models::verify(session),
        args::ModelVerb::Remove { name } => models::remove(session, name),
        args::ModelVerb::Use { name } => models::put_in_use(session, name),
        args::ModelVerb::Bench { name, phase, tokens } => {
            super::bench::bench(session, name.as_deref(), phase, tokens)
        }
    }
}
