//! One large push at a time in an isolate: two would hold more than it has.
//!
//! A push that turns out large goes on only when it is its turn. It waits by a timer of its own: what belongs to one request
//! must not be waited for by another. One that has not gone on for long is taken for dead, since the platform may drop
//! the work of a request without a word.

use std::cell::Cell;

use crate::config::{TURN_IDLE_POLLS_MAX, TURN_POLLS_MAX};

thread_local! {
    static HOLDER: Cell<Option<Holder>> = const { Cell::new(None) };
    static N_TURNS: Cell<u64> = const { Cell::new(0) };
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Holder {
    turn: u64,
    n_steps: u64,
}

/// A push that may turn out large; when it ends, it is another's turn.
pub(crate) struct Turn(u64);

/// Another large push took too long.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Busy;

impl Turn {
    pub(crate) fn new() -> Self {
        N_TURNS.set(N_TURNS.get() + 1);
        Self(N_TURNS.get())
    }

    /// Goes on for a step; `false` when it is another's turn.
    pub(super) fn go_on(&self) -> bool {
        let holder = HOLDER.get().unwrap_or(Holder { turn: self.0, n_steps: 0 });
        let is_ours = holder.turn == self.0;
        if is_ours {
            HOLDER.set(Some(Holder { n_steps: holder.n_steps + 1, ..holder }));
        }
        is_ours
    }

    /// Waits until it is its turn, looking after each `sleep`.
    pub(super) async fn wait(&self, mut sleep: impl AsyncFnMut()) -> Result<(), Busy> {
        let (mut last, mut n_idle) = (None, 0);
        for _ in 0..TURN_POLLS_MAX {
            if self.go_on() {
                return Ok(());
            }
            let holder = HOLDER.replace(None);
            n_idle = if holder == last { n_idle + 1 } else { 0 };
            last = holder;
            HOLDER.set(holder.filter(|_| n_idle < TURN_IDLE_POLLS_MAX));
            sleep().await;
        }
        Err(Busy)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        HOLDER.set(HOLDER.get().filter(|holder| holder.turn != self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_executor::block_on;

    #[test]
    fn the_second_goes_on_when_the_first_has_ended() {
        let (first, second) = (Turn::new(), Turn::new());
        assert!(first.go_on() && !second.go_on() && first.go_on());
        let (mut first, mut n_polls) = (Some(first), 0);
        let waited = block_on(second.wait(async || {
            n_polls += 1;
            first = first.take().filter(|first| n_polls < 3 && first.go_on());
        }));
        assert_eq!((waited, n_polls), (Ok(()), 3));
        assert!(second.go_on());
    }

    #[test]
    fn a_push_that_does_not_go_on_loses_its_turn() {
        let (first, second) = (Turn::new(), Turn::new());
        assert!(first.go_on());
        let mut n_polls = 0;
        assert_eq!(block_on(second.wait(async || n_polls += 1)), Ok(()));
        assert_eq!(n_polls, TURN_IDLE_POLLS_MAX + 1);
        assert!(!first.go_on());
        drop(first);
        assert!(second.go_on());
    }

    #[test]
    fn waiting_comes_to_an_end() {
        let (first, second) = (Turn::new(), Turn::new());
        assert!(first.go_on());
        let waited = block_on(second.wait(async || assert!(first.go_on())));
        assert_eq!(waited, Err(Busy));
    }
}
