//! What this instance has done since it started, for benchmarks: counters that cost an addition each.

use std::cell::Cell;

use serde::Serialize;

use crate::store::bytes;

/// What is counted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Counter {
    R2Puts,
    R2PutBytes,
    R2Gets,
    R2GetBytes,
    ObjectCalls,
    /// Calls to objects that nobody waits for.
    DeferredCalls,
    RowsRead,
    RowsWritten,
}

thread_local! {
    static R2_PUTS: Cell<u64> = const { Cell::new(0) };
    static R2_PUT_BYTES: Cell<u64> = const { Cell::new(0) };
    static R2_GETS: Cell<u64> = const { Cell::new(0) };
    static R2_GET_BYTES: Cell<u64> = const { Cell::new(0) };
    static R2_CALLS_AT_PACK: Cell<u64> = const { Cell::new(0) };
    static OBJECT_CALLS: Cell<u64> = const { Cell::new(0) };
    static DEFERRED_CALLS: Cell<u64> = const { Cell::new(0) };
    static ROWS_READ: Cell<u64> = const { Cell::new(0) };
    static ROWS_WRITTEN: Cell<u64> = const { Cell::new(0) };
}

/// Adds to a counter.
pub(crate) fn count(counter: Counter, n: u64) {
    let cell = match counter {
        Counter::R2Puts => &R2_PUTS,
        Counter::R2PutBytes => &R2_PUT_BYTES,
        Counter::R2Gets => &R2_GETS,
        Counter::R2GetBytes => &R2_GET_BYTES,
        Counter::ObjectCalls => &OBJECT_CALLS,
        Counter::DeferredCalls => &DEFERRED_CALLS,
        Counter::RowsRead => &ROWS_READ,
        Counter::RowsWritten => &ROWS_WRITTEN,
    };
    cell.set(cell.get() + n);
}

/// Notes that the first bytes of a pack are on their way to a client.
pub(crate) fn pack_begins() {
    R2_CALLS_AT_PACK.set(R2_PUTS.get() + R2_GETS.get());
}

/// The counters and the memory taken, which for wasm is also the most it ever was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Stats {
    wasm_memory_bytes: usize,
    js_buffer_bytes_high: usize,
    r2_puts: u64,
    r2_put_bytes: u64,
    r2_gets: u64,
    r2_get_bytes: u64,
    /// Puts and gets begun when the last pack began to be sent.
    r2_calls_at_pack: u64,
    do_calls: u64,
    /// Those that nobody waits for, and that are not among the others.
    deferred_calls: u64,
    /// Rows of the Durable Objects' databases, as the platform bills them.
    rows_read: u64,
    rows_written: u64,
}

/// As of now.
pub(crate) fn read() -> Stats {
    Stats {
        wasm_memory_bytes: wasm_memory_bytes(),
        js_buffer_bytes_high: bytes::js_bytes_high(),
        r2_puts: R2_PUTS.get(),
        r2_put_bytes: R2_PUT_BYTES.get(),
        r2_gets: R2_GETS.get(),
        r2_get_bytes: R2_GET_BYTES.get(),
        r2_calls_at_pack: R2_CALLS_AT_PACK.get(),
        do_calls: OBJECT_CALLS.get(),
        deferred_calls: DEFERRED_CALLS.get(),
        rows_read: ROWS_READ.get(),
        rows_written: ROWS_WRITTEN.get(),
    }
}

#[cfg(target_arch = "wasm32")]
fn wasm_memory_bytes() -> usize {
    const PAGE_LEN: usize = 65_536;
    core::arch::wasm32::memory_size(0) * PAGE_LEN
}

#[cfg(not(target_arch = "wasm32"))]
fn wasm_memory_bytes() -> usize {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_counter_counts_its_own() {
        let before = read();
        count(Counter::R2Puts, 1);
        count(Counter::R2PutBytes, 70);
        count(Counter::R2Puts, 1);
        count(Counter::R2GetBytes, 8);
        count(Counter::ObjectCalls, 1);
        count(Counter::RowsRead, 5);
        count(Counter::RowsWritten, 6);
        let after = read();
        assert_eq!((after.r2_puts - before.r2_puts, after.r2_gets - before.r2_gets), (2, 0));
        assert_eq!((after.r2_put_bytes - before.r2_put_bytes, after.r2_get_bytes - before.r2_get_bytes), (70, 8));
        assert_eq!(after.do_calls - before.do_calls, 1);
        assert_eq!((after.rows_read - before.rows_read, after.rows_written - before.rows_written), (5, 6));
    }

    #[test]
    fn a_pack_that_begins_keeps_the_calls_before_it() {
        count(Counter::R2Gets, 2);
        pack_begins();
        let at_pack = read();
        count(Counter::R2Gets, 1);
        assert_eq!(read().r2_calls_at_pack, at_pack.r2_puts + at_pack.r2_gets);
    }
}
