//! `forward`: a message passed on, with what is attached to it.

use super::args;
use super::failure::Failure;
use super::letters::show;
use super::read::person;
use super::session::Session;
use super::write::{Carried, attach, named, people, read_files, who_answers};
use crate::mail::when::{Zone, full};
use crate::mail::{self, Message};
use crate::outbox;
use crate::store::{Change, Header, Letter};

pub(super) fn run(session: &mut Session<'_>, args: &args::Forward) -> Result<u8, Failure> {
    let mut store = session.store()?;
    let id = session.message_id(&store, &args.id)?;
    let files = read_files(&args.attach)?;
    let (header, raw) = (store.header(id)?, store.raw(id)?);
    let to = named(people(&args.to)?, &store, session.now)?;
    let cc = named(people(&args.cc)?, &store, session.now)?;
    let addressed = header.people.to.iter().chain(&header.people.cc);
    let me = who_answers(session, &store, addressed)?;
    let message = mail::parse(&raw);
    let body = body(args.say.trim(), &header, &message);
    let letter = Letter {
        from: me,
        to,
        cc,
        subject: subject(&header),
        body,
        language: header.language.clone(),
        written_by: "you".to_owned(),
        ..Letter::default()
    };
    let letter_id = store.add_letter(&letter.to_json(), None, session.now)?;
    store.record(Change::Draft(letter_id), &[id], session.now)?;
    let mut carried: Vec<Carried> = Vec::new();
    if !args.without_attachments {
        for (attachment, bytes) in mail::attachments(&raw) {
            let name = super::save::safe_name(&attachment);
            carried.push((name, attachment.mime_type, bytes));
        }
    }
    carried.extend(files);
    attach(&mut store, letter_id, &carried)?;
    let shown = outbox::show(&store, letter_id)?;
    show(session, &store, &shown)?;
    session.note(&format!(
        "nothing is sent before `postroom outbox approve {0}`; `postroom outbox edit {0}` changes it",
        letter_id.0
    ))?;
    Ok(0)
}

fn subject(header: &Header) -> String {
    let plain = header.subject.trim();
    let lower = plain.to_lowercase();
    if ["fwd:", "fw:", "wg:", "tr:", "rv:"].iter().any(|mark| lower.starts_with(mark)) {
        return plain.to_owned();
    }
    format!("Fwd: {plain}")
}

/// What the user says, then the message with its head, as other programs pass mail on.
fn body(say: &str, header: &Header, message: &Message) -> String {
    let zone = Zone::fixed(header.offset_minutes);
    let mut text = String::new();
    if !say.is_empty() {
        text.push_str(say);
        text.push_str("\n\n");
    }
    text.push_str("---------- Forwarded message ----------\n");
    let people = |people: &[mail::Person]| people.iter().map(person).collect::<Vec<_>>().join(", ");
    for (name, value) in [
        ("From", person(&header.from)),
        ("Date", full(header.date, &zone)),
        ("Subject", header.subject.clone()),
        ("To", people(&header.people.to)),
        ("Cc", people(&header.people.cc)),
    ] {
        if !value.is_empty() {
            text.push_str(&format!("{name}: {value}\n"));
        }
    }
    text.push('\n');
    text.push_str(message.text.trim_end());
    text.push('\n');
    text
}
