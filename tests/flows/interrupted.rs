//! An import that is killed, at any point, and run again ends in the same store as one that was
//! left alone.

use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::kit::json::Import;
use crate::kit::tools;
use crate::kit::{Answer, Home, mail, text};

/// Several batches of the writer.
const MESSAGES: usize = 900;
/// Kills by how much was written, spread over the whole run.
const KILLS_BY_BYTES: u64 = 9;
/// Kills before a write, spread over all of them; `POSTROOM_KILLS` sets another number.
const KILLS_BY_CALL: usize = 24;

/// The mail, and what a store holds that took it in undisturbed.
struct Undisturbed {
    /// Keeps the mail.
    _home: Home,
    maildir: String,
    everything: String,
    found: Vec<i64>,
    bytes: u64,
}

impl Undisturbed {
    fn new(messages: usize) -> Self {
        let home = Home::new();
        let maildir = home.folder("mail");
        mail::maildir(&maildir, "", &mail::some(messages));
        let maildir = text(&maildir);
        home.run(["import", "--words-only", &maildir]).done();
        let everything = home.everything();
        assert_eq!(everything.lines().count(), messages);
        let found = home.found("herring");
        assert!(!found.is_empty(), "the word is in the mail");
        let bytes = bytes_below(&home.data());
        Self { _home: home, maildir, everything, found, bytes }
    }

    fn args(&self) -> [&str; 3] {
        ["import", "--words-only", &self.maildir]
    }

    /// Runs the import into `home` once more, and compares what came of it.
    #[track_caller]
    fn check(&self, home: &Home, when: &str) {
        // Whatever was stored before the kill is whole and can be read.
        if home.store().exists() {
            let answer = home.run(["count", "*"]);
            assert!(matches!(answer.status, Some(0 | 1)), "{when}: {answer:?}");
        }
        let again = Answer::of(home.command(self.args()));
        assert_eq!(again.status, Some(0), "{when}: {again:?}");
        assert!(home.everything() == self.everything, "{when}: the store differs");
        assert_eq!(home.found("herring"), self.found, "{when}: the index differs");
        let count = self.everything.lines().count() as u64;
        assert_eq!(home.count(), count, "{when}: the index differs");
    }

    /// Starts the import into `home` and kills it when `bytes` were written. Gives back whether it
    /// was not done by then.
    fn kill_after(&self, home: &Home, bytes: u64) -> bool {
        let mut child = start(home.command(self.args()));
        let deadline = Instant::now() + Duration::from_mins(5);
        while bytes_below(&home.data()) < bytes && child.try_wait().expect("it runs").is_none() {
            assert!(Instant::now() < deadline, "the import stands still");
            std::thread::sleep(Duration::from_millis(1));
        }
        let _ = child.kill();
        !child.wait().expect("it ends").success()
    }
}

/// Bytes of all files below `dir`; files that go away while it looks do not count.
fn bytes_below(dir: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    entries
        .flatten()
        .filter_map(|entry| Some((entry.path(), entry.metadata().ok()?)))
        .map(|(path, meta)| if meta.is_dir() { bytes_below(&path) } else { meta.len() })
        .sum()
}

fn start(mut command: Command) -> Child {
    command.spawn().expect("the program starts")
}

#[test]
fn killed_at_any_time_and_run_again_ends_in_the_same_store() {
    let undisturbed = Undisturbed::new(MESSAGES);
    let mut kills = 0;
    for step in 0..KILLS_BY_BYTES {
        let home = Home::new();
        let bytes = undisturbed.bytes * step / KILLS_BY_BYTES;
        kills += u64::from(undisturbed.kill_after(&home, bytes));
        undisturbed.check(&home, &format!("killed after {bytes} bytes"));
    }
    assert!(kills >= KILLS_BY_BYTES / 2, "only {kills} runs were killed in time");
}

#[test]
fn killed_again_and_again_it_still_gets_there() {
    let undisturbed = Undisturbed::new(MESSAGES);
    let home = Home::new();
    let mut kills = 0;
    for step in 1..=8 {
        kills += u32::from(undisturbed.kill_after(&home, undisturbed.bytes * step / 9));
    }
    assert!(kills >= 3, "it was killed only {kills} times");
    undisturbed.check(&home, &format!("killed {kills} times"));
}

#[test]
fn killed_before_any_write_and_run_again_ends_in_the_same_store() {
    if !tools::have("strace") || !can_trace() {
        return;
    }
    // Two batches of the writer, then the index.
    let undisturbed = Undisturbed::new(450);
    let wanted = std::env::var("POSTROOM_KILLS").ok().and_then(|number| number.parse().ok());
    let wanted: usize = wanted.unwrap_or(KILLS_BY_CALL);
    let mut kills = 0;
    for call in
        ["pwrite64", "fdatasync,fsync", "write", "rename,renameat,renameat2,unlink,ftruncate"]
    {
        let calls = count_calls(&undisturbed, call);
        let points = points(calls, wanted / 4);
        assert!(!points.is_empty(), "no {call} was seen: the sweep looks at nothing");
        for at in points {
            let home = Home::new();
            let inject = format!("inject={call}:signal=KILL:when={at}");
            let trace = format!("trace={call}");
            let wrapper = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject];
            let answer = Answer::of(home.under(&wrapper, undisturbed.args()));
            kills += usize::from(answer.status != Some(0));
            undisturbed.check(&home, &format!("killed at {call} {at} of {calls}"));
        }
    }
    assert!(kills >= wanted / 3, "only {kills} runs were killed");
    eprintln!("{kills} imports killed");
}

fn can_trace() -> bool {
    let works = tools::works("strace", &["-f", "-o", "/dev/null", "true"]);
    if !works {
        tools::missing("strace may not trace here");
    }
    works
}

/// Most calls of this kind that one thread of an undisturbed import makes.
fn count_calls(undisturbed: &Undisturbed, call: &str) -> usize {
    let home = Home::new();
    let log = home.folder("strace.log");
    let (log_text, trace) = (text(&log), format!("trace={call}"));
    let wrapper = ["strace", "-f", "-qq", "-o", &log_text, "-e", &trace];
    Answer::of(home.under(&wrapper, undisturbed.args())).done();
    let log = std::fs::read_to_string(&log).expect("strace wrote its log");
    let mut by_thread = std::collections::BTreeMap::<&str, usize>::new();
    for line in log.lines().filter(|line| !line.contains("resumed")) {
        *by_thread.entry(line.split(' ').next().unwrap_or_default()).or_default() += 1;
    }
    by_thread.into_values().max().unwrap_or(0)
}

/// `count` numbers of `1..=calls`, spread evenly, the first and the last among them.
fn points(calls: usize, count: usize) -> Vec<usize> {
    let mut points: Vec<usize> = (0..count.min(calls))
        .map(|step| 1 + step * (calls - 1) / (count.min(calls) - 1).max(1))
        .collect();
    points.dedup();
    points
}

#[test]
fn what_was_stored_is_not_read_again() {
    let undisturbed = Undisturbed::new(MESSAGES);
    let home = Home::new();
    assert!(undisturbed.kill_after(&home, undisturbed.bytes / 4), "it was done too soon");
    let stored = home.count();
    let again = home.ask::<Import>(&undisturbed.args()).only();
    assert_eq!((again.seen, again.added + stored), (MESSAGES as u64, MESSAGES as u64));
    assert_eq!(again.known, stored);
}
