//! `draft`, `compose` and `check`.

use std::io::Read;
use std::path::PathBuf;

use serde_json::json;

use super::args;
use super::config::parse_person;
use super::day;
use super::failure::{Failure, HELD_BACK};
use super::letters::show;
use super::read::person;
use super::screen::Style;
use super::session::Session;
use crate::draft::{
    self, Ask, Audience, Check, Compose, Context, Draft, Form, Request, SentenceAsks, Writer,
};
use crate::engine::{Reader, Reading};
use crate::ledger::{self, EntryKind, Wanted};
use crate::mail::facts::FactSource;
use crate::mail::source::{Role, role};
use crate::mail::when::Zone;
use crate::mail::{self, MessageId, Person, UnixSeconds};
use crate::outbox;
use crate::search::{Index, Mode, Options, Query};
use crate::store::{Header, LetterId, Scope, Store};
use crate::voice::{Example, Voice, closest_replies};

/// Past replies a draft may lean on.
const EXAMPLES_MAX: usize = 6;
/// Text to check is read up to here.
const TEXT_BYTES_MAX: u64 = 4 << 20;

impl From<draft::Error> for Failure {
    fn from(error: draft::Error) -> Self {
        match error {
            draft::Error::Store(error) => error.into(),
            error @ draft::Error::Refused(_) => {
                let mut failure = Self::from_error(&error)
                    .hint("`postroom compose --to ADDRESS` writes a letter all the same");
                failure.status = HELD_BACK;
                failure
            }
        }
    }
}

pub(super) fn draft(session: &mut Session<'_>, args: &args::Draft) -> Result<u8, Failure> {
    let mut store = session.store()?;
    let id = session.message_id(&store, &args.id)?;
    let files = read_files(&args.attach)?;
    let draft = reply(session, &mut store, id, args)?;
    attach(&mut store, draft.letter, &files)?;
    print(session, &store, &draft)
}

/// Drafts the reply and keeps it as a letter.
pub(super) fn reply(
    session: &mut Session<'_>,
    store: &mut Store,
    id: MessageId,
    args: &args::Draft,
) -> Result<Draft, Failure> {
    // The verdict says whether it should be answered at all, the ledger what it asks.
    day::judge(session, store, &Wanted::These(vec![id]), None)?;
    let header = store.header(id)?;
    let own = session.me(store)?;
    let is_own = header.own || own.contains(&header.from.address);
    let from = is_own.then_some(&header.from);
    let me = who_answers(session, store, from.into_iter().chain(addressees(&header)))?;
    let asks = asks_of(store, id)?;
    let index = session.index(store)?;
    let reader = session.reader()?;
    let examples = examples(session, store, &index, &reader, &own, id)?;
    // A follow-up goes to those the user's own mail went to.
    let reader_of = if is_own { header.people.to.first() } else { Some(&header.from) };
    let voice = Voice::learn(store, &own, session.now, reader_of)?;
    let judge = judge_with(&reader);
    let zone = session.calendar.zone.clone();
    let kind = store.verdict(id)?.map(|verdict| verdict.kind);
    let writes = !args.call && !is_own && draft::refusal(&header, kind.as_deref()).is_none();
    let opened = if writes { session.writer()? } else { None };
    let writer = opened.as_ref().map(|writer| writer.for_letters(&me.name));
    let request = Request {
        answer: id,
        me: &me,
        own: &own,
        say: args.say.as_deref().unwrap_or(""),
        audience: if args.reply_all { Audience::All } else { Audience::Sender },
        form: if args.call { Form::Call } else { Form::Letter },
        asks: &asks,
        examples: &examples,
        voice: &voice,
        writer: writer.as_ref().map(|writer| writer as &dyn Writer),
        judge: Some(&judge),
        now: session.now,
        zone: &zone,
    };
    Ok(draft::reply(store, &request)?)
}

pub(super) fn compose(session: &mut Session<'_>, args: &args::Compose) -> Result<u8, Failure> {
    let mut store = if session.knows_who() { session.new_store()? } else { session.store()? };
    let now = session.now;
    let files = read_files(&args.attach)?;
    let named = |typed: &[String]| named(people(typed)?, &store, now);
    let (to, cc, bcc) = (named(&args.to)?, named(&args.cc)?, named(&args.bcc)?);
    let own = session.me(&store)?;
    let me = who_answers(session, &store, std::iter::empty())?;
    let voice = Voice::learn(&store, &own, session.now, to.first())?;
    let reader = session.reader()?;
    let judge = judge_with(&reader);
    let zone = session.calendar.zone.clone();
    let opened = if args.say.trim().is_empty() { None } else { session.writer()? };
    let writer = opened.as_ref().map(|writer| writer.for_letters(&me.name));
    let request = Compose {
        me: &me,
        to: &to,
        cc: &cc,
        bcc: &bcc,
        subject: &args.subject,
        say: &args.say,
        voice: &voice,
        writer: writer.as_ref().map(|writer| writer as &dyn Writer),
        judge: Some(&judge),
        now: session.now,
        zone: &zone,
    };
    let draft = draft::compose(&mut store, &request)?;
    attach(&mut store, draft.letter, &files)?;
    print(session, &store, &draft)
}

/// A file to go with a letter: name, type, bytes.
pub(super) type Carried = (String, String, Vec<u8>);

/// The files named, before anything is written.
pub(super) fn read_files(paths: &[PathBuf]) -> Result<Vec<Carried>, Failure> {
    let mut files = Vec::new();
    let mut all = 0;
    for path in paths {
        let failed = |error: std::io::Error| {
            Failure::could_not(format!("reading {}: {error}", path.display()))
                .hint("--attach names a file that you may read")
        };
        let file = std::fs::File::open(path).map_err(failed)?;
        if !file.metadata().map_err(failed)?.is_file() {
            return Err(failed(std::io::Error::other("it is no file")));
        }
        let mut bytes = Vec::new();
        file.take(outbox::FILES_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
        all += bytes.len() as u64;
        if all > outbox::FILES_BYTES_MAX {
            let most = outbox::FILES_BYTES_MAX >> 20;
            return Err(Failure::asked_wrongly(format!(
                "attaching {}: a letter carries {most} MB at most",
                path.display()
            ))
            .hint("few servers take more; put it where it can be fetched and write where"));
        }
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        let mime_type = mime_type_of(&name).to_owned();
        files.push((name, mime_type, bytes));
    }
    Ok(files)
}

/// Puts files to a letter that was just written.
pub(super) fn attach(store: &mut Store, id: LetterId, files: &[Carried]) -> Result<(), Failure> {
    if files.is_empty() {
        return Ok(());
    }
    let mut letter = store.letter(id)?.letter()?;
    for (name, mime_type, bytes) in files {
        letter.attachments.push(store.add_letter_file(name, mime_type, bytes)?);
    }
    store.edit_letter(id, &letter.to_json())?;
    Ok(())
}

/// What a file is, by the ending of its name.
fn mime_type_of(name: &str) -> &'static str {
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_lowercase());
    match ending.as_deref().unwrap_or_default() {
        "pdf" => "application/pdf",
        "txt" | "log" | "md" => "text/plain",
        "csv" => "text/csv",
        "html" | "htm" => "text/html",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "svg" => "image/svg+xml",
        "zip" => "application/zip",
        "gz" | "tgz" => "application/gzip",
        "json" => "application/json",
        "ics" => "text/calendar",
        "vcf" => "text/vcard",
        "doc" => "application/msword",
        "xls" => "application/vnd.ms-excel",
        "ppt" => "application/vnd.ms-powerpoint",
        "docx" => "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "pptx" => "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "odt" => "application/vnd.oasis.opendocument.text",
        "ods" => "application/vnd.oasis.opendocument.spreadsheet",
        "mp3" => "audio/mpeg",
        "mp4" => "video/mp4",
        _ => "application/octet-stream",
    }
}

pub(super) fn check(
    session: &mut Session<'_>,
    args: &args::Check,
    input: &mut dyn Read,
) -> Result<u8, Failure> {
    let zone = session.calendar.zone.clone();
    let reader = session.reader()?;
    let judge = judge_with(&reader);
    let mut context = Context {
        asks: &[],
        subject: "",
        mail: "",
        is_reply: false,
        now: session.now,
        zone: &zone,
        judge: Some(&judge),
    };
    let checks = if args.what == "-" {
        let mut text = String::new();
        input
            .take(TEXT_BYTES_MAX)
            .read_to_string(&mut text)
            .map_err(|error| Failure::could_not(format!("reading standard input: {error}")))?;
        draft::check(&text, &context)
    } else if let Some(number) = args.what.strip_prefix("letter:") {
        let store = session.store()?;
        let number = number.parse().map_err(|_| {
            Failure::asked_wrongly(format!("{}: not a letter", args.what))
                .hint("for example letter:3")
        })?;
        let row = store.letter(LetterId(number))?;
        let letter = row.letter()?;
        let (asks, text) = match row.in_reply_to {
            Some(id) => asked_by(&store, id)?,
            None => (Vec::new(), String::new()),
        };
        context.asks = &asks;
        context.mail = &text;
        context.subject = &letter.subject;
        context.is_reply = row.in_reply_to.is_some();
        draft::check(&letter.body, &context)
    } else {
        let store = session.store()?;
        let id = session.message_id(&store, &args.what)?;
        let header = store.header(id)?;
        let text = mail::parse(&store.raw(id)?).text;
        context.subject = &header.subject;
        context.is_reply = mail::base_subject(&header.subject).1;
        draft::check(&text, &context)
    };
    if session.global.json {
        let items = checks.iter().map(|check| json!(check)).collect();
        let envelope = session.envelope("check", None).items(items);
        session.out.json(&envelope.value())?;
    } else {
        print_checks(session, &checks)?;
    }
    Ok(if checks.iter().all(|check| check.ok) { 0 } else { HELD_BACK })
}

/// What a message asks, as its answer has to know it, and its own words. The user's own mail asks
/// others: a follow-up to it answers nothing.
fn asked_by(store: &Store, id: MessageId) -> Result<(Vec<Ask>, String), Failure> {
    let header = store.header(id)?;
    let own = mail::own_words(&mail::parse(&store.raw(id)?).text);
    if header.own {
        return Ok((Vec::new(), own));
    }
    let zone = Zone::fixed(header.offset_minutes);
    let asks = draft::all_asks(&own, &asks_of(store, id)?, header.date, &zone);
    Ok((asks, own))
}

/// Everybody a message went to.
fn addressees(header: &Header) -> impl Iterator<Item = &Person> {
    header.people.to.iter().chain(&header.people.cc)
}

/// What the ledger found a message to ask.
fn asks_of(store: &Store, id: MessageId) -> Result<Vec<Ask>, Failure> {
    Ok(ledger::entries_of(store, id)?
        .into_iter()
        .filter(|entry| entry.kind == EntryKind::Ask)
        .map(|entry| Ask { quote: entry.quote, due: entry.due })
        .collect())
}

/// Past replies to like mail.
fn examples(
    session: &Session<'_>,
    store: &Store,
    index: &Index,
    reader: &Reader,
    own: &[String],
    id: MessageId,
) -> Result<Vec<Example>, Failure> {
    let find = |text: &str, limit: usize| -> Vec<MessageId> {
        let Ok(query) = crate::search::parse(text)
            .or_else(|_| Ok::<Query, crate::search::ParseError>(Query::from_text(text)))
        else {
            return Vec::new();
        };
        let options = Options {
            mode: Mode::Words,
            limit,
            as_of: Some(session.now),
            by_thread: false,
            me: own,
            now: session.now,
            zone: &session.calendar.zone,
            facts: None,
        };
        index
            .search(None, None, &query, &options)
            .map(|hits| hits.into_iter().map(|hit| hit.id).collect())
            .unwrap_or_default()
    };
    let embed = |texts: &[&str]| reader.embed(texts).ok();
    Ok(closest_replies(store, &find, Some(&embed), id, session.now, EXAMPLES_MAX)?)
}

/// The reader as the checks want it.
fn judge_with(reader: &Reader) -> impl Fn(&str, &[&str]) -> Option<Vec<SentenceAsks>> + '_ {
    |subject, sentences| {
        let judged =
            reader.read(&[Reading { subject, sentences, without_response: true }]).ok()?.pop()?;
        Some(
            judged
                .sentences
                .iter()
                .map(|scores| SentenceAsks { ask: scores.ask, deadline: scores.deadline })
                .collect(),
        )
    }
}

/// The user under the address the mail was sent to, with the name they sign their mail with.
pub(super) fn who_answers<'a>(
    session: &Session<'_>,
    store: &Store,
    mut addressed: impl Iterator<Item = &'a Person>,
) -> Result<Person, Failure> {
    let own = session.me(store)?;
    let addressed =
        addressed.find(|person| own.contains(&person.address) && is_usable(&person.address));
    let address = addressed
        .map(|person| person.address.clone())
        .or_else(|| session.config.send.as_ref().map(|send| send.sender().address))
        .or_else(|| session.config.me.addresses.first().map(|address| address.to_lowercase()))
        .or_else(|| own.iter().find(|address| is_usable(address)).cloned())
        .ok_or_else(|| {
            Failure::could_not("writing a letter: which address is yours is not known")
                .hint("[me] addresses in the config, or `postroom import PATH --me ADDRESS`")
        })?;
    let sender = session.config.send.as_ref().map(super::config::Send::sender);
    let set = session
        .config
        .me
        .name
        .clone()
        .or_else(|| sender.map(|sender| sender.name).filter(|name| !name.is_empty()));
    let name = match set {
        Some(name) => name,
        None => name_in_use(store, &address, session.now)?,
    };
    Ok(Person { name, address })
}

/// Whether a letter can come from this address: old archives hold some with two dots in a row,
/// which RFC 5321 does not allow.
fn is_usable(address: &str) -> bool {
    let local = address.split('@').next().unwrap_or_default();
    !local.is_empty() && !local.contains("..") && !local.starts_with('.') && !local.ends_with('.')
}

/// Mails looked through for a name.
const NAME_MAILS_MAX: usize = 200;
/// Characters of a name.
const NAME_CHARS_MAX: usize = 60;

/// The display name of the user's newest mail from an address. Anybody can write under that address:
/// only what lies in a folder of sent mail is theirs.
fn name_in_use(store: &Store, address: &str, now: UnixSeconds) -> Result<String, Failure> {
    name_of(store, address, now, |header| {
        header.folders.iter().any(|folder| role(folder) == Role::Sent)
    })
}

/// The display name of the newest mail from an address that `counts` and has a plain one.
fn name_of(
    store: &Store,
    address: &str,
    now: UnixSeconds,
    counts: impl Fn(&Header) -> bool,
) -> Result<String, Failure> {
    let scope = Scope {
        from: Some(address.to_lowercase()),
        until: Some(now),
        newest_first: true,
        limit: Some(NAME_MAILS_MAX),
        ..Scope::default()
    };
    let plain = |name: &String| {
        !name.is_empty()
            && !name.contains('@')
            && name.chars().count() <= NAME_CHARS_MAX
            && !name.chars().any(char::is_control)
    };
    let headers = store.headers(&scope)?.into_iter().filter(|header| counts(header));
    Ok(headers.map(|header| header.from.name).find(plain).unwrap_or_default())
}

/// People typed without a name get the one they write under.
pub(super) fn named(
    mut people: Vec<Person>,
    store: &Store,
    now: UnixSeconds,
) -> Result<Vec<Person>, Failure> {
    for person in people.iter_mut().filter(|person| person.name.is_empty()) {
        person.name = name_of(store, &person.address, now, |_| true)?;
    }
    Ok(people)
}

/// Addresses as typed: `ada@example.org` or `Ada <ada@example.org>`.
pub(super) fn people(typed: &[String]) -> Result<Vec<Person>, Failure> {
    typed
        .iter()
        .map(|text| {
            parse_person(text).ok_or_else(|| {
                Failure::asked_wrongly(format!("{text}: not an address"))
                    .hint("for example ada@example.org or \"Ada <ada@example.org>\"")
            })
        })
        .collect()
}

/// Shows a draft and what to do with it.
pub(super) fn print(
    session: &mut Session<'_>,
    store: &Store,
    draft: &Draft,
) -> Result<u8, Failure> {
    if session.global.json {
        let envelope = session
            .envelope("draft", Some(store))
            .with("warnings", json!(draft.warnings))
            .items(vec![json!(draft)]);
        session.out.json(&envelope.value())?;
        return Ok(0);
    }
    let shown = outbox::show(store, draft.letter)?;
    show(session, store, &shown)?;
    session.out.end()?;
    let author = if draft.said {
        "written by you; greeting and sign-off as in your past letters".to_owned()
    } else if draft.written_by == draft::WRITTEN_BY_YOU {
        format!("put together from the mail and {}", draft.written_by)
    } else {
        format!("written by {}", draft.written_by)
    };
    session.out.line(Style::Dim, &author)?;
    for warning in &draft.warnings {
        session.out.line(Style::Red, &format!("look: {warning}"))?;
    }
    let unknown = draft.facts.iter().filter(|fact| fact.source == FactSource::None);
    for fact in unknown {
        let text: String =
            draft.body.chars().skip(fact.start).take(fact.end - fact.start).collect();
        session.out.line(Style::Yellow, &format!("stands nowhere in your mail: {text}"))?;
    }
    print_checks(session, &draft.checks)?;
    let n = draft.letter.0;
    session.note(&format!(
        "nothing is sent before `postroom outbox approve {n}`; `postroom outbox edit {n}` changes it"
    ))?;
    Ok(0)
}

fn print_checks(session: &mut Session<'_>, checks: &[Check]) -> Result<(), Failure> {
    for check in checks {
        let name = json!(check.check);
        let name = name.as_str().unwrap_or("");
        let (style, mark) = if check.ok { (Style::Green, "ok ") } else { (Style::Yellow, "no ") };
        session.out.put(style, mark)?;
        session.out.put(Style::Plain, &format!("{name:<10} "))?;
        session.out.line(Style::Dim, if check.ok { &check.quote } else { &check.hint })?;
    }
    Ok(())
}

/// One line for the demo: to whom, about what.
pub(super) fn in_a_line(draft: &Draft) -> String {
    let to: Vec<String> = draft.to.iter().map(person).collect();
    format!("letter {} to {}: {}", draft.letter.0, to.join(", "), draft.subject)
}
