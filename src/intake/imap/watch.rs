//! Waiting for news of the inbox, on one connection: IDLE (RFC 2177), or a look now and then.

use std::time::{Duration, Instant, SystemTime};

use super::connect::{self, Login};
use super::folder;
use super::session::Session;
use super::{Error, names};
use crate::mail::source::{Role, role};

/// How closely a connection is watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// How long one IDLE lasts, or between two looks where there is none. A connection that is dead is
    /// noticed this long plus [`Pace::answer`] after it died.
    pub idle: Duration,
    /// Longest wait for an answer.
    pub answer: Duration,
}

impl Default for Pace {
    /// Noticed within a minute.
    fn default() -> Self {
        Self { idle: Duration::from_secs(30), answer: Duration::from_secs(20) }
    }
}

/// How often the clock is looked at meanwhile.
const TICK: Duration = Duration::from_secs(5);
/// The clock on the wall went so much further than this process's: the machine slept.
const SLEPT: Duration = Duration::from_secs(15);

/// Connects and waits; calls `news` when something happened in the inbox, and once at the beginning, for
/// something may have happened before. Comes back when `news` says to stop.
///
/// # Errors
/// The server cannot be reached, refuses the login, or the connection is dead: connect again, after a
/// [`pause_after`].
pub fn watch(login: &Login<'_>, pace: Pace, news: &mut dyn FnMut() -> bool) -> Result<(), Error> {
    let mut logged = connect::open(login)?;
    let session = &mut logged.session;
    session.wire.set_patience(pace.answer)?;
    let listed = folder::list(session)?;
    let inbox = listed
        .iter()
        .find(|one| one.name.eq_ignore_ascii_case("INBOX"))
        .or_else(|| {
            let is_inbox =
                |name: &str, delimiter| role(&names::readable(name, delimiter)) == Role::Inbox;
            listed.iter().find(|one| is_inbox(&one.name, one.delimiter))
        })
        .map_or("INBOX", |one| one.name.as_str())
        .to_owned();
    folder::examine(session, &inbox)?;
    let mut is_news = true;
    loop {
        if is_news && !news() {
            logged.leave();
            return Ok(());
        }
        let session = &mut logged.session;
        let before = session.exists;
        session.forget_changes();
        is_news = if session.can("IDLE") {
            session.idle(pace, TICK.min(pace.idle))?
        } else {
            std::thread::sleep(pace.idle);
            folder::look(session, &inbox)?;
            false
        };
        is_news |= session.exists != before || session.shrank || !session.vanished.is_empty();
    }
}

/// How long to wait before the next attempt, after `failures` in a row: a second, two, four, … a minute
/// at most.
pub fn pause_after(failures: u32) -> Duration {
    Duration::from_secs(1_u64.checked_shl(failures.saturating_sub(1)).unwrap_or(60).clamp(1, 60))
}

/// Whether the machine slept since, by its two clocks.
pub(super) struct Sleep {
    began: Instant,
    wall: SystemTime,
}

impl Sleep {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), wall: SystemTime::now() }
    }

    pub(super) fn happened(&self) -> bool {
        let wall = self.wall.elapsed().unwrap_or_default();
        wall > self.began.elapsed() + SLEPT
    }
}

impl Session {
    /// One IDLE: until something is said of the folder, the time is up, or the machine slept. Says
    /// whether something was said.
    fn idle(&mut self, pace: Pace, tick: Duration) -> Result<bool, Error> {
        let (began, sleep) = (Instant::now(), Sleep::new());
        let doing = "waiting for news";
        let mut is_news = false;
        let tag = self.begin_idle(doing)?;
        self.wire.set_patience(tick)?;
        while !is_news && began.elapsed() < pace.idle && !sleep.happened() {
            match self.hear(doing) {
                Ok(heard) => is_news = heard,
                // Nothing was said meanwhile: no harm.
                Err(Error::Stalled { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        self.wire.set_patience(pace.answer)?;
        is_news |= self.end_idle(doing, &tag)?;
        Ok(is_news)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_minute() {
        let pauses: Vec<u64> = (0..9).map(|failures| pause_after(failures).as_secs()).collect();
        assert_eq!(pauses, [1, 1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(pause_after(u32::MAX).as_secs(), 60);
        // Noticed within a minute; connected again within ninety seconds of the network's return.
        let pace = Pace::default();
        assert!(pace.idle + TICK + pace.answer <= Duration::from_mins(1));
        assert!(pause_after(9) + pace.answer <= Duration::from_secs(90));
    }
}
