//! What a client hears while the server is still at work.

use std::pin::pin;

use futures_util::future::{Either, select};

use crate::ops::sink::{Gone, Sink};

/// Waits for `work`. Each time that `tick` ends before it does, what `say` makes of the number of ticks is sent: it keeps
/// connections open that would be closed after a time of silence.
///
/// Timers run while the work waits for something, for R2 above all, not while it computes.
pub(super) async fn while_waiting<T, K: Sink>(
    work: impl Future<Output = T>,
    sink: &mut K,
    say: impl Fn(u64) -> Option<Vec<u8>>,
    mut tick: impl AsyncFnMut(),
) -> Result<T, Gone> {
    let mut work = pin!(work);
    for n_ticks in 1.. {
        let ticked = pin!(tick());
        if let Either::Left((done, _)) = select(work.as_mut(), ticked).await {
            return Ok(done);
        }
        if let Some(said) = say(n_ticks) {
            sink.write(said.into()).await?;
        }
    }
    Ok(work.await)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::sink::MemorySink;
    use futures_executor::block_on;
    use std::future::poll_fn;
    use std::task::Poll;

    /// Is done when it has been looked at so many times.
    async fn work(n_polls: usize) -> usize {
        let mut left = n_polls;
        poll_fn(|context| {
            left = left.saturating_sub(1);
            context.waker().wake_by_ref();
            if left == 0 { Poll::Ready(n_polls) } else { Poll::Pending }
        })
        .await
    }

    fn said_during(n_polls: usize) -> Vec<u8> {
        let mut sink = MemorySink::default();
        let say = |n_ticks: u64| (n_ticks != 2).then(|| n_ticks.to_string().into_bytes());
        let done = block_on(while_waiting(work(n_polls), &mut sink, say, async || ()));
        assert_eq!(done, Ok(n_polls));
        sink.0
    }

    #[test]
    fn work_that_is_done_before_the_first_tick_is_not_spoken_of() {
        assert_eq!(said_during(1), b"");
    }

    #[test]
    fn each_tick_is_told_unless_there_is_nothing_to_say() {
        assert_eq!(said_during(2), b"1");
        assert_eq!(said_during(5), b"134");
    }

    #[test]
    fn a_client_that_went_away_ends_the_waiting() {
        struct Closed;
        impl Sink for Closed {
            async fn write(&mut self, _: crate::store::bytes::Bytes) -> Result<(), Gone> {
                Err(Gone("closed".into()))
            }
        }
        let waited = block_on(while_waiting(work(9), &mut Closed, |_| Some(Vec::new()), async || ()));
        assert_eq!(waited, Err(Gone("closed".into())));
    }
}
