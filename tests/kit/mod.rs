//! What tests of the whole program share: a home that nothing leaks into, mail made up for the
//! purpose, answers read strictly, and outside programs that may be missing.

pub(crate) mod documents;
pub(crate) mod dovecot;
pub(crate) mod gguf;
pub(crate) mod hub;
pub(crate) mod json;
pub(crate) mod mail;
pub(crate) mod pdf;
pub(crate) mod smtp;
pub(crate) mod tools;

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde::de::DeserializeOwned;
use tempfile::TempDir;

/// The clock of every test: the Monday after the mail of [`mail::letters`].
pub(crate) const NOW: &str = "2026-03-02T09:00:00Z";

/// The program under test.
pub(crate) fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_postroom"))
}

/// A folder with a home in it, gone when dropped.
pub(crate) struct Home {
    folder: TempDir,
    home: PathBuf,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let home = folder.path().join("home");
        Self { folder, home }
    }

    /// A home whose data lie at `home`, for instance on a small disk.
    pub(crate) fn at(home: &Path) -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder"), home: home.to_path_buf() }
    }

    /// A home into which `mail` was imported by words.
    pub(crate) fn with(mail: &[Vec<u8>]) -> Self {
        let home = Self::new();
        let maildir = home.folder("mail");
        self::mail::maildir(&maildir, "", mail);
        home.run(["import", "--words-only", "--me", "ada@example.org", &text(&maildir)]).done();
        home
    }

    /// A place beside the home, for mail and exports.
    pub(crate) fn folder(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What is the home folder of the user to the program.
    pub(crate) fn user(&self) -> &Path {
        self.folder.path()
    }

    /// The folder that `--home` names.
    pub(crate) fn path(&self) -> &Path {
        &self.home
    }

    /// Where the store, the index and the vectors lie.
    pub(crate) fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    pub(crate) fn index(&self) -> PathBuf {
        self.data().join("index")
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.data().join("postroom.db")
    }

    /// The program's arguments with this home before them, and the tests' clock unless they name a time.
    pub(crate) fn args<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Vec<OsString> {
        let args: Vec<OsString> = args.into_iter().map(|arg| arg.as_ref().to_owned()).collect();
        let mut all: Vec<OsString> = vec!["--home".into(), self.home.clone().into()];
        if !args.iter().any(|arg| arg == "--as-of") {
            all.extend(["--as-of".into(), NOW.into()]);
        }
        all.extend(args);
        all
    }

    /// The program with `args`, ready to start, in surroundings of its own.
    pub(crate) fn command<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        self.wrapped(program(), args)
    }

    /// As [`Home::command`], started by `wrapper`, whose arguments come before the program's name:
    /// `strace -f -o FILE postroom …`.
    pub(crate) fn under<A: AsRef<OsStr>>(
        &self,
        wrapper: &[&str],
        args: impl IntoIterator<Item = A>,
    ) -> Command {
        let mut command = self.surrounded(Path::new(wrapper[0]));
        command.args(&wrapper[1..]).arg(program()).args(self.args(args));
        command
    }

    fn wrapped<A: AsRef<OsStr>>(
        &self,
        program: &Path,
        args: impl IntoIterator<Item = A>,
    ) -> Command {
        let mut command = self.surrounded(program);
        command.args(self.args(args));
        command
    }

    fn surrounded(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("TZ", "UTC")
            .env("LC_ALL", "C.UTF-8")
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Answer {
        Answer::of(self.command(args))
    }

    /// With `input` on standard input.
    pub(crate) fn run_with<A: AsRef<OsStr>>(
        &self,
        input: &[u8],
        args: impl IntoIterator<Item = A>,
    ) -> Answer {
        let mut command = self.command(args);
        command.stdin(Stdio::piped());
        let asked = format!("{command:?}");
        let mut child = command.spawn().expect("the program starts");
        let mut stdin = child.stdin.take().expect("standard input was asked for");
        let input = input.to_vec();
        let writer = std::thread::spawn(move || {
            // The program may end without having read everything.
            let _ = stdin.write_all(&input);
        });
        let output = child.wait_with_output().expect("the program ends");
        writer.join().expect("the writer ends");
        Answer::new(asked, &output)
    }

    /// The answer to `args` with `--json`, which must be a success.
    #[track_caller]
    pub(crate) fn ask<T: DeserializeOwned>(&self, args: &[&str]) -> json::Envelope<T> {
        let all: Vec<&str> = ["--json"].iter().chain(args).copied().collect();
        let explained = args.contains(&"--explain");
        let asked = if explained { format!("{} --explain", args[0]) } else { args[0].to_owned() };
        json::Envelope::read(&asked, &self.run(all).done().out)
    }

    /// How many messages there are.
    #[track_caller]
    pub(crate) fn count(&self) -> u64 {
        self.ask::<json::Count>(&["count", "*"]).only().count
    }

    /// All that the store holds, in a form that can be compared.
    #[track_caller]
    pub(crate) fn everything(&self) -> String {
        let place = tempfile::tempdir().expect("a temporary folder");
        let dir = place.path().join("out");
        self.run(["export", "--format", "jsonl", &text(&dir)]).done();
        std::fs::read_to_string(dir.join("mail.jsonl")).expect("the export is there")
    }

    /// Ids found by `query`, best first.
    #[track_caller]
    pub(crate) fn found(&self, query: &str) -> Vec<i64> {
        self.run(["search", "--mode", "words", "--format", "ids", query])
            .done()
            .out
            .lines()
            .map(|line| line.parse().expect("an id a line"))
            .collect()
    }
}

/// What a run of the program said.
#[derive(Debug)]
pub(crate) struct Answer {
    asked: String,
    /// The exit status; nothing when a signal ended it.
    pub(crate) status: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn of(mut command: Command) -> Self {
        let asked = format!("{command:?}");
        let output = command.output().unwrap_or_else(|error| panic!("{asked}: {error}"));
        Self::new(asked, &output)
    }

    fn new(asked: String, output: &Output) -> Self {
        Self {
            asked,
            status: output.status.code(),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
            bytes: output.stdout.clone(),
        }
    }

    /// It went well.
    #[track_caller]
    pub(crate) fn done(self) -> Self {
        assert_eq!(self.status, Some(0), "{}\n{}{}", self.asked, self.out, self.err);
        self
    }

    /// It went wrong as it should: the status, one line that says each of `words`, and a hint.
    /// Never a stack trace.
    #[track_caller]
    pub(crate) fn refused(self, status: i32, words: &[&str]) -> Self {
        assert_eq!(self.status, Some(status), "{}\n{}{}", self.asked, self.out, self.err);
        let lines: Vec<&str> =
            self.err.lines().filter(|line| line.starts_with("postroom: ")).collect();
        assert_eq!(lines.len(), 1, "one line says what went wrong: {}", self.err);
        for word in words {
            assert!(lines[0].contains(word), "{:?} does not say {word:?}", lines[0]);
        }
        assert!(
            self.err.lines().any(|line| line.starts_with("hint: ") && line.len() > 12),
            "no hint: {}",
            self.err
        );
        for word in ["panicked", "RUST_BACKTRACE", "stack backtrace", "thread '"] {
            assert!(!self.err.contains(word), "a stack trace: {}", self.err);
        }
        self
    }
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> String {
    path.to_str().expect("a temporary folder has a plain name").to_owned()
}
