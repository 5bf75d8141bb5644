//! What `--json` says, declared anew and strictly: a field that is renamed, goes away or comes
//! without being declared here fails a test. Scripts rely on these names.

#![allow(dead_code, reason = "a field that no test compares is still checked to be there")]

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// The one envelope all items come in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Envelope<T> {
    pub(crate) schema: String,
    pub(crate) kind: String,
    pub(crate) as_of: String,
    pub(crate) coverage: Option<Coverage>,
    pub(crate) fresh_as_of: Option<String>,
    pub(crate) reader: Option<String>,
    pub(crate) writer: Option<String>,
    pub(crate) warnings: Vec<String>,
    pub(crate) items: Vec<T>,
    /// What this command adds to the envelope: exactly the fields that `more_fields` names.
    #[serde(skip)]
    pub(crate) more: Map<String, Value>,
}

/// Fields of the envelope that only some commands have.
fn more_fields(asked: &str) -> &'static [&'static str] {
    match asked {
        "brief" => &["counts", "since"],
        "demo" => &["brief", "draft", "home"],
        "archive" | "flag" | "label" | "move" | "trash" => {
            &["dry_run", "ids", "n", "pushed", "what"]
        }
        "import" => &["own_addresses"],
        "index" => &["attachments"],
        "search --explain" => &["query"],
        _ => &[],
    }
}

impl<T: DeserializeOwned> Envelope<T> {
    /// Reads what the command `asked` said.
    #[track_caller]
    pub(crate) fn read(asked: &str, text: &str) -> Self {
        let mut fields: Map<String, Value> =
            serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}:\n{text}"));
        let more = more_fields(asked)
            .iter()
            .map(|field| {
                let value = fields.remove(*field);
                let value = value.unwrap_or_else(|| panic!("{asked}: no {field}:\n{text}"));
                ((*field).to_owned(), value)
            })
            .collect();
        for field in ["coverage", "fresh_as_of", "reader", "writer", "warnings", "items"] {
            assert!(fields.contains_key(field), "{asked}: no {field}:\n{text}");
        }
        let mut envelope: Self = serde_json::from_value(Value::Object(fields))
            .unwrap_or_else(|error| panic!("{asked}: {error}:\n{text}"));
        envelope.more = more;
        assert_eq!(envelope.schema, "postroom.v1");
        assert_time(&envelope.as_of);
        if let Some(time) = &envelope.fresh_as_of {
            assert_time(time);
        }
        if let Some(coverage) = &envelope.coverage {
            assert!(coverage.done <= coverage.total, "{coverage:?}");
        }
        envelope
    }

    /// The one item there must be.
    #[track_caller]
    pub(crate) fn only(mut self) -> T {
        assert_eq!(self.items.len(), 1, "one item was expected of {}", self.kind);
        self.items.remove(0)
    }
}

/// RFC 3339, in UTC or with an offset.
#[track_caller]
pub(crate) fn assert_time(time: &str) {
    let shape: String =
        time.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).take(19).collect();
    assert_eq!(shape, "0000-00-00T00:00:00", "{time} is no RFC 3339 time");
    assert!(time.ends_with('Z') || time[19..].len() == 6, "{time} has no offset");
}

#[track_caller]
pub(crate) fn assert_probability(value: f64) {
    assert!((0.0..=1.0).contains(&value), "{value} is no probability");
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Coverage {
    pub(crate) done: u64,
    pub(crate) total: u64,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) address: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Import {
    pub(crate) source: String,
    pub(crate) seen: u64,
    pub(crate) added: u64,
    pub(crate) known: u64,
    pub(crate) unreadable: u64,
    pub(crate) seconds: f64,
    pub(crate) problems: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sync {
    pub(crate) source: String,
    pub(crate) seen: u64,
    pub(crate) added: u64,
    pub(crate) known: u64,
    pub(crate) unreadable: u64,
    pub(crate) seconds: f64,
    pub(crate) reflagged: u64,
    pub(crate) moved: u64,
    pub(crate) removed: u64,
    pub(crate) problems: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parsed {
    pub(crate) text: String,
    pub(crate) parsed: Value,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Hit {
    pub(crate) id: i64,
    pub(crate) message_id: String,
    pub(crate) thread: i64,
    pub(crate) date: String,
    pub(crate) from: Person,
    pub(crate) subject: String,
    pub(crate) score: f64,
    pub(crate) matched: Vec<String>,
    pub(crate) part: Option<String>,
    pub(crate) snippet: String,
    /// With `--explain` alone.
    pub(crate) parts: Option<Parts>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parts {
    pub(crate) words: f64,
    pub(crate) meaning: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Count {
    pub(crate) count: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shown {
    pub(crate) id: i64,
    pub(crate) message_id: String,
    pub(crate) thread: i64,
    pub(crate) date: String,
    pub(crate) from: Person,
    pub(crate) to: Vec<Person>,
    pub(crate) cc: Vec<Person>,
    pub(crate) subject: String,
    pub(crate) folders: Vec<String>,
    pub(crate) flags: Vec<String>,
    pub(crate) labels: Vec<String>,
    pub(crate) gist: String,
    pub(crate) text: String,
    pub(crate) quoted: String,
    pub(crate) attachments: Vec<Attachment>,
    pub(crate) warnings: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Attachment {
    pub(crate) part: u32,
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) mime_type: String,
    pub(crate) bytes: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    pub(crate) n: i64,
    pub(crate) time: String,
    pub(crate) what: String,
    pub(crate) ids: Vec<i64>,
    pub(crate) undone: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Changed {
    pub(crate) id: i64,
    pub(crate) folder: String,
    pub(crate) to: String,
    pub(crate) flags: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Checked {
    pub(crate) name: String,
    pub(crate) check: String,
    pub(crate) ok: bool,
    pub(crate) hint: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Attempt {
    pub(crate) attempt: String,
    pub(crate) refused: bool,
    pub(crate) how: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sentence {
    pub(crate) text: String,
    pub(crate) ask: f64,
    pub(crate) promise: f64,
    pub(crate) deadline: f64,
    pub(crate) decision: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Model {
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) file: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    /// Nothing where a file that was added does not say.
    pub(crate) licence: Option<String>,
    pub(crate) context_tokens: u64,
    pub(crate) memory_bytes: u64,
    pub(crate) here: bool,
    pub(crate) in_use: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VerifiedModel {
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
    pub(crate) ok: bool,
    pub(crate) problem: Option<String>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub(crate) struct Connected {
    pub(crate) time: String,
    pub(crate) command: String,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) purpose: String,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bench {
    pub(crate) phase: String,
    pub(crate) model: String,
    pub(crate) device: String,
    pub(crate) tokens: u64,
    pub(crate) threads: u64,
    pub(crate) tokens_per_second: Option<f64>,
    pub(crate) seconds: f64,
    pub(crate) memory_bytes: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Judged {
    pub(crate) id: i64,
    pub(crate) message_id: String,
    pub(crate) thread: i64,
    pub(crate) date: String,
    pub(crate) from: Person,
    pub(crate) subject: String,
    pub(crate) gist: String,
    pub(crate) tier: String,
    pub(crate) kind: String,
    pub(crate) needs_reply: bool,
    pub(crate) confidence: f64,
    pub(crate) due: Option<String>,
    pub(crate) state: String,
    pub(crate) thread_tier: Option<String>,
    pub(crate) decided_by: String,
    pub(crate) scores: Scores,
    pub(crate) reasons: Vec<Reason>,
    /// `why` alone.
    pub(crate) signals: Option<Vec<Signal>>,
    /// `why` alone.
    pub(crate) sender: Option<Sender>,
    /// `why` alone, where a later message settled it.
    pub(crate) settled_by: Option<i64>,
    /// Where the thread wants a call.
    pub(crate) call: Option<serde_json::Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scores {
    pub(crate) junk: f64,
    pub(crate) suspicious: f64,
    pub(crate) needs_reply: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reason {
    pub(crate) text: String,
    pub(crate) quote: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Signal {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) weight: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sender {
    pub(crate) mails: u64,
    pub(crate) replied: u64,
    pub(crate) claimed_urgent: u64,
    pub(crate) was_urgent: u64,
    pub(crate) written_to: u64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Told {
    pub(crate) section: String,
    pub(crate) text: String,
    pub(crate) due: Option<String>,
    pub(crate) late: bool,
    pub(crate) sources: Vec<Source>,
    pub(crate) since_last: String,
    pub(crate) thread: Option<i64>,
    pub(crate) tier: Option<String>,
    pub(crate) written_by: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Source {
    pub(crate) id: i64,
    pub(crate) quote: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Owed {
    pub(crate) id: i64,
    pub(crate) thread: i64,
    pub(crate) kind: String,
    pub(crate) side: String,
    pub(crate) who: Person,
    pub(crate) whom: Vec<Person>,
    pub(crate) confidence: f64,
    pub(crate) text: String,
    pub(crate) quote: String,
    pub(crate) made: String,
    pub(crate) due: Option<String>,
    pub(crate) state: String,
    pub(crate) superseded_by: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Drafted {
    pub(crate) letter: i64,
    pub(crate) in_reply_to: Option<i64>,
    pub(crate) to: Vec<Person>,
    pub(crate) cc: Vec<Person>,
    pub(crate) subject: String,
    pub(crate) body: String,
    pub(crate) language: Option<String>,
    pub(crate) written_by: String,
    pub(crate) examples: Vec<i64>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) checks: Vec<LetterCheck>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fact {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) source: String,
    pub(crate) id: Option<i64>,
    pub(crate) quote: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LetterCheck {
    pub(crate) check: String,
    pub(crate) ok: bool,
    pub(crate) hint: String,
    pub(crate) quote: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Post {
    pub(crate) letter: i64,
    pub(crate) state: String,
    pub(crate) to: Vec<Person>,
    pub(crate) cc: Vec<Person>,
    pub(crate) bcc: Vec<Person>,
    pub(crate) subject: String,
    pub(crate) body: String,
    pub(crate) digest: String,
    pub(crate) in_reply_to: Option<i64>,
    pub(crate) created: String,
    pub(crate) approved: Option<String>,
    pub(crate) sent: Option<String>,
    pub(crate) server_reply: String,
    pub(crate) attachments: Vec<Value>,
    /// `outbox show` alone.
    pub(crate) recipients: Option<Vec<Recipient>>,
    /// `outbox show` alone.
    pub(crate) unfinished: Option<Vec<String>>,
    /// `outbox show` alone.
    pub(crate) warnings: Option<Vec<Warning>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Warning {
    pub(crate) kind: String,
    pub(crate) text: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recipient {
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) role: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    pub(crate) name: String,
    pub(crate) path: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Exported {
    pub(crate) dir: String,
    pub(crate) count: u64,
}

/// `ask`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answered {
    pub(crate) answer: Option<String>,
    pub(crate) written_by: Option<String>,
    pub(crate) sentences: Vec<Value>,
    pub(crate) passages: Vec<Quoted>,
}

/// A passage of `ask`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Quoted {
    pub(crate) id: i64,
    pub(crate) date: String,
    pub(crate) from: Person,
    pub(crate) subject: String,
    pub(crate) quote: String,
    pub(crate) support: f64,
    pub(crate) decides: bool,
}
