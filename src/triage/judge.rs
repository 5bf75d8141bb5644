//! Judging what is not judged yet.

use std::collections::{BTreeSet, HashSet};
use std::ops::ControlFlow;

use super::Error;
use super::case::Case;
use super::case::Tally;
use super::history::{ALARM_SECONDS, Habit, History, domain_of};
use super::kind;
use super::learned;
use super::taught::Taught;
use super::tier::{self, TierOpinion};
use super::verdict::{DecidedBy, Kind, Reason, Scores, Signal, Tier, Untaught, Verdict};
use super::wording;
use crate::ledger::{self, Coverage, Folded, Read, Wanted};
use crate::mail::when::{Calendar, Norm};
use crate::mail::{self, MessageId, UnixSeconds};
use crate::prompts;
use crate::store::{Header, Scope, Store, VerdictRow};

/// Rises when the code here gives other verdicts.
const CODE_VERSION: &str = "triage 3";
/// Without a query, mail of so many seconds before now is judged.
pub const WINDOW_SECONDS: i64 = 45 * 86_400;
/// Verdicts stored at once.
const BATCH_MESSAGES: usize = 200;
/// Seconds of a day.
const DAY_SECONDS: i64 = 86_400;
/// Reasons shown of one message.
const REASONS_MAX: usize = 6;

/// How soon each tier wants an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Norms {
    /// Of `now`.
    pub now: Norm,
    /// Of `today`.
    pub today: Norm,
    /// Of `normal`.
    pub normal: Norm,
    /// Of `consider`.
    pub consider: Norm,
}

impl Default for Norms {
    fn default() -> Self {
        Self {
            now: Norm::Minutes(30),
            today: Norm::WorkingMinutes(8 * 60),
            normal: Norm::WorkingDays(1),
            consider: Norm::WorkingDays(2),
        }
    }
}

impl Norms {
    /// When an answer to mail of this tier is due.
    pub(super) fn due(
        &self,
        tier: Tier,
        calendar: &Calendar,
        sent: UnixSeconds,
    ) -> Option<UnixSeconds> {
        self.of(tier).due(calendar, sent)
    }

    fn of(&self, tier: Tier) -> Norm {
        match tier {
            Tier::Now => self.now,
            Tier::Today => self.today,
            Tier::Normal => self.normal,
            Tier::Consider => self.consider,
            Tier::Fyi => Norm::None,
        }
    }
}

/// A rule of the user's configuration with the messages its query found.
#[derive(Clone, Debug, Default)]
pub struct Rule {
    /// The query, as written.
    pub when: String,
    /// The tier it gives.
    pub tier: Option<Tier>,
    /// The kind it gives.
    pub kind: Option<Kind>,
    /// What the query found.
    pub matches: HashSet<MessageId>,
}

/// What the user set.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Working hours and zone.
    pub calendar: Calendar,
    /// Due times.
    pub norms: Norms,
    /// Rules; the first that matches decides.
    pub rules: Vec<Rule>,
    /// The writer that gives second opinions: its name and its weights' digest. It belongs to the
    /// version of what it was asked about, so that another writer, or none, makes that stale.
    pub writer: Option<String>,
    /// What the user taught.
    pub taught: Taught,
}

impl Settings {
    /// What stamps verdicts: another reader, calendar or norm makes them stale.
    fn version(&self, reader: &dyn Read) -> String {
        let digest = digest(&format!("{:?}{:?}", self.calendar, self.norms));
        format!("{CODE_VERSION}, {}, {digest:016x}", ledger::version(reader))
    }

    /// The version of a verdict once the writer was asked about it.
    pub(super) fn asked_version(&self, version: &str) -> String {
        format!("{version}{}", self.asked_mark().unwrap_or_default())
    }

    /// Whether a verdict of this version was shown to the writer.
    pub(super) fn was_asked(&self, version: &str) -> bool {
        self.asked_mark().is_some_and(|mark| version.ends_with(&mark))
    }

    fn asked_mark(&self) -> Option<String> {
        let writer = self.writer.as_ref()?;
        Some(format!(", writer {writer}, {}", prompts::Kind::Tier.stamp()))
    }

    /// The first rule that found the message.
    fn rule_for(&self, id: MessageId) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.matches.contains(&id))
    }

    /// The version of one message's verdict: the rule that decides it and the corrections that touch it
    /// belong to it, so that one made, changed or dropped makes stale what it touches and nothing else.
    fn version_for(&self, version: &str, header: &Header) -> String {
        let mut version = version.to_owned();
        if let Some(rule) = self.rule_for(header.id) {
            let digest = digest(&format!("{}>{:?}>{:?}", rule.when, rule.tier, rule.kind));
            version.push_str(&format!(", rule {digest:016x}"));
        }
        if let Some(mark) = self.taught.mark(header) {
            version.push_str(&format!(", taught {mark}"));
        }
        version
    }
}

/// FNV-1a: stable over builds, and nothing here needs to resist anybody.
pub(super) fn digest(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Reads and judges what is wanted and not judged by this version, oldest first, so that each message
/// is judged from what was known when it came. The user's own mail gets no verdict.
///
/// `confidence` is the probability that tier and kind are both right: the product of their
/// probabilities, calibrated on hand-labelled mailboxes (Platt 1999). `scripts/eval-triage` measures
/// its error.
///
/// # Errors
/// The store or the reader refused; what was stored before stays.
pub fn judge_new(
    store: &mut Store,
    reader: &dyn Read,
    wanted: &Wanted,
    settings: &Settings,
    progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<Coverage, Error> {
    if let Wanted::These(ids) = wanted {
        // What was on fire when a message came is part of what was known then: without it a message
        // judged alone would get another verdict than among its neighbours.
        let before = Wanted::These(just_before(store, ids)?);
        judge_wanted(store, reader, &before, settings, &mut |_, _| ControlFlow::Continue(()))?;
    }
    judge_wanted(store, reader, wanted, settings, progress)
}

/// Mail of others that came shortly before any of these messages.
fn just_before(store: &Store, ids: &[MessageId]) -> Result<Vec<MessageId>, Error> {
    let mut before = BTreeSet::new();
    for header in store.headers(&Scope { ids: Some(ids.to_vec()), ..Scope::default() })? {
        let scope = Scope {
            since: Some(UnixSeconds(header.date.0 - ALARM_SECONDS)),
            until: Some(header.date),
            ..Scope::default()
        };
        store.each_header(&scope, |header| {
            if !header.own {
                before.insert(header.id);
            }
            Ok::<(), Error>(())
        })?;
    }
    for id in ids {
        before.remove(id);
    }
    Ok(before.into_iter().collect())
}

fn judge_wanted(
    store: &mut Store,
    reader: &dyn Read,
    wanted: &Wanted,
    settings: &Settings,
    progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
) -> Result<Coverage, Error> {
    ledger::read_new(store, reader, wanted, &settings.calendar, progress)?;
    let version = settings.version(reader);
    let reading_version = ledger::version(reader);
    let (mut pending, coverage) = pending(store, wanted, settings, &version)?;
    // A run that was broken off judges what it has read.
    let mut unread = Vec::new();
    for header in &pending {
        if store.reading(header.id, &reading_version)?.is_none() {
            unread.push(header.id);
        }
    }
    pending.retain(|header| !unread.contains(&header.id));
    let (Some(first), Some(last)) = (pending.first(), pending.last()) else {
        return Ok(coverage);
    };
    let mut alarms = alarms(store, first.date, last.date)?.into_iter().peekable();
    let mut history = History::collect(store, last.date)?;
    let total = coverage.total;
    let mut done = coverage.done;
    let mut rows = Vec::new();
    for header in &pending {
        let before = |alarm: &Header| (alarm.date, alarm.id) < (header.date, header.id);
        while let Some(alarm) = alarms.next_if(before) {
            history.raise(&alarm);
        }
        history.advance(header.date, header.id);
        let verdict = judge(store, &reading_version, header, &mut history, settings)?;
        rows.push(row(settings.version_for(&version, header), &verdict));
        done += 1;
        if rows.len() >= BATCH_MESSAGES {
            store.put_verdicts(&rows)?;
            rows.clear();
            let _ = progress(done, total);
        }
    }
    store.put_verdicts(&rows)?;
    let _ = progress(done, total);
    Ok(Coverage { done, total })
}

/// Judges all mail of others in `wanted` anew, in time order and with what was taught by then alone,
/// and calls `each` with every verdict. Nothing is stored but readings.
pub(super) fn replay(
    store: &mut Store,
    reader: &dyn Read,
    wanted: &Wanted,
    settings: &Settings,
    progress: &mut dyn FnMut(u64, u64) -> ControlFlow<()>,
    each: &mut dyn FnMut(Header, Verdict),
) -> Result<(), Error> {
    ledger::read_new(store, reader, wanted, &settings.calendar, progress)?;
    let reading_version = ledger::version(reader);
    // No verdict is of this version: all are wanted.
    let (headers, _) = pending(store, wanted, settings, "none")?;
    let Some(last) = headers.last() else { return Ok(()) };
    let mut history = History::collect(store, last.date)?;
    let mut settings = settings.clone();
    let mut lessons = settings.taught.restart().into_iter().peekable();
    for header in headers {
        if store.reading(header.id, &reading_version)?.is_none() {
            continue;
        }
        let mut learned = false;
        while let Some(lesson) = lessons.next_if(|lesson| lesson.time < header.date) {
            settings.taught.add(lesson);
            learned = true;
        }
        if learned {
            settings.taught.fit();
        }
        history.advance(header.date, header.id);
        let verdict = judge(store, &reading_version, &header, &mut history, &settings)?;
        each(header, verdict);
    }
    Ok(())
}

/// Alarms among what was judged before, from shortly before `first` on, in time order.
fn alarms(store: &Store, first: UnixSeconds, last: UnixSeconds) -> Result<Vec<Header>, Error> {
    let since = UnixSeconds(first.0 - ALARM_SECONDS);
    let mut ids = Vec::new();
    for row in store.verdicts(since, last)? {
        if row.tier == Tier::Now.as_str() || row.kind == Kind::Notification.as_str() {
            ids.push(row.message);
        }
    }
    let mut alarms = Vec::new();
    for header in store.headers(&Scope { ids: Some(ids), ..Scope::default() })? {
        if verdict(store, header.id)?.is_some_and(|verdict| is_alarm(&header, &verdict)) {
            alarms.push(header);
        }
    }
    alarms.sort_by_key(|header| (header.date, header.id));
    Ok(alarms)
}

/// Headers of what is not judged yet, in time order, and how much is.
fn pending(
    store: &Store,
    wanted: &Wanted,
    settings: &Settings,
    version: &str,
) -> Result<(Vec<Header>, Coverage), Error> {
    let scope = match wanted {
        Wanted::Between(since, until) => {
            Scope { since: Some(*since), until: Some(*until), ..Scope::default() }
        }
        Wanted::These(ids) => Scope { ids: Some(ids.clone()), ..Scope::default() },
    };
    // The user's own mail is judged only where it is asked for by name.
    let own_too = matches!(wanted, Wanted::These(_));
    let mut pending = Vec::new();
    let mut coverage = Coverage::default();
    store.each_header(&scope, |header| {
        if header.own && !own_too {
            return Ok(());
        }
        coverage.total += 1;
        let version = settings.version_for(version, &header);
        let asked = settings.asked_version(&version);
        let known = store
            .verdict(header.id)?
            .is_some_and(|row| row.version == version || row.version == asked);
        if known {
            coverage.done += 1;
        } else {
            pending.push(header);
        }
        Ok::<(), crate::store::Error>(())
    })?;
    pending.sort_by_key(|header| (header.date, header.id));
    Ok((pending, coverage))
}

fn judge(
    store: &Store,
    reading_version: &str,
    header: &Header,
    history: &mut History,
    settings: &Settings,
) -> Result<Verdict, Error> {
    let reading = ledger::reading(store, header.id, reading_version)?.unwrap_or_default();
    let entries = ledger::entries_of(store, header.id)?;
    let raw = match store.raw(header.id) {
        Ok(raw) => raw,
        Err(crate::store::Error::Damaged { .. }) => Vec::new(),
        Err(error) => return Err(error.into()),
    };
    let message = mail::parse(&raw);
    let parent = parent_of(store, &message)?;
    let links = mail::links(&raw);
    let case = Case::new(header, &message, links, &reading, &entries, history, parent);
    let mut tally = Tally::default();
    let kind = kind::kind(&case, &mut tally);
    let mut tier = tier::tier(&case, &kind, &settings.calendar, &mut tally);
    if let Some(habit) = history.habit(&header.from.address)
        && !matches!(kind.kind, Kind::Junk | Kind::Suspicious)
    {
        apply_habit(&mut tier, &habit, &header.from.address, &mut tally);
    }
    tally.weigh("sure: kind", kind.probability, kind.probability);
    tally.weigh("sure: tier", tier.margin, tier.margin);
    let confidence = learned::confidence(kind.probability * tier.margin);
    let scores = Scores { junk: kind.junk, suspicious: kind.suspicious, needs_reply: tier.reply };
    let mut verdict = Verdict {
        id: header.id,
        tier: tier.tier,
        kind: kind.kind,
        needs_reply: tier.needs_reply,
        confidence,
        due: None,
        decided_by: DecidedBy::Reader,
        scores,
        reasons: tally.reasons,
        signals: tally.signals,
        sender: case.sender,
        untaught: Untaught {
            tier: tier.tier,
            tiers: tier.probabilities,
            kinds: kind.probabilities,
            reply: tier.reply,
        },
    };
    drop(case);
    apply_taught(&mut verdict, header, settings);
    apply_rule(&mut verdict, settings);
    apply_word(&mut verdict, settings);
    verdict.due = due(&verdict, &tier, header.date, settings);
    verdict.reasons.truncate(REASONS_MAX);
    if verdict.reasons.is_empty() {
        let text =
            if verdict.needs_reply { "somebody waits for you" } else { "asks nothing of you" };
        verdict.reasons.push(Reason { text: text.to_owned(), quote: String::new() });
    }
    if is_alarm(header, &verdict) {
        history.raise(header);
    }
    Ok(verdict)
}

fn parent_of(store: &Store, message: &mail::Message) -> Result<Option<mail::Person>, Error> {
    let id = message.in_reply_to.first().or_else(|| message.references.last());
    let Some(id) = id else { return Ok(None) };
    let Some(id) = store.by_rfc_id(id)? else { return Ok(None) };
    Ok(Some(store.header(id)?.from))
}

/// Adds what the user does with the sender's mail.
fn apply_habit(tier: &mut TierOpinion, habit: &Habit, from: &str, tally: &mut Tally) {
    #[cfg(test)]
    if super::testing::is_without_habits() {
        return;
    }
    let mails = habit.mails as f32;
    tally.weigh("habit: you answer them quickly", habit.quick as f32 / mails, habit.pressing);
    tally.weigh("habit: you leave their mail", 1.0 - habit.wanted as f32 / mails, -habit.aside);
    let by = [habit.pressing, habit.pressing, 0.0, 0.0, habit.aside];
    let mut after: [f32; 5] = std::array::from_fn(|at| tier.probabilities[at] * by[at].exp());
    let all: f32 = after.iter().sum();
    after.iter_mut().for_each(|p| *p /= all);
    let before = learned::cheapest(&tier.probabilities, 0..5);
    let moved = learned::cheapest(&after, 0..5).filter(|moved| Some(*moved) != before);
    tier.probabilities = after;
    if let Some(moved) = moved {
        let (mails, wanted, quick) = (habit.mails, habit.wanted, habit.quick);
        let text = if moved < tier.tier {
            format!("you answered {quick} of {mails} earlier mails of {from} within hours")
        } else {
            format!("you answered {wanted} of {mails} earlier mails of {from}")
        };
        tally.reasons.insert(0, Reason { text, quote: String::new() });
        tier.tier = moved;
        tier.needs_reply = tier.needs_reply && moved != Tier::Fyi;
    }
    tier.margin = tier.probabilities[tier.tier as usize];
}

/// Adds what the user taught of mail like this. Where nothing was, nothing changes.
fn apply_taught(verdict: &mut Verdict, header: &Header, settings: &Settings) {
    let shifted = settings.taught.shifted(header, &verdict.untaught);
    if let Some(kinds) = shifted.kinds {
        let likeliest = (0..kinds.len()).max_by(|a, b| kinds[*a].total_cmp(&kinds[*b]));
        let kind = likeliest.map_or(verdict.kind, |at| Kind::ALL[at]);
        if kind != verdict.kind {
            let text = format!("you said of mail like this that it is of kind {kind}");
            verdict.reasons.insert(0, Reason { text, quote: header.from.address.clone() });
        }
        verdict.kind = kind;
        verdict.scores.junk = kinds[Kind::Junk as usize];
        verdict.scores.suspicious = kinds[Kind::Suspicious as usize];
    }
    if let Some(reply) = shifted.reply {
        verdict.scores.needs_reply = reply;
        verdict.needs_reply = reply >= 0.5;
    }
    let Some(tiers) = shifted.tiers else { return };
    // Costs decide as they do without corrections; where those change nothing, neither does this.
    let before = learned::cheapest(&verdict.untaught.tiers, 0..5);
    let after = learned::cheapest(&tiers, 0..5);
    let tier = if after == before { verdict.tier } else { after.unwrap_or(verdict.tier) };
    let about = settings.taught.about(header, tier, verdict.tier);
    let other = if tier == verdict.tier { likeliest_but(&tiers, tier) } else { verdict.tier };
    for (what, count, by) in settings.taught.about(header, tier, other).into_iter().take(4) {
        let name = format!("taught: {what}");
        verdict.signals.push(Signal { name, value: count as f32, weight: by });
    }
    if tier != verdict.tier
        && let Some((what, count, _)) = about.into_iter().next()
    {
        let times = if count == 1 { "once".to_owned() } else { format!("{count} times") };
        let text = format!("you corrected {what} {times}");
        verdict.reasons.insert(0, Reason { text, quote: String::new() });
    }
    let sure = tiers[tier as usize] / verdict.untaught.tiers[verdict.tier as usize].max(0.01);
    verdict.confidence = (verdict.confidence * sure).clamp(0.01, 0.99);
    verdict.tier = tier;
    verdict.needs_reply = verdict.needs_reply && tier != Tier::Fyi;
}

/// A verdict that was made with nothing taught, with what is taught now.
#[cfg(test)]
pub(super) fn judged_anew(untaught: &Verdict, header: &Header, settings: &Settings) -> Verdict {
    let mut verdict = untaught.clone();
    apply_taught(&mut verdict, header, settings);
    verdict
}

fn likeliest_but(tiers: &[f32; 5], tier: Tier) -> Tier {
    let others = Tier::ALL.into_iter().filter(|other| *other != tier);
    others.max_by(|a, b| tiers[*a as usize].total_cmp(&tiers[*b as usize])).unwrap_or(tier)
}

/// What the user said of this very message stands above all else.
fn apply_word(verdict: &mut Verdict, settings: &Settings) {
    let Some(said) = settings.taught.said_of(verdict.id) else { return };
    verdict.kind = said.kind.unwrap_or(verdict.kind);
    verdict.tier = said.tier.unwrap_or(verdict.tier);
    let needs = verdict.needs_reply && verdict.tier != Tier::Fyi;
    verdict.needs_reply = said.needs_reply.unwrap_or(needs);
    verdict.decided_by = DecidedBy::You;
    verdict.confidence = 1.0;
    let text = format!("you said that it is {}", super::taught::in_words(&said));
    verdict.reasons.insert(0, Reason { text, quote: String::new() });
}

fn apply_rule(verdict: &mut Verdict, settings: &Settings) {
    let Some(rule) = settings.rule_for(verdict.id) else { return };
    if let Some(tier) = rule.tier {
        verdict.tier = tier;
        verdict.needs_reply = verdict.needs_reply && tier != Tier::Fyi;
    }
    if let Some(kind) = rule.kind {
        verdict.kind = kind;
    }
    verdict.decided_by = DecidedBy::Rule;
    verdict.confidence = 1.0;
    let text = format!("your rule: {}", rule.when);
    verdict.reasons.insert(0, Reason { text, quote: String::new() });
}

/// The time the sender named, else the norm of the tier. Where there is hurry a time that is more than
/// a day off is not what hurries.
fn due(
    verdict: &Verdict,
    tier: &TierOpinion,
    sent: UnixSeconds,
    settings: &Settings,
) -> Option<UnixSeconds> {
    let norm = settings.norms.due(verdict.tier, &settings.calendar, sent)?;
    Some(match (verdict.tier, tier.deadline) {
        (_, None) => norm,
        (Tier::Now | Tier::Today, Some(named)) if named.0 - sent.0 > DAY_SECONDS => named.min(norm),
        (_, Some(named)) => named,
    })
}

/// Mail that sets a matter on fire: what is `now`, and machines that say something is down.
fn is_alarm(header: &Header, verdict: &Verdict) -> bool {
    if matches!(verdict.kind, Kind::Junk | Kind::Suspicious | Kind::Promotion | Kind::Newsletter) {
        return false;
    }
    // Without what was taught: another message's verdict must not hang on a correction of this one.
    let tier = match verdict.decided_by {
        DecidedBy::Rule | DecidedBy::Writer => verdict.tier,
        DecidedBy::Reader | DecidedBy::You => verdict.untaught.tier,
    };
    tier == Tier::Now
        || (header.facts.automatic
            && !domain_of(&header.from.address).is_empty()
            && Folded::new(&header.subject).any(wording::MACHINE_OUTAGE))
}

pub(super) fn row(version: String, verdict: &Verdict) -> VerdictRow {
    VerdictRow {
        message: verdict.id,
        version,
        tier: verdict.tier.as_str().to_owned(),
        kind: verdict.kind.as_str().to_owned(),
        needs_reply: verdict.needs_reply,
        due: verdict.due,
        data: serde_json::to_string(verdict).unwrap_or_default(),
    }
}

/// The stored verdict on a message, whatever version made it; nothing when it was not judged.
///
/// # Errors
/// The store cannot be read, or holds something else.
pub fn verdict(store: &Store, id: MessageId) -> Result<Option<Verdict>, Error> {
    let Some(row) = store.verdict(id)? else { return Ok(None) };
    serde_json::from_str(&row.data).map(Some).map_err(|source| Error::Damaged { id, source })
}
