//! What this isolate is reading, so that requests which need the same at the same time read it once: a hundred that each read an
//! index of 5 MB would hold more than an isolate has.
//!
//! Those that come later look again and again whether it has been kept, by timers of their own: what belongs to one request must
//! not be waited for by another. A reader that has not ended for long is taken for dead, since the platform may drop the work of a
//! request without a word.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;

use crate::config::{UNDERWAY_MS, UNDERWAY_PAUSE_MAX_MS};

/// The key of what is read in R2, and the number of a block in it.
pub(crate) type Stretch = (String, u64);

thread_local! {
    static READERS: RefCell<HashMap<Stretch, u64>> = RefCell::new(HashMap::new());
    static N_READERS: Cell<u64> = const { Cell::new(0) };
}

/// Some that one request is reading; when it ends, others may.
struct Underway<'a> {
    stretches: &'a [Stretch],
    reader: u64,
}

impl<'a> Underway<'a> {
    fn begin(stretches: &'a [Stretch]) -> Self {
        N_READERS.set(N_READERS.get() + 1);
        let reader = N_READERS.get();
        READERS.with_borrow_mut(|readers| readers.extend(stretches.iter().map(|stretch| (stretch.clone(), reader))));
        Self { stretches, reader }
    }
}

impl Drop for Underway<'_> {
    fn drop(&mut self) {
        READERS.with_borrow_mut(|readers| {
            for stretch in self.stretches {
                if readers.get(stretch) == Some(&self.reader) {
                    readers.remove(stretch);
                }
            }
        });
    }
}

/// What `kept` finds, or what `read` brings and keeps. While others read some of these stretches, it waits and looks again after
/// each `sleep` of so many milliseconds.
pub(crate) async fn read_once<T, E>(
    stretches: &[Stretch],
    kept: impl Fn() -> Option<T>,
    read: impl AsyncFnOnce() -> Result<T, E>,
    sleep: impl AsyncFn(u64),
) -> Result<T, E> {
    let (mut last, mut waited, mut pause) = (None, 0, 1);
    loop {
        if let Some(found) = kept() {
            return Ok(found);
        }
        let reader = READERS.with_borrow(|readers| stretches.iter().find_map(|stretch| readers.get(stretch).copied()));
        if reader != last {
            (last, waited) = (reader, 0);
        }
        if reader.is_none() || waited >= UNDERWAY_MS {
            let _underway = Underway::begin(stretches);
            return read().await;
        }
        sleep(pause).await;
        waited += pause;
        pause = (2 * pause).min(UNDERWAY_PAUSE_MAX_MS);
    }
}

#[cfg(test)]
mod tests {
    use futures_executor::block_on;
    use futures_util::future::{join, join_all};

    use super::*;
    use crate::time::pause;

    fn stretches(numbers: &[u64]) -> Vec<Stretch> {
        numbers.iter().map(|&number| ("key".to_owned(), number)).collect()
    }

    #[test]
    fn of_many_that_need_the_same_one_reads_it() {
        let (kept, n_reads) = (Cell::new(None), Cell::new(0));
        let wanted = stretches(&[0]);
        let reads = (0..100).map(|_| {
            let read = async || {
                n_reads.set(n_reads.get() + 1);
                pause().await;
                kept.set(Some(7));
                Ok::<_, ()>(7)
            };
            read_once(&wanted, || kept.get(), read, async |_| pause().await)
        });
        assert_eq!(block_on(join_all(reads)), vec![Ok(7); 100]);
        assert_eq!(n_reads.get(), 1);
    }

    #[test]
    fn when_a_reader_fails_the_next_one_reads() {
        let wanted = stretches(&[0]);
        let read = |outcome: Result<u8, &'static str>| {
            async move || {
                pause().await;
                outcome
            }
        };
        let first = read_once(&wanted, || None, read(Err("lost")), async |_| pause().await);
        let second = read_once(&wanted, || None, read(Ok(7)), async |_| pause().await);
        assert_eq!(block_on(join(first, second)), (Err("lost"), Ok(7)));
    }

    #[test]
    fn what_has_nothing_in_common_is_not_waited_for() {
        let (one, other) = (stretches(&[0, 1]), stretches(&[2]));
        let _underway = Underway::begin(&one);
        let read = read_once(&other, || None, async || Ok::<_, ()>(7), async |_| unreachable!());
        assert_eq!(block_on(read), Ok(7));
    }

    #[test]
    fn a_reader_that_does_not_end_is_taken_for_dead_by_one_of_those_that_wait() {
        let wanted = stretches(&[0, 1]);
        std::mem::forget(Underway::begin(&wanted));
        let (slept, kept, n_reads) = (Cell::new(0), Cell::new(None), Cell::new(0));
        let wait = || {
            let read = async || {
                n_reads.set(n_reads.get() + 1);
                pause().await;
                kept.set(Some(7));
                Ok::<_, ()>(7)
            };
            let sleep = async |ms| {
                slept.set(slept.get() + ms);
                pause().await;
            };
            read_once(&wanted[1..], || kept.get(), read, sleep)
        };
        assert_eq!(block_on(join(wait(), wait())), (Ok(7), Ok(7)));
        assert_eq!(n_reads.get(), 1);
        assert!((UNDERWAY_MS..3 * UNDERWAY_MS).contains(&slept.get()), "{}", slept.get());
        assert_eq!(READERS.with_borrow(|readers| readers.get(&wanted[1]).copied()), None);
    }
}
