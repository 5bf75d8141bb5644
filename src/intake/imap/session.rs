//! A conversation: one command after the other, each to its tagged status.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use super::Error;
use super::reply::Counts;
use super::reply::{self, Code, Fetched, Line, Listed, Reply, Status};
use super::wire::Wire;
use crate::accounts::{Quirks, wait_asked};

/// Data that a command brought.
#[derive(Debug)]
pub(super) enum Data {
    Fetch(Box<Fetched>),
    List(Listed),
    Search(Vec<u32>),
    Counts(Counts),
    /// What an untagged OK says in brackets.
    Code(Code),
}

/// A server that was greeted.
pub(super) struct Session {
    pub(super) wire: Wire,
    pub(super) quirks: Quirks,
    capabilities: BTreeSet<String>,
    tags: u32,
    /// Messages in the open folder, as the server last said.
    pub(super) exists: u32,
    /// Whether messages of the open folder went away, unnamed, since [`Session::forget_changes`].
    pub(super) shrank: bool,
    /// The UIDs that the server says are gone from the open folder.
    pub(super) vanished: Vec<RangeInclusive<u32>>,
}

impl Session {
    /// Reads the greeting.
    pub(super) fn greeted(wire: Wire, quirks: Quirks) -> Result<(Self, Line), Error> {
        let mut session = Self {
            wire,
            quirks,
            capabilities: BTreeSet::new(),
            tags: 0,
            exists: 0,
            shrank: false,
            vanished: Vec::new(),
        };
        let doing = "waiting for the server's greeting";
        let response = session.wire.response(doing)?;
        match reply::read(&response) {
            Ok(Reply::Line(line)) => match line.status {
                Status::Ok | Status::PreAuth => {
                    session.note(&line.code);
                    Ok((session, line))
                }
                Status::Bye => Err(Error::Bye { doing: doing.into(), said: line.text }),
                Status::No | Status::Bad => Err(garbage(doing, "it does not greet")),
            },
            Ok(_) => Err(garbage(doing, "it does not greet")),
            Err(what) => Err(garbage(doing, what)),
        }
    }

    pub(super) fn can(&self, capability: &str) -> bool {
        self.capabilities.contains(capability)
    }

    /// Whether anything is known of what the server can.
    pub(super) fn knows_capabilities(&self) -> bool {
        !self.capabilities.is_empty()
    }

    /// What was said before TLS or before the login says nothing of what comes after.
    pub(super) fn forget_capabilities(&mut self) {
        self.capabilities.clear();
    }

    /// All of them, sorted.
    pub(super) fn capabilities(&self) -> Vec<String> {
        self.capabilities.iter().cloned().collect()
    }

    pub(super) fn forget_changes(&mut self) {
        self.shrank = false;
        self.vanished.clear();
    }

    /// Runs `command` to its end. `doing` says for an error what it is for; the command itself, which
    /// may hold a secret, is in no error. `take` gets the data as it comes.
    ///
    /// # Errors
    /// Everything but a tagged OK.
    pub(super) fn run(
        &mut self,
        doing: &str,
        command: &str,
        take: &mut dyn FnMut(Data) -> Result<(), Error>,
    ) -> Result<Line, Error> {
        self.run_with(doing, command, None, take)
    }

    /// As [`Session::run`], with `more` sent when the server asks for it.
    pub(super) fn run_with(
        &mut self,
        doing: &str,
        command: &str,
        more: Option<&str>,
        take: &mut dyn FnMut(Data) -> Result<(), Error>,
    ) -> Result<Line, Error> {
        let more: Vec<&[u8]> = more.iter().map(|more| more.as_bytes()).collect();
        self.run_bytes(doing, command, &more, take)
    }

    /// As [`Session::run_with`], for any bytes, one answer each time the server asks for more.
    pub(super) fn run_bytes(
        &mut self,
        doing: &str,
        command: &str,
        more: &[&[u8]],
        take: &mut dyn FnMut(Data) -> Result<(), Error>,
    ) -> Result<Line, Error> {
        self.tags += 1;
        let tag = format!("P{}", self.tags);
        // It may hold a secret.
        let mut line = format!("{tag} {command}\r\n").into_bytes();
        let sent = self.wire.send(doing, &line);
        line.fill(0);
        std::hint::black_box(&line);
        sent?;
        let mut more = more.iter();
        loop {
            let response = self.wire.response(doing)?;
            match reply::read(&response).map_err(|what| garbage(doing, what))? {
                Reply::Done { tag: ended, line } if ended == tag => return self.ended(doing, line),
                Reply::Done { .. } => return Err(garbage(doing, "the status of another command")),
                Reply::GoOn => match more.next() {
                    Some(more) => {
                        self.wire.send(doing, more)?;
                        self.wire.send(doing, b"\r\n")?;
                    }
                    None => return Err(garbage(doing, "it waits for more, unasked")),
                },
                Reply::Line(line) => match line.status {
                    Status::Bye if command == "LOGOUT" => {}
                    Status::Bye => {
                        return Err(Error::Bye { doing: doing.to_owned(), said: line.text });
                    }
                    Status::PreAuth => return Err(garbage(doing, "a second greeting")),
                    // An untagged NO or BAD is a warning; the tagged status decides.
                    Status::Ok | Status::No | Status::Bad => {
                        self.note(&line.code);
                        take(Data::Code(line.code))?;
                    }
                },
                Reply::Capability(list) => self.capabilities = list.into_iter().collect(),
                Reply::Exists(count) => self.exists = count,
                Reply::Expunge => {
                    self.exists = self.exists.saturating_sub(1);
                    self.shrank = true;
                }
                Reply::Vanished { earlier, uids } => {
                    if !earlier {
                        let count = uids.iter().map(|run| run.clone().count() as u32).sum();
                        self.exists = self.exists.saturating_sub(count);
                    }
                    self.vanished.extend(uids);
                }
                Reply::Fetch(fetched) => take(Data::Fetch(fetched))?,
                Reply::List(listed) => take(Data::List(listed))?,
                Reply::Search(uids) => take(Data::Search(uids))?,
                Reply::Counts(counts) => take(Data::Counts(counts))?,
                Reply::Other => {}
            }
        }
    }

    /// Begins to wait (IDLE); gives back the tag it ends with.
    pub(super) fn begin_idle(&mut self, doing: &str) -> Result<String, Error> {
        self.tags += 1;
        let tag = format!("P{}", self.tags);
        self.wire.send(doing, format!("{tag} IDLE\r\n").as_bytes())?;
        loop {
            let response = self.wire.response(doing)?;
            match reply::read(&response).map_err(|what| garbage(doing, what))? {
                Reply::GoOn => return Ok(tag),
                Reply::Done { line, .. } => {
                    // It may not say yes before it waited.
                    return match self.ended(doing, line) {
                        Ok(_) => Err(garbage(doing, "it does not wait")),
                        Err(error) => Err(error),
                    };
                }
                reply => drop(self.take_news(doing, reply)?),
            }
        }
    }

    /// The next thing the server says while it is waited for; whether it is news of the folder.
    pub(super) fn hear(&mut self, doing: &str) -> Result<bool, Error> {
        let response = self.wire.response(doing)?;
        match reply::read(&response).map_err(|what| garbage(doing, what))? {
            Reply::Done { .. } | Reply::GoOn => Err(garbage(doing, "it ends unasked")),
            reply => self.take_news(doing, reply),
        }
    }

    /// Ends the wait; whether there was news meanwhile.
    pub(super) fn end_idle(&mut self, doing: &str, tag: &str) -> Result<bool, Error> {
        self.wire.send(doing, b"DONE\r\n")?;
        let mut is_news = false;
        loop {
            let response = self.wire.response(doing)?;
            match reply::read(&response).map_err(|what| garbage(doing, what))? {
                Reply::Done { tag: ended, line } if ended == tag => {
                    return self.ended(doing, line).map(|_| is_news);
                }
                Reply::Done { .. } => return Err(garbage(doing, "the status of another command")),
                Reply::GoOn => return Err(garbage(doing, "it waits for more, unasked")),
                reply => is_news |= self.take_news(doing, reply)?,
            }
        }
    }

    fn take_news(&mut self, doing: &str, reply: Reply) -> Result<bool, Error> {
        match reply {
            Reply::Line(Line { status: Status::Bye, text, .. }) => {
                Err(Error::Bye { doing: doing.to_owned(), said: text })
            }
            Reply::Exists(count) => {
                let is_news = count != self.exists;
                self.exists = count;
                Ok(is_news)
            }
            Reply::Expunge => {
                self.exists = self.exists.saturating_sub(1);
                self.shrank = true;
                Ok(true)
            }
            Reply::Vanished { uids, .. } => {
                let count = uids.iter().map(|run| run.clone().count() as u32).sum();
                self.exists = self.exists.saturating_sub(count);
                self.vanished.extend(uids);
                Ok(true)
            }
            Reply::Fetch(_) => Ok(true),
            _ => Ok(false),
        }
    }

    fn ended(&mut self, doing: &str, line: Line) -> Result<Line, Error> {
        let (doing, said) = (doing.to_owned(), line.text.clone());
        match line.status {
            Status::Ok => {
                self.note(&line.code);
                Ok(line)
            }
            Status::No | Status::Bad => Err(match (wait_asked(&said), line.status) {
                (Some(seconds), _) => Error::Throttled { doing, said, seconds },
                (None, Status::No) => Error::Refused { doing, said },
                (None, _) => Error::Bad { doing, said },
            }),
            Status::Bye | Status::PreAuth => {
                Err(Error::Garbage { doing, what: "a tag without a status" })
            }
        }
    }

    fn note(&mut self, code: &Code) {
        if let Code::Capability(list) = code {
            self.capabilities = list.iter().cloned().collect();
        }
    }
}

/// Data that no command of this kind brings is passed over: servers tell what they like, when they
/// like.
pub(super) fn ignore(_: Data) -> Result<(), Error> {
    Ok(())
}

pub(super) fn garbage(doing: &str, what: &'static str) -> Error {
    Error::Garbage { doing: doing.to_owned(), what }
}

/// A string as a command takes it. Nothing where it cannot be quoted: line ends and other than ASCII.
pub(super) fn quoted(text: &str) -> Option<String> {
    let plain = text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    plain.then(|| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
}
