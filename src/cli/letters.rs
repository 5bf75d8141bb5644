//! `outbox`.

use std::io::Read;
use std::path::Path;

use serde_json::{Value, json};

use super::args::{self, OutboxVerb};
use super::failure::{Failure, HELD_BACK};
use super::screen::{Style, fit, shorten};
use super::session::Session;
use crate::guard::Companion;
use crate::mail::when::{format_rfc3339, human};
use crate::outbox::{self, Arrival, Shown};
use crate::store::{Letter, LetterId, LetterRow, LetterState, Store};

/// An edited letter is read up to here.
const LETTER_BYTES_MAX: u64 = 4 << 20;

impl From<outbox::Error> for Failure {
    fn from(error: outbox::Error) -> Self {
        use outbox::Error;
        let held = error.is_held_back();
        let mut failure = match error {
            Error::Store(error) => return error.into(),
            error => {
                let failure = Self::from_error(&error);
                match &error {
                    Error::Unfinished { .. } => {
                        failure.hint("`postroom outbox edit N`: fill or remove every […]")
                    }
                    Error::Changed { .. } => {
                        failure.hint("`postroom outbox show N`, then approve what it shows")
                    }
                    Error::NotApproved { .. } => failure.hint("`postroom outbox approve N` first"),
                    Error::Tampered { .. } => failure
                        .hint("`postroom outbox edit N` makes it a draft again; look at it well"),
                    Error::NoRecipient => {
                        failure.hint("`postroom outbox edit N`: put somebody into To:")
                    }
                    Error::PlainText { .. } => {
                        failure.hint("leave tls = \"off\" out of the config")
                    }
                    Error::Password { .. } => failure
                        .hint("the command prints the password on its first line; try it by hand"),
                    _ => failure,
                }
            }
        };
        if held {
            failure.status = HELD_BACK;
        }
        failure
    }
}

pub(super) fn outbox(
    session: &mut Session<'_>,
    args: &args::Outbox,
    input: &mut dyn Read,
    companion: Option<Companion>,
) -> Result<u8, Failure> {
    let mut store = session.store()?;
    match args.verb.as_ref().unwrap_or(&OutboxVerb::List) {
        OutboxVerb::List => list(session, &store),
        OutboxVerb::Show { letter } => {
            let shown = outbox::show(&store, LetterId(*letter))?;
            show(session, &store, &shown)
        }
        OutboxVerb::Edit { letter, stdin } => {
            let input = stdin.then_some(input);
            edit(session, &mut store, LetterId(*letter), input, companion)
        }
        OutboxVerb::Approve { letter, digest } => {
            approve(session, &mut store, LetterId(*letter), digest.as_deref(), input)
        }
        OutboxVerb::Reject { letter } => {
            outbox::reject(&mut store, LetterId(*letter), session.now)?;
            done(session, &store, LetterId(*letter), "rejected: it will not be sent")
        }
        OutboxVerb::Settle { letter, arrived, lost: _ } => {
            let id = LetterId(*letter);
            let (arrival, words) = if *arrived {
                (Arrival::Arrived, "counts as sent")
            } else {
                (Arrival::Lost, "is approved again: `postroom outbox send` sends it")
            };
            outbox::settle(&mut store, id, arrival, session.now)?;
            done(session, &store, id, words)
        }
        OutboxVerb::Save { letter } => {
            let id = LetterId(*letter);
            let words = super::send::save(session, &store, id)?;
            done(session, &store, id, words)
        }
        OutboxVerb::Send { letter } => super::send::send(session, &mut store, letter.map(LetterId)),
    }
}

/// What `show` and JSON call the digest of a letter: as approved, else as it is now.
fn digest_of(store: &Store, row: &LetterRow, letter: &Letter) -> String {
    if row.digest.is_empty() {
        outbox::current_digest(store, letter).unwrap_or_default()
    } else {
        row.digest.clone()
    }
}

pub(super) fn item(store: &Store, row: &LetterRow) -> Result<Value, Failure> {
    let letter = row.letter()?;
    Ok(json!({
        "letter": row.id, "state": row.state, "to": letter.to, "cc": letter.cc,
        "bcc": letter.bcc, "subject": letter.subject, "body": letter.body,
        "digest": digest_of(store, row, &letter), "attachments": letter.attachments,
        "in_reply_to": row.in_reply_to,
        "created": format_rfc3339(row.created), "approved": row.approved.map(format_rfc3339),
        "sent": row.sent.map(format_rfc3339), "server_reply": row.server_reply,
    }))
}

fn list(session: &mut Session<'_>, store: &Store) -> Result<u8, Failure> {
    let rows = store.letters()?;
    if session.global.json {
        let items = rows.iter().map(|row| item(store, row)).collect::<Result<_, _>>()?;
        let envelope = session.envelope("outbox", Some(store)).items(items);
        session.out.json(&envelope.value())?;
        return Ok(0);
    }
    if rows.is_empty() {
        session.note("no letters; `postroom draft ID` writes one")?;
    }
    for row in &rows {
        let letter = row.letter()?;
        let style = match row.state {
            LetterState::Approved => Style::Green,
            LetterState::Unknown => Style::Red,
            LetterState::Draft => Style::Yellow,
            _ => Style::Dim,
        };
        let to = letter.to.first().map_or("", crate::mail::Person::called);
        session.out.put(Style::Dim, &format!("{:>4} ", row.id.0))?;
        session.out.put(style, &fit(row.state.name(), 9))?;
        session.out.put(Style::Plain, " ")?;
        let when = human(row.created, session.now, &session.calendar.zone);
        session.out.put(Style::Cyan, &fit(&when, 12))?;
        session.out.put(Style::Plain, " ")?;
        session.out.put(Style::Bold, &fit(to, 22))?;
        session.out.put(Style::Plain, " ")?;
        let left = session.out.width.saturating_sub(54).max(20);
        session.out.line(Style::Plain, &shorten(&letter.subject, left))?;
    }
    Ok(0)
}

pub(super) fn show(session: &mut Session<'_>, store: &Store, shown: &Shown) -> Result<u8, Failure> {
    if session.global.json {
        let mut value = item(store, &store.letter(shown.letter)?)?;
        value["digest"] = json!(shown.digest);
        value["recipients"] = json!(shown.recipients);
        value["unfinished"] = json!(shown.unfinished);
        value["warnings"] = json!(shown.warnings);
        let envelope = session.envelope("outbox", Some(store)).items(vec![value]);
        session.out.json(&envelope.value())?;
        return Ok(0);
    }
    let out = &mut session.out;
    out.put(Style::Dim, &format!("letter {} · ", shown.letter.0))?;
    out.line(Style::Yellow, shown.state.name())?;
    for (name, value) in &shown.headers {
        out.put(Style::Dim, &format!("{name}: "))?;
        out.line(Style::Plain, value)?;
    }
    out.end()?;
    out.block(Style::Plain, "", &shown.body)?;
    out.end()?;
    for file in &shown.attachments {
        out.line(Style::Cyan, &format!("attached: {} ({} bytes)", file.name, file.bytes))?;
    }
    for warning in &shown.warnings {
        out.line(Style::Red, &format!("look: {}", warning.text))?;
    }
    for line in &shown.unfinished {
        out.line(Style::Yellow, &format!("to fill in: {line}"))?;
    }
    out.line(Style::Dim, &format!("digest {}", shown.digest))?;
    Ok(0)
}

fn done(
    session: &mut Session<'_>,
    store: &Store,
    letter: LetterId,
    what: &str,
) -> Result<u8, Failure> {
    if session.global.json {
        let items = vec![item(store, &store.letter(letter)?)?];
        let envelope = session.envelope("outbox", Some(store)).items(items);
        session.out.json(&envelope.value())?;
    } else {
        session.out.line(Style::Plain, &format!("letter {} {what}", letter.0))?;
    }
    Ok(0)
}

/// The letter as the user's editor leaves it, or as `input` has it.
fn edit(
    session: &mut Session<'_>,
    store: &mut Store,
    id: LetterId,
    input: Option<&mut dyn Read>,
    companion: Option<Companion>,
) -> Result<u8, Failure> {
    let before = store.letter(id)?.letter()?;
    let text = match (input, companion) {
        (Some(input), _) => {
            let mut text = String::new();
            input.take(LETTER_BYTES_MAX).read_to_string(&mut text).map_err(|error| {
                Failure::could_not(format!("reading letter {}: {error}", id.0))
                    .hint("a letter is text in UTF-8")
            })?;
            text
        }
        (None, Some(companion)) if session.asks => {
            let dir = session.home.data.clone();
            edited(&dir, id, &outbox::to_text(&before), companion)?
        }
        (None, _) => {
            let what = format!("editing letter {}: an editor needs a terminal", id.0);
            let with = format!("`postroom outbox edit {} --stdin < FILE` does without", id.0);
            return Err(Failure::asked_wrongly(what).hint(with));
        }
    };
    let letter = outbox::from_text(&text, &before)?;
    if letter == before || outbox::to_text(&letter) == outbox::to_text(&before) {
        return done(session, store, id, "is unchanged");
    }
    outbox::edit(store, id, &letter, session.now)?;
    done(session, store, id, "changed: it is a draft; `postroom outbox show` it, then approve")
}

/// The text after the user's editor had it.
fn edited(dir: &Path, id: LetterId, text: &str, companion: Companion) -> Result<String, Failure> {
    let path = dir.join(format!("letter-{}.{}.txt", id.0, std::process::id()));
    let failed =
        |error: std::io::Error| Failure::could_not(format!("editing {}: {error}", path.display()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    {
        use std::io::Write as _;
        options.open(&path).and_then(|mut file| file.write_all(text.as_bytes())).map_err(failed)?;
    }
    let editor = ["VISUAL", "EDITOR"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()))
        .unwrap_or_else(|| "vi".to_owned());
    let mut argv: Vec<String> = editor.split_whitespace().map(str::to_owned).collect();
    argv.push(path.display().to_string());
    let ran = companion.run(&argv);
    let text = std::fs::read_to_string(&path).map_err(failed);
    let _ = std::fs::remove_file(&path);
    match ran {
        Ok(true) => text,
        Ok(false) => {
            let what = format!("editing letter {}: {editor} ended with an error", id.0);
            Err(Failure::could_not(what)
                .hint("nothing changed; set EDITOR, or use `outbox edit N --stdin`"))
        }
        Err(error) => {
            Err(Failure::from_error(&error).hint("set EDITOR, or use `outbox edit N --stdin`"))
        }
    }
}

fn approve(
    session: &mut Session<'_>,
    store: &mut Store,
    id: LetterId,
    digest: Option<&str>,
    input: &mut dyn Read,
) -> Result<u8, Failure> {
    store.letter(id)?;
    let digest = match digest {
        Some(digest) => digest.to_owned(),
        None if session.asks && session.out.terminal && !session.global.json => {
            let shown = outbox::show(store, id)?;
            show(session, store, &shown)?;
            session.out.put(Style::Bold, "send this very letter? [y/N] ")?;
            session.out.flush()?;
            if !says_yes(input) {
                return Err(Failure::new(HELD_BACK, format!("letter {} is not approved", id.0)));
            }
            shown.digest
        }
        None => {
            return Err(Failure::new(HELD_BACK, format!("letter {} waits for approval", id.0))
                .hint("a person approves it on a terminal, or names the digest that `outbox show` prints: --digest SHA256"));
        }
    };
    outbox::approve(store, id, &digest, session.now)?;
    done(session, store, id, "approved: `postroom outbox send` sends it")
}

pub(super) fn says_yes(input: &mut dyn Read) -> bool {
    let mut answer = Vec::new();
    let mut byte = [0];
    while answer.len() < 16 && input.read(&mut byte).is_ok_and(|read| read == 1) && byte[0] != b'\n'
    {
        answer.push(byte[0]);
    }
    matches!(answer.trim_ascii(), b"y" | b"Y" | b"yes" | b"Yes")
}
