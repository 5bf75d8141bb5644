//! A small scripted mail server on loopback, for tests.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use super::{Server, Tls};

/// What the server does at one point.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// Says this (without line end).
    Say(&'static str),
    /// Closes the connection.
    Close,
    /// Says nothing for longer than anybody waits.
    Stall,
}

/// The server's part. `end` answers the final dot.
#[derive(Clone, Debug)]
pub(super) struct Script {
    pub(super) greeting: Act,
    pub(super) hello: Act,
    /// Whether a second EHLO is answered as the first.
    pub(super) greets_again: bool,
    pub(super) auth: Act,
    pub(super) mail: Act,
    /// Answers to RCPT, in order; the last one again and again.
    pub(super) recipients: Vec<Act>,
    pub(super) data: Act,
    /// Closes after this many bytes of the text, before the dot.
    pub(super) cut: Option<usize>,
    pub(super) end: Act,
    /// Whether the mail counts as taken once the dot was read.
    pub(super) takes: bool,
}

impl Default for Script {
    fn default() -> Self {
        Self {
            greeting: Act::Say("220 ready"),
            hello: Act::Say("250-here\r\n250 AUTH PLAIN LOGIN"),
            greets_again: true,
            auth: Act::Say("235 welcome"),
            mail: Act::Say("250 ok"),
            recipients: vec![Act::Say("250 ok")],
            data: Act::Say("354 go on"),
            cut: None,
            end: Act::Say("250 taken as 1"),
            takes: true,
        }
    }
}

/// What the server saw.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) commands: Vec<String>,
    /// Mails taken: the bytes between DATA and the dot, dots unstuffed.
    pub(super) mails: Vec<Vec<u8>>,
    /// The same as it came over the wire.
    pub(super) wire: Vec<Vec<u8>>,
}

type Watch = Arc<dyn Fn(&str) + Send + Sync>;

pub(super) struct Post {
    pub(super) port: u16,
    seen: Arc<Mutex<Seen>>,
    scripts: Arc<Mutex<Vec<Script>>>,
}

impl Post {
    /// Serves connections one after the other: the first by `script`, later ones by what
    /// [`Post::then`] says, else the same again.
    pub(super) fn new(script: Script) -> Self {
        Self::watched(script, Arc::new(|_| {}))
    }

    /// Calls `watch` with every command before answering it.
    pub(super) fn watched(script: Script, watch: Watch) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let scripts = Arc::new(Mutex::new(vec![script]));
        let (seen_there, scripts_there) = (Arc::clone(&seen), Arc::clone(&scripts));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(stream) = stream else { return };
                let script = {
                    let mut scripts = scripts_there.lock().unwrap();
                    if scripts.len() > 1 { scripts.remove(0) } else { scripts[0].clone() }
                };
                let (seen, watch) = (Arc::clone(&seen_there), Arc::clone(&watch));
                thread::spawn(move || serve(stream, &script, &seen, &watch));
            }
        });
        Self { port, seen, scripts }
    }

    /// Adds the script of the next connection.
    pub(super) fn then(&self, script: Script) {
        self.scripts.lock().unwrap().push(script);
    }

    pub(super) fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }

    pub(super) fn server(&self) -> Server {
        Server {
            tls: Tls::Off,
            timeout: Duration::from_millis(300),
            ..Server::new("127.0.0.1", self.port)
        }
    }
}

/// Gives back whether the conversation goes on.
fn act(stream: &mut TcpStream, act: &Act) -> bool {
    match act {
        Act::Say(text) => stream.write_all(format!("{text}\r\n").as_bytes()).is_ok(),
        Act::Close => false,
        Act::Stall => {
            thread::sleep(Duration::from_millis(1_500));
            false
        }
    }
}

fn serve(mut stream: TcpStream, script: &Script, seen: &Mutex<Seen>, watch: &Watch) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    if !act(&mut stream, &script.greeting) {
        return;
    }
    let mut recipients = script.recipients.iter();
    let mut last = script.recipients.last();
    let mut greeted = false;
    loop {
        let mut line = String::new();
        if !matches!(reader.read_line(&mut line), Ok(1..)) {
            return;
        }
        let command = line.trim_end().to_owned();
        seen.lock().unwrap().commands.push(command.clone());
        watch(&command);
        let verb = command.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        let answer = match verb.as_str() {
            "EHLO" if greeted && !script.greets_again => Act::Say("503 already identified"),
            "EHLO" => {
                greeted = true;
                script.hello.clone()
            }
            "AUTH" => script.auth.clone(),
            "MAIL" => script.mail.clone(),
            "RCPT" => {
                last = recipients.next().or(last);
                last.cloned().unwrap_or(Act::Close)
            }
            "DATA" => script.data.clone(),
            "QUIT" => Act::Say("221 bye"),
            _ => Act::Say("500 what?"),
        };
        if !act(&mut stream, &answer) || verb == "QUIT" {
            return;
        }
        if verb == "DATA" && matches!(answer, Act::Say(text) if text.starts_with("354")) {
            if !take(&mut reader, script, seen) {
                return;
            }
            watch(".");
            if !act(&mut stream, &script.end) {
                return;
            }
        }
    }
}

/// Reads the text up to the dot. Gives back whether it came to that.
fn take(reader: &mut BufReader<TcpStream>, script: &Script, seen: &Mutex<Seen>) -> bool {
    let (mut mail, mut wire) = (Vec::new(), Vec::new());
    loop {
        let mut line = Vec::new();
        if !matches!(reader.read_until(b'\n', &mut line), Ok(1..)) {
            return false;
        }
        wire.extend_from_slice(&line);
        if script.cut.is_some_and(|bytes| wire.len() >= bytes) {
            return false;
        }
        if line == b".\r\n" {
            break;
        }
        mail.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
    if script.takes {
        let mut seen = seen.lock().unwrap();
        seen.mails.push(mail);
        seen.wire.push(wire);
    }
    true
}
