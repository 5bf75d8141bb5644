//! `triage`, `why` and the ledger's pages.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use serde_json::json;

use super::args;
use super::failure::Failure;
use super::find::ids_of;
use super::listing::{self, Rest, title};
use super::progress::Progress;
use super::read::person;
use super::screen::{Style, fit, shorten};
use super::session::{Session, ledger_version, weighted};
use crate::ledger::{self, Coverage, Ledger, Wanted};
use crate::mail::when::{Norm, format_rfc3339, human_with_time, short};
use crate::mail::{Message, MessageId, UnixSeconds};
use crate::search::Fact;
use crate::store::{Header, Store};
use crate::triage::{self, Asked, Item, Kind, ListOptions, Listed, Norms, Rule, State, Tier};

/// A page of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    Owed,
    Waiting,
    Promises,
    Decisions,
}

impl Page {
    fn kind(self) -> &'static str {
        match self {
            Self::Owed => "owed",
            Self::Waiting => "waiting",
            Self::Promises => "promises",
            Self::Decisions => "decisions",
        }
    }
}

impl From<triage::Error> for Failure {
    fn from(error: triage::Error) -> Self {
        match error {
            triage::Error::Store(error) => error.into(),
            error => Self::from_error(&error)
                .hint("`postroom index rebuild` makes everything derived anew"),
        }
    }
}

impl From<ledger::Error> for Failure {
    fn from(error: ledger::Error) -> Self {
        match error {
            ledger::Error::Store(error) => error.into(),
            error => Self::from_error(&error)
                .hint("`postroom index rebuild` makes everything derived anew"),
        }
    }
}

/// The config's hours, norms and rules, with what each rule matches.
pub(super) fn settings(
    session: &mut Session<'_>,
    store: &Store,
) -> Result<triage::Settings, Failure> {
    let mut norms = Norms::default();
    for (name, norm) in &session.config.tiers {
        let wrong = |why: String| {
            Failure::asked_wrongly(format!("reading [tiers.{name}]: {why}"))
                .hint("for example: due = \"8 working hours\", \"2 working days\", \"30 minutes\"")
        };
        let parsed = Norm::parse(&norm.due).map_err(|error| wrong(error.to_string()))?;
        match name.as_str() {
            "now" => norms.now = parsed,
            "today" => norms.today = parsed,
            "normal" => norms.normal = parsed,
            "consider" => norms.consider = parsed,
            _ => return Err(wrong("there is no such tier with a due time".into())),
        }
    }
    let mut rules = Vec::new();
    for rule in session.config.rules.clone() {
        let wrong = |why: String| {
            Failure::asked_wrongly(format!("reading the rule {:?}: {why}", rule.when))
                .hint("a rule has when = a query, and tier or kind")
        };
        let tier = rule.tier.as_deref().map(str::parse::<Tier>).transpose();
        let kind = rule.kind.as_deref().map(str::parse::<Kind>).transpose();
        let matches = ids_of(session, store, &rule.when)
            .map_err(|failure| Failure { hint: failure.hint.clone(), ..wrong(failure.message) })?;
        rules.push(Rule {
            when: rule.when.clone(),
            tier: tier.map_err(|error| wrong(error.to_string()))?,
            kind: kind.map_err(|error| wrong(error.to_string()))?,
            matches: matches.into_iter().collect::<HashSet<_>>(),
        });
    }
    let writer = session.writer_stamp();
    let taught = triage::Taught::load(store, session.now)?;
    Ok(triage::Settings { calendar: session.calendar.clone(), norms, rules, writer, taught })
}

/// Judges what is wanted and not judged yet; gives back the coverage and the readings' version.
pub(super) fn judge(
    session: &mut Session<'_>,
    store: &mut Store,
    wanted: &Wanted,
    budget: Option<Duration>,
) -> Result<(Coverage, String), Failure> {
    let settings = settings(session, store)?;
    judge_by(session, store, wanted, &settings, budget)
}

fn judge_by(
    session: &mut Session<'_>,
    store: &mut Store,
    wanted: &Wanted,
    settings: &triage::Settings,
    budget: Option<Duration>,
) -> Result<(Coverage, String), Failure> {
    let reader = session.reader()?;
    let reader = weighted(&reader);
    let began = Instant::now();
    let mut progress = Progress::new(session.shows_progress(), "judging");
    let coverage = triage::judge_new(store, &reader, wanted, settings, &mut |done, total| {
        progress.at(done, total);
        match budget {
            Some(budget) if began.elapsed() >= budget => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    })?;
    Ok((coverage, ledger::version(&reader)))
}

/// The time range triage and brief look at without a query.
pub(super) fn window(session: &Session<'_>) -> Wanted {
    Wanted::Between(UnixSeconds(session.now.0 - triage::WINDOW_SECONDS), session.now)
}

pub(super) fn triage(session: &mut Session<'_>, args: &args::Triage) -> Result<u8, Failure> {
    let budget = args.budget.as_deref().map(budget).transpose()?;
    let mut store = session.store()?;
    let narrowed = !args.tier.is_empty() || !args.kind.is_empty();
    let limit = args.limit.filter(|_| !args.stats);
    let mut beyond = 0;
    let ids = if args.query.is_empty() {
        None
    } else {
        let query = args.query.join(" ");
        let mut ids = ids_of(session, &store, &query)?;
        if !query.contains("from:me") {
            ids = of_others(&store, ids)?;
        }
        // Which of them are of a tier or kind is known only when all are judged.
        if let Some(limit) = limit.filter(|_| !narrowed) {
            beyond = ids.len().saturating_sub(limit);
            ids.truncate(limit);
        }
        Some(ids)
    };
    let wanted = ids.clone().map_or_else(|| window(session), Wanted::These);
    let began = Instant::now();
    let mut settings = settings(session, &store)?;
    if args.writer == args::AskWriter::Never {
        settings.writer = None;
    }
    let (coverage, reading_version) = judge_by(session, &mut store, &wanted, &settings, budget)?;
    let left = budget.map(|budget| budget.saturating_sub(began.elapsed()));
    let writer = second_opinions(session, &mut store, args, &wanted, &settings, left)?;
    let options = ListOptions {
        as_of: session.now,
        reading_version,
        tiers: args.tier.iter().map(|tier| tier_of(*tier)).collect(),
        kinds: args.kind.iter().map(|kind| kind_of(*kind)).collect(),
        all: args.all || args.stats,
        limit: None,
    };
    let Listed { mut items, settled } = match &ids {
        None => triage::listed(&store, &options)?,
        Some(ids) => Listed { items: triage::items(&store, ids, &options)?, settled: 0 },
    };
    if args.stats {
        return stats(session, &store, &items, coverage);
    }
    let window = if args.window { Some(window_now(session)?) } else { None };
    let mut held = 0;
    if let Some((opened, _)) = window {
        let windowed = triage::windowed(&store, items, opened)?;
        (items, held) = (windowed.items, windowed.held);
    }
    if session.global.json {
        items.truncate(limit.unwrap_or(usize::MAX));
        let values = items.iter().map(|item| json!(item)).collect();
        let mut envelope = session.envelope("triage", Some(&store));
        if let Some((opened, next)) = window {
            let (opened, next) = (format_rfc3339(opened), format_rfc3339(next));
            envelope =
                envelope.with("window", json!({"opened": opened, "next": next, "held": held}));
        }
        let envelope = envelope
            .with("writer", json!(writer))
            .coverage(coverage.done, coverage.total)
            .items(values);
        session.out.json(&envelope.value())?;
        return Ok(0);
    }
    let unjudged = coverage.total - coverage.done;
    let zone = session.calendar.zone.clone();
    if let Some((_, next)) = window {
        let next = human_with_time(next, session.now, &zone);
        let held = super::screen::counted(held as u64, "thread", "threads");
        session.note(&format!("{held} came since the window opened and wait until {next}"))?;
    }
    let nothing = match &ids {
        Some(_) => "Nothing found.".to_owned(),
        None => nothing(session, &store, args, coverage)?,
    };
    let folds = ids.is_none() && !args.all && !narrowed;
    listing::print(session, &items, &Rest { folds, limit, beyond, settled, unjudged, nothing })?;
    if unjudged > 0 {
        let total = coverage.total;
        session.note(&format!("{unjudged} of {total} not judged yet: run it again to go on"))?;
    }
    Ok(0)
}

/// The window that is open and the next one.
fn window_now(session: &Session<'_>) -> Result<(UnixSeconds, UnixSeconds), Failure> {
    let times = session.config.window_minutes();
    triage::windows_around(&times, &session.calendar, session.now).ok_or_else(|| {
        Failure::asked_wrongly("triage --window: the config names no windows")
            .hint("for example windows = [\"09:30\", \"15:30\"] under [me]")
    })
}

/// Why a list without a query is empty.
fn nothing(
    session: &Session<'_>,
    store: &Store,
    args: &args::Triage,
    coverage: Coverage,
) -> Result<String, Failure> {
    let days = triage::WINDOW_SECONDS / 86_400;
    if coverage.total == 0 && store.messages_count(session.as_of)? > 0 {
        return Ok(format!(
            "No mail of the last {days} days is here, and triage looks no further back by itself. \
             `postroom triage '*'` looks at all of it."
        ));
    }
    if coverage.total == 0 {
        return Ok("There is no mail here yet.".to_owned());
    }
    let judged = if coverage.done < coverage.total { " of what is judged so far" } else { "" };
    Ok(match (args.tier.is_empty() && args.kind.is_empty(), args.all) {
        (false, true) => format!("Nothing{judged} is of that tier and kind."),
        (false, false) => format!("Nothing open{judged} is of that tier and kind."),
        (true, true) => format!("Nothing{judged} to list."),
        (true, false) if judged.is_empty() => "Nothing is open. Your mail can wait.".to_owned(),
        (true, false) => format!("Nothing{judged} is open."),
    })
}

/// Asks the writer in use about mail the reader is unsure of, for as long as `left` says; gives back
/// the name of a writer that was asked, now or before. Without one, or should it fail, the reader's
/// verdicts stand. It is opened only when there is something to ask.
fn second_opinions(
    session: &mut Session<'_>,
    store: &mut Store,
    args: &args::Triage,
    wanted: &Wanted,
    settings: &triage::Settings,
    left: Option<Duration>,
) -> Result<Option<String>, Failure> {
    const UNASKED: Duration = Duration::from_secs(30);
    let asked = match args.writer {
        args::AskWriter::Never => return Ok(None),
        args::AskWriter::Auto => Asked::Unsure,
        args::AskWriter::Always => Asked::All,
    };
    if settings.writer.is_none() {
        // Says why, should one be in use that cannot be.
        return Ok(session.writer()?.map(|opened| opened.name));
    }
    let ids = match wanted {
        Wanted::These(ids) => ids.clone(),
        Wanted::Between(since, until) => {
            store.verdicts(*since, *until)?.into_iter().map(|row| row.message).collect()
        }
    };
    let open = triage::to_ask(store, &ids, asked, settings)?;
    if open.is_empty() {
        return Ok(session.writer_name());
    }
    let Some(opened) = session.writer()? else { return Ok(None) };
    let me = session.me(store)?.join(", ");
    let left = match (left, asked) {
        (None, Asked::Unsure) => Some(UNASKED),
        (left, _) => left,
    };
    let began = Instant::now();
    let mut go_on = || left.is_none_or(|left| began.elapsed() < left);
    let second = opened.for_triage(&me);
    match triage::ask_writer(store, &second, &open, settings, &mut go_on) {
        Ok(count) if count < open.len() as u64 => {
            let rest = open.len() as u64 - count;
            session.note(&format!(
                "the writer {} was asked about {count} unsure messages, {rest} are left: run it again to go on",
                opened.name
            ))?;
        }
        Ok(_) => {}
        Err(error) => {
            let why = super::failure::chain(&error);
            session.note(&format!("going on without the writer {}: {why}", opened.name))?;
            return Ok(None);
        }
    }
    Ok(Some(opened.name))
}

/// Without the user's own: that is judged only under `from:me`.
fn of_others(store: &Store, ids: Vec<MessageId>) -> Result<Vec<MessageId>, Failure> {
    let mut own = HashSet::new();
    let scope = crate::store::Scope { ids: Some(ids.clone()), ..crate::store::Scope::default() };
    store.each_header(&scope, |header: Header| {
        if header.own {
            own.insert(header.id);
        }
        Ok::<(), crate::store::Error>(())
    })?;
    Ok(ids.into_iter().filter(|id| !own.contains(id)).collect())
}

/// `30s`, `2m`.
fn budget(text: &str) -> Result<Duration, Failure> {
    let wrong = || {
        Failure::asked_wrongly(format!("--budget {text}: not a time")).hint("for example 30s or 2m")
    };
    let (number, unit) = match text.strip_suffix('s') {
        Some(number) => (number, 1),
        None => (text.strip_suffix('m').ok_or_else(wrong)?, 60),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    Ok(Duration::from_secs(number.saturating_mul(unit)))
}

pub(super) fn tier_of(tier: args::Tier) -> Tier {
    match tier {
        args::Tier::Now => Tier::Now,
        args::Tier::Today => Tier::Today,
        args::Tier::Normal => Tier::Normal,
        args::Tier::Consider => Tier::Consider,
        args::Tier::Fyi => Tier::Fyi,
    }
}

pub(super) fn kind_of(kind: args::Kind) -> Kind {
    match kind {
        args::Kind::Person => Kind::Person,
        args::Kind::List => Kind::List,
        args::Kind::Newsletter => Kind::Newsletter,
        args::Kind::Promotion => Kind::Promotion,
        args::Kind::Notification => Kind::Notification,
        args::Kind::Transaction => Kind::Transaction,
        args::Kind::Calendar => Kind::Calendar,
        args::Kind::Junk => Kind::Junk,
        args::Kind::Suspicious => Kind::Suspicious,
    }
}

fn stats(
    session: &mut Session<'_>,
    store: &Store,
    items: &[Item],
    coverage: Coverage,
) -> Result<u8, Failure> {
    let states = [State::Open, State::Overdue, State::Answered, State::Superseded, State::Lapsed];
    let mut counts: BTreeMap<(Tier, State), u64> = BTreeMap::new();
    for item in items {
        *counts.entry((item.tier, item.state)).or_default() += 1;
    }
    let count = |tier, state| counts.get(&(tier, state)).copied().unwrap_or(0);
    let since = UnixSeconds(session.now.0 - triage::WINDOW_SECONDS);
    let clocks = triage::clocks(store, since, session.now)?;
    if session.global.json {
        let values = Tier::ALL
            .into_iter()
            .map(|tier| {
                let mut value = json!({"tier": tier.as_str()});
                for state in states {
                    value[state.as_str()] = json!(count(tier, state));
                }
                let of = clocks.tiers[tier as usize];
                value["in_time"] = json!(of.kept);
                value["late"] = json!(of.late);
                value["missed"] = json!(of.missed);
                value["attainment"] = json!(of.share());
                value
            })
            .collect();
        let envelope = session
            .envelope("triage stats", Some(store))
            .with("breaches", json!(clocks.breaches.iter().map(breach).collect::<Vec<_>>()))
            .with("own", json!({"mails": clocks.own_mails, "claimed_urgent": clocks.own_urgent}))
            .coverage(coverage.done, coverage.total)
            .items(values);
        session.out.json(&envelope.value())?;
        return Ok(0);
    }
    let head: String = states.iter().map(|state| format!("{:>12}", state.as_str())).collect();
    session.out.line(Style::Dim, &format!("{:<10}{head}", "threads"))?;
    for tier in Tier::ALL {
        let cells: String =
            states.iter().map(|state| format!("{:>12}", count(tier, *state))).collect();
        session.out.line(Style::Plain, &format!("{:<10}{cells}", tier.as_str()))?;
    }
    print_clocks(session, &clocks)?;
    Ok(0)
}

fn breach(breach: &triage::Breach) -> serde_json::Value {
    json!({"id": breach.header.id, "from": breach.header.from, "subject": breach.header.subject,
        "tier": breach.tier, "due": format_rfc3339(breach.due),
        "answered": breach.answered.map(format_rfc3339)})
}

/// How due times were kept over the last weeks, what was not, and how honest the user's own urgency is.
fn print_clocks(session: &mut Session<'_>, clocks: &triage::Clocks) -> Result<(), Failure> {
    const BREACHES_MAX: usize = 10;
    let days = triage::WINDOW_SECONDS / 86_400;
    session.out.end()?;
    let head = format!(
        "{:<10}{:>12}{:>12}{:>12}{:>12}",
        "replies", "in time", "late", "missed", "in time %"
    );
    session.out.line(Style::Dim, &head)?;
    for tier in Tier::ALL.into_iter().filter(|tier| *tier != Tier::Fyi) {
        let of = clocks.tiers[tier as usize];
        let share = of.share().map_or("-".to_owned(), |share| format!("{:.0}", share * 100.0));
        let line = format!(
            "{:<10}{:>12}{:>12}{:>12}{share:>12}",
            tier.as_str(),
            of.kept,
            of.late,
            of.missed
        );
        session.out.line(Style::Plain, &line)?;
    }
    let open: Vec<_> = clocks.breaches.iter().filter(|one| one.answered.is_none()).collect();
    if !open.is_empty() {
        session.out.end()?;
        session.out.line(Style::Bold, "Due and not answered")?;
    }
    for one in open.iter().take(BREACHES_MAX) {
        let due = human_with_time(one.due, session.now, &session.calendar.zone);
        session.out.put(Style::Dim, &format!("{:>7}  ", one.header.id.0))?;
        session.out.put(Style::Red, &fit(&due, 20))?;
        session.out.put(Style::Bold, &fit(one.header.from.called(), 20))?;
        session.out.line(Style::Plain, &format!(" {}", shorten(&one.header.subject, 45)))?;
    }
    if open.len() > BREACHES_MAX {
        session.out.line(Style::Dim, &format!("and {} more", open.len() - BREACHES_MAX))?;
    }
    session.out.end()?;
    let share = 100.0 * f64::from(clocks.own_urgent) / f64::from(clocks.own_mails.max(1));
    let line = format!(
        "You called {} of your {} mails of the last {days} days urgent ({share:.0} %).",
        clocks.own_urgent, clocks.own_mails
    );
    session.out.line(Style::Dim, &line)?;
    Ok(())
}

pub(super) fn why(session: &mut Session<'_>, args: &args::OneId) -> Result<u8, Failure> {
    let mut store = session.store()?;
    let id = session.message_id(&store, &args.id)?;
    let (coverage, reading_version) = judge(session, &mut store, &Wanted::These(vec![id]), None)?;
    let options = ListOptions {
        as_of: session.now.max(store.header(id)?.date),
        reading_version,
        tiers: Vec::new(),
        kinds: Vec::new(),
        all: true,
        limit: None,
    };
    let item = triage::items(&store, &[id], &options)?.pop();
    let (Some(item), Some(verdict)) = (item, triage::verdict(&store, id)?) else {
        return Err(Failure::could_not(format!("message {} is your own: it is not judged", id.0))
            .hint("`postroom promises` lists what you promised in it"));
    };
    let since_then = settled_by(session, &store, &item)?;
    if session.global.json {
        let mut value = json!(item);
        value["signals"] = json!(verdict.signals);
        value["sender"] = json!(verdict.sender);
        if let Some((after, _)) = &since_then {
            value["settled_by"] = json!(after.id);
        }
        let envelope = session
            .envelope("why", Some(&store))
            .coverage(coverage.done, coverage.total)
            .items(vec![value]);
        session.out.json(&envelope.value())?;
        return Ok(0);
    }
    let due = item.due.map_or("no due time".to_owned(), |due| {
        format!("due {}", human_with_time(due, session.now, &session.calendar.zone))
    });
    let (style, _) = title(item.tier);
    session.out.put(style, &item.tier.as_str().to_uppercase())?;
    session.out.line(
        Style::Plain,
        &format!(
            "  {}, {}, {due}, {} ({:.0} % sure)",
            item.kind.as_str(),
            if item.needs_reply { "wants a reply" } else { "wants no reply" },
            item.state.as_str(),
            item.confidence * 100.0
        ),
    )?;
    session.out.line(Style::Dim, &format!("{} · {}", person(&item.from), item.subject))?;
    session.out.end()?;
    for reason in &item.reasons {
        session.out.put(Style::Plain, &format!("- {}", reason.text))?;
        if !reason.quote.is_empty() {
            let quote = shorten(&reason.quote, 160);
            session.out.put(Style::Cyan, &format!(": “{quote}”"))?;
        }
        session.out.end()?;
    }
    if let Some(call) = &item.call {
        let line = format!("- this wants a call: {} rounds without a decision. Open:", call.rounds);
        session.out.line(Style::Yellow, &line)?;
        for point in &call.points {
            session.out.line(Style::Cyan, &format!("    “{}”", shorten(point, 160)))?;
        }
    }
    if let Some((after, what)) = &since_then {
        session.out.line(Style::Plain, &format!("- {what} (message {})", after.id.0))?;
    }
    let sender = verdict.sender;
    if sender.claimed_urgent > 0 {
        let line = format!(
            "- of their {} claims of urgency before this, you answered {} within four hours",
            sender.claimed_urgent, sender.was_urgent
        );
        session.out.line(Style::Plain, &line)?;
    }
    session.out.end()?;
    for signal in &verdict.signals {
        let line = format!("  {:<28} {:>8.2}  {:+.2}", signal.name, signal.value, signal.weight);
        session.out.line(Style::Dim, &line)?;
    }
    Ok(0)
}

/// The later message of the thread that settled this one, and what it did: a reason that came after
/// the verdict.
fn settled_by(
    session: &Session<'_>,
    store: &Store,
    item: &Item,
) -> Result<Option<(Header, &'static str)>, Failure> {
    let mut later = store.thread(item.thread)?;
    later.retain(|header| header.date > item.date && header.date <= session.now);
    let waits = later.last().is_some_and(|last| last.own);
    let found = match item.state {
        State::Answered => later.into_iter().find(|header| header.own).map(|header| {
            (header, if waits { "you answered it, and wait for them" } else { "you answered it" })
        }),
        State::Superseded => later
            .into_iter()
            .find(|header| header.from.address == item.from.address)
            .map(|header| (header, "a later mail of theirs takes its place")),
        State::Open | State::Overdue | State::Lapsed => None,
    };
    Ok(found)
}

pub(super) fn ledger(
    session: &mut Session<'_>,
    page: Page,
    args: &args::Ledger,
) -> Result<u8, Failure> {
    let since = since(session, &args.within)?;
    let mut store = session.store()?;
    let (coverage, version) =
        judge(session, &mut store, &Wanted::Between(since, session.now), None)?;
    let ledger = Ledger::load_since(&store, &version, session.now, since)?;
    let items = match page {
        Page::Owed if args.all => ledger.all_owed(),
        Page::Owed => ledger.owed(),
        Page::Waiting if args.all => ledger.all_awaited(),
        Page::Waiting => ledger.waiting(),
        Page::Promises => ledger.promises(),
        Page::Decisions => ledger.decisions(),
    };
    let items: Vec<ledger::Item> = items
        .into_iter()
        .filter(|item| item.made >= since)
        .filter(|item| {
            args.all || page == Page::Decisions || matches!(item.state.as_str(), "open" | "slipped")
        })
        .collect();
    if session.global.json {
        let values = items.iter().map(|item| json!(item)).collect();
        let envelope = session
            .envelope(page.kind(), Some(&store))
            .coverage(coverage.done, coverage.total)
            .items(values);
        session.out.json(&envelope.value())?;
        return Ok(0);
    }
    if items.is_empty() {
        session.note("nothing found")?;
    }
    for item in &items {
        ledger_row(session, page, item)?;
    }
    Ok(0)
}

fn ledger_row(session: &mut Session<'_>, page: Page, item: &ledger::Item) -> Result<(), Failure> {
    let zone = session.calendar.zone.clone();
    let when = match (page, item.due) {
        (Page::Decisions, _) => short(item.made, session.now, &zone),
        (_, Some(due)) => short(due, session.now, &zone),
        (_, None) => String::new(),
    };
    let other = match item.side {
        ledger::Side::Mine if page != Page::Decisions => item.whom.first().unwrap_or(&item.who),
        _ => &item.who,
    };
    let who = other.called();
    let state = item.state.as_str();
    let style = match state {
        "slipped" => Style::Red,
        "kept" => Style::Green,
        "superseded" => Style::Dim,
        _ => Style::Plain,
    };
    session.out.put(Style::Dim, &format!("{:>6}  ", item.id.0))?;
    session.out.put(style, &fit(&when, 11))?;
    session.out.put(Style::Plain, " ")?;
    let who_columns = listing::who_columns(session.out.width);
    session.out.put(Style::Bold, &fit(who, who_columns))?;
    session.out.put(Style::Plain, " ")?;
    let mine = match (page, item.side) {
        (Page::Promises | Page::Owed, ledger::Side::Mine) => "you promised: ",
        (Page::Promises, ledger::Side::Theirs) => "promised you: ",
        _ => "",
    };
    let tail = match (state, item.superseded_by) {
        ("superseded", Some(id)) => format!(" (superseded by {})", id.0),
        ("open", _) => String::new(),
        (state, _) => format!(" ({state})"),
    };
    let left = session.out.width.saturating_sub(21 + who_columns + tail.len() + mine.len()).max(30);
    session.out.put(Style::Dim, mine)?;
    session.out.put(style, &shorten(&item.text, left))?;
    session.out.line(Style::Dim, &tail)?;
    Ok(())
}

/// `90d`, `1y`, `all`.
fn since(session: &Session<'_>, text: &str) -> Result<UnixSeconds, Failure> {
    if text == "all" {
        return Ok(UnixSeconds(0));
    }
    let range = crate::mail::when::parse_query_date(text, session.now, &session.calendar.zone);
    range.map(|(from, _)| from).ok_or_else(|| {
        Failure::asked_wrongly(format!("--within {text}: not an age"))
            .hint("for example 90d, 6m, 1y, or all")
    })
}

/// Answers `tier:`, `kind:`, `due:` and `is:` for search, from what triage stored.
pub(super) fn fact_ids(
    session: &Session<'_>,
    store: &Store,
    fact: &Fact,
) -> Result<BTreeSet<MessageId>, Box<dyn std::error::Error + Send + Sync>> {
    let until = session.until();
    let beginning = UnixSeconds(i64::MIN);
    let from_ledger = |items: Vec<ledger::Item>| items.into_iter().map(|item| item.id).collect();
    Ok(match fact {
        Fact::Tier(tier) => store
            .verdicts(beginning, until)?
            .into_iter()
            .filter(|row| row.tier == *tier)
            .map(|row| row.message)
            .collect(),
        Fact::Kind(kind) => store
            .verdicts(beginning, until)?
            .into_iter()
            .filter(|row| row.kind == *kind)
            .map(|row| row.message)
            .collect(),
        Fact::Due(span) => {
            let (from, to) = span.bounds(session.now, &session.calendar.zone);
            store
                .verdicts(beginning, until)?
                .into_iter()
                .filter(|row| row.due.is_some_and(|due| due >= from && due < to))
                .map(|row| row.message)
                .collect()
        }
        Fact::Owed => from_ledger(load_ledger(session, store)?.owed()),
        Fact::Waiting => from_ledger(load_ledger(session, store)?.waiting()),
        Fact::Answered => answered(store, until)?,
    })
}

fn load_ledger(
    session: &Session<'_>,
    store: &Store,
) -> Result<Ledger, Box<dyn std::error::Error + Send + Sync>> {
    Ok(Ledger::load(store, &ledger_version(), session.now)?)
}

/// Messages by others that the user wrote after, in the same thread; or marked so by a mail
/// program.
fn answered(store: &Store, until: UnixSeconds) -> Result<BTreeSet<MessageId>, crate::store::Error> {
    let mut last_own: BTreeMap<crate::mail::ThreadId, UnixSeconds> = BTreeMap::new();
    let mut others: Vec<(MessageId, crate::mail::ThreadId, UnixSeconds, bool)> = Vec::new();
    let scope = crate::store::Scope { until: Some(until), ..crate::store::Scope::default() };
    store.each_header(&scope, |header: Header| {
        if header.own {
            let newest = last_own.entry(header.thread).or_insert(header.date);
            *newest = (*newest).max(header.date);
        } else {
            others.push((header.id, header.thread, header.date, header.flags.contains('R')));
        }
        Ok::<(), crate::store::Error>(())
    })?;
    Ok(others
        .into_iter()
        .filter(|(_, thread, date, marked)| {
            *marked || last_own.get(thread).is_some_and(|own| own > date)
        })
        .map(|(id, ..)| id)
        .collect())
}

/// The message in a dozen words: as the reader saw it, else by its structure alone.
pub(super) fn gist(
    _session: &Session<'_>,
    store: &Store,
    header: &Header,
    message: &Message,
) -> Result<String, Failure> {
    let stored = ledger::gist(store, header.id, &ledger_version())?;
    if !stored.is_empty() {
        return Ok(stored);
    }
    let own = crate::mail::own_or_forwarded_words(&message.text);
    let sentences: Vec<(&str, f32)> =
        crate::mail::sentences(&own).into_iter().map(|span| (&own[span], 0.5)).collect();
    Ok(crate::mail::gist(&header.subject, &sentences))
}
