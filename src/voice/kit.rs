//! A small mailbox in a store, for tests.

use crate::mail::{MessageId, UnixSeconds};
use crate::store::{Incoming, Origin, Outcome, Store};

pub(crate) const ME: &str = "ada@example.org";
/// 2026-02-01 00:00 UTC, a Sunday.
pub(crate) const START: i64 = 1_769_904_000;

pub(crate) struct Mailbox {
    _dir: tempfile::TempDir,
    pub(crate) store: Store,
    count: i64,
}

impl Mailbox {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut store = Store::open(dir.path()).unwrap();
        store.add_own_addresses(&[ME.to_owned()], Origin::Told).unwrap();
        Self { _dir: dir, store, count: 0 }
    }

    pub(crate) fn now(&self) -> UnixSeconds {
        UnixSeconds(START + (self.count + 1) * 3_600)
    }

    /// Adds a mail an hour after the one before; `headers` are further header lines. Its Message-ID
    /// is its id at example.org.
    pub(crate) fn add(
        &mut self,
        from: &str,
        to: &str,
        subject: &str,
        headers: &str,
        body: &str,
    ) -> MessageId {
        self.count += 1;
        let (day, hour) = (self.count / 24, self.count % 24);
        let raw = format!(
            "From: {from}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{}@example.org>\r\n\
             Date: {:02} Feb 2026 {hour:02}:00:00 +0000\r\n{headers}Content-Type: text/plain; charset=utf-8\r\n\r\n{body}",
            self.count,
            day + 1
        );
        let folder = if from.contains(ME) { "Sent" } else { "Inbox" };
        let incoming =
            Incoming::new(folder.to_owned(), self.count.to_string(), String::new(), raw.as_bytes());
        let mut acceptor = self.store.accept_from("test", UnixSeconds(START)).unwrap();
        match acceptor.accept(&[incoming]).unwrap()[0] {
            Outcome::Added(id) => id,
            other => panic!("not added: {other:?}"),
        }
    }

    /// Adds an answer of the user's to `id`.
    pub(crate) fn answer(&mut self, id: MessageId, body: &str) -> MessageId {
        let asked = self.store.header(id).unwrap();
        let to = if asked.from.name.is_empty() {
            asked.from.address.clone()
        } else {
            format!("{} <{}>", asked.from.name, asked.from.address)
        };
        let headers = format!("In-Reply-To: <{}>\r\n", asked.rfc_id);
        self.add(
            &format!("Ada Byron <{ME}>"),
            &to,
            &format!("Re: {}", asked.subject),
            &headers,
            body,
        )
    }
}

/// A search by shared words, best first; `from:me` as the archive's search has it.
pub(crate) fn find(store: &Store) -> impl Fn(&str, usize) -> Vec<MessageId> + '_ {
    move |query, limit| {
        let own_only = query.contains("from:me");
        let query = query.replace("from:me", "");
        let mut found: Vec<(f32, MessageId)> = store
            .headers(&crate::store::Scope::default())
            .unwrap()
            .into_iter()
            .filter(|header| header.own || !own_only)
            .map(|header| {
                let text = crate::mail::parse(&store.raw(header.id).unwrap()).text;
                (super::similarity(&query, &format!("{} {text}", header.subject)), header.id)
            })
            .filter(|(score, _)| *score > 0.0)
            .collect();
        found.sort_by(|(a, x), (b, y)| b.total_cmp(a).then(x.cmp(y)));
        found.into_iter().take(limit).map(|(_, id)| id).collect()
    }
}
