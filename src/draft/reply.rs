//! An answer to a mail.

use super::addressee::greeted;
use super::asks::all_asks;
use super::body::{Material, assemble, letter};
use super::follow_up::{follow_up, needs_no_follow_up};
use super::phrases::phrases;
use super::quote::{day, quoted};
use super::recipients::{recipients, references, reply_subject};
use super::text::{Text, by_writer, to_go_by};
use super::{
    Ask, Context, Draft, Earlier, Error, Judge, Refusal, Writer, WritingBrief, check, refusal,
};
use crate::mail::facts::{FactSource, Origin, facts};
use crate::mail::when::Zone;
use crate::mail::{self, MessageId, Person, UnixSeconds};
use crate::store::{Change, Header, Letter, Store};
use crate::voice::{Basis, Example, Habits, Voice, first_name};

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
    /// What the ledger found it to ask; its plain questions count all the same.
    pub asks: &'a [Ask],
    /// Past replies to like mail, best first.
    pub examples: &'a [Example],
    /// How the user writes to the recipient.
    pub voice: &'a Voice,
    /// Who writes the text; without one it is put together. A follow-up always is.
    pub writer: Option<&'a dyn Writer>,
    /// The reader's opinion of sentences, for the checks.
    pub judge: Option<&'a Judge<'a>>,
    /// When.
    pub now: UnixSeconds,
    /// The user's time zone.
    pub zone: &'a Zone,
}

/// Drafts an answer and stores it as a letter. To the user's own mail that is a follow-up: what it
/// asked is asked again, of those it went to.
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
    let mut recipients = recipients(&header, request.own, request.audience);
    let asks = all_asks(&own_words, request.asks, header.date, &Zone::fixed(header.offset_minutes));
    let is_own = header.own || request.own.contains(&header.from.address);
    let reason = match recipients.to.as_slice() {
        [] => Some("it names nobody to answer to".to_owned()),
        to if is_own => needs_no_follow_up(store, request, &header, to, &asks)?,
        _ => None,
    };
    if let Some(reason) = reason {
        return Err(Error::Refused(Refusal { reason }));
    }
    let language = language_of(store, &header, request)?;
    let habits = request.voice.habits(&language);
    let thread = match request.writer {
        Some(_) if !is_own => earlier(store, &header)?,
        _ => Vec::new(),
    };
    let examples = match request.writer {
        Some(_) if !is_own => {
            let about = format!("{}\n{own_words}\n{}", header.subject, request.say);
            let mut all = to_go_by(request.examples, request.voice, &about, &language);
            // What came after the mail in its thread may be its answer.
            let thread = store.thread(header.thread)?;
            let after = |id| thread.iter().any(|other| other.id == id && other.date >= header.date);
            all.retain(|example| !after(example.id));
            all
        }
        _ => request.examples.to_vec(),
    };
    let brief = WritingBrief {
        subject: &header.subject,
        mail: &own_words,
        from: header.from.called(),
        thread: &thread,
        asks: &asks,
        say: request.say,
        examples: &examples,
        habits: &habits,
        phrases: &request.voice.phrases,
        language: &language,
    };
    let text = text(request, &brief, &header, is_own);
    let greeted = greeted(&recipients.to, &header.from, &own_words);
    let mut body = frame(&text.words, &greeted, request.me, request.voice, &habits, &language);
    if habits.quotes_below {
        let quote = quoted(&own_words, &header.from, header.date, request.zone, &language);
        body = format!("{body}\n\n{quote}");
    }
    recipients.warnings.extend(text.warning.clone());
    let letter = Letter {
        from: request.me.clone(),
        to: recipients.to,
        cc: recipients.cc,
        subject: reply_subject(&header.subject),
        body,
        in_reply_to: parent.rfc_id.clone().unwrap_or_default(),
        references: references(&parent),
        language,
        written_by: text.written_by.clone(),
        prompt: text.prompt.clone(),
        examples: text.used.iter().map(|&at| examples[at].id).collect(),
        ..Letter::default()
    };
    let shown = thread.len().saturating_sub(text.thread_count);
    let answered = Answered {
        header: &header,
        own_words: &own_words,
        // A follow-up asks; it has nothing to answer.
        asks: if is_own { &[] } else { &asks },
        thread: &thread[shown..],
        examples: &examples,
        said: text.words == request.say.trim(),
    };
    finish(store, request, &answered, recipients.warnings, letter)
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
        let text = own.chars().take(CHARS_MAX).collect();
        earlier.push(Earlier { id: other.id, from: other.from.called().to_owned(), text });
    }
    Ok(earlier)
}

fn text(request: &Request<'_>, brief: &WritingBrief<'_>, header: &Header, is_own: bool) -> Text {
    if is_own && request.form == Form::Letter {
        let day = day(header.date, request.zone);
        return Text::put_together(follow_up(brief.asks, request.say, &day, brief.language));
    }
    let mut warning = None;
    if let Some(writer) = request.writer.filter(|_| request.form == Form::Letter) {
        match by_writer(writer, brief) {
            Ok(text) => return text,
            Err(why) => warning = Some(why),
        }
    }
    let known = format!(
        "{}\n{}\n{}\n{}\n{} {}",
        header.subject,
        brief.mail,
        request.say,
        header.from.name,
        request.me.name,
        request.me.address
    );
    let (words, used) = assemble(&Material {
        asks: brief.asks,
        say: request.say,
        examples: request.examples,
        known: &known,
        habits: brief.habits,
        language: brief.language,
        form: request.form,
    });
    Text { used, warning, ..Text::put_together(words) }
}

/// The mail a letter answers, for what is said of the letter.
struct Answered<'a> {
    header: &'a Header,
    own_words: &'a str,
    asks: &'a [Ask],
    /// What a writer was shown of the thread.
    thread: &'a [Earlier],
    /// Past letters, those among them that the letter rests on.
    examples: &'a [Example],
    /// Whether the letter holds what the user said and nothing else.
    said: bool,
}

fn finish(
    store: &mut Store,
    request: &Request<'_>,
    answered: &Answered<'_>,
    warnings: Vec<String>,
    letter: Letter,
) -> Result<Draft, Error> {
    let header = answered.header;
    let (from, day) = (&header.from, day(header.date, request.zone));
    let head = format!("{}\n{} {}\n{day}", header.subject, from.name, from.address);
    let to: Vec<String> =
        letter.to.iter().map(|person| format!("{} {}", person.name, person.address)).collect();
    let to = to.join("\n");
    let me = format!(
        "{} {}\n{}\n{}",
        request.me.name,
        request.me.address,
        request.voice.habits(&letter.language).sign_off,
        request.voice.signature
    );
    let id = Some(header.id);
    // The user's own name first: it is theirs, though the mail names it too.
    let mut origins = vec![
        Origin { source: FactSource::You, id: None, text: &me },
        Origin { source: FactSource::You, id: None, text: request.say },
        Origin { source: FactSource::Mail, id, text: answered.own_words },
        Origin { source: FactSource::Mail, id, text: &head },
        Origin { source: FactSource::Mail, id, text: &to },
    ];
    let archive = |id, text| Origin { source: FactSource::Archive, id: Some(id), text };
    origins.extend(answered.thread.iter().map(|earlier| archive(earlier.id, &*earlier.text)));
    let shown = answered.examples.iter().filter(|example| letter.examples.contains(&example.id));
    origins.extend(shown.map(|example| archive(example.id, &*example.answered)));
    let context = Context {
        asks: answered.asks,
        subject: &letter.subject,
        mail: answered.own_words,
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
        warnings,
        said: answered.said,
    })
}

/// Greeting and sign-off in the user's way. Somebody without past letters greets plainly, and so does
/// one who greets nobody else: a stranger does not know that habit.
pub(super) fn frame(
    text: &str,
    to: &[Person],
    me: &Person,
    voice: &Voice,
    habits: &Habits,
    language: &str,
) -> String {
    let plain = || {
        let hello = phrases(language).hello;
        let name = to.first().filter(|_| to.len() == 1).map(first_name).unwrap_or_default();
        format!("{hello} {name}").trim_end().to_owned() + ","
    };
    let usual = habits.greet(to);
    let greeting = match habits.basis {
        Basis::Nothing | Basis::Anybody if usual.is_empty() => plain(),
        _ => usual,
    };
    let sign_off = if habits.letters_count == 0 { first_name(me) } else { habits.sign_off.clone() };
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
