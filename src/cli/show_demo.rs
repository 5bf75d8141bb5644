//! `demo`: first value with no account and no network.

use std::path::PathBuf;

use super::args;
use super::brief;
use super::day;
use super::demo::{self, DemoFlag};
use super::failure::Failure;
use super::home::Home;
use super::listing::{self, Rest};
use super::screen::Style;
use super::session::Session;
use super::write;
use crate::mail::{MessageId, UnixSeconds};
use crate::store::{Incoming, Origin, Store};
use crate::triage::{Item, Kind, ListOptions, Tier};

/// A zone of the demo's offset ([`demo::OFFSET_MINUTES`]) all year round; POSIX signs are turned
/// round.
const ZONE: &str = "Etc/GMT-1";
/// The mark that a folder is a demo's and may be thrown away.
const MARK: &str = "postroom-demo";

pub(super) fn run(session: &mut Session<'_>, args: &args::Demo) -> Result<u8, Failure> {
    let dir = match &args.keep {
        Some(dir) => dir.clone(),
        None => session.home.data.join("demo"),
    };
    make_room(&dir)?;
    session.home = Home::in_dir(&dir);
    session.config = super::config::Config::read(&session.home.config)?;
    session.calendar = session.config.calendar()?;
    session.as_of = None;
    let mut store = fill(session)?;
    let zone = session.calendar.zone.clone();
    let weekday = crate::mail::when::human(session.now, UnixSeconds(0), &zone);
    if !session.global.json {
        let line = format!(
            "You are {}, head of operations at a small software company. It is {weekday}; {} messages came in two weeks.",
            demo::NAME,
            store.messages_count(None)?
        );
        session.out.line(Style::Bold, &line)?;
        session.out.end()?;
    }
    session.index(&store)?;
    session.attachments(&mut store)?;
    let mut vectors = session.vectors()?;
    session.embed(&store, &mut vectors)?;
    show(session, &mut store, &dir)
}

/// Empties a demo's folder of an earlier run; refuses any other that is not empty.
fn make_room(dir: &PathBuf) -> Result<(), Failure> {
    let failed =
        |error: std::io::Error| Failure::could_not(format!("making {}: {error}", dir.display()));
    if dir.join(MARK).is_file() {
        std::fs::remove_dir_all(dir).map_err(failed)?;
    }
    super::session::empty_folder(dir)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700)).map_err(failed)?;
    }
    std::fs::write(dir.join(MARK), "Made by `postroom demo`; may be removed.\n").map_err(failed)?;
    let config = format!(
        "[me]\nname = \"{}\"\naddresses = [\"{}\"]\ntime_zone = \"{ZONE}\"\n",
        demo::NAME,
        demo::ME
    );
    std::fs::write(dir.join("config.toml"), config).map_err(failed)
}

fn fill(session: &Session<'_>) -> Result<Store, Failure> {
    let mut store = session.new_store()?;
    store.add_own_addresses(&[demo::ME.to_owned()], Origin::Told)?;
    let batch: Vec<Incoming> = demo::messages(session.now)
        .into_iter()
        .enumerate()
        .map(|(at, mail)| {
            let mut flags: Vec<char> = mail
                .flags
                .iter()
                .map(|flag| match flag {
                    DemoFlag::Flagged => 'F',
                    DemoFlag::Answered => 'R',
                    DemoFlag::Seen => 'S',
                })
                .collect();
            flags.sort_unstable();
            let flags = flags.into_iter().collect();
            Incoming::new(mail.folder.to_owned(), format!("{at:04}"), flags, &mail.bytes)
        })
        .collect();
    let location = "the demo's mailbox";
    let mut acceptor = store.accept_from(location, session.now)?;
    acceptor.accept(&batch)?;
    acceptor.finish(location)?;
    store.set_mark("fresh", &crate::mail::when::format_rfc3339(session.now))?;
    Ok(store)
}

fn show(
    session: &mut Session<'_>,
    store: &mut Store,
    dir: &std::path::Path,
) -> Result<u8, Failure> {
    let wanted = day::window(session);
    let (coverage, reading_version) = day::judge(session, store, &wanted, None)?;
    let options = ListOptions {
        as_of: session.now,
        reading_version: reading_version.clone(),
        tiers: Vec::new(),
        kinds: Vec::new(),
        all: false,
        limit: None,
    };
    let listed = crate::triage::listed(store, &options)?;
    let items = listed.items;
    let draft = match to_answer(&items) {
        Some(id) => Some(answer(session, store, id)?),
        None => None,
    };
    if session.global.json {
        let values = items.iter().map(|item| serde_json::json!(item)).collect();
        let envelope = session
            .envelope("triage", Some(store))
            .coverage(coverage.done, coverage.total)
            .with("brief", brief::lines_for_demo(session, store, &reading_version)?)
            .with("draft", serde_json::json!(draft))
            .with("home", serde_json::json!(dir.display().to_string()))
            .items(values);
        session.out.json(&envelope.value())?;
        return Ok(0);
    }
    heading(session, "What needs you")?;
    let rest = Rest { folds: true, settled: listed.settled, ..Rest::default() };
    listing::print(session, &items, &rest)?;
    session.out.end()?;
    heading(session, "The brief")?;
    brief::for_demo(session, store, &reading_version)?;
    if let Some(draft) = &draft {
        session.out.end()?;
        heading(
            session,
            "One reply, greeting and signing as she does, waiting for her answers and a yes",
        )?;
        session.out.line(Style::Dim, &write::in_a_line(draft))?;
        session.out.end()?;
        session.out.block(Style::Plain, "    ", &draft.body)?;
    }
    session.out.end()?;
    next(session, dir, &items, draft.as_ref().map(|draft| draft.letter.0))
}

fn heading(session: &mut Session<'_>, text: &str) -> Result<(), Failure> {
    session.out.line(Style::Cyan, &format!("── {text} ──"))?;
    session.out.end()?;
    Ok(())
}

/// The most urgent message of a person that wants a reply and can be answered in words.
fn to_answer(items: &[Item]) -> Option<MessageId> {
    let wants = |item: &&Item| item.needs_reply && item.kind == Kind::Person;
    items
        .iter()
        .filter(wants)
        .find(|item| item.tier != Tier::Now)
        .or_else(|| items.iter().find(wants))
        .map(|item| item.id)
}

fn answer(
    session: &mut Session<'_>,
    store: &mut Store,
    id: MessageId,
) -> Result<crate::draft::Draft, Failure> {
    let args = args::Draft {
        id: id.0.to_string(),
        say: None,
        reply_all: false,
        attach: Vec::new(),
        call: false,
    };
    write::reply(session, store, id, &args)
}

fn next(
    session: &mut Session<'_>,
    dir: &std::path::Path,
    items: &[Item],
    letter: Option<i64>,
) -> Result<u8, Failure> {
    heading(session, "Try next")?;
    let home = format!("postroom --home {}", dir.display());
    let mut lines = Vec::new();
    if let Some(item) = items.first() {
        lines.push((
            format!("{home} why {}", item.id.0),
            "the reasons, with the words they rest on",
        ));
        lines.push((format!("{home} thread {}", item.id.0), "read it"));
    }
    lines.push((format!("{home} search \"who agreed to the price\""), "find by words and meaning"));
    lines.push((format!("{home} decisions"), "what was decided, and what was taken back"));
    if let Some(letter) = letter {
        lines.push((format!("{home} outbox show {letter}"), "the letter as it would leave"));
    }
    lines.push(("postroom privacy verify".into(), "try to break out: every socket is refused"));
    lines.push(("postroom import PATH".into(), "your own mail: Maildir, mbox, folders of files"));
    for (command, what) in lines {
        session.out.put(Style::Green, &format!("  {command}"))?;
        session.out.line(Style::Dim, &format!("   {what}"))?;
    }
    session.out.end()?;
    session.out.line(Style::Dim, "All of it was made up; nothing was sent anywhere.")?;
    let line = format!("It lies in {} until you delete that folder.", dir.display());
    session.out.line(Style::Dim, &line)?;
    Ok(0)
}
