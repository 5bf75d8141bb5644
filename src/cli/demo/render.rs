//! Writes a message as RFC 5322 has it.

use super::ME;
use super::clock::{self, Today};
use super::mime;
use super::source::{Entry, Html, Mailbox, Part, Person};
use super::words;

/// The bytes of `entry`, seen from `today`.
pub(super) fn message(entry: &Entry, mailbox: &Mailbox, today: &Today) -> Result<Vec<u8>, String> {
    let mut out = String::new();
    let mut field = |name: &str, value: &str| {
        out.push_str(name);
        out.push_str(": ");
        out.push_str(value);
        out.push_str("\r\n");
    };
    let from = mailbox.person(entry.from)?;
    let via = entry.via.map(|key| mailbox.person(key)).transpose()?;
    let date = clock::header_date(today.instant(entry.when, entry.id));
    if from.address != ME {
        for (name, value) in received(entry, via.unwrap_or(from), &date) {
            field(name, &value);
        }
    }
    field("Date", &date);
    field("From", &mime::mailbox(from.name, from.address));
    field("To", &mailboxes(&entry.to, mailbox)?);
    if !entry.cc.is_empty() {
        field("Cc", &mailboxes(&entry.cc, mailbox)?);
    }
    let subject = words::subject(entry, mailbox)?;
    field("Subject", &mime::unstructured(&words::fill(&subject, entry, today)?));
    field("Message-ID", &format!("<{}>", rfc_id(entry, mailbox)?));
    if let Some(parent) = entry.reply {
        let parent = mailbox.entry(parent)?;
        field("In-Reply-To", &format!("<{}>", rfc_id(parent, mailbox)?));
        field("References", &references(parent, mailbox)?.join("\r\n "));
    }
    let service = via.map(|person| person.headers.as_slice()).unwrap_or_default();
    for (name, value) in from.headers.iter().chain(service).chain(&entry.headers) {
        field(name, &mime::folded(&words::fill(value, entry, today)?));
    }
    field("MIME-Version", "1.0");
    out.push_str(&content(entry, mailbox, today)?);
    Ok(out.into_bytes())
}

/// The `Message-ID` of `entry`, without brackets: the same on every day.
pub(super) fn rfc_id(entry: &Entry, mailbox: &Mailbox) -> Result<String, String> {
    Ok(format!("{}@{}", entry.id, host(mailbox.person(entry.from)?)))
}

/// The ids from the thread's first message to `entry`, in brackets.
fn references(entry: &Entry, mailbox: &Mailbox) -> Result<Vec<String>, String> {
    let mut ids = match entry.reply {
        Some(parent) => references(mailbox.entry(parent)?, mailbox)?,
        None => Vec::new(),
    };
    ids.push(format!("<{}>", rfc_id(entry, mailbox)?));
    Ok(ids)
}

fn host(person: &Person) -> &str {
    person.address.split_once('@').map_or("", |(_, host)| host)
}

/// What the receiving server wrote on top.
fn received(entry: &Entry, sender: &Person, date: &str) -> [(&'static str, String); 3] {
    let host = host(sender);
    let here = ME.split_once('@').map_or("", |(_, host)| host);
    let results = match entry.auth {
        "none" => "spf=none; dkim=none; dmarc=none".to_owned(),
        result => format!(
            "spf={result} smtp.mailfrom={host};\r\n dkim={result} header.d={host}; dmarc={result}"
        ),
    };
    [
        ("Return-Path", format!("<{}>", sender.address)),
        ("Received", format!("from mail.{host} by mx.{here} with ESMTPS;\r\n {date}")),
        ("Authentication-Results", format!("mx.{here};\r\n {results}")),
    ]
}

fn mailboxes(keys: &[&str], mailbox: &Mailbox) -> Result<String, String> {
    let people: Result<Vec<String>, String> = keys
        .iter()
        .map(|key| mailbox.person(key).map(|who| mime::mailbox(who.name, who.address)))
        .collect();
    Ok(people?.join(",\r\n "))
}

/// The fields of the content and the content: one part, alternatives, or those and files.
fn content(entry: &Entry, mailbox: &Mailbox, today: &Today) -> Result<String, String> {
    let mut alternatives = Vec::new();
    let mut files = Vec::new();
    if !entry.text.is_empty() {
        let text = words::text(entry, mailbox, today)?;
        if entry.html != Html::Only {
            alternatives.push(mime::part("text/plain; charset=utf-8", &text));
        }
        if entry.html != Html::No {
            alternatives.push(mime::part("text/html; charset=utf-8", &words::as_html(&text)));
        }
    }
    for Part { what, body } in &entry.parts {
        let body = words::fill(body, entry, today)?;
        match what.as_slice() {
            ["html"] => alternatives.push(mime::part("text/html; charset=utf-8", &body)),
            ["calendar", method] => alternatives
                .push(mime::part(&format!("text/calendar; charset=utf-8; method={method}"), &body)),
            ["attach", name, "application/pdf"] => {
                files.push(mime::attachment(name, "application/pdf", &mime::pdf(&body)));
            }
            ["attach", name, mime_type] => {
                let body = body.replace('\n', "\r\n");
                files.push(mime::attachment(name, mime_type, body.as_bytes()));
            }
            _ => return Err(format!("{}: no such part: {}", entry.id, what.join(" "))),
        }
    }
    let readable = match (alternatives.pop(), alternatives.is_empty()) {
        (None, _) => return Err(format!("{}: nothing to read", entry.id)),
        (Some(only), true) => only,
        (Some(last), false) => {
            alternatives.push(last);
            mime::multipart("alternative", &format!("=_{}_a", entry.id), &alternatives)
        }
    };
    if files.is_empty() {
        return Ok(readable);
    }
    files.insert(0, readable);
    Ok(mime::multipart("mixed", &format!("=_{}_m", entry.id), &files))
}
