//! An answer to a mail.

use super::asks::asks_in;
use super::body::{Material, assemble, letter};
use super::facts::{FactSource, Origin, facts};
use super::phrases::phrases;
use super::quote::quoted;
use super::recipients::{Recipients, recipients, references, reply_subject};
use super::{
    Ask, Context, Draft, Earlier, Error, Judge, Refusal, WRITTEN_BY_YOU, Writer, WritingBrief,
    check, refusal,
};
use crate::mail::when::Zone;
use crate::mail::{self, MessageId, Person, UnixSeconds};
use crate::store::{Change, Header, Letter, Store};
use crate::voice::{Example, Habits, Voice, first_name};

/// Who is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Audience {
    /// The sender alone.
    #[default]
    Sender,
    /// Everybody the mail went to.
    All,
}

/// What the letter does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// It answers.
    #[default]
    Letter,
    /// It proposes a call, with the open points as its agenda.
    Call,
}

/// What an answer is made from.
pub struct Request<'a> {
    /// The mail to answer.
    pub answer: MessageId,
    /// The user, under the address that answers.
    pub me: &'a Person,
    /// All their addresses.
    pub own: &'a [String],
    /// What they want to say; may be empty.
    pub say: &'a str,
    /// Who is answered.
    pub audience: Audience,
    /// What the letter does.
    pub form: Form,
    /// What the mail asks, from the ledger; when empty, read from its plain words.
    pub asks: &'a [Ask],
    /// Past replies to like mail, best first.
    pub examples: &'a [Example],
    /// How the user writes to the sender.
    pub voice: &'a Voice,
    /// Who writes the text; without one it is put together from `examples`.
    pub writer: Option<&'a dyn Writer>,
    /// The reader's opinion of sentences, for the checks.
    pub judge: Option<&'a Judge<'a>>,
    /// When.
    pub now: UnixSeconds,
    /// The user's time zone.
    pub zone: &'a Zone,
}

/// Drafts an answer and stores it as a letter.
///
/// # Errors
/// [`Error::Refused`] for mail that is not to be answered, or the store's.
pub fn reply(store: &mut Store, request: &Request<'_>) -> Result<Draft, Error> {
    let header = store.header(request.answer)?;
    let kind = store.verdict(request.answer)?.map(|verdict| verdict.kind);
    if let Some(refusal) = refusal(&header, kind.as_deref()) {
        return Err(Error::Refused(refusal));
    }
    let parent = mail::parse(&store.raw(request.answer)?);
    let own_words = mail::own_words(&parent.text);
    let recipients = recipients(&header, request.own, request.audience);
    if recipients.to.is_empty() {
        let reason = "it names nobody to answer to".to_owned();
        return Err(Error::Refused(Refusal { reason }));
    }
    let language = language_of(store, &header, request)?;
    let habits = request.voice.habits(&language);
    let read;
    let asks = if request.asks.is_empty() {
        let zone = Zone::fixed(header.offset_minutes);
        read = asks_in(&own_words, header.date, &zone);
        read.as_slice()
    } else {
        request.asks
    };
    let known = format!("{}\n{own_words}\n{}", header.subject, request.say);
    let thread = match request.writer {
        Some(_) => earlier(store, &header)?,
        None => Vec::new(),
    };
    let from = if header.from.name.is_empty() { &header.from.address } else { &header.from.name };
    let brief = WritingBrief {
        subject: &header.subject,
        mail: &own_words,
        from,
        thread: &thread,
        asks,
        say: request.say,
        examples: request.examples,
        habits: &habits,
        phrases: &request.voice.phrases,
        language: &language,
    };
    let text = text(request, &brief, &known);
    let mut body = framed(&text.words, &recipients.to, request, &habits, &language);
    if habits.quotes_below {
        let zone = request.zone;
        let quote = quoted(&own_words, &header.from, header.date, zone, &language);
        body = format!("{body}\n\n{quote}");
    }
    let mut recipients = recipients;
    recipients.warnings.extend(text.warning);
    let letter = Letter {
        from: request.me.clone(),
        to: recipients.to.clone(),
        cc: recipients.cc.clone(),
        subject: reply_subject(&header.subject),
        body,
        in_reply_to: parent.rfc_id.clone().unwrap_or_default(),
        references: references(&parent),
        language,
        written_by: text.written_by,
        prompt: text.prompt,
        examples: text.used.iter().map(|&at| request.examples[at].id).collect(),
        ..Letter::default()
    };
    finish(store, request, &header, &own_words, asks, recipients, letter)
}

/// What was said in the thread before a mail, oldest first.
fn earlier(store: &Store, header: &Header) -> Result<Vec<Earlier>, Error> {
    const MAILS_MAX: usize = 4;
    const CHARS_MAX: usize = 1_000;
    let thread = store.thread(header.thread)?;
    let before: Vec<&Header> =
        thread.iter().filter(|other| (other.date, other.id) < (header.date, header.id)).collect();
    let mut earlier = Vec::new();
    for other in before.iter().rev().take(MAILS_MAX).rev() {
        let raw = match store.raw(other.id) {
            Err(crate::store::Error::Damaged { .. }) => continue,
            raw => raw?,
        };
        let own = mail::own_words(&mail::parse(&raw).text);
        let name = &other.from.name;
        let from = if name.is_empty() { &other.from.address } else { name };
        earlier.push(Earlier { from: from.clone(), text: own.chars().take(CHARS_MAX).collect() });
    }
    Ok(earlier)
}

/// The text between greeting and sign-off.
pub(super) struct Text {
    pub(super) words: String,
    /// The examples it leans on.
    pub(super) used: Vec<usize>,
    pub(super) written_by: String,
    pub(super) prompt: String,
    /// Why the writer's text was put aside.
    pub(super) warning: Option<String>,
}

/// What the writer wrote, or why it wrote nothing that can be used.
pub(super) fn by_writer(writer: &dyn Writer, brief: &WritingBrief<'_>) -> Result<Text, String> {
    let name = writer.name();
    match writer.write(brief) {
        Ok(words) => Ok(Text {
            words: words.trim().to_owned(),
            used: (0..brief.examples.len()).collect(),
            written_by: format!("writer {name}"),
            prompt: writer.prompt_stamp(brief),
            warning: None,
        }),
        Err(error) => Err(format!("the text of the writer {name} was put aside: {error}")),
    }
}

fn text(request: &Request<'_>, brief: &WritingBrief<'_>, known: &str) -> Text {
    let mut warning = None;
    if let Some(writer) = request.writer.filter(|_| request.form == Form::Letter) {
        match by_writer(writer, brief) {
            Ok(text) => return text,
            Err(why) => warning = Some(why),
        }
    }
    let material = Material {
        asks: brief.asks,
        say: request.say,
        examples: request.examples,
        known,
        habits: brief.habits,
        language: brief.language,
        form: request.form,
    };
    let (words, used) = assemble(&material);
    Text { words, used, written_by: WRITTEN_BY_YOU.to_owned(), prompt: String::new(), warning }
}

fn finish(
    store: &mut Store,
    request: &Request<'_>,
    header: &Header,
    own_words: &str,
    asks: &[Ask],
    recipients: Recipients,
    letter: Letter,
) -> Result<Draft, Error> {
    let head = format!("{}\n{} {}", header.subject, header.from.name, header.from.address);
    let me = format!(
        "{} {}\n{}\n{}",
        request.me.name,
        request.me.address,
        request.voice.habits(&letter.language).sign_off,
        request.voice.signature
    );
    let mut origins = vec![
        Origin { source: FactSource::You, id: None, text: request.say },
        Origin { source: FactSource::Mail, id: Some(header.id), text: own_words },
        Origin { source: FactSource::Mail, id: Some(header.id), text: &head },
        Origin { source: FactSource::You, id: None, text: &me },
    ];
    for example in request.examples {
        let text = example.answered.as_str();
        origins.push(Origin { source: FactSource::Archive, id: Some(example.id), text });
    }
    let context = Context {
        asks,
        subject: &letter.subject,
        mail: own_words,
        is_reply: true,
        now: request.now,
        zone: request.zone,
        judge: request.judge,
    };
    let facts = facts(&letter.body, &origins);
    let checks = check(&letter.body, &context);
    let id = store.add_letter(&letter.to_json(), Some(header.id), request.now)?;
    store.record(Change::Draft(id), &[header.id], request.now)?;
    Ok(Draft {
        letter: id,
        in_reply_to: Some(header.id),
        to: letter.to,
        cc: letter.cc,
        subject: letter.subject,
        body: letter.body,
        language: letter.language,
        written_by: letter.written_by,
        examples: letter.examples,
        facts,
        checks,
        warnings: recipients.warnings,
    })
}

/// Greeting and sign-off in the user's way. Somebody with no past letters at all greets plainly.
pub(super) fn framed(
    text: &str,
    to: &[Person],
    request: &Request<'_>,
    habits: &Habits,
    language: &str,
) -> String {
    frame(text, to, request.me, request.voice, habits, language)
}

pub(super) fn frame(
    text: &str,
    to: &[Person],
    me: &Person,
    voice: &Voice,
    habits: &Habits,
    language: &str,
) -> String {
    let (greeting, sign_off) = if habits.letters_count == 0 {
        let hello = phrases(language).hello;
        let name = to.first().filter(|_| to.len() == 1).map(first_name).unwrap_or_default();
        (format!("{hello} {name}").trim_end().to_owned() + ",", first_name(me))
    } else {
        (habits.greet(to), habits.sign_off.clone())
    };
    letter(&greeting, text, &sign_off, &voice.signature)
}

/// The language of the mail, else of its thread's newest mail that tells, else of the user.
fn language_of(store: &Store, header: &Header, request: &Request<'_>) -> Result<String, Error> {
    if !header.language.is_empty() {
        return Ok(header.language.clone());
    }
    let thread = store.thread(header.thread)?;
    let before = thread.iter().filter(|other| other.date <= header.date);
    let told = before.map(|other| other.language.clone()).rfind(|told| !told.is_empty());
    Ok(told.unwrap_or_else(|| request.voice.language()))
}
