//! A second opinion, where the reader is unsure: a language model names the tier.
//!
//! The answer is one of five letters, scored in one pass behind a prefix that all mails share, so a
//! mail can neither add a verdict of its own nor make the model talk. What the model answers to mail
//! that says nothing is taken off (contextual calibration, Zhao et al. 2021, arXiv 2102.09690), so no
//! verdict depends on other mail. The reader's opinion stays in the balance, and the model moves a
//! message by its probability alone: see [`PRIOR`]. Whoever was asked, and with which words, is part
//! of a verdict's version: see [`Settings::writer`].

use std::collections::BTreeSet;

use super::error::Error;
use super::judge::{Settings, row, verdict};
use super::verdict::{DecidedBy, Kind, Reason, Tier, Verdict};
use crate::engine::{self, Calibration, Labels, Prefix, Prompt};
use crate::mail::{self, MessageId, Person};
use crate::prompts::{self, Fence, Said, TIER_LABELS, start_of};
use crate::store::{Header, Scope, Store};

/// The reader is unsure below this confidence.
const SURE_MIN: f32 = 0.6;
/// Mail that is not said to be pressing is risky from this probability of it on.
const RISKY_MIN: f32 = 0.15;
/// The model's opinion counts from this probability on, after the reader's was weighed in.
const TELLS_MIN: f32 = 0.5;
/// The model's probability of a tier so many steps from the reader's is multiplied by this: it
/// settles what is near, and moves nothing further than two steps, whatever a mail talks it into.
const PRIOR: [f32; 5] = [1.0, 0.7, 0.25, 0.0, 0.0];
/// Characters of a mail that are looked at, of its subject, and of its sender's name.
const MAIL_CHARS_MAX: usize = 2_000;
const SUBJECT_CHARS_MAX: usize = 200;
const NAME_CHARS_MAX: usize = 80;
/// Mail that says nothing: what the model leans to by itself is what it answers here.
const CONTENT_FREE: [&str; 3] = ["", "N/A", "…"];

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
    /// Draws a number for each prompt, for the fence's mark.
    pub draw: &'a dyn Fn() -> u64,
}

/// Which of this judged mail to ask the writer of `settings` about: people's, to the user, decided by
/// the reader, and not asked about before. What may be pressing and was not said to be comes first
/// (from 0.15 on), and the newest first within each: a budget that ends early leaves what costs least.
///
/// # Errors
/// The store cannot be read.
pub fn to_ask(
    store: &Store,
    ids: &[MessageId],
    asked: Asked,
    settings: &Settings,
) -> Result<Vec<MessageId>, Error> {
    let mut open = Vec::new();
    for header in store.headers(&Scope { ids: Some(ids.to_vec()), ..Scope::default() })? {
        let Some(row) = store.verdict(header.id)? else { continue };
        let Some(verdict) = verdict(store, header.id)? else { continue };
        let is_open = verdict.decided_by == DecidedBy::Reader
            && matches!(verdict.kind, Kind::Person | Kind::Transaction)
            && !header.own
            && (asked == Asked::All || verdict.confidence < SURE_MIN)
            && !settings.was_asked(&row.version);
        if is_open {
            let tiers = verdict.untaught.tiers;
            let pressing = tiers[Tier::Now as usize] + tiers[Tier::Today as usize];
            let is_risky = verdict.tier > Tier::Today && pressing >= RISKY_MIN;
            open.push((is_risky, header.date, header.id));
        }
    }
    open.sort_unstable_by_key(|first| std::cmp::Reverse(*first));
    Ok(open.into_iter().map(|(.., id)| id).collect())
}

/// Asks the writer about mail of [`to_ask`], one after another, and writes down what it says. `go_on`
/// is asked before each. Gives back how many were asked about.
///
/// # Errors
/// The store or the writer refused; what was settled before stays.
pub fn ask_writer(
    store: &mut Store,
    second: &Second<'_>,
    ids: &[MessageId],
    settings: &Settings,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<u64, Error> {
    let me: BTreeSet<String> = store.own_addresses()?.into_iter().map(|(own, _)| own).collect();
    if ids.is_empty() || !go_on() {
        return Ok(0);
    }
    let judge = Judge::new(second)?;
    let mut count = 0;
    for id in ids {
        if !go_on() {
            break;
        }
        let Some(stored) = store.verdict(*id)? else { continue };
        let Some(mut verdict) = verdict(store, *id)? else { continue };
        let header = store.header(*id)?;
        let raw = match store.raw(*id) {
            Err(crate::store::Error::Damaged { .. }) => continue,
            raw => raw?,
        };
        let text = mail::own_or_forwarded_words(&mail::parse(&raw).text);
        if let Some(probabilities) = judge.probabilities(&header, &verdict, &text, &me)? {
            settle(&mut verdict, &header, &probabilities, second.name, settings);
        }
        store.put_verdicts(&[row(settings.asked_version(&stored.version), &verdict)])?;
        count += 1;
    }
    Ok(count)
}

/// The model with what all its prompts share read once, and what it leans to by itself.
struct Judge<'a> {
    second: &'a Second<'a>,
    labels: Labels,
    prefix: Prefix,
    calibration: Calibration,
}

impl<'a> Judge<'a> {
    fn new(second: &'a Second<'a>) -> Result<Self, Error> {
        let labels = second.writer.labels(&TIER_LABELS).map_err(writer_failed)?;
        let empty: Vec<Prompt> = CONTENT_FREE
            .iter()
            .map(|text| prompt(second, "", Said { from: "", text }, "nothing"))
            .collect::<Result<_, _>>()?;
        // Marks differ, so what is shared ends before the first of them.
        let common = Prompt::common(&empty);
        let prefix = second.writer.prefix(&common).map_err(writer_failed)?;
        let leaning = second.writer.score(Some(&prefix), &empty, &labels).map_err(writer_failed)?;
        Ok(Self { second, labels, prefix, calibration: Calibration::of(&leaning) })
    }

    /// The tiers' probabilities; nothing for mail that fits no prompt however little is taken of it.
    fn probabilities(
        &self,
        header: &Header,
        verdict: &Verdict,
        text: &str,
        me: &BTreeSet<String>,
    ) -> Result<Option<Vec<f32>>, Error> {
        let from = start_of(header.from.called(), NAME_CHARS_MAX);
        let subject = start_of(&header.subject, SUBJECT_CHARS_MAX);
        let facts = known(header, verdict, me);
        let mut chars_max = MAIL_CHARS_MAX;
        while chars_max > 0 {
            let said = Said { from, text: start_of(text, chars_max) };
            let prompt = prompt(self.second, subject, said, &facts)?;
            if prompt.tokens_count() <= self.second.writer.context_tokens() {
                let scores = self.second.writer.score(Some(&self.prefix), &[prompt], &self.labels);
                let scores = scores.map_err(writer_failed)?;
                return Ok(scores.first().map(|scores| scores.probabilities(&self.calibration)));
            }
            chars_max /= 2;
        }
        Ok(None)
    }
}

fn prompt(
    second: &Second<'_>,
    subject: &str,
    said: Said<'_>,
    facts: &str,
) -> Result<Prompt, Error> {
    let fence = Fence::new((second.draw)());
    let turns = prompts::tier(&fence, second.me, subject, said, facts);
    second.writer.prompt(&turns).map_err(writer_failed)
}

/// Weighs the model's probabilities with the reader's tier; where they tell, the verdict is theirs.
fn settle(
    verdict: &mut Verdict,
    header: &Header,
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
        verdict.due = settings.norms.due(tier, &settings.calendar, header.date);
        verdict.tier = tier;
        verdict.needs_reply = tier != Tier::Fyi;
        let text = format!("the writer {name} reads it so");
        let quote = quote.unwrap_or_else(|| header.subject.clone());
        verdict.reasons.insert(0, Reason { text, quote });
    }
    verdict.decided_by = DecidedBy::Writer;
    verdict.confidence = sure.clamp(0.01, 0.99);
}

/// What the model is told besides the mail.
fn known(header: &Header, verdict: &Verdict, me: &BTreeSet<String>) -> String {
    let is_me = |person: &&Person| me.contains(&person.address);
    let (to, cc) = (&header.people.to, &header.people.cc);
    let others = (to.len() + cc.len()).saturating_sub(1);
    let place = match (to.iter().find(is_me), cc.iter().find(is_me)) {
        (Some(_), _) if others == 0 => "to the user alone".to_owned(),
        (Some(_), _) => format!("to the user and {others} more"),
        (None, Some(_)) => "the user is only copied".to_owned(),
        (None, None) => "to a list or a group".to_owned(),
    };
    format!(
        "{place}; the user answered {} of {} mails of this sender",
        verdict.sender.replied, verdict.sender.mails
    )
}

fn writer_failed(source: engine::Error) -> Error {
    Error::Writer { source: Box::new(source) }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::ops::ControlFlow;

    use super::*;
    use crate::ledger::Wanted;
    use crate::ledger::testing::{Mail, PlainReader, calendar, fill, store};
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
        let dir = tempfile::tempdir().unwrap();
        let mut store = store(dir.path());
        let ids = fill(&mut store, &[Mail { id: "1", ..Mail::default() }]);
        let header = store.header(ids[0]).unwrap();
        let settings = Settings { calendar: calendar(), ..Settings::default() };
        let mut verdict = unsure(reader);
        settle(&mut verdict, &header, &probabilities, "tiny", &settings);
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

    /// The mailbox judged by the reader, its ids, and the settings with a writer.
    fn judged(dir: &std::path::Path, mails: &[Mail<'_>]) -> (Store, Vec<MessageId>, Settings) {
        let mut store = store(dir);
        let ids = fill(&mut store, mails);
        let writer = Some("tiny 0011".to_owned());
        let settings = Settings { calendar: calendar(), writer, ..Settings::default() };
        judge_all(&mut store, &ids, &settings);
        (store, ids, settings)
    }

    fn judge_all(store: &mut Store, ids: &[MessageId], settings: &Settings) {
        let mut go_on = |_, _| ControlFlow::Continue(());
        let wanted = Wanted::These(ids.to_vec());
        judge_new(store, &PlainReader, &wanted, settings, &mut go_on).unwrap();
    }

    fn verdicts(store: &Store, ids: &[MessageId]) -> Vec<Verdict> {
        ids.iter().map(|id| verdict(store, *id).unwrap().unwrap()).collect()
    }

    fn mails<'a>(texts: &[&'a str]) -> Vec<Mail<'a>> {
        let named = ["1", "2", "3"].iter().zip(texts);
        named.map(|(id, text)| Mail { id, text, ..Mail::default() }).collect()
    }

    #[test]
    fn what_may_be_pressing_is_asked_about_before_what_is_newer() {
        let dir = tempfile::tempdir().unwrap();
        let (mut store, ids, settings) = judged(dir.path(), &mails(&TEXTS));
        let risks = [0.0, 0.3, 0.0];
        for (id, risk) in ids.iter().zip(risks) {
            let stored = store.verdict(*id).unwrap().unwrap();
            let mut verdict = verdict(&store, *id).unwrap().unwrap();
            verdict.tier = Tier::Normal;
            verdict.untaught.tiers = [0.0, risk, 1.0 - risk, 0.0, 0.0];
            store.put_verdicts(&[row(stored.version, &verdict)]).unwrap();
        }
        let open = to_ask(&store, &ids, Asked::All, &settings).unwrap();
        assert_eq!(open, [ids[1], ids[2], ids[0]]);
    }

    const TEXTS: [&str; 3] =
        ["Which one shall I take?", "The room is booked.", "Could you look at it?"];

    #[test]
    fn each_mail_is_asked_about_once_and_in_time() {
        let dir = tempfile::tempdir().unwrap();
        let (mut store, ids, settings) = judged(dir.path(), &mails(&TEXTS));
        let writer = engine::small_writer();
        let drawn = Cell::new(0);
        let draw = || drawn.replace(drawn.get() + 1);
        let second = Second { writer: &writer, name: "tiny", me: "Ada", draw: &draw };
        let open = to_ask(&store, &ids, Asked::All, &settings).unwrap();
        assert_eq!(open.len(), 3);
        let ask = |store: &mut Store, most: u64| {
            let open = to_ask(store, &ids, Asked::All, &settings).unwrap();
            // Asked once before the shared words are read, then before each mail.
            let mut left = most + 1;
            let mut go_on = || {
                left = left.saturating_sub(1);
                left > 0
            };
            ask_writer(store, &second, &open, &settings, &mut go_on).unwrap()
        };
        assert_eq!(ask(&mut store, 0), 0);
        assert_eq!(ask(&mut store, 2), 1, "asked between two mails");
        assert_eq!(ask(&mut store, 100), 2);
        assert_eq!(ask(&mut store, 100), 0, "settled or not, nobody is asked twice");
        assert!(drawn.get() >= 6, "each prompt has a mark of its own");
        let answered = verdicts(&store, &ids);
        judge_all(&mut store, &ids, &settings);
        assert_eq!(verdicts(&store, &ids), answered, "what it said stays");
    }

    #[test]
    fn another_writer_or_none_makes_its_verdicts_stale() {
        let dir = tempfile::tempdir().unwrap();
        let (mut store, ids, settings) = judged(dir.path(), &mails(&TEXTS[..1]));
        let plain = verdicts(&store, &ids);
        let stored = store.verdict(ids[0]).unwrap().unwrap();
        let mut moved = plain[0].clone();
        moved.decided_by = DecidedBy::Writer;
        store.put_verdicts(&[row(settings.asked_version(&stored.version), &moved)]).unwrap();
        judge_all(&mut store, &ids, &settings);
        assert_eq!(verdicts(&store, &ids), [moved]);
        for writer in [None, Some("other 2233".to_owned())] {
            let settings = Settings { writer, ..settings.clone() };
            judge_all(&mut store, &ids, &settings);
            assert_eq!(verdicts(&store, &ids), plain);
        }
    }

    #[test]
    fn one_mails_verdict_does_not_depend_on_another() {
        let dir = tempfile::tempdir().unwrap();
        let (store, ids, _) = judged(dir.path(), &mails(&TEXTS));
        let writer = engine::small_writer();
        let second = Second { writer: &writer, name: "tiny", me: "Ada", draw: &|| 7 };
        let judge = Judge::new(&second).unwrap();
        let me = BTreeSet::new();
        let tell = |judge: &Judge<'_>, at: usize| {
            let header = store.header(ids[at]).unwrap();
            let verdict = verdict(&store, ids[at]).unwrap().unwrap();
            judge.probabilities(&header, &verdict, TEXTS[at], &me).unwrap().unwrap()
        };
        let first = tell(&judge, 0);
        assert_ne!(tell(&judge, 2), first);
        assert_eq!(tell(&Judge::new(&second).unwrap(), 0), first);
        assert_eq!(tell(&judge, 0), first);
        assert!((first.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{first:?}");
    }

    #[test]
    fn a_mail_without_measure_is_cut_or_left_out() {
        let dir = tempfile::tempdir().unwrap();
        let subject = "ᚠ".repeat(20_000);
        let text = "ᚠ🂡".repeat(5_000);
        let mail = Mail { id: "1", subject: &subject, text: &text, ..Mail::default() };
        let (mut store, ids, settings) = judged(dir.path(), &[mail]);
        let writer = engine::small_writer();
        let second = Second { writer: &writer, name: "tiny", me: "Ada", draw: &|| 7 };
        assert_eq!(ask_writer(&mut store, &second, &ids, &settings, &mut || true).unwrap(), 1);
    }

    #[test]
    fn the_model_is_told_where_the_user_stands() {
        let dir = tempfile::tempdir().unwrap();
        let (store, ids, _) = judged(dir.path(), &mails(&TEXTS[..1]));
        let header = store.header(ids[0]).unwrap();
        let person =
            |address: &&str| Person { address: (*address).to_owned(), ..Person::default() };
        let check = |to: &[&str], cc: &[&str], expected: &str| {
            let mut header = header.clone();
            header.people.to = to.iter().map(person).collect();
            header.people.cc = cc.iter().map(person).collect();
            let me = BTreeSet::from(["ada@example.org".to_owned()]);
            let told = known(&header, &unsure(Tier::Fyi), &me);
            assert!(told.starts_with(expected), "{told}");
        };
        check(&["ada@example.org"], &[], "to the user alone;");
        check(&["ada@example.org", "ben@example.org"], &[], "to the user and 1 more;");
        check(&["ben@example.org"], &["ada@example.org"], "the user is only copied;");
        check(&["crew@example.org"], &[], "to a list or a group;");
        check(&[], &[], "to a list or a group;");
    }

    #[test]
    fn where_it_does_not_tell_the_reader_stays() {
        check(Tier::Normal, [0.1, 0.35, 0.2, 0.3, 0.05], Tier::Normal, DecidedBy::Reader);
    }
}
