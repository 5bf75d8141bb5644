//! Work shared among candle's threads, as long as that is quicker than doing it alone.
//!
//! Threads that work on parts of one matrix wait for each other, and spin while they do. Where another
//! process has a core of theirs, the part that is left there waits for its turn, milliseconds in which
//! the others make nothing: two threads on two busy cores were seen at a tenth of one's speed. So it is
//! watched what the calling thread makes by itself meanwhile, and while sharing does not pay, it works
//! alone; from time to time it tries again. Results are the same either way.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use candle_core::utils::barrier_pool;

/// Sharing pays below this part of the time it would take alone.
const PAYS_BELOW: f64 = 0.85;
/// Shared work that is looked at together.
const LOOKED_AT: Duration = Duration::from_millis(20);
/// Work alone before sharing is tried again: at first, doubled each time it does not pay, and at most.
const ALONE: Duration = Duration::from_millis(200);
const ALONE_MAX: Duration = Duration::from_secs(2);

/// Runs `work` for ranges that make up all numbers below `count`.
pub(super) fn share(count: usize, work: &(dyn Fn(Range<usize>) + Sync)) {
    let is_alone = barrier_pool().n_workers() == 0;
    if count <= 1 || is_alone || CREW.with_borrow(|crew| crew.is_off(Instant::now())) {
        return work(0..count);
    }
    let own = Own::new();
    barrier_pool().execute_chunked(count, |range| {
        let items = range.len();
        work(range);
        own.made(items);
    });
    CREW.with_borrow_mut(|crew| crew.look_at(own.shift(count), Instant::now()));
}

thread_local! {
    static CREW: RefCell<Crew> = RefCell::new(Crew::default());
}

/// What the calling thread itself makes of a shift.
struct Own {
    thread: ThreadId,
    start: Instant,
    /// Items it made.
    items: AtomicUsize,
    /// When it was done with the last of them, in nanoseconds.
    last: AtomicU64,
}

impl Own {
    fn new() -> Self {
        Self {
            thread: thread::current().id(),
            start: Instant::now(),
            items: AtomicUsize::new(0),
            last: AtomicU64::new(0),
        }
    }

    fn made(&self, items: usize) {
        if thread::current().id() == self.thread {
            self.items.fetch_add(items, Ordering::Relaxed);
            self.last.store(self.start.elapsed().as_nanos() as u64, Ordering::Relaxed);
        }
    }

    fn shift(&self, count: usize) -> Shift {
        let items = self.items.load(Ordering::Relaxed);
        let last = Duration::from_nanos(self.last.load(Ordering::Relaxed));
        let took = self.start.elapsed();
        let alone = match items {
            0 => took,
            _ => last.mul_f64(count as f64 / items as f64),
        };
        Shift { took, alone }
    }
}

/// How long shared work took, and how long the calling thread would have had with it.
#[derive(Debug, Clone, Copy, Default)]
struct Shift {
    took: Duration,
    alone: Duration,
}

/// Whether work is shared at the moment.
#[derive(Debug, Default)]
struct Crew {
    seen: Shift,
    off_until: Option<Instant>,
    /// How long sharing was left off the last time; zero where it pays.
    off_for: Duration,
}

impl Crew {
    fn is_off(&self, now: Instant) -> bool {
        self.off_until.is_some_and(|until| now < until)
    }

    fn look_at(&mut self, shift: Shift, now: Instant) {
        self.seen.took += shift.took;
        self.seen.alone += shift.alone;
        if self.seen.took < LOOKED_AT {
            return;
        }
        let pays = self.seen.took < self.seen.alone.mul_f64(PAYS_BELOW);
        self.seen = Shift::default();
        if pays {
            (self.off_until, self.off_for) = (None, Duration::ZERO);
        } else {
            self.off_for = (self.off_for * 2).clamp(ALONE, ALONE_MAX);
            self.off_until = Some(now + self.off_for);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shift(took_ms: u64, alone_ms: u64) -> Shift {
        Shift { took: Duration::from_millis(took_ms), alone: Duration::from_millis(alone_ms) }
    }

    #[test]
    fn all_numbers_are_worked_on_once() {
        for count in [0, 1, 2, 1000] {
            let taken: Vec<AtomicUsize> = (0..count).map(|_| AtomicUsize::new(0)).collect();
            share(count, &|range| {
                for taken in &taken[range] {
                    taken.fetch_add(1, Ordering::Relaxed);
                }
            });
            assert!(taken.iter().all(|taken| taken.load(Ordering::Relaxed) == 1), "{count}");
        }
    }

    #[test]
    fn work_is_shared_while_that_pays() {
        let (mut crew, start) = (Crew::default(), Instant::now());
        for _ in 0..100 {
            crew.look_at(shift(10, 18), start);
        }
        assert!(!crew.is_off(start));
        // A single late shift among many is not looked at by itself.
        crew.look_at(shift(4, 3), start);
        assert!(!crew.is_off(start));
    }

    #[test]
    fn while_others_have_the_cores_it_works_alone_and_tries_again() {
        let (mut crew, start) = (Crew::default(), Instant::now());
        crew.look_at(shift(30, 20), start);
        assert!(crew.is_off(start + ALONE / 2) && !crew.is_off(start + ALONE));
        crew.look_at(shift(30, 20), start);
        assert!(crew.is_off(start + ALONE * 3 / 2), "longer, the second time");
        for _ in 0..20 {
            crew.look_at(shift(30, 20), start);
        }
        assert!(!crew.is_off(start + ALONE_MAX), "but not for ever");
        crew.look_at(shift(30, 60), start);
        crew.look_at(shift(30, 20), start);
        assert!(!crew.is_off(start + ALONE), "as at first, once it paid again");
    }

    #[test]
    fn what_a_thread_makes_tells_what_all_would_take_it() {
        let own = Own::new();
        own.made(3);
        let shift = own.shift(12);
        let last = Duration::from_nanos(own.last.load(Ordering::Relaxed));
        assert_eq!(shift.alone, last * 4);
        assert!(shift.took >= last);
        let idle = Own::new().shift(12);
        assert!(idle.alone == idle.took);
    }
}
