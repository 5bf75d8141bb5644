//! Work on all processors, in a fixed order of results.
//!
//! Whole batches go to threads, not parts of one matrix: no thread waits for another until the end,
//! and a batch's numbers stay in one processor's cache.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// The most threads ever used.
const THREADS_MAX: usize = 64;

/// 0: as many as there are processors.
static THREADS: AtomicUsize = AtomicUsize::new(0);

/// Sets how many threads a reader uses, from now on; 0 is one a processor.
///
/// Results do not depend on it. On machines without AVX2 candle multiplies, with as many threads
/// as the environment variable `CANDLE_NUM_THREADS` says; this sets the rest.
pub fn set_threads(count: usize) {
    THREADS.store(count.min(THREADS_MAX), Ordering::Relaxed);
}

/// How many threads a reader uses.
pub fn threads() -> usize {
    match THREADS.load(Ordering::Relaxed) {
        0 => thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX),
        count => count,
    }
}

/// How many threads a writer uses: candle's own, which read [`WRITER_THREADS_VARIABLE`] when they are
/// first needed, and are one a processor core without it.
pub fn writer_threads() -> usize {
    candle_core::utils::barrier_pool().n_workers() + 1
}

/// The environment variable that says how many threads a writer uses.
pub const WRITER_THREADS_VARIABLE: &str = "CANDLE_NUM_THREADS";

/// `work` of every item, in the items' order. The first error by order is the result.
pub(super) fn map<T, R, E>(
    items: &[T],
    work: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E>
where
    T: Sync,
    R: Send,
    E: Send,
{
    let workers = threads().min(items.len());
    if workers <= 1 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let run = || {
        let mut done = Vec::new();
        while let Some((place, item)) = {
            let place = next.fetch_add(1, Ordering::Relaxed);
            items.get(place).map(|item| (place, item))
        } {
            done.push((place, work(item)));
        }
        done
    };
    let mut results: Vec<(usize, Result<R, E>)> = thread::scope(|scope| {
        let others: Vec<_> = (1..workers).map(|_| scope.spawn(run)).collect();
        let mut results = run();
        for other in others {
            match other.join() {
                Ok(more) => results.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        results
    });
    results.sort_by_key(|(place, _)| *place);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<usize> = (0..1000).collect();
        let doubled = map(&items, |item| Ok::<_, ()>(item * 2)).expect("no error");
        assert_eq!(doubled, items.iter().map(|item| item * 2).collect::<Vec<_>>());
    }

    #[test]
    fn the_first_error_by_order_is_the_result() {
        let items: Vec<usize> = (0..100).collect();
        let result = map(&items, |&item| if item % 40 == 39 { Err(item) } else { Ok(item) });
        assert_eq!(result, Err(39));
        assert_eq!(map(&[], |item: &usize| Ok::<_, ()>(*item)), Ok(vec![]));
    }
}
