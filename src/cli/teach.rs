//! `teach`, `learned` and `rule`: what triage goes by besides the mail itself.

use std::collections::HashSet;

use serde_json::json;

use super::args;
use super::day::{judge, kind_of, settings, tier_of};
use super::failure::Failure;
use super::find::ids_of;
use super::screen::{Style, counted, fit, shorten};
use super::session::Session;
use crate::ledger::Wanted;
use crate::mail::when::{format_rfc3339, human_with_time};
use crate::store::Store;
use crate::triage::{self, Correction, Rule, Taught};

pub(super) fn teach(session: &mut Session<'_>, args: &args::Teach) -> Result<u8, Failure> {
    let said = Correction {
        tier: args.tier.map(tier_of),
        kind: args.kind.map(kind_of),
        needs_reply: args.needs_reply.map(|answer| answer == args::YesNo::Yes),
    };
    if said == Correction::default() {
        return Err(Failure::asked_wrongly(format!("teaching of message {}: what?", args.id))
            .hint("name --tier, --kind or --needs-reply"));
    }
    let mut store = session.store()?;
    let id = session.message_id(&store, &args.id)?;
    if store.header(id)?.own {
        return Err(Failure::asked_wrongly(format!("message {} is your own", id.0))
            .hint("triage judges what others send"));
    }
    judge(session, &mut store, &Wanted::These(vec![id]), None)?;
    let n = triage::teach(&mut store, id, said, session.now)?;
    let (coverage, _) = judge(session, &mut store, &Wanted::These(vec![id]), None)?;
    let words = triage::in_words(&said);
    if session.global.json {
        let item = json!({"n": n, "id": id, "tier": said.tier, "kind": said.kind,
            "needs_reply": said.needs_reply, "time": format_rfc3339(session.now)});
        let envelope = session
            .envelope("teach", Some(&store))
            .coverage(coverage.done, coverage.total)
            .items(vec![item]);
        session.out.json(&envelope.value())?;
        return Ok(0);
    }
    session.out.line(
        Style::Plain,
        &format!("taught {n}: message {} is {words}. `postroom learned` says what follows from it; `undo` takes it back", id.0),
    )?;
    Ok(0)
}

pub(super) fn learned(
    session: &mut Session<'_>,
    verb: Option<&args::LearnedVerb>,
) -> Result<u8, Failure> {
    let mut store = session.store()?;
    if let Some(args::LearnedVerb::Forget { n }) = verb {
        if !store.forget_lesson(*n, session.now)? {
            return Err(Failure::could_not(format!("forgetting correction {n}: there is none"))
                .hint("`postroom learned` lists them"));
        }
        if session.global.json {
            let envelope = session.envelope("learned", Some(&store)).items(vec![json!({"n": n})]);
            session.out.json(&envelope.value())?;
        } else {
            session.out.line(Style::Plain, &format!("forgotten: correction {n}"))?;
        }
        return Ok(0);
    }
    let taught = Taught::load(&store, session.now)?;
    if session.global.json {
        let items = taught
            .lessons()
            .iter()
            .map(|lesson| {
                json!({"n": lesson.n, "id": lesson.message, "time": format_rfc3339(lesson.time),
                    "subject": lesson.subject, "tier": lesson.said.tier,
                    "kind": lesson.said.kind, "needs_reply": lesson.said.needs_reply,
                    "before": lesson.before.tier})
            })
            .collect();
        let comes_to: Vec<_> = taught
            .learned()
            .into_iter()
            .map(|one| {
                json!({"what": one.what, "towards": one.towards, "by": one.by,
                    "corrections": one.corrections})
            })
            .collect();
        let envelope = session
            .envelope("learned", Some(&store))
            .with("comes_to", json!(comes_to))
            .items(items);
        session.out.json(&envelope.value())?;
        return Ok(0);
    }
    print_learned(session, &taught)?;
    Ok(0)
}

/// What follows from the corrections that is worth a line: log-odds that tip a close decision.
const WORTH_SAYING: f32 = 0.2;
const LINES_MAX: usize = 30;

fn print_learned(session: &mut Session<'_>, taught: &Taught) -> Result<(), Failure> {
    if taught.lessons().is_empty() {
        session.note("nothing was taught yet: `postroom teach ID --tier TIER`")?;
        return Ok(());
    }
    let zone = session.calendar.zone.clone();
    for lesson in taught.lessons() {
        let when = human_with_time(lesson.time, session.now, &zone);
        session.out.put(Style::Bold, &format!("{:>5}  ", lesson.n))?;
        session.out.put(Style::Dim, &fit(&when, 18))?;
        let subject = shorten(&lesson.subject, 40);
        let said = triage::in_words(&lesson.said);
        let line = format!(" message {} “{subject}” is {said}", lesson.message.0);
        session.out.put(Style::Plain, &line)?;
        session.out.line(Style::Dim, &format!(" (untaught: {})", lesson.before.tier))?;
    }
    session.out.end()?;
    session.out.line(Style::Bold, "What follows")?;
    let learned = taught.learned();
    for one in learned.iter().filter(|one| one.by >= WORTH_SAYING).take(LINES_MAX) {
        let from = counted(one.corrections as u64, "correction", "corrections");
        let line =
            format!("{}: more likely `{}`, by {:.1}, from {from}", one.what, one.towards, one.by);
        session.out.line(Style::Plain, &line)?;
    }
    Ok(())
}

pub(super) fn rule(
    session: &mut Session<'_>,
    verb: Option<&args::RuleVerb>,
) -> Result<u8, Failure> {
    let store = session.store()?;
    let rules = settings(session, &store)?.rules;
    let until = session.until();
    let tried = match verb {
        Some(args::RuleVerb::Test { query }) => Some(query.join(" ")),
        None | Some(args::RuleVerb::List) => None,
    };
    let shown = match &tried {
        None => rules.clone(),
        Some(when) => {
            let matches = ids_of(session, &store, when)?.into_iter().collect();
            vec![Rule { when: when.clone(), matches, ..Rule::default() }]
        }
    };
    let mut taken: HashSet<_> = HashSet::new();
    let mut rows = Vec::new();
    for rule in &shown {
        // Rules are for mail of others, and the first that matches decides.
        let mut hits = Vec::new();
        for id in &rule.matches {
            let header = store.header(*id)?;
            if !header.own && header.date <= until {
                hits.push(header);
            }
        }
        hits.sort_by_key(|header| std::cmp::Reverse((header.date, header.id)));
        let decides = hits.iter().filter(|header| taken.insert(header.id)).count();
        let overruled = match &tried {
            None => 0,
            Some(_) => hits
                .iter()
                .filter(|header| rules.iter().any(|rule| rule.matches.contains(&header.id)))
                .count(),
        };
        rows.push((rule, hits, decides, overruled));
    }
    if session.global.json {
        let items = rows
            .iter()
            .map(|(rule, hits, decides, overruled)| {
                let ids: Vec<_> = hits.iter().map(|header| header.id).collect();
                json!({"when": rule.when, "tier": rule.tier, "kind": rule.kind,
                    "hits": hits.len(), "decides": decides - overruled, "ids": ids})
            })
            .collect();
        let envelope = session.envelope("rule", Some(&store)).items(items);
        session.out.json(&envelope.value())?;
        return Ok(0);
    }
    if rows.is_empty() {
        session.note(
            "there are no rules: [[rules]] in the config holds when = a query, and tier or kind",
        )?;
    }
    for (rule, hits, decides, overruled) in rows {
        let gives = [
            rule.tier.map(|tier| format!("tier {tier}")),
            rule.kind.map(|kind| format!("kind {kind}")),
        ];
        let gives = gives.into_iter().flatten().collect::<Vec<_>>().join(", ");
        session.out.put(Style::Bold, &rule.when)?;
        let arrow = if gives.is_empty() { String::new() } else { format!(" → {gives}") };
        let count = counted(hits.len() as u64, "message", "messages");
        session.out.put(Style::Plain, &format!("{arrow}: {count}"))?;
        let left = decides - overruled;
        if left < hits.len() {
            session
                .out
                .put(Style::Dim, &format!(" (decides {left}; the others an earlier rule does)"))?;
        }
        session.out.end()?;
        if tried.is_some() {
            hits_of(session, &store, &hits)?;
        }
    }
    Ok(0)
}

/// The newest hits, with what triage says of them now, where it was asked.
fn hits_of(
    session: &mut Session<'_>,
    store: &Store,
    hits: &[crate::store::Header],
) -> Result<(), Failure> {
    const SHOWN_MAX: usize = 20;
    for header in hits.iter().take(SHOWN_MAX) {
        let said = triage::verdict(store, header.id)?;
        let said = said.map_or("not judged".to_owned(), |v| format!("{}, {}", v.tier, v.kind));
        session.out.put(Style::Dim, &format!("{:>7}  ", header.id.0))?;
        session.out.put(Style::Cyan, &fit(&said, 22))?;
        session.out.put(Style::Plain, &fit(header.from.called(), 20))?;
        session.out.line(Style::Plain, &format!(" {}", shorten(&header.subject, 45)))?;
    }
    if hits.len() > SHOWN_MAX {
        session.out.line(Style::Dim, &format!("and {} more", hits.len() - SHOWN_MAX))?;
    }
    Ok(())
}
