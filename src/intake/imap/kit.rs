//! A server on loopback for tests: a few folders, and faults at will.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A message on the server.
#[derive(Clone, Debug)]
pub(super) struct Mail {
    pub(super) uid: u32,
    pub(super) flags: &'static str,
    pub(super) raw: Vec<u8>,
}

/// A folder on the server.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    pub(super) name: &'static str,
    pub(super) uidvalidity: u32,
    pub(super) uidnext: u32,
    pub(super) mail: Vec<Mail>,
}

/// What the server does in place of what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    /// Closes the connection after so many bytes.
    CutAfter(usize),
    /// Answers the command of this number, from 0, with this (`TAG` stands for its tag), and closes
    /// the connection where it ends in nothing.
    Answer(usize, &'static str),
    /// Before it answers the command of this number, the first so many messages go.
    Expunge(usize, usize),
    /// Says this in place of the greeting.
    Greeting(&'static str),
    /// Answers nothing to the command of this number, and keeps the connection.
    Silence(usize),
}

/// What all connections share.
#[derive(Debug)]
pub(super) struct State {
    pub(super) folders: Vec<Folder>,
    pub(super) fault: Fault,
    pub(super) capabilities: &'static str,
    /// Every line the client sent.
    pub(super) heard: Vec<String>,
    /// Bytes said since the fault was set.
    pub(super) said: usize,
    /// Commands heard since the fault was set.
    pub(super) commands: usize,
}

impl State {
    /// Whether it counts changes, and that badly: the count stands still.
    fn counts(&self) -> bool {
        self.capabilities.contains("CONDSTORE")
    }
}

/// The server.
pub(super) struct Fake {
    pub(super) port: u16,
    pub(super) state: Arc<Mutex<State>>,
}

impl Fake {
    pub(super) fn new(folders: Vec<Folder>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(Mutex::new(State {
            folders,
            fault: Fault::None,
            capabilities: "IMAP4rev1 AUTH=PLAIN SASL-IR UIDPLUS",
            heard: Vec::new(),
            said: 0,
            commands: 0,
        }));
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = shared.clone();
                std::thread::spawn(move || Talk { stream, state, open: None }.serve());
            }
        });
        Self { port, state }
    }

    pub(super) fn set(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().expect("no test panics with it");
        (state.said, state.commands) = (0, 0);
        state.heard.clear();
        change(&mut state);
    }

    pub(super) fn fault(&self, fault: Fault) {
        self.set(|state| state.fault = fault);
    }

    pub(super) fn get<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        look(&self.state.lock().expect("no test panics with it"))
    }
}

struct Talk {
    stream: TcpStream,
    state: Arc<Mutex<State>>,
    open: Option<usize>,
}

impl Talk {
    /// Says it, or as much of it as the fault lets through; nothing then.
    fn say(&mut self, text: &[u8]) -> Option<()> {
        let left = {
            let mut state = self.state.lock().expect("no test panics with it");
            let left = match state.fault {
                Fault::CutAfter(bytes) => bytes.saturating_sub(state.said),
                _ => usize::MAX,
            };
            state.said += text.len();
            left
        };
        self.stream.write_all(&text[..text.len().min(left)]).ok()?;
        (text.len() <= left).then_some(())
    }

    fn serve(mut self) -> Option<()> {
        let greeting = match &self.state.lock().expect("no test panics with it").fault {
            Fault::Greeting(text) => (*text).to_owned(),
            _ => "* OK ready\r\n".to_owned(),
        };
        self.say(greeting.as_bytes())?;
        let lines = BufReader::new(self.stream.try_clone().ok()?).lines();
        for line in lines.map_while(Result::ok) {
            let (at, fault) = {
                let mut state = self.state.lock().expect("no test panics with it");
                state.heard.push(line.clone());
                state.commands += 1;
                (state.commands - 1, state.fault.clone())
            };
            let (tag, command) = line.split_once(' ').unwrap_or((&line, ""));
            match fault {
                Fault::Answer(number, text) if number == at => {
                    self.say(text.replace("TAG", tag).as_bytes())?;
                    if text.is_empty() || text.contains("BYE") {
                        return None;
                    }
                    continue;
                }
                Fault::Expunge(number, count) if number == at => {
                    self.state.lock().expect("no test panics with it").folders[0]
                        .mail
                        .drain(..count);
                    self.say("* 1 EXPUNGE\r\n".repeat(count).as_bytes())?;
                }
                Fault::Silence(number) if number == at => {
                    std::thread::sleep(std::time::Duration::from_secs(5));
                    return None;
                }
                _ => {}
            }
            let (data, end) = self.answer(command);
            self.say(&data)?;
            self.say(format!("{tag} {end}\r\n").as_bytes())?;
        }
        None
    }

    fn answer(&mut self, command: &str) -> (Vec<u8>, String) {
        let state = self.state.lock().expect("no test panics with it");
        let word = command.split(' ').next().unwrap_or_default();
        let named = |text: &str| {
            let name = text.split('"').nth(1).unwrap_or_default();
            state.folders.iter().position(|folder| folder.name == name)
        };
        let ok = |data: String| (data.into_bytes(), "OK done".to_owned());
        match word {
            "CAPABILITY" => ok(format!("* CAPABILITY {}\r\n", state.capabilities)),
            "LIST" => ok(state
                .folders
                .iter()
                .map(|folder| format!("* LIST () \"/\" \"{}\"\r\n", folder.name))
                .collect()),
            "STATUS" => {
                let folder = &state.folders[named(command).expect("it was listed")];
                let counted = if state.counts() { " HIGHESTMODSEQ 5" } else { "" };
                ok(format!(
                    "* STATUS \"{}\" (MESSAGES {} UIDNEXT {} UIDVALIDITY {}{counted})\r\n",
                    folder.name,
                    folder.mail.len(),
                    folder.uidnext,
                    folder.uidvalidity
                ))
            }
            "EXAMINE" => {
                let at = named(command);
                let Some(folder) = at.map(|at| &state.folders[at]) else {
                    return (Vec::new(), "NO there is none".to_owned());
                };
                let counted = if state.counts() { "* OK [HIGHESTMODSEQ 5] ok\r\n" } else { "" };
                let data = format!(
                    "{counted}* FLAGS (\\Seen)\r\n* {} EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY {}] ok\r\n* OK [UIDNEXT {}] ok\r\n",
                    folder.mail.len(),
                    folder.uidvalidity,
                    folder.uidnext
                );
                self.open = at;
                (data.into_bytes(), "OK [READ-ONLY] open".to_owned())
            }
            "UID" => {
                let Some(folder) = self.open.map(|at| &state.folders[at]) else {
                    return (Vec::new(), "BAD no folder is open".to_owned());
                };
                uid(folder, command)
            }
            _ => ok(String::new()),
        }
    }
}

fn uid(folder: &Folder, command: &str) -> (Vec<u8>, String) {
    let ok = |data: Vec<u8>| (data, "OK done".to_owned());
    let mut words = command.splitn(4, ' ').skip(1);
    let (verb, set) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let items = words.next().unwrap_or_default();
    if verb == "SEARCH" {
        let set = if set == "ALL" { "1:*" } else { items };
        let mut line = "* SEARCH".to_owned();
        for mail in folder.mail.iter().filter(|mail| holds(folder, set, mail.uid)) {
            let _ = write!(line, " {}", mail.uid);
        }
        return ok((line + "\r\n").into_bytes());
    }
    let mut data = Vec::new();
    if items.contains("CHANGEDSINCE") {
        return ok(data);
    }
    for (at, mail) in folder.mail.iter().enumerate() {
        if !holds(folder, set, mail.uid) {
            continue;
        }
        let mut line = format!("* {} FETCH (UID {}", at + 1, mail.uid);
        if items.contains("FLAGS") {
            let _ = write!(line, " FLAGS ({})", mail.flags);
        }
        if items.contains("INTERNALDATE") {
            line.push_str(" INTERNALDATE \"02-Mar-2026 09:00:00 +0100\"");
        }
        if items.contains("RFC822.SIZE") {
            let _ = write!(line, " RFC822.SIZE {}", mail.raw.len());
        }
        if items.contains("X-GM-LABELS") {
            // What is flagged is labelled, so that both are seen to follow.
            let label =
                if mail.flags.contains("Flagged") { "\\Important \"big plans\"" } else { "" };
            let _ = write!(line, " X-GM-LABELS ({label})");
        }
        if items.contains("X-GM-MSGID") {
            // The same message has the same name in every folder.
            let sum =
                mail.raw.iter().fold(7_u64, |sum, byte| sum.wrapping_mul(31) + u64::from(*byte));
            let _ = write!(line, " X-GM-MSGID {sum}");
        }
        data.extend_from_slice(line.as_bytes());
        if items.contains("HEADER.FIELDS") {
            let text = String::from_utf8_lossy(&mail.raw).into_owned();
            let field =
                text.lines().find(|line| line.starts_with("Message-ID")).unwrap_or_default();
            let field = format!("{field}\r\n\r\n");
            let head = format!(" BODY[HEADER.FIELDS (MESSAGE-ID)] {{{}}}\r\n{field}", field.len());
            data.extend_from_slice(head.as_bytes());
        } else if let Some((_, part)) = items.split_once("BODY.PEEK[]<") {
            let (at, count) =
                part.split_once('>').and_then(|(p, _)| p.split_once('.')).expect("a part");
            let rest = mail.raw.get(at.parse().expect("a place")..).unwrap_or_default();
            let part = &rest[..rest.len().min(count.parse().expect("a number"))];
            data.extend_from_slice(format!(" BODY[]<{at}> {{{}}}\r\n", part.len()).as_bytes());
            data.extend_from_slice(part);
        } else if items.contains("BODY.PEEK[]") {
            data.extend_from_slice(format!(" BODY[] {{{}}}\r\n", mail.raw.len()).as_bytes());
            data.extend_from_slice(&mail.raw);
        }
        data.extend_from_slice(b")\r\n");
    }
    ok(data)
}

fn holds(folder: &Folder, set: &str, uid: u32) -> bool {
    let last = folder.mail.iter().map(|mail| mail.uid).max().unwrap_or(0);
    let number = |text: &str| if text == "*" { last } else { text.parse().expect("a UID") };
    set.split(',').any(|run| {
        let (first, end) = run.split_once(':').unwrap_or((run, run));
        let (first, end) = (number(first), number(end));
        (first.min(end)..=first.max(end)).contains(&uid)
    })
}
