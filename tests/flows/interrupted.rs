//! An import that is killed, at any point, and run again ends in the same store as one that was
//! left alone.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use crate::kit::json::Import;
use crate::kit::tools;
use crate::kit::{Answer, Home, mail, text};

/// Several batches of the writer.
const MESSAGES: usize = 1_000;
/// Kills by the clock, spread over the whole run.
const KILLS_BY_CLOCK: u32 = 12;
/// Kills before a write, spread over all of them.
const KILLS_BY_CALL: usize = 24;

/// The mail, and what a store holds that took it in undisturbed.
struct Undisturbed {
    home: Home,
    maildir: String,
    everything: String,
    took: Duration,
}

impl Undisturbed {
    fn new(messages: usize) -> Self {
        let home = Home::new();
        let maildir = home.folder("mail");
        mail::maildir(&maildir, "", &mail::some(messages));
        let maildir = text(&maildir);
        let began = Instant::now();
        home.run(["import", "--words-only", &maildir]).done();
        let took = began.elapsed();
        let everything = home.everything();
        assert_eq!(everything.lines().count(), messages);
        Self { home, maildir, everything, took }
    }

    fn args(&self) -> [&str; 3] {
        ["import", "--words-only", &self.maildir]
    }

    /// Whether the import was interrupted before it was done, and what became of it afterwards.
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
        assert_eq!(
            home.count(),
            self.everything.lines().count() as u64,
            "{when}: the index differs"
        );
        let found = home.found("number17word");
        assert_eq!(found, self.home.found("number17word"), "{when}: the index differs");
    }
}

fn start(mut command: Command) -> Child {
    command.spawn().expect("the program starts")
}

#[test]
fn killed_by_the_clock_and_run_again_ends_in_the_same_store() {
    let undisturbed = Undisturbed::new(MESSAGES);
    let mut interrupted = 0;
    for step in 0..KILLS_BY_CLOCK {
        let home = Home::new();
        let after = undisturbed.took * (step + 1) / (KILLS_BY_CLOCK + 1);
        let mut child = start(home.command(undisturbed.args()));
        std::thread::sleep(after);
        child.kill().expect("it can be killed");
        let status = child.wait().expect("it ends");
        interrupted += u32::from(!status.success());
        undisturbed.check(&home, &format!("killed after {after:?}"));
    }
    assert!(interrupted >= KILLS_BY_CLOCK / 3, "only {interrupted} runs were killed in time");
}

#[test]
fn killed_again_and_again_it_still_gets_there() {
    let undisturbed = Undisturbed::new(MESSAGES);
    let home = Home::new();
    let mut kills = 0;
    // Each run gets a little more time than the one before: in the end one gets through.
    for step in 1..40 {
        let mut child = start(home.command(undisturbed.args()));
        std::thread::sleep(undisturbed.took * step / 12);
        let _ = child.kill();
        if child.wait().expect("it ends").success() {
            break;
        }
        kills += 1;
    }
    assert!(kills >= 2, "it was killed only {kills} times");
    undisturbed.check(&home, &format!("killed {kills} times"));
}

#[test]
fn killed_before_any_write_and_run_again_ends_in_the_same_store() {
    if !tools::have("strace") || !can_trace() {
        return;
    }
    // Two batches of the writer, then the index.
    let undisturbed = Undisturbed::new(450);
    let mut kills = 0;
    for call in
        ["pwrite64", "fdatasync,fsync", "write", "rename,renameat,renameat2,unlink,ftruncate"]
    {
        let calls = count_calls(&undisturbed, call);
        let points = points(calls, KILLS_BY_CALL / 4);
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
    assert!(kills >= KILLS_BY_CALL / 3, "only {kills} runs were killed");
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
fn an_interrupted_import_is_searchable_as_far_as_it_came() {
    let undisturbed = Undisturbed::new(MESSAGES);
    let home = Home::new();
    let mut child = start(home.command(undisturbed.args()));
    let deadline = Instant::now() + Duration::from_mins(1);
    // Wait for the first batch, then kill.
    while std::fs::metadata(home.store()).map_or(0, |meta| meta.len()) < 4_096
        && !home.data().join("postroom.db-wal").metadata().is_ok_and(|m| m.len() > 100_000)
    {
        assert!(Instant::now() < deadline, "nothing was written for a minute");
        std::thread::sleep(Duration::from_millis(2));
    }
    let _ = child.kill();
    child.wait().expect("it ends");
    let stored = home.count();
    let again = home.ask::<Import>(&undisturbed.args()).only();
    assert_eq!(again.added + stored, MESSAGES as u64, "what was stored is not read again");
    assert_eq!(again.known, stored);
}
