//! Drafts for mail that is not in the project, written down for `scripts/voice/score.py` to judge.
//!
//! Runs when `POSTROOM_DATA` names the folder of test mail and `POSTROOM_DRAFTS` the file to write
//! (`scripts/eval-draft` and `scripts/eval-voice` do); otherwise says so and passes. Of each person's
//! sent mail the last fifth is held out: a store holds the earlier mail, and each held-out letter is
//! written anew from its subject line alone; mail that came to the person is answered too, where there
//! is any. The same from stores without any sent mail is "the same writer without examples".

use std::cell::Cell;
use std::io::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::*;
use crate::engine::{self, Reader};
use crate::ledger::{self, EntryKind, Wanted, Weighted};
use crate::mail::facts::FactSource;
use crate::mail::when::{Calendar, Zone};
use crate::mail::{self, UnixSeconds, own_words};
use crate::search::{Index, Mode, Options};
use crate::store::{Incoming, Origin as ToldBy, Outcome, Store};
use crate::voice::{Voice, closest_replies};

/// A person of the mail corpus is taken from so many sent mails on.
const SENT_MIN: usize = 100;
/// One of so many is held out.
const HELD_OUT: usize = 5;
/// 2001-01-01, and an hour a mail: the corpus has an order and no dates.
const START: i64 = 978_307_200;
const ME: &str = "me@example.org";
const THEM: &str = "them@example.net";

/// A mail of the data.
#[derive(Clone)]
struct Text {
    subject: String,
    /// What somebody else gave as its subject.
    gist: String,
    body: String,
}

/// Somebody whose mail it is, in its order.
struct Correspondent {
    set: &'static str,
    name: String,
    sent: Vec<Text>,
    came: Vec<Text>,
}

fn lines(path: &Path) -> Vec<Value> {
    let text =
        std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

fn text_of(mail: &Value, body: &str) -> Text {
    let text = |value: &Value| value.as_str().unwrap_or_default().replace("\r\n", "\n");
    let subject = text(&mail["subject"]).replace('\n', " ");
    let gist = text(&mail["human_subjects"][0]).trim().to_owned();
    let plain = subject.trim_start_matches(|c: char| c == ' ' || c.is_control());
    let plain = ["Re:", "RE:", "FW:", "Fw:", "Fwd:"]
        .iter()
        .fold(plain, |rest, mark| rest.strip_prefix(mark).unwrap_or(rest).trim_start());
    let gist = if gist.is_empty() { plain.to_owned() } else { gist };
    Text { subject, gist, body: text(&mail[body]) }
}

/// Each body once, in order.
fn distinct(mails: Vec<Text>) -> Vec<Text> {
    let mut seen = std::collections::BTreeSet::new();
    let key = |mail: &Text| mail.body.split_whitespace().collect::<Vec<_>>().join(" ");
    mails.into_iter().filter(|mail| seen.insert(key(mail))).collect()
}

fn people(data: &Path) -> Vec<Correspondent> {
    let mut rows: Vec<Value> = ["train.jsonl", "dev.jsonl"]
        .iter()
        .flat_map(|file| lines(&data.join("aeslc").join(file)))
        .collect();
    rows.sort_by_key(|row| row["n"].as_i64());
    let users: std::collections::BTreeSet<&str> =
        rows.iter().filter_map(|row| row["user"].as_str()).collect();
    let of = |user: &str, folder: &str| -> Vec<Text> {
        let theirs = rows.iter().filter(|row| row["user"] == user && row["folder"] == folder);
        distinct(theirs.map(|row| text_of(row, "body")).collect())
    };
    let person = |user: &str| {
        let (sent, came) = (of(user, "sent"), of(user, "inbox"));
        Correspondent { set: "aeslc", name: user.to_owned(), sent, came }
    };
    let mut found: Vec<Correspondent> = users.into_iter().map(person).collect();
    found.retain(|person| person.sent.len() >= SENT_MIN);
    for name in ["david", "marcus"] {
        let mut rows = lines(&data.join(format!("voices/{name}_anonymous_clean.jsonl")));
        rows.sort_by_key(|row| row["date"].as_str().map(str::to_owned));
        let sent = distinct(rows.iter().map(|row| text_of(row, "email")).collect());
        found.push(Correspondent { set: "voices", name: name.to_owned(), sent, came: Vec::new() });
    }
    found
}

/// So many of `all`, evenly spread.
fn spread(all: &[Text], count: usize) -> Vec<Text> {
    let count = count.min(all.len());
    (0..count).map(|at| all[at * all.len() / count].clone()).collect()
}

/// Says the same to everything: it has no voice, and yet is like anybody's mail.
struct Bland;

impl Writer for Bland {
    fn name(&self) -> &'static str {
        "bland"
    }

    fn write(&self, _: &WritingBrief<'_>) -> Result<Written, WriterError> {
        let text = "Thank you for your message. I have looked at it and will come back to you \
            shortly. Please let me know if you need anything else in the meantime.";
        Ok(Written { text: text.to_owned(), ..Written::default() })
    }
}

/// Sends the nearest past letter again, word for word: it sounds like its user, and copies.
struct Copyist;

impl Writer for Copyist {
    fn name(&self) -> &'static str {
        "copyist"
    }

    fn write(&self, brief: &WritingBrief<'_>) -> Result<Written, WriterError> {
        let first = brief.examples.first();
        let first = first.ok_or_else(|| WriterError { why: "nothing to copy".to_owned() })?;
        let text = super::body::between(&first.answered).to_owned();
        Ok(Written { text, examples_count: 1, ..Written::default() })
    }
}

/// Who writes the drafts.
enum By {
    Reader,
    Bland,
    Copyist,
    Model(Box<engine::Writer>, String),
}

impl By {
    fn name(&self) -> &str {
        match self {
            Self::Reader => "reader",
            Self::Bland => "bland",
            Self::Copyist => "copyist",
            Self::Model(_, name) => name,
        }
    }
}

/// A store of somebody's mail, with the mail to answer behind it.
struct Mailbox {
    _dir: tempfile::TempDir,
    store: Store,
    index: Index,
    voice: Voice,
    came: Vec<MessageId>,
    now: UnixSeconds,
}

impl Mailbox {
    fn new(sent: &[Text], came: &[Text], reader: &Reader) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let mut store = Store::open(&dir.path().join("data")).expect("a store");
        store.add_own_addresses(&[ME.to_owned()], ToldBy::Told).expect("an address");
        let now = UnixSeconds(START + 3_600 * (sent.len() + came.len() + 1) as i64);
        let all = sent.iter().map(|mail| (mail, ME, THEM, "Sent"));
        let all = all.chain(came.iter().map(|mail| (mail, THEM, ME, "Inbox")));
        let mails: Vec<Incoming> = all
            .enumerate()
            .map(|(at, (mail, from, to, folder))| {
                let day =
                    mail::when::local_date(UnixSeconds(START + 3_600 * at as i64), &Zone::utc());
                let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun"][day.month as usize - 1];
                let (day, hour) = (day.day, at % 24);
                let date = format!("{day:02} {month} 2001 {hour:02}:00:00 +0000");
                let raw = format!(
                    "From: {from}\r\nTo: {to}\r\nSubject: {}\r\nDate: {date}\r\n\
                     Message-ID: <{at}@example.org>\r\nMIME-Version: 1.0\r\n\
                     Content-Type: text/plain; charset=utf-8\r\n\
                     Content-Transfer-Encoding: 8bit\r\n\r\n{}\r\n",
                    mail.subject,
                    mail.body.replace('\n', "\r\n")
                );
                Incoming::new(folder.to_owned(), at.to_string(), String::new(), raw.as_bytes())
            })
            .collect();
        let mut acceptor = store.accept_from("eval", now).expect("a source");
        let outcomes = acceptor.accept(&mails).expect("they are taken");
        let ids = outcomes.into_iter().map(|outcome| match outcome {
            Outcome::Added(id) => id,
            other => panic!("not added: {other:?}"),
        });
        let came: Vec<MessageId> = ids.skip(sent.len()).collect();
        let mut go_on = |_, _| ControlFlow::Continue(());
        let mut index = Index::rebuild(&dir.path().join("index")).expect("an index");
        crate::search::catch_up(&mut index, &store, &mut go_on).expect("it is indexed");
        index.publish().expect("it is published");
        let (weighted, calendar) = (Weighted::new(reader, "eval"), Calendar::office(Zone::utc()));
        let wanted = Wanted::These(came.clone());
        ledger::read_new(&mut store, &weighted, &wanted, &calendar, &mut go_on).expect("read");
        let voice = Voice::learn(&store, &[], now, None).expect("a voice");
        Self { _dir: dir, store, index, voice, came, now }
    }

    fn examples(&self, reader: &Reader, id: MessageId) -> Vec<crate::voice::Example> {
        let zone = Zone::utc();
        let find = |text: &str, limit: usize| -> Vec<MessageId> {
            let Ok(query) = crate::search::parse(text) else { return Vec::new() };
            let me = [ME.to_owned()];
            let (mode, as_of, now, facts) = (Mode::Words, Some(self.now), self.now, None);
            let options =
                Options { mode, limit, as_of, by_thread: false, me: &me, now, zone: &zone, facts };
            let hits = self.index.search(None, None, &query, &options).unwrap_or_default();
            hits.into_iter().map(|hit| hit.id).collect()
        };
        let embed = |texts: &[&str]| reader.embed(texts).ok();
        closest_replies(&self.store, &find, Some(&embed), id, self.now, 6).expect("replies")
    }

    /// An answer to the mail at this place; nothing where it is refused.
    fn answer(
        &mut self,
        writer: Option<&dyn Writer>,
        at: usize,
        reader: &Reader,
    ) -> Option<(Draft, Vec<Ask>)> {
        let id = self.came[at];
        let entries = ledger::entries_of(&self.store, id).expect("entries");
        let asks: Vec<Ask> = entries
            .into_iter()
            .filter(|entry| entry.kind == EntryKind::Ask)
            .map(|entry| Ask { quote: entry.quote, due: entry.due })
            .collect();
        let examples = self.examples(reader, id);
        let (me, zone) = (me(), Zone::utc());
        let request = Request {
            answer: id,
            me: &me,
            own: &[ME.to_owned()],
            say: "",
            audience: Audience::Sender,
            form: Form::Letter,
            asks: &asks,
            examples: &examples,
            voice: &self.voice,
            writer,
            judge: None,
            now: self.now,
            zone: &zone,
        };
        match reply(&mut self.store, &request) {
            Ok(draft) => Some((draft, asks)),
            Err(Error::Refused(_)) => None,
            Err(error) => panic!("{error}"),
        }
    }

    fn compose(&mut self, writer: Option<&dyn Writer>, say: &str) -> Draft {
        let (me, zone) = (me(), Zone::utc());
        let request = Compose {
            me: &me,
            to: &[Person { name: String::new(), address: THEM.to_owned() }],
            cc: &[],
            bcc: &[],
            subject: "",
            say,
            voice: &self.voice,
            writer,
            judge: None,
            now: self.now,
            zone: &zone,
        };
        compose(&mut self.store, &request).expect("a letter")
    }
}

fn me() -> Person {
    Person { name: String::new(), address: ME.to_owned() }
}

/// Greeting, what stands between, sign-off.
fn parts(text: &str) -> Value {
    let own = mail::own_words(text);
    let shape = mail::letter_shape(&own);
    let part = |range: Option<std::ops::Range<usize>>| range.map(|range| own[range].trim());
    json!({
        "greeting": part(shape.greeting.clone()).unwrap_or_default(),
        "text": super::body::between(&own),
        "sign_off": part(shape.sign_off).unwrap_or_default(),
    })
}

/// Where lines go.
struct Out<'a> {
    file: std::fs::File,
    person: Option<&'a Correspondent>,
    by: String,
}

impl Out<'_> {
    fn line(&mut self, what: &str, parts: Value, more: Value) {
        let person = self.person.expect("a person");
        let mut line = json!({
            "set": person.set, "writer": person.name, "by": self.by, "what": what,
        });
        for part in [parts, more] {
            let Value::Object(part) = part else { continue };
            line.as_object_mut().expect("an object").extend(part);
        }
        writeln!(self.file, "{line}").expect("it is written");
    }

    fn draft(&mut self, what: &str, draft: &Draft, voice: &Voice, situation: Value) {
        let nowhere = draft.facts.iter().filter(|fact| fact.source == FactSource::None).count();
        let habits = voice.habits(&draft.language);
        let own = format!("{ME} {THEM}\n{}\n{}", habits.sign_off, voice.signature);
        let mut more = json!({
            "body": draft.body, "written_by": draft.written_by, "warnings": draft.warnings,
            "nowhere": nowhere, "own": own,
            "examples": draft.examples.iter().map(|id| id.0).collect::<Vec<_>>(),
        });
        let Value::Object(situation) = situation else { return };
        more.as_object_mut().expect("an object").extend(situation);
        self.line(what, parts(&draft.body), more);
    }
}

/// Drafts of one writer for one person: with their mail for what is held out, without any for the rest.
fn drafts<'a>(out: &mut Out<'a>, person: &'a Correspondent, by: &By, reader: &Reader, most: usize) {
    let held = person.sent.len() / HELD_OUT;
    let (earlier, last) = person.sent.split_at(person.sent.len() - held);
    let (answered, others) = person.came.split_at(person.came.len() / 2);
    out.person = Some(person);
    let random = Cell::new(1_u64);
    let named = by.name();
    let writer = || -> Option<Box<dyn Writer + '_>> {
        random.set(random.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1));
        Some(match by {
            By::Reader => return None,
            By::Bland => Box::new(Bland),
            By::Copyist => Box::new(Copyist),
            By::Model(model, _) => Box::new(Model::new(model, named, "", random.get(), None)),
        })
    };
    let told = [
        ("with", earlier, spread(answered, most / 2), spread(last, most)),
        // What they are learned from has to be other mail.
        ("without", &[], spread(others, most.div_ceil(6)), spread(earlier, most.div_ceil(3))),
    ];
    for (what, sent, came, letters) in told {
        let mut mailbox = Mailbox::new(sent, &came, reader);
        for letter in &letters {
            let draft = mailbox.compose(writer().as_deref(), &letter.gist);
            let situation = json!({ "form": "compose", "say": letter.gist });
            out.draft(what, &draft, &mailbox.voice, situation);
        }
        for (at, mail) in came.iter().enumerate() {
            let Some((draft, asks)) = mailbox.answer(writer().as_deref(), at, reader) else {
                continue;
            };
            let own = own_words(&mail.body);
            let now = mailbox.now;
            let asks: Vec<String> =
                all_asks(&own, &asks, now, &Zone::utc()).into_iter().map(|ask| ask.quote).collect();
            let situation = json!({
                "form": "reply", "say": "", "mail": own, "subject": mail.subject, "asks": asks,
            });
            out.draft(what, &draft, &mailbox.voice, situation);
        }
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The model to try.
fn model() -> Option<By> {
    let path = PathBuf::from(variable("POSTROOM_EVAL_MODEL")?);
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let options = engine::WriterOptions { context_tokens: 4_096, ..Default::default() };
    let writer = engine::Writer::open(&path, &options).unwrap_or_else(|error| panic!("{error}"));
    Some(By::Model(Box::new(writer), name))
}

#[test]
fn writes_drafts_down() {
    let (Some(data), Some(path)) = (variable("POSTROOM_DATA"), variable("POSTROOM_DRAFTS")) else {
        eprintln!("skipped: POSTROOM_DATA and POSTROOM_DRAFTS are not set");
        return;
    };
    let most: usize = variable("POSTROOM_EVAL_LIMIT").map_or(30, |n| n.parse().expect("a number"));
    let people = people(Path::new(&data));
    assert!(people.len() > 2, "nobody has sent {SENT_MIN} mails");
    let reader = Reader::embedded().expect("the reader");
    let file = std::fs::File::create(&path).expect("a file to write");
    let mut out = Out { file, person: None, by: String::new() };
    for person in &people {
        let held = person.sent.len() / HELD_OUT;
        let (earlier, last) = person.sent.split_at(person.sent.len() - held);
        out.person = Some(person);
        for (what, mails) in [("earlier", earlier), ("held out", last)] {
            for mail in mails {
                let subject = json!({ "subject": mail.subject });
                out.line(what, parts(&mail.body), subject);
            }
        }
    }
    let mut writers = vec![By::Reader, By::Bland, By::Copyist];
    writers.extend(model());
    for by in &writers {
        by.name().clone_into(&mut out.by);
        for person in &people {
            drafts(&mut out, person, by, &reader, most);
        }
        eprintln!("drafts by {}", by.name());
    }
}
