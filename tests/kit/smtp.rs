//! A mail server on loopback that counts what it takes, and can do away with whoever is sending.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// Where a conversation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Greeting,
    Hello,
    Mail,
    Recipient,
    Data,
    /// In the middle of the text.
    Text,
    /// The dot was read.
    Dot,
    Quit,
}

pub(crate) const STAGES: [Stage; 8] = [
    Stage::Greeting,
    Stage::Hello,
    Stage::Mail,
    Stage::Recipient,
    Stage::Data,
    Stage::Text,
    Stage::Dot,
    Stage::Quit,
];

/// What becomes of a letter once its dot was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Takes,
    /// 5xx.
    Rejects,
    /// 4xx.
    Later,
    /// Takes it, and says nothing: the connection breaks.
    TakesSilently,
    /// Takes it not, and says nothing.
    LosesSilently,
}

pub(crate) const ENDS: [End; 5] =
    [End::Takes, End::Rejects, End::Later, End::TakesSilently, End::LosesSilently];

/// Kills the sending process at a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Kill {
    pub(crate) stage: Stage,
    /// After the answer was given, this much later; before it if nothing.
    pub(crate) after: Option<Duration>,
}

#[derive(Debug)]
struct State {
    end: End,
    kill: Option<Kill>,
    /// The process to be killed.
    victim: u32,
    kills: usize,
    taken: Vec<Vec<u8>>,
    commands: Vec<String>,
}

#[derive(Clone)]
pub(crate) struct Smtp {
    pub(crate) port: u16,
    state: Arc<Mutex<State>>,
}

impl Smtp {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(Mutex::new(State {
            end: End::Takes,
            kill: None,
            victim: 0,
            kills: 0,
            taken: Vec::new(),
            commands: Vec::new(),
        }));
        let server = Self { port, state };
        let shared = server.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = shared.clone();
                thread::spawn(move || server.serve(stream));
            }
        });
        server
    }

    /// Forgets what it took, and does so from now on.
    pub(crate) fn set(&self, end: End, kill: Option<Kill>) {
        let mut state = self.state.lock().expect("no test panics with it");
        (state.end, state.kill, state.victim, state.kills) = (end, kill, 0, 0);
        state.taken.clear();
        state.commands.clear();
    }

    /// As before, with what it took.
    pub(crate) fn then(&self, end: End) {
        let mut state = self.state.lock().expect("no test panics with it");
        (state.end, state.kill) = (end, None);
    }

    pub(crate) fn victim(&self, process: u32) {
        self.state.lock().expect("no test panics with it").victim = process;
    }

    pub(crate) fn taken(&self) -> Vec<Vec<u8>> {
        self.state.lock().expect("no test panics with it").taken.clone()
    }

    /// Every line it heard, the text of letters aside.
    pub(crate) fn commands(&self) -> Vec<String> {
        self.state.lock().expect("no test panics with it").commands.clone()
    }

    pub(crate) fn kills(&self) -> usize {
        self.state.lock().expect("no test panics with it").kills
    }

    fn serve(&self, mut stream: TcpStream) -> Option<()> {
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        self.answer(&mut stream, Stage::Greeting, "220 ready")?;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let verb = line.split([' ', ':', '\r']).next().unwrap_or_default().to_uppercase();
            self.state.lock().ok()?.commands.push(line.trim_end().to_owned());
            match verb.as_str() {
                "EHLO" => self.answer(
                    &mut stream,
                    Stage::Hello,
                    "250-here\r\n250-AUTH PLAIN\r\n250 SIZE 50000000",
                )?,
                "AUTH" => self.say(&mut stream, "235 welcome")?,
                "MAIL" => self.answer(&mut stream, Stage::Mail, "250 ok")?,
                "RCPT" => self.answer(&mut stream, Stage::Recipient, "250 ok")?,
                "DATA" => {
                    self.answer(&mut stream, Stage::Data, "354 go on")?;
                    self.text(&mut reader, &mut stream)?;
                }
                "QUIT" => return self.answer(&mut stream, Stage::Quit, "221 bye"),
                _ => self.say(&mut stream, "500 what?")?,
            }
        }
    }

    fn text(&self, reader: &mut impl std::io::BufRead, stream: &mut TcpStream) -> Option<()> {
        let mut text = Vec::new();
        loop {
            let mut line = Vec::new();
            if reader.read_until(b'\n', &mut line).ok()? == 0 {
                return None;
            }
            if text.is_empty() {
                self.kill_at(Stage::Text, false);
            }
            if line == b".\r\n" {
                break;
            }
            text.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
        }
        let end = {
            let mut state = self.state.lock().ok()?;
            if matches!(state.end, End::Takes | End::TakesSilently) {
                state.taken.push(text);
            }
            state.end
        };
        match end {
            End::Takes => self.answer(stream, Stage::Dot, "250 taken"),
            End::Rejects => self.answer(stream, Stage::Dot, "554 not that"),
            End::Later => self.answer(stream, Stage::Dot, "451 later"),
            End::TakesSilently | End::LosesSilently => {
                self.kill_at(Stage::Dot, false);
                None
            }
        }
    }

    fn answer(&self, stream: &mut TcpStream, stage: Stage, text: &str) -> Option<()> {
        self.kill_at(stage, false);
        self.say(stream, text)?;
        self.kill_at(stage, true);
        Some(())
    }

    fn say(&self, stream: &mut TcpStream, text: &str) -> Option<()> {
        stream.write_all(format!("{text}\r\n").as_bytes()).ok()
    }

    fn kill_at(&self, stage: Stage, answered: bool) {
        let kill = self.state.lock().ok().and_then(|state| state.kill);
        let Some(kill) =
            kill.filter(|kill| kill.stage == stage && kill.after.is_some() == answered)
        else {
            return;
        };
        thread::sleep(kill.after.unwrap_or_default());
        let began = Instant::now();
        let victim = loop {
            let victim = self.state.lock().map_or(0, |state| state.victim);
            if victim != 0 || began.elapsed() > Duration::from_secs(5) {
                break victim;
            }
            thread::sleep(Duration::from_millis(1));
        };
        let pid = i32::try_from(victim).ok().and_then(rustix::process::Pid::from_raw);
        let Some(pid) = pid else { return };
        let killed = rustix::process::kill_process(pid, rustix::process::Signal::KILL).is_ok();
        if let Ok(mut state) = self.state.lock() {
            state.kills += usize::from(killed);
            state.kill = None;
        }
    }
}
