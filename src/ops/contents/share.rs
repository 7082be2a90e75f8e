//! What reading large files may hold in this isolate: files that are gathered for a message, and bases that are held whole.
//!
//! Each takes its share before it begins, in the order in which they came, and waits by a timer of its own while there is no
//! room: what belongs to one request must not be waited for by another. A share that has not gone on for long is taken for
//! dead, since the platform may drop the work of a request without a word.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};

use crate::config::{HELD_LEN_MAX, SHARE_IDLE_MS, SHARE_PATIENCE_MS, SHARE_PAUSE_MAX_MS};

thread_local! {
    static SHARES: RefCell<BTreeMap<u64, State>> = const { RefCell::new(BTreeMap::new()) };
    static N_SHARES: Cell<u64> = const { Cell::new(0) };
}

#[derive(Debug, Clone, Copy)]
struct State {
    len: u64,
    is_held: bool,
    /// How often it has gone on.
    n_steps: u64,
}

/// A part of what may be held, or a place in the queue for it; it is given back when this goes.
#[derive(Debug)]
pub(crate) struct Share(Option<u64>);

/// Others hold too much, for too long.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Busy;

impl Share {
    /// Takes a share of so many bytes, looking for room after each `sleep` of so many milliseconds. None is needed of nothing.
    pub(crate) async fn take(len: u64, sleep: impl AsyncFn(u64)) -> Result<Self, Busy> {
        if len == 0 {
            return Ok(Self(None));
        }
        let number = N_SHARES.get() + 1;
        N_SHARES.set(number);
        let state = State { len: len.min(HELD_LEN_MAX), is_held: false, n_steps: 0 };
        SHARES.with_borrow_mut(|shares| shares.insert(number, state));
        let share = Self(Some(number));
        let (mut waited, mut pause, mut seen) = (0, 1, HashMap::new());
        while !has_turn(number) {
            if waited >= SHARE_PATIENCE_MS {
                return Err(Busy);
            }
            share.go_on();
            sleep(pause).await;
            waited += pause;
            pause = (2 * pause).min(SHARE_PAUSE_MAX_MS);
            bury(&mut seen, waited);
        }
        Ok(share)
    }

    /// Says that there is life in it.
    pub(crate) fn go_on(&self) {
        let Some(number) = self.0 else { return };
        SHARES.with_borrow_mut(|shares| {
            if let Some(state) = shares.get_mut(&number) {
                state.n_steps += 1;
            }
        });
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if let Some(number) = self.0 {
            SHARES.with_borrow_mut(|shares| shares.remove(&number));
        }
    }
}

/// Lets a share be held if there is room, and nobody before it waits.
fn has_turn(number: u64) -> bool {
    SHARES.with_borrow_mut(|shares| {
        let held: u64 = shares.values().filter(|state| state.is_held).map(|state| state.len).sum();
        let is_first = shares.range(..number).all(|(_, state)| state.is_held);
        // One that was taken for dead while it waited goes on: it holds nothing that is counted, once.
        let Some(state) = shares.get_mut(&number) else { return true };
        state.is_held = is_first && held + state.len <= HELD_LEN_MAX;
        state.is_held
    })
}

/// Forgets the shares that have not gone on for long. `seen` is how far each was, and when, by what the caller has `waited`.
fn bury(seen: &mut HashMap<u64, (u64, u64)>, waited: u64) {
    SHARES.with_borrow_mut(|shares| {
        shares.retain(|number, state| {
            let last = seen.entry(*number).or_insert((state.n_steps, waited));
            if last.0 != state.n_steps {
                *last = (state.n_steps, waited);
            }
            waited - last.1 < SHARE_IDLE_MS
        });
    });
}

#[cfg(test)]
mod tests {
    use futures_executor::block_on;
    use futures_util::future::join_all;

    use super::*;
    use crate::time::pause;

    fn held() -> u64 {
        SHARES.with_borrow(|shares| shares.values().filter(|state| state.is_held).map(|state| state.len).sum())
    }

    #[test]
    fn no_more_is_held_than_may_be_and_all_come_to_their_turn_in_order() {
        let high = Cell::new(0);
        let order = RefCell::new(Vec::new());
        let lens = [HELD_LEN_MAX, 1, HELD_LEN_MAX / 2, HELD_LEN_MAX / 2, HELD_LEN_MAX, 7];
        let reads = lens.iter().enumerate().map(|(number, &len)| {
            let (high, order) = (&high, &order);
            async move {
                let share = Share::take(len, async |_| pause().await).await.unwrap();
                order.borrow_mut().push(number);
                for _ in 0..5 {
                    high.set(high.get().max(held()));
                    share.go_on();
                    pause().await;
                }
            }
        });
        block_on(join_all(reads));
        assert_eq!((order.into_inner(), high.get(), held()), ((0..lens.len()).collect(), HELD_LEN_MAX, 0));
    }

    #[test]
    fn who_waits_too_long_is_told() {
        let share = block_on(Share::take(HELD_LEN_MAX, async |_| unreachable!())).unwrap();
        let waited = Cell::new(0);
        let sleep = async |ms| {
            share.go_on();
            waited.set(waited.get() + ms);
        };
        assert_eq!(block_on(Share::take(1, sleep)).unwrap_err(), Busy);
        assert!((SHARE_PATIENCE_MS..2 * SHARE_PATIENCE_MS).contains(&waited.get()), "{}", waited.get());
        drop(share);
        assert_eq!(SHARES.with_borrow(BTreeMap::len), 0);
    }

    #[test]
    fn a_share_that_does_not_go_on_is_taken_for_dead_and_so_is_one_that_waits() {
        std::mem::forget(block_on(Share::take(HELD_LEN_MAX, async |_| unreachable!())).unwrap());
        {
            let mut waiting = std::pin::pin!(Share::take(HELD_LEN_MAX, async |_| std::future::pending().await));
            assert!(futures_util::FutureExt::now_or_never(waiting.as_mut()).is_none());
            let slept = Cell::new(0);
            let share = block_on(Share::take(5, async |ms| slept.set(slept.get() + ms))).unwrap();
            assert!((SHARE_IDLE_MS..2 * SHARE_IDLE_MS).contains(&slept.get()), "{}", slept.get());
            assert_eq!(held(), 5);
            drop(share);
        }
        assert_eq!(SHARES.with_borrow(BTreeMap::len), 0);
    }

    #[test]
    fn nothing_is_not_waited_for() {
        let _all = block_on(Share::take(HELD_LEN_MAX, async |_| unreachable!())).unwrap();
        assert!(block_on(Share::take(0, async |_| unreachable!())).is_ok());
    }
}
