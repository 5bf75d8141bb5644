//! The parent's side: one child reads many files in turn; one that dies costs the file it died of.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use super::protocol::{self, ANSWER_BYTES_MAX, HELLO};
use super::{FILE_BYTES_MAX, File, Outcome, Reading, SECONDS_MAX, WORD, kind};

/// `SIGXCPU`, the same number on every system that has it.
#[cfg(unix)]
const PROCESSOR_TIME_OVER: i32 = 24;
/// How long a child may take to start.
const START: Duration = Duration::from_secs(20);

/// Why no file can be read here.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The program cannot start itself as the process that reads attachments.
    #[error("starting the process that reads attachments")]
    Start {
        /// The cause.
        #[source]
        source: io::Error,
    },
}

/// Reads files, each in a child process that has nothing but its pipes.
#[derive(Debug)]
pub struct Extractor {
    program: PathBuf,
    child: Option<Running>,
}

/// A child at work.
#[derive(Debug)]
struct Running {
    child: Child,
    stdin: ChildStdin,
    answers: Receiver<Vec<u8>>,
    /// It has read files before this one.
    is_used: bool,
}

/// How a child failed at a file.
enum Death {
    /// It took too long and was ended.
    Slow,
    /// It ended by itself.
    Ended(String),
}

impl Extractor {
    /// Reads with this program itself. No child is started before one is needed.
    ///
    /// # Errors
    /// The program does not know where it lies.
    pub fn new() -> Result<Self, Error> {
        let program = std::env::current_exe().map_err(|source| Error::Start { source })?;
        Ok(Self::with_program(&program))
    }

    /// Reads with a program that serves as [`super::serve`] when started with [`WORD`] alone.
    pub fn with_program(program: &Path) -> Self {
        Self { program: program.to_path_buf(), child: None }
    }

    /// What a file says. Takes a little more than [`SECONDS_MAX`] at most, four times that with a
    /// child that had to be started anew.
    ///
    /// # Errors
    /// No child can be started; nothing is known of the file then.
    pub fn read(&mut self, file: &File<'_>) -> Result<Reading, Error> {
        let kind = kind::of(file);
        if !kind.is_read() {
            return Ok(Reading { kind, outcome: Outcome::Unknown });
        }
        if file.bytes.len() > FILE_BYTES_MAX {
            let megabytes = FILE_BYTES_MAX >> 20;
            return Ok(Reading::unreadable(kind, format!("it is larger than {megabytes} MB")));
        }
        let mut running = match self.child.take() {
            Some(running) => running,
            None => Running::start(&self.program)?,
        };
        let mut outcome = running.read(file);
        // Those before it may have left it little memory, or broken it.
        if matches!(outcome, Err(Death::Ended(_))) && running.is_used {
            running.end();
            running = Running::start(&self.program)?;
            outcome = running.read(file);
        }
        match outcome {
            Ok(reading) => {
                running.is_used = true;
                self.child = Some(running);
                Ok(reading)
            }
            Err(death) => {
                running.end();
                // Within an archive its name says most about it.
                let guess = kind::guess(file.name, file.mime_type);
                let kind = if kind == kind::Kind::Archive { guess } else { kind };
                Ok(Reading::unreadable(
                    kind,
                    match death {
                        Death::Slow => format!("reading it took longer than {SECONDS_MAX} s"),
                        Death::Ended(how) => how,
                    },
                ))
            }
        }
    }
}

impl Drop for Extractor {
    fn drop(&mut self) {
        if let Some(running) = self.child.take() {
            running.end();
        }
    }
}

impl Running {
    fn start(program: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Start { source };
        let mut child = Command::new(program)
            .arg(WORD)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let gone = || failed(io::Error::from(io::ErrorKind::BrokenPipe));
        let stdin = child.stdin.take().ok_or_else(gone)?;
        let mut stdout = child.stdout.take().ok_or_else(gone)?;
        let (send, answers) = sync_channel(1);
        // A pipe cannot be read with a time limit; a channel can.
        std::thread::spawn(move || {
            while let Ok(Some(answer)) = protocol::read_frame(&mut stdout, ANSWER_BYTES_MAX) {
                if send.send(answer).is_err() {
                    return;
                }
            }
        });
        let running = Self { child, stdin, answers, is_used: false };
        match running.answers.recv_timeout(START) {
            Ok(hello) if hello == HELLO => Ok(running),
            _ => {
                running.end();
                Err(failed(io::Error::other("it does not answer as it should")))
            }
        }
    }

    fn read(&mut self, file: &File<'_>) -> Result<Reading, Death> {
        if protocol::write_request(&mut self.stdin, file).is_err() {
            return Err(self.ended());
        }
        match self.answers.recv_timeout(Duration::from_secs(SECONDS_MAX)) {
            Ok(answer) => serde_json::from_slice(&answer)
                .map_err(|_| Death::Ended("reading it gave no answer".to_owned())),
            Err(RecvTimeoutError::Timeout) => Err(Death::Slow),
            Err(RecvTimeoutError::Disconnected) => Err(self.ended()),
        }
    }

    /// Why the child is gone, by how it ended.
    fn ended(&mut self) -> Death {
        #[cfg(unix)]
        {
            use std::os::unix::process::ExitStatusExt as _;
            let signal = self.child.wait().ok().and_then(|status| status.signal());
            if signal == Some(PROCESSOR_TIME_OVER) {
                return Death::Slow;
            }
            if signal.is_some() {
                let most = super::MEMORY_BYTES_MAX >> 20;
                let how = format!("reading it took more than {most} MB, or went too deep");
                return Death::Ended(how);
            }
        }
        Death::Ended("reading it ended without an answer".to_owned())
    }

    /// Ends the child and waits for it.
    fn end(mut self) {
        let _ = self.stdin.flush();
        drop(self.stdin);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
