//! `show`, `thread` and `read`.

use std::io::Read as _;

use serde_json::{Value, json};

use super::args;
use super::failure::Failure;
use super::find::subject;
use super::screen::{Style, counted, shorten};
use super::session::Session;
use crate::mail::when::{format_rfc3339, human_with_time};
use crate::mail::{self, Message, Person, Voice};
use crate::store::{AttachedState, Header, Store};

/// Standard input is read up to here.
const INPUT_BYTES_MAX: u64 = 32 << 20;
/// Sentences judged together.
const BATCH_SENTENCES: usize = 64;

pub(super) fn show(session: &mut Session<'_>, args: &args::Show) -> Result<u8, Failure> {
    let store = session.store()?;
    let id = session.message_id(&store, &args.id)?;
    let raw = store.raw(id)?;
    if args.raw {
        session.out.raw(&raw)?;
        return Ok(0);
    }
    let header = store.header(id)?;
    let message = mail::parse(&raw);
    if session.global.json {
        let item = item(session, &store, &header, &message)?;
        let envelope = session.envelope("show", Some(&store)).items(vec![item]);
        session.out.json(&envelope.value())?;
        return Ok(0);
    }
    if args.headers {
        let end = header_end(&raw);
        session.out.block(Style::Dim, "", &String::from_utf8_lossy(&raw[..end]))?;
        session.out.end()?;
    }
    print(session, &store, &header, &message, args.quoted)?;
    Ok(0)
}

pub(super) fn thread(session: &mut Session<'_>, args: &args::OneId) -> Result<u8, Failure> {
    let store = session.store()?;
    let id = session.message_id(&store, &args.id)?;
    let thread = store.header(id)?.thread;
    let until = session.until();
    let headers: Vec<Header> =
        store.thread(thread)?.into_iter().filter(|header| header.date <= until).collect();
    let mut items = Vec::new();
    for (position, header) in headers.iter().enumerate() {
        let message = mail::parse(&store.raw(header.id)?);
        if session.global.json {
            items.push(item(session, &store, header, &message)?);
        } else {
            if position > 0 {
                let rule = "─".repeat(session.out.width.min(72));
                session.out.line(Style::Dim, &rule)?;
            }
            print(session, &store, header, &message, false)?;
        }
    }
    if session.global.json {
        let envelope = session.envelope("thread", Some(&store)).items(items);
        session.out.json(&envelope.value())?;
    }
    Ok(0)
}

fn header_end(raw: &[u8]) -> usize {
    let find = |needle: &[u8]| raw.windows(needle.len()).position(|window| window == needle);
    match (find(b"\n\n"), find(b"\r\n\r\n")) {
        (Some(a), Some(b)) => a.min(b),
        (Some(a), None) => a,
        (None, Some(b)) => b,
        (None, None) => raw.len(),
    }
}

fn people(people: &[Person]) -> String {
    people.iter().map(person).collect::<Vec<_>>().join(", ")
}

pub(super) fn person(person: &Person) -> String {
    match (person.name.is_empty(), person.address.is_empty()) {
        (true, _) => person.address.clone(),
        (false, true) => person.name.clone(),
        (false, false) => format!("{} <{}>", person.name, person.address),
    }
}

fn print(
    session: &mut Session<'_>,
    store: &Store,
    header: &Header,
    message: &Message,
    quoted: bool,
) -> Result<(), Failure> {
    let out = &mut session.out;
    let field = |out: &mut super::screen::Screen<'_>, name: &str, value: &str| {
        if value.is_empty() {
            return Ok(());
        }
        out.put(Style::Dim, &format!("{name:>8}  "))?;
        out.line(Style::Plain, value)
    };
    out.put(Style::Dim, &format!("{:>8}  ", header.id.0))?;
    out.line(Style::Bold, subject(header))?;
    field(out, "from", &person(&header.from))?;
    field(out, "to", &shorten(&people(&header.people.to), 400))?;
    field(out, "cc", &shorten(&people(&header.people.cc), 400))?;
    field(out, "date", &human_with_time(header.date, session.now, &session.calendar.zone))?;
    field(out, "in", &header.folders.join(", "))?;
    field(out, "labels", &header.labels.join(", "))?;
    for attachment in &message.attachments {
        let line = format!(
            "{}. {} ({}, {} bytes)",
            attachment.part, attachment.name, attachment.mime_type, attachment.bytes
        );
        field(out, "attached", &line)?;
    }
    for warning in warnings(store, header, message)? {
        out.put(Style::Plain, &format!("{:>8}  ", "note"))?;
        out.line(Style::Yellow, &warning)?;
    }
    out.end()?;
    let own = mail::own_words(&message.text);
    let text = if quoted || own.trim().is_empty() { &message.text } else { &own };
    out.block(Style::Plain, "", text.trim_end())?;
    if !quoted && text.len() < message.text.trim_end().len() && !own.trim().is_empty() {
        let hidden = message.text.lines().count().saturating_sub(own.lines().count());
        out.line(
            Style::Dim,
            &format!(
                "[{} of quotes and signature: --quoted shows it]",
                counted(hidden as u64, "line", "lines")
            ),
        )?;
    }
    Ok(())
}

fn warnings(store: &Store, header: &Header, message: &Message) -> Result<Vec<String>, Failure> {
    let mut warnings = header.warnings.clone();
    if message.hidden_chars > 0 {
        let characters = counted(message.hidden_chars as u64, "character", "characters");
        warnings.push(format!("left out what a person would not have seen: {characters}"));
    }
    for row in store.attached(header.id)? {
        if row.state == AttachedState::Unreadable {
            warnings.push(format!("attachment {} cannot be read: {}", row.part, row.reason));
        }
    }
    Ok(warnings)
}

fn item(
    session: &Session<'_>,
    store: &Store,
    header: &Header,
    message: &Message,
) -> Result<Value, Failure> {
    let own = mail::own_words(&message.text);
    let quoted: String = mail::passages(&message.text)
        .into_iter()
        .filter(|passage| passage.voice != Voice::Own)
        .map(|passage| &message.text[passage.start..passage.end])
        .collect();
    Ok(json!({
        "id": header.id, "message_id": header.rfc_id, "thread": header.thread,
        "date": format_rfc3339(header.date), "from": header.from, "to": header.people.to,
        "cc": header.people.cc, "subject": header.subject, "folders": header.folders,
        "flags": flag_names(&header.flags), "labels": header.labels,
        "gist": super::day::gist(session, store, header, message)?,
        "text": own, "quoted": quoted,
        "attachments": message.attachments, "warnings": warnings(store, header, message)?,
    }))
}

/// Maildir letters in words.
pub(super) fn flag_names(letters: &str) -> Vec<&'static str> {
    letters.chars().map(flag_name).collect()
}

/// Flags in words, then labels.
pub(super) fn mark_names(marks: &str) -> Vec<String> {
    let marks = mail::Marks::of(marks);
    let letters = marks.letters();
    let flags = flag_names(&letters).into_iter().map(str::to_owned);
    flags.chain(marks.labels().map(str::to_owned)).collect()
}

fn flag_name(letter: char) -> &'static str {
    match letter {
        'S' => "seen",
        'R' => "answered",
        'F' => "flagged",
        'D' => "draft",
        'P' => "forwarded",
        _ => "deleted",
    }
}

pub(super) fn read(
    session: &mut Session<'_>,
    args: &args::Read,
    input: &mut dyn std::io::Read,
) -> Result<u8, Failure> {
    let mut bytes = Vec::new();
    input
        .take(INPUT_BYTES_MAX)
        .read_to_end(&mut bytes)
        .map_err(|error| Failure::could_not(format!("reading standard input: {error}")))?;
    let text = String::from_utf8_lossy(&bytes);
    let sentences: Vec<&str> = if args.lines {
        text.lines().map(str::trim).collect()
    } else {
        mail::sentences(&text).into_iter().map(|span| &text[span]).collect()
    };
    let reader = session.reader()?;
    let mut items = Vec::new();
    for batch in sentences.chunks(BATCH_SENTENCES) {
        let scores = reader.read_sentences(batch).map_err(|error| Failure::from_error(&error))?;
        for (sentence, score) in batch.iter().zip(scores) {
            if session.global.json {
                items.push(json!({
                    "text": sentence, "ask": score.ask, "promise": score.promise,
                    "deadline": score.deadline, "decision": score.decision,
                }));
            } else {
                let line = format!(
                    "{:.3}\t{:.3}\t{:.3}\t{:.3}\t",
                    score.ask, score.promise, score.deadline, score.decision
                );
                // The tabs are ours; the sentence goes through the screen.
                session.out.raw(line.as_bytes())?;
                session.out.line(Style::Plain, sentence)?;
            }
        }
    }
    if session.global.json {
        let envelope = session.envelope("read", None).items(items);
        session.out.json(&envelope.value())?;
    } else {
        session.note("columns: ask, promise, deadline, decision (probabilities), text")?;
    }
    Ok(0)
}
