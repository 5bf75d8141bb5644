//! Reads `mailbox.txt`; its head says how it is written.

use super::DemoFlag;
use super::clock::{Days, Language, When};

/// Everything `mailbox.txt` says.
pub(super) struct Mailbox {
    pub(super) people: Vec<Person>,
    pub(super) entries: Vec<Entry>,
}

/// Somebody who writes or is written to.
pub(super) struct Person {
    pub(super) key: &'static str,
    pub(super) name: &'static str,
    pub(super) address: &'static str,
    pub(super) signature: Vec<&'static str>,
    /// Header fields all their mail has.
    pub(super) headers: Vec<(&'static str, &'static str)>,
}

/// How the text is sent besides as plain text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Html {
    #[default]
    No,
    /// The same once more as HTML.
    Also,
    /// As HTML alone.
    Only,
}

/// A further part of a message.
pub(super) struct Part {
    /// `html`, `calendar METHOD` or `attach NAME TYPE`.
    pub(super) what: Vec<&'static str>,
    pub(super) body: String,
}

/// One message.
pub(super) struct Entry {
    pub(super) id: &'static str,
    pub(super) folder: &'static str,
    pub(super) flags: Vec<DemoFlag>,
    pub(super) when: When,
    pub(super) from: &'static str,
    pub(super) to: Vec<&'static str>,
    pub(super) cc: Vec<&'static str>,
    /// The id of the message it answers.
    pub(super) reply: Option<&'static str>,
    /// Empty in a reply: then it is the parent's with `Re:`.
    pub(super) subject: &'static str,
    pub(super) language: Language,
    pub(super) html: Html,
    /// Lines broken at 72 columns, as old clients and list people do.
    pub(super) wrap: bool,
    /// The list or service it came through: a person's key, whose header fields are added.
    pub(super) via: Option<&'static str>,
    /// What the receiving server found: `pass`, `fail`, `softfail`, `none`.
    pub(super) auth: &'static str,
    pub(super) headers: Vec<(&'static str, &'static str)>,
    pub(super) text: String,
    pub(super) parts: Vec<Part>,
}

impl Mailbox {
    /// The person of a key.
    pub(super) fn person(&self, key: &str) -> Result<&Person, String> {
        let found = self.people.iter().find(|person| person.key == key);
        found.ok_or_else(|| format!("nobody is called {key}"))
    }

    /// The message of an id.
    pub(super) fn entry(&self, id: &str) -> Result<&Entry, String> {
        let found = self.entries.iter().find(|entry| entry.id == id);
        found.ok_or_else(|| format!("no message is called {id}"))
    }
}

/// Reads the whole file; an error names the block it is in.
pub(super) fn read(text: &'static str) -> Result<Mailbox, String> {
    let mut mailbox = Mailbox { people: Vec::new(), entries: Vec::new() };
    for block in text.split("\n=== ").skip(1) {
        let (title, rest) = block.split_once('\n').ok_or("a block ends in its title")?;
        if title.trim() == "people" {
            mailbox.people = people(rest).map_err(|error| format!("people: {error}"))?;
        } else {
            let entry = entry(title.trim(), rest).map_err(|error| format!("{title}: {error}"))?;
            mailbox.entries.push(entry);
        }
    }
    Ok(mailbox)
}

fn people(text: &'static str) -> Result<Vec<Person>, String> {
    let mut people: Vec<Person> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        if let Some(more) = line.strip_prefix("  ") {
            let person = people.last_mut().ok_or("a signature before the first person")?;
            match more.strip_prefix("+ ") {
                Some(header) => person.headers.push(split_header(header)?),
                None => person.signature.push(more),
            }
        } else {
            let (key, who) = line.split_once(" = ").ok_or_else(|| format!("what is {line}?"))?;
            let (name, rest) = who.split_once('<').ok_or_else(|| format!("{who}: no address"))?;
            people.push(Person {
                key,
                name: name.trim(),
                address: rest.trim_end_matches('>'),
                signature: Vec::new(),
                headers: Vec::new(),
            });
        }
    }
    Ok(people)
}

fn entry(id: &'static str, block: &'static str) -> Result<Entry, String> {
    let (head, body) = block.split_once("\n\n").ok_or("no empty line after the head")?;
    let mut entry = Entry {
        id,
        folder: "Inbox",
        flags: Vec::new(),
        when: When { days: Days::Calendar(0), minute: 0 },
        from: "",
        to: vec!["ada"],
        cc: Vec::new(),
        reply: None,
        subject: "",
        language: Language::English,
        html: Html::No,
        wrap: false,
        via: None,
        auth: "pass",
        headers: Vec::new(),
        text: String::new(),
        parts: Vec::new(),
    };
    let mut dated = false;
    for line in head.lines() {
        let (name, value) = split_header(line)?;
        match name {
            "folder" => entry.folder = value,
            "flags" => entry.flags = value.split(' ').map(flag).collect::<Result<_, _>>()?,
            "when" => {
                entry.when = when(value)?;
                dated = true;
            }
            "from" => entry.from = value,
            "to" => entry.to = value.split(", ").collect(),
            "cc" => entry.cc = value.split(", ").collect(),
            "reply" => entry.reply = Some(value),
            "subject" => entry.subject = value,
            "lang" => entry.language = language(value)?,
            "html" => entry.html = html(value)?,
            "wrap" => entry.wrap = value == "yes",
            "via" => entry.via = Some(value),
            "auth" => entry.auth = value,
            _ if name.starts_with(char::is_uppercase) => entry.headers.push((name, value)),
            _ => return Err(format!("what is {name}?")),
        }
    }
    if !dated || entry.from.is_empty() || (entry.subject.is_empty() && entry.reply.is_none()) {
        return Err("when, from, and subject or reply are needed".to_owned());
    }
    read_body(&mut entry, body);
    Ok(entry)
}

/// The text, then the parts, each opened by a line `--- html` and the like.
fn read_body(entry: &mut Entry, body: &'static str) {
    let mut current = &mut entry.text;
    for line in body.lines() {
        if let Some(what) = line.strip_prefix("--- ") {
            entry.parts.push(Part { what: what.split(' ').collect(), body: String::new() });
            let last = entry.parts.len() - 1;
            current = &mut entry.parts[last].body;
        } else {
            current.push_str(line);
            current.push('\n');
        }
    }
    entry.text = trimmed(&entry.text);
    for part in &mut entry.parts {
        part.body = trimmed(&part.body);
    }
}

/// `text` without empty lines around it, ending in a line end unless it is empty.
fn trimmed(text: &str) -> String {
    let text = text.trim_matches('\n');
    if text.is_empty() { String::new() } else { format!("{text}\n") }
}

fn split_header(line: &'static str) -> Result<(&'static str, &'static str), String> {
    line.split_once(": ").ok_or_else(|| format!("what is {line}?"))
}

/// `-3d 09:14` or `-3w 09:14`.
pub(super) fn when(value: &str) -> Result<When, String> {
    let (day, clock) = value.split_once(' ').ok_or_else(|| format!("{value}: no time"))?;
    let days = match (day.strip_suffix('d'), day.strip_suffix('w')) {
        (Some(n), _) => n.parse().map(Days::Calendar),
        (_, Some(n)) => n.parse().map(Days::Working),
        _ => return Err(format!("{value}: days end in d or w")),
    };
    let days = days.map_err(|error| format!("{value}: {error}"))?;
    Ok(When { days, minute: minute(clock)? })
}

/// The minute of the day of `09:14`.
pub(super) fn minute(clock: &str) -> Result<i64, String> {
    let parts = clock.split_once(':').map(|(hour, minute)| (hour.parse(), minute.parse()));
    match parts {
        Some((Ok(hour @ 0..24), Ok(minute @ 0..60))) => Ok(hour * 60 + minute),
        _ => Err(format!("{clock} is no time")),
    }
}

fn flag(word: &str) -> Result<DemoFlag, String> {
    match word {
        "seen" => Ok(DemoFlag::Seen),
        "answered" => Ok(DemoFlag::Answered),
        "flagged" => Ok(DemoFlag::Flagged),
        _ => Err(format!("{word} is no flag")),
    }
}

fn language(word: &str) -> Result<Language, String> {
    match word {
        "en" => Ok(Language::English),
        "de" => Ok(Language::German),
        "fr" => Ok(Language::French),
        _ => Err(format!("{word} is no language here")),
    }
}

fn html(word: &str) -> Result<Html, String> {
    match word {
        "also" => Ok(Html::Also),
        "only" => Ok(Html::Only),
        _ => Err(format!("html is also or only, not {word}")),
    }
}
