//! `outbox send`: what is approved goes out, what is in doubt is looked for, what was sent is filed.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::account::secret;
use super::failure::{Failure, HELD_BACK};
use super::letters::item;
use super::screen::{Style, counted};
use super::session::Session;
use crate::accounts::{self, Account, Secret};
use crate::guard::{Connection, ConnectionLog};
use crate::intake::imap::{self, Drafted};
use crate::mail::when::{format_rfc3339, human_with_time};
use crate::outbox::{self, Arrival, Delivery, Outcome, Server, Tls};
use crate::store::{LetterId, LetterRow, LetterState, Store};

/// How a letter leaves: the server, and what to log in with.
struct Way {
    server: Server,
    secret: Option<Secret>,
}

/// The ways found so far, by account (nothing for `[send]`): nobody is asked twice for a password.
type Ways = BTreeMap<Option<String>, Way>;

pub(super) fn send(
    session: &mut Session<'_>,
    store: &mut Store,
    only: Option<LetterId>,
) -> Result<u8, Failure> {
    for letter in outbox::recover(store, session.now)? {
        session.note(&format!(
            "letter {}: sending was interrupted before anything went out: approved as before",
            letter.0
        ))?;
    }
    look_for_unknown(session, store)?;
    let rows = store.letters()?;
    let ids = due(session, &rows, only)?;
    if ids.is_empty() && rows.iter().all(|row| row.state != LetterState::Approved) {
        let drafts = rows.iter().filter(|row| row.state == LetterState::Draft).count();
        if drafts > 0 {
            let wait = counted(drafts as u64, "letter waits", "letters wait");
            return Err(Failure::new(HELD_BACK, format!("{wait} for approval"))
                .hint("`postroom outbox show N`, then `postroom outbox approve N`"));
        }
        session.note("nothing to send")?;
    }
    let (mut failed, mut items, mut ways) = (Vec::new(), Vec::new(), Ways::new());
    for id in ids {
        let delivery = send_one(session, store, id, &mut ways)?;
        if delivery.outcome != Outcome::Sent {
            failed.push(format!("letter {}: {}", id.0, delivery.server_reply));
        }
        tell(session, store, &delivery, &mut items)?;
    }
    file_sent(session, store)?;
    if session.global.json {
        let envelope = session.envelope("outbox", Some(store)).items(items);
        session.out.json(&envelope.value())?;
    }
    let Some(first) = failed.first() else { return Ok(0) };
    let more = match failed.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more)"),
    };
    Err(Failure::could_not(format!("sending {first}{more}")).hint(
        "`postroom outbox` shows what became of each; `outbox send` tries what is still approved",
    ))
}

/// Puts a letter among the drafts of its account; says what came of it.
pub(super) fn save(
    session: &Session<'_>,
    store: &Store,
    id: LetterId,
) -> Result<&'static str, Failure> {
    let row = store.letter(id)?;
    let from = row.letter()?.from.address;
    let Some((name, account)) = sender(session, &from) else {
        return Err(Failure::could_not(format!("letter {}: no account is {from}'s", id.0))
            .hint("`postroom account add ADDRESS`; drafts are kept on an account's server"));
    };
    if !matches!(row.state, LetterState::Draft | LetterState::Approved) {
        let what = format!("letter {} is {}: no draft any more", id.0, row.state.name());
        return Err(
            Failure::could_not(what).hint("`postroom outbox` shows which letters are drafts")
        );
    }
    let draft = outbox::as_draft(store, &row)?;
    let drafted = logged_in(session, &name, &account, "outbox save", |login| {
        imap::draft(login, &draft.message_id, &draft.bytes)
    })?;
    Ok(match drafted {
        Drafted::There => "lies among the drafts already, as it is",
        Drafted::Put => "lies among the drafts on the server",
        Drafted::Replaced => "lies among the drafts; its earlier text there is in the trash",
        Drafted::Beside => "lies among the drafts, beside an earlier text of it",
    })
}

/// The letters to send now. One that its server put off waits, unless it is asked for by its number.
fn due(
    session: &mut Session<'_>,
    rows: &[LetterRow],
    only: Option<LetterId>,
) -> Result<Vec<LetterId>, Failure> {
    if let Some(id) = only {
        return Ok(vec![id]);
    }
    let mut ids = Vec::new();
    for row in rows.iter().filter(|row| row.state == LetterState::Approved) {
        if row.later <= session.now {
            ids.push(row.id);
            continue;
        }
        let when = human_with_time(row.later, session.now, &session.calendar.zone);
        session.note(&format!(
            "letter {0}: its server asked to try later, after {when}; `postroom outbox send {0}` tries now",
            row.id.0
        ))?;
    }
    Ok(ids)
}

fn send_one(
    session: &Session<'_>,
    store: &mut Store,
    id: LetterId,
    ways: &mut Ways,
) -> Result<Delivery, Failure> {
    let approved = outbox::approved(store, id)?;
    let from = approved.envelope().from().to_owned();
    let account = sender(session, &from);
    let key = account.as_ref().map(|(name, _)| name.clone());
    if !ways.contains_key(&key) {
        ways.insert(key.clone(), way(session, account.as_ref(), &from)?);
    }
    let way = &ways[&key];
    let entry = Connection {
        time: format_rfc3339(session.now),
        command: "outbox send".into(),
        host: way.server.host.clone(),
        port: way.server.port,
        purpose: format!("letter {}", id.0),
        bytes_in: 0,
        bytes_out: 0,
    };
    let log = ConnectionLog::in_dir(&session.home.data);
    log.append(&entry)?;
    let bytes_out = approved.bytes().len() as u64;
    let delivery =
        outbox::deliver_with(store, approved, &way.server, way.secret.as_ref(), session.now)?;
    let bytes_in = delivery.server_reply.len() as u64;
    log.append(&Connection { bytes_in, bytes_out, ..entry })?;
    Ok(delivery)
}

fn tell(
    session: &mut Session<'_>,
    store: &Store,
    delivery: &Delivery,
    items: &mut Vec<serde_json::Value>,
) -> Result<(), Failure> {
    let id = delivery.letter;
    if session.global.json {
        let mut value = item(store, &store.letter(id)?)?;
        value["server_reply"] = json!(delivery.server_reply);
        items.push(value);
        return Ok(());
    }
    let (style, words) = match delivery.outcome {
        Outcome::Sent => (Style::Green, "sent"),
        Outcome::Deferred => (Style::Yellow, "not sent, still approved"),
        Outcome::Rejected => (Style::Red, "refused by the server"),
        Outcome::Unknown => {
            (Style::Red, "not known whether it arrived; it is not sent again by itself")
        }
    };
    session.out.put(style, &format!("letter {}: {words}", id.0))?;
    session.out.line(Style::Dim, &format!("  {}", delivery.server_reply))?;
    if delivery.outcome == Outcome::Rejected {
        session.note(&format!(
            "`postroom outbox edit {}` changes it; it then wants a new yes",
            id.0
        ))?;
    }
    if let Some(later) = delivery.later {
        let when = human_with_time(later, session.now, &session.calendar.zone);
        session.note(&format!("its server asks to try later: after {when}"))?;
    }
    Ok(())
}

/// The account whose address a letter comes from, if it has one.
fn sender(session: &Session<'_>, from: &str) -> Option<(String, Account)> {
    let accounts = session.config.accounts.iter();
    let mut of = accounts.filter(|(_, account)| account.address.eq_ignore_ascii_case(from));
    of.next().map(|(name, account)| (name.clone(), account.clone()))
}

/// `[send]` for its own address and for those no account has; else the account's own server.
fn way(
    session: &Session<'_>,
    account: Option<&(String, Account)>,
    from: &str,
) -> Result<Way, Failure> {
    let config = &session.config;
    let sends_own = config.send.as_ref().is_some_and(|send| send.sender().address == from);
    if let (false, Some((name, account))) = (sends_own, account)
        && let Some(smtp) = accounts::smtp_of(account)
    {
        let mut server = Server::new(&smtp.host, smtp.port);
        server.tls = match smtp.tls() {
            accounts::Tls::Implicit => Tls::Implicit,
            accounts::Tls::StartTls => Tls::StartTls,
            accounts::Tls::Off => Tls::Off,
        };
        server.fingerprint.clone_from(&smtp.fingerprint);
        server.user = Some(account.user().to_owned());
        server.check()?;
        let secret = secret(session, name, account)?;
        return Ok(Way { server, secret: Some(secret) });
    }
    let server = server_of_send(session)?;
    server.check()?;
    let secret = match &server.user {
        Some(_) => Some(Secret::from_command(&server.password_command)?),
        None => None,
    };
    Ok(Way { server, secret })
}

/// The server of `[send]`.
fn server_of_send(session: &Session<'_>) -> Result<Server, Failure> {
    let Some(send) = &session.config.send else {
        return Err(Failure::could_not("sending: no server is set").hint(
            "put smtp into the account of the sender's address, or a [send] table with smtp and from into the config (`postroom config path`)",
        ));
    };
    let mut server = Server::new(&send.smtp.host, send.smtp.port);
    match send.smtp.tls.as_deref() {
        None => {}
        Some("on" | "implicit") => server.tls = Tls::Implicit,
        Some("starttls") => server.tls = Tls::StartTls,
        Some("off") => server.tls = Tls::Off,
        Some(other) => {
            return Err(Failure::asked_wrongly(format!("reading [send]: tls = {other:?}")).hint(
                "tls is \"implicit\", \"starttls\", or (for a loopback host alone) \"off\"",
            ));
        }
    }
    server.fingerprint.clone_from(&send.smtp.fingerprint);
    if let Some(password) = &send.password {
        server.user = Some(send.user.clone().unwrap_or_else(|| send.sender().address));
        server.password_command.clone_from(&password.command);
    }
    server.timeout = Duration::from_mins(1);
    Ok(server)
}

/// Letters in doubt that lie among the sent mail on their account's server have arrived there; of the
/// others a person must say.
fn look_for_unknown(session: &mut Session<'_>, store: &mut Store) -> Result<(), Failure> {
    let rows = store.letters()?;
    let unknown: Vec<&LetterRow> =
        rows.iter().filter(|row| row.state == LetterState::Unknown).collect();
    let mut by_account: BTreeMap<String, (Account, Vec<(LetterId, String)>)> = BTreeMap::new();
    for row in &unknown {
        let from = row.letter()?.from.address;
        if let (Some((name, account)), Some(id)) = (sender(session, &from), outbox::message_id(row))
        {
            by_account.entry(name).or_insert((account, Vec::new())).1.push((row.id, id));
        }
    }
    let mut arrived = Vec::new();
    for (name, (account, letters)) in by_account {
        let wanted: Vec<imap::Sent<'_>> =
            letters.iter().map(|(_, id)| imap::Sent::Look { message_id: id }).collect();
        match ask(session, &name, &account, &wanted) {
            Ok(found) => {
                let found = letters.iter().zip(found).filter(|(_, found)| *found);
                arrived.extend(found.map(|((id, _), _)| *id));
            }
            Err(failure) => session.note(&format!("{name}: {}", failure.message))?,
        }
    }
    for &id in &arrived {
        outbox::settle(store, id, Arrival::Arrived, session.now)?;
        store.file_letter(id)?;
        session.note(&format!("letter {}: it lies among your sent mail, so it went out", id.0))?;
    }
    for row in unknown.iter().filter(|row| !arrived.contains(&row.id)) {
        session.note(&format!(
            "letter {0}: it is not known whether it arrived; look for it in your sent mail, then `postroom outbox settle {0} --arrived` or --lost",
            row.id.0
        ))?;
    }
    Ok(())
}

/// Puts what was sent among the sent mail of its account, where the server does not do that by itself.
/// What cannot be put there now is tried again with the next `outbox send`.
fn file_sent(session: &mut Session<'_>, store: &mut Store) -> Result<(), Failure> {
    let mut by_account: BTreeMap<String, (Account, Vec<(LetterRow, String)>)> = BTreeMap::new();
    for row in store.letters()?.into_iter().filter(|row| row.to_file) {
        let from = row.letter()?.from.address;
        match (sender(session, &from), outbox::message_id(&row)) {
            (Some((name, account)), Some(id))
                if !accounts::quirks_of(&account.imap.host).keeps_sent =>
            {
                by_account.entry(name).or_insert((account, Vec::new())).1.push((row, id));
            }
            _ => store.file_letter(row.id)?,
        }
    }
    for (name, (account, letters)) in by_account {
        let wanted: Vec<imap::Sent<'_>> = letters
            .iter()
            .map(|(row, id)| imap::Sent::File { message_id: id, bytes: &row.bytes })
            .collect();
        match ask(session, &name, &account, &wanted) {
            Ok(_) => {
                for (row, _) in &letters {
                    store.file_letter(row.id)?;
                }
            }
            Err(failure) => session.note(&format!(
                "{name}: {}; the copy among your sent mail is made with the next `outbox send`",
                failure.message
            ))?,
        }
    }
    Ok(())
}

fn ask(
    session: &Session<'_>,
    name: &str,
    account: &Account,
    wanted: &[imap::Sent<'_>],
) -> Result<Vec<bool>, Failure> {
    logged_in(session, name, account, "outbox send", |login| imap::sent(login, wanted))
}

fn logged_in<T>(
    session: &Session<'_>,
    name: &str,
    account: &Account,
    command: &str,
    ask: impl FnOnce(&imap::Login<'_>) -> Result<T, imap::Error>,
) -> Result<T, Failure> {
    let secret = secret(session, name, account)?;
    let log = ConnectionLog::in_dir(&session.home.data);
    let (time, purpose) = (format_rfc3339(session.now), format!("account {name}"));
    let login = imap::Login {
        account,
        secret: &secret,
        log: &log,
        command,
        purpose: &purpose,
        time: &time,
        patience: imap::PATIENCE,
    };
    Ok(ask(&login)?)
}
