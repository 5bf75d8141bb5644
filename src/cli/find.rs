//! `search` and `count`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::args;
use super::failure::Failure;
use super::saved;
use super::screen::{Style, fit, shorten};
use super::session::Session;
use crate::mail::when::{format_rfc3339, human};
use crate::mail::{self, MessageId};
use crate::search::{self, Fact, Facts, Hit, Index, Marker, Mode, Options, Query, Snippet};
use crate::store::{Header, Scope, Store};

/// Most hits one search prints.
const LIMIT_MAX: usize = 10_000;

pub(super) fn search(session: &mut Session<'_>, args: &args::Search) -> Result<u8, Failure> {
    let store = session.store()?;
    let query = saved::parse(&store, &args.query.join(" "))?;
    let mut index = session.index(&store)?;
    let mode = match args.mode {
        args::Mode::Hybrid => Mode::Hybrid,
        args::Mode::Words => Mode::Words,
        args::Mode::Meaning => Mode::Meaning,
    };
    let asked = query.meaning_text().filter(|_| mode != Mode::Words);
    let vectors = session.vectors()?;
    let question = match &asked {
        Some(text) if vectors.messages_count() > 0 => {
            let reader = session.reader()?;
            let mut embedded =
                reader.embed(&[text]).map_err(|error| Failure::from_error(&error))?;
            embedded.pop()
        }
        _ => None,
    };
    let me = session.me(&store)?;
    let hits = session.asked(&store, &mut index, |session, index| {
        let facts = StoreFacts { store: &store, session };
        let options = Options {
            mode,
            limit: args.limit.min(LIMIT_MAX),
            as_of: session.as_of,
            by_thread: args.by_thread,
            me: &me,
            now: session.now,
            zone: &session.calendar.zone,
            facts: Some(&facts),
        };
        index.search(Some(&vectors), question.as_deref(), &query, &options)
    })?;
    let covered = vectors.messages_count() as u64;
    let total = match session.as_of {
        // An index that is level with the store has counted already.
        None if index.watermark() >= store.generation()? => index.messages_count(),
        None => store.all_count()?,
        until => store.messages_count(until)?,
    };
    if asked.is_some() && covered < total {
        let missing = total - covered;
        session.note(&format!(
            "{missing} of {total} messages are searched by words alone (`postroom index embed` makes their vectors)"
        ))?;
    }
    let found = Found::load(&store, &index, &query, hits)?;
    print(session, &store, args, &query, &found, (covered.min(total), total))
}

pub(super) fn count(session: &mut Session<'_>, args: &args::Count) -> Result<u8, Failure> {
    let store = session.store()?;
    let query = saved::parse(&store, &args.query.join(" "))?;
    let count = how_many(session, &store, &query)?;
    if session.global.json {
        let envelope = session.envelope("count", Some(&store)).items(vec![json!({"count": count})]);
        session.out.json(&envelope.value())?;
    } else {
        session.out.line(Style::Plain, &count.to_string())?;
    }
    Ok(0)
}

/// How many messages a query is true of.
pub(super) fn how_many(
    session: &mut Session<'_>,
    store: &Store,
    query: &Query,
) -> Result<u64, Failure> {
    let mut index = session.index(store)?;
    let me = session.me(store)?;
    session.asked(store, &mut index, |session, index| {
        let facts = StoreFacts { store, session };
        index.count(query, &plain_options(session, &me, &facts))
    })
}

/// All messages a query is true of, newest first.
pub(super) fn ids_of(
    session: &mut Session<'_>,
    store: &Store,
    text: &str,
) -> Result<Vec<MessageId>, Failure> {
    let query = saved::parse(store, text)?;
    let mut index = session.index(store)?;
    let me = session.me(store)?;
    session.asked(store, &mut index, |session, index| {
        let facts = StoreFacts { store, session };
        index.ids(&query, &plain_options(session, &me, &facts))
    })
}

fn plain_options<'a>(
    session: &'a Session<'_>,
    me: &'a [String],
    facts: &'a dyn Facts,
) -> Options<'a> {
    Options {
        mode: Mode::Words,
        limit: LIMIT_MAX,
        as_of: session.as_of,
        by_thread: false,
        me,
        now: session.now,
        zone: &session.calendar.zone,
        facts: Some(facts),
    }
}

/// Answers `tier:`, `kind:`, `due:` and `is:` from what triage stored.
pub(super) struct StoreFacts<'a, 'b> {
    pub(super) store: &'a Store,
    pub(super) session: &'a Session<'b>,
}

impl Facts for StoreFacts<'_, '_> {
    fn ids(
        &self,
        fact: &Fact,
    ) -> Result<BTreeSet<MessageId>, Box<dyn std::error::Error + Send + Sync>> {
        super::day::fact_ids(self.session, self.store, fact)
    }
}

/// A hit with what is shown of it.
struct Row {
    hit: Hit,
    header: Header,
    snippet: Snippet,
    /// The attachment that was found.
    part: Option<String>,
}

/// Hits with what is shown of them.
struct Found {
    rows: Vec<Row>,
}

impl Found {
    fn load(store: &Store, index: &Index, query: &Query, hits: Vec<Hit>) -> Result<Self, Failure> {
        let marker: Marker = index.marker(query)?;
        let ids: Vec<MessageId> = hits.iter().map(|hit| hit.id).collect();
        let mut headers: std::collections::BTreeMap<MessageId, Header> = store
            .headers(&Scope { ids: Some(ids), ..Scope::default() })?
            .into_iter()
            .map(|header| (header.id, header))
            .collect();
        let mut rows = Vec::with_capacity(hits.len());
        let mut looked = 0;
        for hit in hits {
            let Some(header) = headers.remove(&hit.id) else { continue };
            let text = mail::parse(&store.raw(hit.id)?).text;
            let own = mail::own_words(&text);
            let shown = if own.trim().is_empty() { &text } else { &own };
            let language = (!header.language.is_empty()).then_some(header.language.as_str());
            let near = hit.piece.and_then(|piece| {
                search::message_pieces(&header.subject, &text)
                    .get(usize::from(piece))
                    .map(|piece| piece.span.clone())
            });
            let mut snippet = marker.snippet(shown, language, near.clone());
            if snippet.hits.is_empty() {
                // The words may stand in what was quoted.
                let elsewhere = marker.snippet(&text, language, near);
                if !elsewhere.hits.is_empty() {
                    snippet = elsewhere;
                }
            }
            let mut attached =
                search::attached_hit(store, &header, query, &marker, &text, &mut looked)?;
            if let (None, Some(piece), true) = (&attached, hit.piece, snippet.hits.is_empty()) {
                attached = search::attached_near(store, &header, &text, piece)?;
            }
            let part = attached.as_ref().map(|attached| attached.name.clone());
            if let Some(inside) = attached.and_then(|attached| attached.snippet) {
                snippet = inside;
            }
            rows.push(Row { hit, header, snippet, part });
        }
        Ok(Self { rows })
    }
}

fn print(
    session: &mut Session<'_>,
    store: &Store,
    args: &args::Search,
    query: &Query,
    found: &Found,
    coverage: (u64, u64),
) -> Result<u8, Failure> {
    match args.format {
        args::Print::Ids => {
            for row in &found.rows {
                let end = if args.nul { "\0" } else { "\n" };
                session.out.raw(format!("{}{end}", row.hit.id.0).as_bytes())?;
            }
        }
        args::Print::Jsonl => {
            for row in &found.rows {
                session.out.json_line(&item(row, args.explain))?;
            }
        }
        args::Print::Text if session.global.json => {
            let items = found.rows.iter().map(|row| item(row, args.explain)).collect();
            let mut envelope = session
                .envelope("search", Some(store))
                .coverage(coverage.0, coverage.1)
                .items(items);
            if args.explain {
                envelope =
                    envelope.with("query", json!({"text": query.to_string(), "parsed": query}));
            }
            session.out.json(&envelope.value())?;
        }
        args::Print::Text => {
            if args.explain {
                session.out.line(Style::Cyan, &format!("query: {query}"))?;
            }
            for row in &found.rows {
                show(session, row, args.explain)?;
            }
            if found.rows.is_empty() {
                session.note("nothing found")?;
            }
        }
    }
    Ok(0)
}

fn show(session: &mut Session<'_>, row: &Row, explain: bool) -> Result<(), Failure> {
    let Row { hit, header, snippet, part } = row;
    let who = header.from.called();
    let date = human(header.date, session.now, &session.calendar.zone);
    let width = session.out.width;
    session.out.put(Style::Dim, &format!("{:>6} ", hit.id.0))?;
    session.out.put(Style::Cyan, &fit(&date, 12))?;
    session.out.put(Style::Plain, " ")?;
    session.out.put(Style::Bold, &fit(who, 22))?;
    session.out.put(Style::Plain, " ")?;
    let left = width.saturating_sub(44).max(20);
    session.out.line(Style::Plain, &shorten(subject(header), left))?;
    session.out.put(Style::Plain, "       ")?;
    if let Some(name) = part {
        session.out.put(Style::Cyan, &format!("in {}: ", shorten(name, 40)))?;
    }
    let mut at = 0;
    for span in &snippet.hits {
        session.out.put(Style::Dim, &snippet.text[at..span.start])?;
        session.out.put(Style::Yellow, &snippet.text[span.clone()])?;
        at = span.end;
    }
    session.out.line(Style::Dim, &snippet.text[at..])?;
    if explain {
        let line = format!(
            "       score {:.3}: words {:.3}, meaning {:.3}",
            hit.score, hit.words, hit.meaning
        );
        session.out.line(Style::Cyan, &line)?;
    }
    Ok(())
}

pub(super) fn subject(header: &Header) -> &str {
    subject_of(&header.subject)
}

pub(super) fn subject_of(subject: &str) -> &str {
    if subject.is_empty() { "(no subject)" } else { subject }
}

fn item(row: &Row, explain: bool) -> Value {
    let Row { hit, header, snippet, part } = row;
    let mut matched = Vec::new();
    if hit.matched.words {
        matched.push("words");
    }
    if hit.matched.meaning {
        matched.push("meaning");
    }
    let mut item = json!({
        "id": hit.id, "message_id": header.rfc_id, "thread": hit.thread,
        "date": format_rfc3339(header.date), "from": header.from, "subject": header.subject,
        "score": hit.score, "matched": matched, "part": part, "snippet": snippet.text,
    });
    if explain {
        item["parts"] = json!({"words": hit.words, "meaning": hit.meaning});
    }
    item
}
