//! `ask`.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::args;
use super::failure::Failure;
use super::find::subject_of;
use super::screen::{Style, shorten};
use super::session::{Embedding, Session, ledger_version, weighted};
use crate::ask::{self, Around, Matter, Passage, Said};
use crate::mail::when::{format_rfc3339, human};
use crate::search::{Mode, Options};
use crate::store::Store;

/// How long an answer waits for a writer, opening it included.
const TELLING_SECONDS_MAX: u64 = 20;

impl From<ask::Error> for Failure {
    fn from(error: ask::Error) -> Self {
        match error {
            ask::Error::Store(error) => error.into(),
            ask::Error::Search(error) => error.into(),
            ask::Error::Ledger(error) => error.into(),
            ask::Error::Nothing => Self::asked_wrongly(format!("asking: {error}"))
                .hint("for example: postroom ask when do we meet Anna?"),
            error => Self::from_error(&error),
        }
    }
}

pub(super) fn run(session: &mut Session<'_>, args: &args::Ask) -> Result<u8, Failure> {
    let question = args.question.join(" ");
    let mut store = session.store()?;
    let (passages, coverage) = passages(session, &mut store, &question)?;
    let (name, sentences, warning) = sentences(session, &question, &passages, args.writer)?;
    if session.global.json {
        let answer = answer(&passages, &sentences);
        let item = json!({
            "answer": answer,
            "written_by": name.as_ref().filter(|_| !sentences.is_empty()).map(|name| format!("writer {name}")),
            "sentences": sentences.iter().map(|said| json!({"text": said.text, "ids": said.ids})).collect::<Vec<_>>(),
            "passages": passages.iter().map(passage_json).collect::<Vec<_>>(),
        });
        let envelope = session
            .envelope("ask", Some(&store))
            .coverage(coverage.0, coverage.1)
            .with("writer", json!(name))
            .with("warnings", json!(warning.as_slice()))
            .items(vec![item]);
        session.out.json(&envelope.value())?;
        return Ok(0);
    }
    if passages.is_empty() {
        session.out.line(Style::Plain, "Not in your mail.")?;
        return Ok(0);
    }
    for said in &sentences {
        let ids: Vec<String> = said.ids.iter().map(|id| format!("[{}]", id.0)).collect();
        session.out.put(Style::Bold, &said.text)?;
        session.out.line(Style::Dim, &format!(" {}", ids.join(" ")))?;
    }
    if !sentences.is_empty() {
        session.out.end()?;
    }
    for passage in &passages {
        show(session, passage)?;
    }
    Ok(0)
}

/// The passages that answer, and how many messages have vectors, of how many.
fn passages(
    session: &mut Session<'_>,
    store: &mut Store,
    question: &str,
) -> Result<(Vec<Passage>, (u64, u64)), Failure> {
    let index = session.index(store)?;
    let vectors = session.vectors()?;
    let reader = session.reader()?;
    let (embedding, weighted) = (Embedding(&reader), weighted(&reader));
    let me = session.me(store)?;
    let total = store.messages_count(session.as_of)?;
    let covered = (vectors.messages_count() as u64).min(total);
    if covered < total {
        let missing = total - covered;
        session.note(&format!(
            "{missing} of {total} messages are searched by words alone (`postroom index embed` makes their vectors)"
        ))?;
    }
    let around = Around {
        index: &index,
        vectors: Some(&vectors),
        embed: Some(&embedding),
        reader: Some(&weighted),
        version: &ledger_version(),
        calendar: &session.calendar,
        options: Options {
            mode: Mode::Hybrid,
            limit: 0,
            as_of: session.as_of,
            by_thread: false,
            me: &me,
            now: session.now,
            zone: &session.calendar.zone,
            facts: None,
        },
    };
    Ok((ask::ask(store, &around, question)?, (covered, total)))
}

/// The writer's name, what it said, and what is to be said of it.
type Answered = (Option<String>, Vec<Said>, Option<String>);

/// Has the writer in use say the answer.
fn sentences(
    session: &mut Session<'_>,
    question: &str,
    passages: &[Passage],
    wanted: args::TellWriter,
) -> Result<Answered, Failure> {
    let deadline = match wanted {
        args::TellWriter::Never => return Ok((None, Vec::new(), None)),
        args::TellWriter::Auto => Some(Instant::now() + Duration::from_secs(TELLING_SECONDS_MAX)),
        args::TellWriter::Always => None,
    };
    if passages.is_empty() {
        return Ok((session.writer_name(), Vec::new(), None));
    }
    let Some(opened) = session.writer()? else { return Ok((None, Vec::new(), None)) };
    let zone = session.calendar.zone.clone();
    let matter = Matter { question, passages, now: session.now, zone: &zone };
    let (sentences, why) = match ask::tell(&matter, &opened.for_answers(deadline)) {
        Ok(told) => {
            let why = told.dropped.first().cloned();
            (told.sentences, why)
        }
        Err(error) => (Vec::new(), Some(error.to_string())),
    };
    let warning = why.map(|why| {
        let left =
            if sentences.is_empty() { "the passages answer alone" } else { "the rest stands" };
        format!("what the writer {} said was put aside ({why}): {left}", opened.name)
    });
    if let Some(warning) = &warning {
        session.note(warning)?;
    }
    Ok((Some(opened.name), sentences, warning))
}

/// The answer as one text: what the writer said, else the best quote; nothing when there is none.
fn answer(passages: &[Passage], sentences: &[Said]) -> Option<String> {
    if sentences.is_empty() {
        return passages.first().map(|passage| passage.quote.clone());
    }
    Some(sentences.iter().map(|said| said.text.as_str()).collect::<Vec<_>>().join(" "))
}

fn passage_json(passage: &Passage) -> Value {
    json!({
        "id": passage.id, "date": format_rfc3339(passage.date), "from": passage.from,
        "subject": passage.subject, "quote": passage.quote,
        "support": (f64::from(passage.support) * 1e4).round() / 1e4, "decides": passage.decides,
    })
}

fn show(session: &mut Session<'_>, passage: &Passage) -> Result<(), Failure> {
    let date = human(passage.date, session.now, &session.calendar.zone);
    session.out.line(Style::Plain, &format!("“{}”", passage.quote))?;
    let mark = if passage.decides { "decided, " } else { "" };
    let left = session.out.width.saturating_sub(40).max(30);
    let subject = shorten(subject_of(&passage.subject), left);
    let line = format!("    {mark}{}, {date}: {subject}", passage.from.called());
    session.out.put(Style::Dim, &line)?;
    session.out.line(Style::Dim, &format!("  [{}]", passage.id.0))?;
    Ok(())
}
