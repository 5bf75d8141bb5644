//! Mail made up for tests, by people at example.org.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// One message, in parts.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) id: String,
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) subject: String,
    pub(crate) date: String,
    pub(crate) references: Vec<String>,
    pub(crate) body: String,
}

impl Letter {
    pub(crate) fn new(subject: &str, body: &str) -> Self {
        // A short digest of both keeps ids apart without counting.
        let sum =
            subject.bytes().chain(body.bytes()).fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
                (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        Self {
            id: format!("{sum:016x}@example.org"),
            from: "Bert Quist <bert@example.org>".into(),
            to: "Ada Merz <ada@example.org>".into(),
            subject: subject.into(),
            date: "Fri, 27 Feb 2026 10:00:00 +0000".into(),
            references: Vec::new(),
            body: body.into(),
        }
    }

    pub(crate) fn from(mut self, from: &str) -> Self {
        from.clone_into(&mut self.from);
        self
    }

    pub(crate) fn to(mut self, to: &str) -> Self {
        to.clone_into(&mut self.to);
        self
    }

    pub(crate) fn date(mut self, date: &str) -> Self {
        date.clone_into(&mut self.date);
        self
    }

    /// An answer to `other`: Re:, References, the people the other way round, an hour later.
    pub(crate) fn answer(other: &Self, body: &str) -> Self {
        let mut letter = Self::new(&format!("Re: {}", other.subject), body);
        letter.from.clone_from(&other.to);
        letter.to.clone_from(&other.from);
        letter.references = other.references.iter().cloned().chain([other.id.clone()]).collect();
        letter.date = other.date.replacen(" 10:", " 11:", 1);
        letter
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut text = format!(
            "Message-ID: <{}>\nFrom: {}\nTo: {}\nSubject: {}\nDate: {}\n",
            self.id, self.from, self.to, self.subject, self.date
        );
        if !self.references.is_empty() {
            let ids: Vec<String> = self.references.iter().map(|id| format!("<{id}>")).collect();
            let _ = writeln!(text, "References: {}", ids.join(" "));
        }
        let _ = write!(
            text,
            "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\
             Content-Transfer-Encoding: 8bit\n\n{}\n",
            self.body
        );
        text.into_bytes()
    }
}

const PEOPLE: [&str; 6] = [
    "Bert Quist <bert@example.org>",
    "Carla Ohm <carla@example.org>",
    "Dario Penn <dario@example.org>",
    "Elin Strand <elin@example.org>",
    "Femi Alabi <femi@example.org>",
    "Gunda Roth <gunda@example.org>",
];
const TOPICS: [&str; 8] = [
    "gate sensor",
    "loading dock",
    "invoice run",
    "herring shipment",
    "pallet count",
    "night shift",
    "crane service",
    "customs form",
];
const SENTENCES: [&str; 10] = [
    "Could you send me the numbers for this week?",
    "I will have the report ready on Thursday.",
    "We decided to keep the old supplier until summer.",
    "The truck was late again, nothing to do for you.",
    "Please confirm the date by Friday at noon.",
    "Thanks for the quick answer, that settles it.",
    "The second scanner shows the wrong time since Monday.",
    "Do we have enough pallets for the next two weeks?",
    "I promised the driver an answer until tomorrow.",
    "There is nothing new from the harbour.",
];

/// `count` different messages of February 2026, always the same ones; every fifth answers the one
/// before it. Each holds the word `number<N>word` that no other holds.
pub(crate) fn letters(count: usize) -> Vec<Letter> {
    let mut letters: Vec<Letter> = Vec::with_capacity(count);
    for at in 0..count {
        let day = at / 60 % 27 + 1;
        let mut body = String::new();
        for step in 0..(3 + at * 7 % 11) {
            let _ = writeln!(body, "{}", SENTENCES[(at * 31 + step * 17) % SENTENCES.len()]);
        }
        let _ = writeln!(body, "number{at}word");
        let letter = if at % 5 == 4 {
            let quoted: String =
                letters[at - 1].body.lines().take(3).map(|line| format!("> {line}\n")).collect();
            Letter::answer(&letters[at - 1], &format!("{body}\n{quoted}"))
        } else {
            let topic = TOPICS[at % TOPICS.len()];
            let date = format!("{day:02} Feb 2026 10:{:02}:{:02} +0000", at % 60, at * 7 % 60);
            Letter::new(&format!("{topic} {at}"), &body).from(PEOPLE[at % PEOPLE.len()]).date(&date)
        };
        letters.push(letter);
    }
    letters
}

/// The bytes of [`letters`].
pub(crate) fn some(count: usize) -> Vec<Vec<u8>> {
    letters(count).iter().map(Letter::bytes).collect()
}

/// Lays `messages` out as a Maildir; `folder` is empty for the inbox, else a Maildir++ name.
pub(crate) fn maildir(root: &Path, folder: &str, messages: &[Vec<u8>]) {
    let place =
        if folder.is_empty() { root.to_path_buf() } else { root.join(format!(".{folder}")) };
    for part in ["cur", "new", "tmp"] {
        fs::create_dir_all(place.join(part)).expect("a folder of the Maildir");
    }
    for (at, message) in messages.iter().enumerate() {
        let name = format!("{}.{at:06}.example:2,S", 1_770_000_000 + at);
        fs::write(place.join("cur").join(name), message).expect("a file of the Maildir");
    }
}

/// Writes `messages` as one mboxrd file.
pub(crate) fn mbox(path: &Path, messages: &[Vec<u8>]) {
    let mut bytes = Vec::new();
    for message in messages {
        bytes.extend_from_slice(b"From bert@example.org Fri Feb 27 10:00:00 2026\n");
        for line in message.split_inclusive(|byte| *byte == b'\n') {
            if line.iter().skip_while(|byte| **byte == b'>').copied().take(5).eq(*b"From ") {
                bytes.push(b'>');
            }
            bytes.extend_from_slice(line);
        }
        bytes.push(b'\n');
    }
    fs::write(path, bytes).expect("the mbox is written");
}

/// Writes `messages` as files of their own with the ending `.eml`.
pub(crate) fn folder(root: &Path, messages: &[Vec<u8>]) {
    fs::create_dir_all(root).expect("a folder");
    for (at, message) in messages.iter().enumerate() {
        fs::write(root.join(format!("{at:06}.eml")), message).expect("a file");
    }
}
