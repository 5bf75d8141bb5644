//! A new letter.

use super::body::{Material, assemble};
use super::reply::frame;
use super::text::{Text, by_writer, to_go_by};
use super::{Context, Draft, Error, Form, Judge, Writer, WritingBrief, check};
use crate::mail::facts::{FactSource, Origin, facts};
use crate::mail::when::Zone;
use crate::mail::{self, Person, UnixSeconds};
use crate::store::{Change, Letter, Store};
use crate::voice::{Example, Habits, Voice};

/// What a new letter is made from.
pub struct Compose<'a> {
    /// The user, under the address that writes.
    pub me: &'a Person,
    /// `To`.
    pub to: &'a [Person],
    /// `Cc`.
    pub cc: &'a [Person],
    /// `Bcc`.
    pub bcc: &'a [Person],
    /// The subject; when empty, taken from what they want to say.
    pub subject: &'a str,
    /// What they want to say; may be empty.
    pub say: &'a str,
    /// How the user writes to the first recipient.
    pub voice: &'a Voice,
    /// Who writes the text; without one it is what they say.
    pub writer: Option<&'a dyn Writer>,
    /// The reader's opinion of sentences, for the checks.
    pub judge: Option<&'a Judge<'a>>,
    /// When.
    pub now: UnixSeconds,
    /// The user's time zone.
    pub zone: &'a Zone,
}

/// Words of a subject taken from the text.
const SUBJECT_WORDS_MAX: usize = 8;

/// Drafts a new letter and stores it.
///
/// # Errors
/// The store's.
pub fn compose(store: &mut Store, request: &Compose<'_>) -> Result<Draft, Error> {
    let language = mail::language(request.say)
        .map_or_else(|| request.voice.language(), std::borrow::ToOwned::to_owned);
    let habits = request.voice.habits(&language);
    let to_go_by = match request.writer {
        Some(_) => to_go_by(&[], request.voice, request.say, &language),
        None => Vec::new(),
    };
    let text = text(request, &to_go_by, &habits, &language);
    let shown: Vec<&Example> = text.used.iter().map(|&at| &to_go_by[at]).collect();
    let said = text.words == request.say.trim();
    let letter = Letter {
        from: request.me.clone(),
        to: request.to.to_vec(),
        cc: request.cc.to_vec(),
        bcc: request.bcc.to_vec(),
        subject: subject(request),
        body: frame(&text.words, request.to, request.me, request.voice, &habits, &language),
        language,
        written_by: text.written_by,
        prompt: text.prompt,
        examples: shown.iter().map(|example| example.id).collect(),
        ..Letter::default()
    };
    let people = request.to.iter().chain(request.cc).chain([request.me]);
    let people: Vec<String> = people.map(|p| format!("{} {}", p.name, p.address)).collect();
    let mine = format!(
        "{}\n{}\n{}\n{}",
        people.join("\n"),
        habits.sign_off,
        request.voice.signature,
        request.subject
    );
    let mut origins = vec![
        Origin { source: FactSource::You, id: None, text: &mine },
        Origin { source: FactSource::You, id: None, text: request.say },
    ];
    origins.extend(shown.iter().map(|example| {
        let text = example.answered.as_str();
        Origin { source: FactSource::Archive, id: Some(example.id), text }
    }));
    let context = Context {
        asks: &[],
        subject: &letter.subject,
        mail: "",
        is_reply: false,
        now: request.now,
        zone: request.zone,
        judge: request.judge,
    };
    let facts = facts(&letter.body, &origins);
    let checks = check(&letter.body, &context);
    let id = store.add_letter(&letter.to_json(), None, request.now)?;
    store.record(Change::Draft(id), &[], request.now)?;
    Ok(Draft {
        letter: id,
        in_reply_to: None,
        to: letter.to,
        cc: letter.cc,
        subject: letter.subject,
        body: letter.body,
        language: letter.language,
        written_by: letter.written_by,
        examples: letter.examples,
        facts,
        checks,
        warnings: text.warning.into_iter().collect(),
        said,
    })
}

/// Without anything to say there is nothing to write either.
fn text(request: &Compose<'_>, examples: &[Example], habits: &Habits, language: &str) -> Text {
    let mut warning = None;
    if let Some(writer) = request.writer.filter(|_| !request.say.trim().is_empty()) {
        let brief = WritingBrief {
            subject: request.subject,
            mail: "",
            from: "",
            thread: &[],
            asks: &[],
            say: request.say,
            examples,
            habits,
            phrases: &request.voice.phrases,
            language,
        };
        match by_writer(writer, &brief) {
            Ok(text) => return text,
            Err(why) => warning = Some(why),
        }
    }
    let material = Material {
        asks: &[],
        say: request.say,
        examples: &[],
        known: request.say,
        habits,
        language,
        form: Form::Letter,
    };
    let (words, _) = assemble(&material);
    Text { warning, ..Text::put_together(words) }
}

fn subject(request: &Compose<'_>) -> String {
    let given = request.subject.trim();
    if !given.is_empty() {
        return given.to_owned();
    }
    let first = mail::sentences(request.say).into_iter().next();
    let first = first.map(|range| &request.say[range]).unwrap_or_default();
    let words: Vec<&str> = first.split_whitespace().take(SUBJECT_WORDS_MAX).collect();
    let subject = words.join(" ");
    let subject = subject.trim_end_matches(['.', ',', ';', ':', '!']);
    if subject.is_empty() { super::GAP.to_owned() } else { subject.to_owned() }
}
