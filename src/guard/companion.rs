//! A process split off before the lock, to start the user's editor.
//!
//! An editor may need sockets (a display, a clipboard, a server of its own), and the lock is
//! inherited. So commands that open an editor split off this process first. It reads one line, the
//! editor's command, and never any mail.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use serde::{Deserialize, Serialize};

use super::Error;

/// The hidden word that makes this program serve as a companion.
const WORD: &str = "__companion";

/// The split-off process.
#[derive(Debug)]
pub struct Companion {
    child: Child,
}

#[derive(Serialize, Deserialize)]
struct Order {
    argv: Vec<String>,
}

impl Companion {
    /// Splits the process off; to be called before [`super::lock()`].
    ///
    /// # Errors
    /// The program cannot start itself.
    pub fn split_off() -> Result<Self, Error> {
        let failed = |source| Error::Companion { source };
        let program = std::env::current_exe().map_err(failed)?;
        let child = Command::new(program)
            .arg(WORD)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed)?;
        Ok(Self { child })
    }

    /// Has it run `argv` on the user's terminal and waits for the end. Gives back whether the
    /// command ended with success.
    ///
    /// # Errors
    /// The companion is gone, or the command cannot be started.
    pub fn run(mut self, argv: &[String]) -> Result<bool, Error> {
        let failed = |source| Error::Companion { source };
        let order = serde_json::to_string(&Order { argv: argv.to_vec() }).unwrap_or_default();
        let gone = || failed(std::io::Error::from(std::io::ErrorKind::BrokenPipe));
        let mut stdin = self.child.stdin.take().ok_or_else(gone)?;
        writeln!(stdin, "{order}").map_err(failed)?;
        drop(stdin);
        let stdout = self.child.stdout.take().ok_or_else(gone)?;
        let mut answer = String::new();
        BufReader::new(stdout).read_line(&mut answer).map_err(failed)?;
        self.child.wait().map_err(failed)?;
        match answer.trim() {
            "done" => Ok(true),
            "failed" => Ok(false),
            other => Err(failed(std::io::Error::other(other.to_owned()))),
        }
    }
}

/// The hidden word that makes this program serve as a messenger.
const MESSENGER: &str = "__messenger";
/// Longest text handed to the user's command.
const TEXT_BYTES_MAX: usize = 4 << 10;

/// A process split off before anything is read, to start the user's `[notify]` command: that may need a
/// socket (a desktop's bus), and is told a few words and no more.
#[derive(Debug)]
pub struct Messenger {
    child: Child,
}

#[derive(Serialize, Deserialize)]
struct Errand {
    argv: Vec<String>,
    text: String,
}

impl Messenger {
    /// Splits the process off.
    ///
    /// # Errors
    /// The program cannot start itself.
    pub fn split_off() -> Result<Self, Error> {
        let failed = |source| Error::Companion { source };
        let program = std::env::current_exe().map_err(failed)?;
        let child = Command::new(program)
            .arg(MESSENGER)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .map_err(failed)?;
        Ok(Self { child })
    }

    /// Has it run `argv` with `text` on standard input. Nobody waits for the end.
    ///
    /// # Errors
    /// The process is gone.
    pub fn tell(&mut self, argv: &[String], text: &str) -> Result<(), Error> {
        let end = text.floor_char_boundary(TEXT_BYTES_MAX);
        let errand = Errand { argv: argv.to_vec(), text: text[..end].to_owned() };
        let line = serde_json::to_string(&errand).unwrap_or_default();
        let failed = |source| Error::Companion { source };
        let gone = || failed(std::io::Error::from(std::io::ErrorKind::BrokenPipe));
        let stdin = self.child.stdin.as_mut().ok_or_else(gone)?;
        writeln!(stdin, "{line}").and_then(|()| stdin.flush()).map_err(failed)
    }
}

impl Drop for Messenger {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Serves as the messenger when `args` (without the program's name) ask for it, until its input ends;
/// gives back whether they did.
pub fn serve_messenger(args: &[std::ffi::OsString]) -> bool {
    if args.len() != 1 || args[0] != MESSENGER {
        return false;
    }
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let Ok(errand) = serde_json::from_str::<Errand>(&line) else { continue };
        let Some((program, rest)) = errand.argv.split_first() else { continue };
        let started = Command::new(program)
            .args(rest)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn();
        let Ok(mut child) = started else { continue };
        if let Some(mut stdin) = child.stdin.take() {
            // It may not want to know.
            let _ = stdin.write_all(errand.text.as_bytes());
        }
        let _ = child.wait();
    }
    true
}

/// Serves as the companion when `args` (without the program's name) ask for it; gives back whether
/// they did.
pub fn serve_companion(args: &[std::ffi::OsString]) -> bool {
    if args.len() != 1 || args[0] != WORD {
        return false;
    }
    let mut line = String::new();
    if std::io::stdin().read_line(&mut line).is_err() || line.trim().is_empty() {
        return true; // Not needed this time.
    }
    let answer = match serde_json::from_str::<Order>(&line) {
        Ok(order) => run_on_terminal(&order.argv),
        Err(error) => error.to_string(),
    };
    println!("{answer}");
    true
}

fn run_on_terminal(argv: &[String]) -> String {
    let Some((program, rest)) = argv.split_first() else { return "no editor is set".to_owned() };
    let terminal = |write: bool| -> Stdio {
        std::fs::OpenOptions::new()
            .read(!write)
            .write(write)
            .open("/dev/tty")
            .map_or_else(|_| Stdio::null(), Stdio::from)
    };
    let status =
        Command::new(program).args(rest).stdin(terminal(false)).stdout(terminal(true)).status();
    match status {
        Ok(status) if status.success() => "done".to_owned(),
        Ok(_) => "failed".to_owned(),
        Err(error) => error.to_string(),
    }
}
