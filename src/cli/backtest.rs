//! `backtest` and `audit`: how far triage can be trusted on this mailbox.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read};
use std::ops::ControlFlow;

use serde_json::json;

use super::args;
use super::day::{judge, settings, window};
use super::failure::Failure;
use super::progress::Progress;
use super::read::person;
use super::screen::{Style, counted, fit, shorten};
use super::session::{Session, weighted};
use crate::mail::{MessageId, UnixSeconds};
use crate::store::Store;
use crate::triage::{self, Backtest, Policy};

pub(super) fn backtest(session: &mut Session<'_>, args: &args::Backtest) -> Result<u8, Failure> {
    let mut store = session.store()?;
    let settings = settings(session, &store)?;
    let since = UnixSeconds(session.now.0 - i64::from(args.days) * 86_400);
    let reader = session.reader()?;
    let reader = weighted(&reader);
    let mut progress = Progress::new(session.shows_progress(), "reading");
    let said = triage::backtest(
        &mut store,
        &reader,
        since,
        session.now,
        &settings,
        &mut |done, total| {
            progress.at(done, total);
            ControlFlow::Continue(())
        },
    )?;
    drop(progress);
    if session.global.json {
        let items = said.policies.iter().map(|policy| json!(policy)).collect();
        let n = said.policies.first().map_or(0, |policy| policy.n) as u64;
        let mut envelope = session
            .envelope("backtest", Some(&store))
            .with("worst", json!(said.worst))
            .with("answered", json!(said.answered))
            .coverage(n, n)
            .items(items);
        if let Some(thin) = &said.thin {
            envelope = envelope.with("warnings", json!([format!("the history is thin: {thin}")]));
        }
        session.out.json(&envelope.value())?;
        return Ok(0);
    }
    print_backtest(session, &said, args.days)
}

fn print_backtest(session: &mut Session<'_>, said: &Backtest, days: u32) -> Result<u8, Failure> {
    let n = said.policies.first().map_or(0, |policy| policy.n);
    let mails = counted(n as u64, "mail", "mails");
    let line = format!("{mails} of the last {days} days, {} of them answered", said.answered);
    session.out.line(Style::Bold, &line)?;
    if n == 0 {
        return Ok(0);
    }
    let head = format!(
        "{:<26}{:>8}{:>12}{:>16}{:>9}{:>13}",
        "", "exact", "within one", "pressing found", "in vain", "calibration"
    );
    session.out.line(Style::Dim, &head)?;
    for policy in &said.policies {
        let Policy { policy, exact, within_one, urgent_recall, flagged, calibration_error, .. } =
            policy;
        let maybe = |value: &Option<f64>| value.map_or("-".to_owned(), |v| format!("{v:.3}"));
        session.out.line(
            Style::Plain,
            &format!(
                "{policy:<26}{exact:>8.3}{within_one:>12.3}{:>16}{flagged:>9.3}{:>13}",
                maybe(urgent_recall),
                maybe(calibration_error)
            ),
        )?;
    }
    session.out.end()?;
    if let Some(thin) = &said.thin {
        session.out.line(Style::Yellow, &format!("The history is too thin to tell: {thin}."))?;
    }
    session.out.line(
        Style::Dim,
        "Truth is what you did: answered within 4 working hours is pressing, never answered is fyi.",
    )?;
    if !said.worst.is_empty() {
        session.out.end()?;
        session.out.line(Style::Bold, "Worst misses")?;
    }
    for miss in &said.worst {
        session.out.put(Style::Dim, &format!("{:>7}  ", miss.id.0))?;
        let line = format!("said {}, {}: ", miss.said, miss.did);
        session.out.put(Style::Plain, &line)?;
        session.out.line(Style::Bold, &shorten(&miss.subject, 50))?;
        for reason in miss.reasons.iter().take(2) {
            let quote = shorten(&reason.quote, 60);
            let quote = if quote.is_empty() { quote } else { format!(": “{quote}”") };
            session.out.line(Style::Dim, &format!("           {}{quote}", reason.text))?;
        }
    }
    Ok(0)
}

/// What a person says of a sampled message: whether it should have been brought forward.
type Answers = BTreeMap<MessageId, bool>;

pub(super) fn audit(
    session: &mut Session<'_>,
    args: &args::Audit,
    input: &mut dyn Read,
) -> Result<u8, Failure> {
    let mut store = session.store()?;
    let wanted = window(session);
    let (coverage, _) = judge(session, &mut store, &wanted, None)?;
    let sample = triage::sample(&store, session.now, args.sample)?;
    let mut answers = Answers::new();
    if session.asks && session.out.terminal && !session.global.json {
        ask(session, &store, &sample.ids, input, &mut answers)?;
    } else if args.answers {
        answers = read_answers(session, &store, &sample.ids, input)?;
    }
    let missed = answers.values().filter(|missed| **missed).count();
    let bound = triage::miss_rate_upper_95(missed, answers.len());
    if session.global.json {
        let item = json!({"tier": "fyi", "hidden": sample.hidden, "sampled": answers.len(),
            "missed": missed, "miss_rate_upper_95": bound});
        let envelope = session
            .envelope("audit", Some(&store))
            .with("sample", json!(sample.ids))
            .coverage(coverage.done, coverage.total)
            .items(vec![item]);
        session.out.json(&envelope.value())?;
        return Ok(0);
    }
    if answers.is_empty() {
        for id in &sample.ids {
            row(session, &store, *id)?;
        }
        let line = format!(
            "{} of {} set aside. Should any have been brought forward? Lines `ID yes` or `ID no` \
             into `postroom audit --answers` give the bound.",
            sample.ids.len(),
            counted(sample.hidden as u64, "message", "messages")
        );
        session.out.line(Style::Dim, &line)?;
        return Ok(0);
    }
    let line = format!(
        "{missed} of {} looked at should have been brought forward: with 95 % certainty at most {:.1} % of the {} set aside",
        answers.len(),
        100.0 * bound,
        sample.hidden
    );
    session.out.line(Style::Bold, &line)?;
    if missed > 0 {
        session.note("`postroom teach ID --tier TIER` says what such mail is")?;
    }
    Ok(0)
}

fn row(session: &mut Session<'_>, store: &Store, id: MessageId) -> Result<(), Failure> {
    let header = store.header(id)?;
    session.out.put(Style::Dim, &format!("{:>7}  ", id.0))?;
    session.out.put(Style::Bold, &fit(header.from.called(), 22))?;
    session.out.line(Style::Plain, &format!(" {}", shorten(&header.subject, 60)))?;
    Ok(())
}

/// One question a message; anything but y and n ends it, and what was answered counts.
fn ask(
    session: &mut Session<'_>,
    store: &Store,
    ids: &[MessageId],
    input: &mut dyn Read,
    answers: &mut Answers,
) -> Result<(), Failure> {
    let mut lines = BufReader::new(input).lines();
    for (at, id) in ids.iter().enumerate() {
        let header = store.header(*id)?;
        let line = format!("{} of {}  {}  {}", at + 1, ids.len(), id.0, person(&header.from));
        session.out.line(Style::Dim, &line)?;
        session.out.line(Style::Bold, &header.subject)?;
        if let Some(verdict) = triage::verdict(store, *id)?
            && let Some(reason) = verdict.reasons.first()
        {
            session.out.line(Style::Plain, &format!("set aside: {}", reason.text))?;
        }
        session.out.put(Style::Bold, "should it have been brought forward? [y/n, q ends] ")?;
        session.out.flush()?;
        let answer = lines.next().and_then(Result::ok).unwrap_or_default();
        match answer.trim().to_lowercase().as_str() {
            "y" | "yes" => answers.insert(*id, true),
            "n" | "no" => answers.insert(*id, false),
            _ => break,
        };
    }
    Ok(())
}

fn read_answers(
    session: &Session<'_>,
    store: &Store,
    sampled: &[MessageId],
    input: &mut dyn Read,
) -> Result<Answers, Failure> {
    let mut answers = Answers::new();
    for line in BufReader::new(input).lines() {
        let line = line.map_err(|error| Failure::could_not(format!("reading answers: {error}")))?;
        if line.trim().is_empty() {
            continue;
        }
        let wrong = |why: &str| {
            Failure::asked_wrongly(format!("reading the answer {line:?}: {why}"))
                .hint("a line is an id of the sample, then yes (it should have been brought forward) or no")
        };
        let (id, answer) = line.trim().split_once(' ').ok_or_else(|| wrong("not two words"))?;
        let id = session.message_id(store, id)?;
        if !sampled.contains(&id) {
            return Err(wrong("that message is not in today's sample"));
        }
        let missed = match answer.trim() {
            "yes" | "y" => true,
            "no" | "n" => false,
            _ => return Err(wrong("neither yes nor no")),
        };
        answers.insert(id, missed);
    }
    Ok(answers)
}
