//! A second opinion, where the reader is unsure: a language model names the tier.
//!
//! The answer is one of five letters, scored in one pass behind a prefix that all mails share, so a
//! mail can neither add a verdict of its own nor make the model talk. The reader's opinion stays in
//! the balance, and the model moves a message by its probability alone: see [`PRIOR`].

use std::collections::BTreeSet;

use super::error::Error;
use super::judge::{Settings, row, verdict};
use super::verdict::{DecidedBy, Kind, Reason, Tier, Verdict};
use crate::engine::{self, Calibration, Labels, Prompt, Turn};
use crate::mail::{self, MessageId, UnixSeconds};
use crate::prompts::{self, Fence, Said, TIER_LABELS};
use crate::store::{Header, Scope, Store, VerdictRow};

/// The reader is unsure below this confidence.
const SURE_MIN: f32 = 0.6;
/// The model's opinion counts from this probability on, after the reader's was weighed in.
const TELLS_MIN: f32 = 0.5;
/// The model's probability of a tier so many steps from the reader's is multiplied by this: it
/// settles what is near, and moves nothing further than two steps, whatever a mail talks it into.
const PRIOR: [f32; 5] = [1.0, 0.7, 0.25, 0.0, 0.0];
/// Mails scored together: enough to share the prefix, few enough to stop in time.
const BATCH_MAILS: usize = 16;
/// From so many on, what the model leans to by itself is taken off.
const CALIBRATED_MAILS_MIN: usize = 8;
/// Characters of a mail that are looked at.
const MAIL_CHARS_MAX: usize = 2_000;

/// Which mail the writer is asked about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Asked {
    /// What the reader is unsure of.
    #[default]
    Unsure,
    /// All of it.
    All,
}

/// A language model that gives second opinions.
pub struct Second<'a> {
    /// The model.
    pub writer: &'a engine::Writer,
    /// Its name, for the reason.
    pub name: &'a str,
    /// The user's name.
    pub me: &'a str,
    /// Drawn anew for each run, for the fence's mark.
    pub random: u64,
}

/// Asks the writer about judged mail, newest first, and writes down what it settles. `go_on` is asked
/// before each batch. Gives back how many were asked about.
///
/// # Errors
/// The store or the writer refused; what was settled before stays.
pub fn ask_writer(
    store: &mut Store,
    second: &Second<'_>,
    ids: &[MessageId],
    asked: Asked,
    settings: &Settings,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<u64, Error> {
    let mut open = open(store, ids, asked)?;
    open.sort_by_key(|(header, _)| std::cmp::Reverse((header.date, header.id)));
    let labels = second.writer.labels(&TIER_LABELS).map_err(writer_failed)?;
    let mut count = 0;
    for batch in open.chunks(BATCH_MAILS) {
        if !go_on() {
            break;
        }
        let rows = ask(store, second, &labels, batch, settings)?;
        store.put_verdicts(&rows)?;
        count += batch.len() as u64;
    }
    Ok(count)
}

/// The mail to ask about: people's, to the user, decided by the reader.
fn open(
    store: &Store,
    ids: &[MessageId],
    asked: Asked,
) -> Result<Vec<(Header, VerdictRow)>, Error> {
    let wanted: BTreeSet<MessageId> = ids.iter().copied().collect();
    let mut open = Vec::new();
    for header in store.headers(&Scope { ids: Some(ids.to_vec()), ..Scope::default() })? {
        let Some(row) = store.verdict(header.id)?.filter(|_| wanted.contains(&header.id)) else {
            continue;
        };
        let Some(verdict) = verdict(store, header.id)? else { continue };
        let is_open = verdict.decided_by == DecidedBy::Reader
            && matches!(verdict.kind, Kind::Person | Kind::Transaction)
            && !header.own
            && (asked == Asked::All || verdict.confidence < SURE_MIN);
        if is_open {
            open.push((header, row));
        }
    }
    Ok(open)
}

fn ask(
    store: &Store,
    second: &Second<'_>,
    labels: &Labels,
    batch: &[(Header, VerdictRow)],
    settings: &Settings,
) -> Result<Vec<VerdictRow>, Error> {
    let fence = Fence::new(second.random);
    let mut prompts: Vec<Prompt> = Vec::new();
    let mut verdicts: Vec<(&Header, &VerdictRow, Verdict)> = Vec::new();
    for (header, stored) in batch {
        let Some(verdict) = verdict(store, header.id)? else { continue };
        let raw = match store.raw(header.id) {
            Err(crate::store::Error::Damaged { .. }) => continue,
            raw => raw?,
        };
        let own = mail::own_words(&mail::parse(&raw).text);
        let text: String = own.chars().take(MAIL_CHARS_MAX).collect();
        let name = &header.from.name;
        let from = if name.is_empty() { &header.from.address } else { name };
        let said = Said { from, text: &text };
        let turns =
            prompts::tier(&fence, second.me, &header.subject, said, &known(header, &verdict));
        let turns: Vec<Turn> = turns.into_iter().map(turn).collect();
        prompts.push(second.writer.prompt(&turns).map_err(writer_failed)?);
        verdicts.push((header, stored, verdict));
    }
    let common = Prompt::common(&prompts);
    let prefix = second.writer.prefix(&common).map_err(writer_failed)?;
    let scores = second.writer.score(Some(&prefix), &prompts, labels).map_err(writer_failed)?;
    let calibration = if scores.len() >= CALIBRATED_MAILS_MIN {
        Calibration::of(&scores)
    } else {
        Calibration::none(TIER_LABELS.len())
    };
    let mut rows = Vec::new();
    for ((header, stored, mut verdict), scores) in verdicts.into_iter().zip(&scores) {
        let (sent, subject) = (header.date, header.subject.as_str());
        settle(
            &mut verdict,
            sent,
            subject,
            &scores.probabilities(&calibration),
            second.name,
            settings,
        );
        rows.push(row(stored.version.clone(), &verdict));
    }
    Ok(rows)
}

/// Weighs the model's probabilities with the reader's tier; where they tell, the verdict is theirs.
fn settle(
    verdict: &mut Verdict,
    sent: UnixSeconds,
    subject: &str,
    probabilities: &[f32],
    name: &str,
    settings: &Settings,
) {
    let weighed: Vec<f32> = Tier::ALL
        .iter()
        .zip(probabilities)
        .map(|(tier, p)| p * PRIOR[(*tier as usize).abs_diff(verdict.tier as usize)])
        .collect();
    let total: f32 = weighed.iter().sum();
    let best = weighed.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
    let Some((at, most)) = best.filter(|_| total > 0.0) else { return };
    let sure = most / total;
    if !sure.is_finite() || sure < TELLS_MIN {
        return;
    }
    let tier = Tier::ALL[at];
    if tier != verdict.tier {
        let quote = verdict.reasons.iter().map(|reason| reason.quote.clone());
        let quote = quote.into_iter().find(|quote| !quote.is_empty());
        verdict.due = settings.norms.due(tier, &settings.calendar, sent);
        verdict.tier = tier;
        verdict.needs_reply = tier != Tier::Fyi;
        let text = format!("the writer {name} reads it so");
        let quote = quote.unwrap_or_else(|| subject.to_owned());
        verdict.reasons.insert(0, Reason { text, quote });
    }
    verdict.decided_by = DecidedBy::Writer;
    verdict.confidence = sure.clamp(0.01, 0.99);
}

/// What the model is told besides the mail.
fn known(header: &Header, verdict: &Verdict) -> String {
    let to = header.people.to.len();
    let place = if to <= 1 { "to the user alone".to_owned() } else { format!("to {to} people") };
    format!(
        "{place}; the user answered {} of {} mails of this sender",
        verdict.sender.replied, verdict.sender.mails
    )
}

fn turn(turn: prompts::Turn) -> Turn {
    let role = match turn.role {
        prompts::Role::System => engine::Role::System,
        prompts::Role::User => engine::Role::User,
    };
    Turn { role, text: turn.text }
}

fn writer_failed(source: engine::Error) -> Error {
    Error::Writer { source: Box::new(source) }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::*;
    use crate::ledger::Wanted;
    use crate::ledger::testing::{Mail, PlainReader, at, calendar, fill, store};
    use crate::triage::judge_new;

    fn unsure(tier: Tier) -> Verdict {
        let text = r#"{"id":1,"tier":"fyi","kind":"person","needs_reply":false,"confidence":0.4,
            "due":null,"decided_by":"reader","scores":{"junk":0,"suspicious":0,"needs_reply":0.4},
            "reasons":[{"text":"asks you","quote":"Which one?"}],"signals":[],
            "sender":{"mails":0,"replied":0,"written_to":0,"claimed_urgent":0,"was_urgent":0}}"#;
        let mut verdict: Verdict = serde_json::from_str(text).unwrap();
        verdict.tier = tier;
        verdict
    }

    #[track_caller]
    fn check(reader: Tier, probabilities: [f32; 5], expected: Tier, by: DecidedBy) {
        let sent = at("2026-03-02T09:00:00Z");
        let settings = Settings { calendar: calendar(), ..Settings::default() };
        let mut verdict = unsure(reader);
        settle(&mut verdict, sent, "Ink", &probabilities, "tiny", &settings);
        assert_eq!((verdict.tier, verdict.decided_by), (expected, by), "{verdict:?}");
        assert_eq!(verdict.due.is_some(), expected != Tier::Fyi && expected != reader);
        assert!(verdict.reasons.iter().all(|reason| !reason.quote.is_empty()));
    }

    #[test]
    fn the_writer_settles_what_is_near() {
        check(Tier::Fyi, [0.02, 0.03, 0.1, 0.8, 0.05], Tier::Consider, DecidedBy::Writer);
        check(Tier::Normal, [0.05, 0.8, 0.1, 0.05, 0.0], Tier::Today, DecidedBy::Writer);
        check(Tier::Fyi, [0.0, 0.0, 0.1, 0.1, 0.8], Tier::Fyi, DecidedBy::Writer);
    }

    #[test]
    fn it_moves_nothing_far_however_certain() {
        check(Tier::Fyi, [0.8, 0.05, 0.05, 0.05, 0.05], Tier::Fyi, DecidedBy::Writer);
        check(Tier::Fyi, [0.98, 0.01, 0.0, 0.0, 0.01], Tier::Fyi, DecidedBy::Writer);
        check(Tier::Fyi, [1.0, 0.0, 0.0, 0.0, 0.0], Tier::Fyi, DecidedBy::Reader);
    }

    #[test]
    fn a_whole_mailbox_is_asked_about_once_and_in_time() {
        let dir = tempfile::tempdir().unwrap();
        let mut store = store(dir.path());
        let texts = ["Which one shall I take?", "The room is booked.", "Could you look at it?"];
        let mails: Vec<Mail> = ["1", "2", "3"]
            .iter()
            .zip(texts)
            .map(|(id, text)| Mail { id, text, ..Mail::default() })
            .collect();
        let ids = fill(&mut store, &mails);
        let settings = Settings { calendar: calendar(), ..Settings::default() };
        let wanted = Wanted::These(ids.clone());
        let mut go_on = |_, _| ControlFlow::Continue(());
        judge_new(&mut store, &PlainReader, &wanted, &settings, &mut go_on).unwrap();
        let writer = engine::small_writer();
        let second = Second { writer: &writer, name: "tiny", me: "Ada", random: 7 };
        let mut ask = |asked, goes_on: bool| {
            ask_writer(&mut store, &second, &ids, asked, &settings, &mut || goes_on).unwrap()
        };
        assert_eq!(ask(Asked::All, false), 0);
        let asked = ask(Asked::All, true);
        assert!(asked >= 1, "people's mail is there");
        let settled = |store: &Store| {
            let decided = |id: &MessageId| verdict(store, *id).unwrap().unwrap().decided_by;
            ids.iter().map(decided).filter(|by| *by == DecidedBy::Writer).count() as u64
        };
        let again = ask(Asked::All, true);
        assert_eq!(again, asked - settled(&store).min(asked));
    }

    #[test]
    fn where_it_does_not_tell_the_reader_stays() {
        check(Tier::Normal, [0.1, 0.35, 0.2, 0.3, 0.05], Tier::Normal, DecidedBy::Reader);
    }
}
