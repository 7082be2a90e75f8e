//! What this instance has done since it started, for benchmarks: counters that cost an addition each.

use std::cell::Cell;

use serde::Serialize;

use crate::store::bytes;

/// What is counted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Counter {
    R2Put,
    R2Get,
    ObjectCall,
}

thread_local! {
    static R2_PUTS: Cell<u64> = const { Cell::new(0) };
    static R2_GETS: Cell<u64> = const { Cell::new(0) };
    static OBJECT_CALLS: Cell<u64> = const { Cell::new(0) };
}

/// Counts one.
pub(crate) fn count(counter: Counter) {
    let cell = match counter {
        Counter::R2Put => &R2_PUTS,
        Counter::R2Get => &R2_GETS,
        Counter::ObjectCall => &OBJECT_CALLS,
    };
    cell.set(cell.get() + 1);
}

/// The counters and the memory taken, which for wasm is also the most it ever was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Stats {
    wasm_memory_bytes: usize,
    js_buffer_bytes_high: usize,
    r2_puts: u64,
    r2_gets: u64,
    do_calls: u64,
}

/// As of now.
pub(crate) fn read() -> Stats {
    Stats {
        wasm_memory_bytes: wasm_memory_bytes(),
        js_buffer_bytes_high: bytes::js_bytes_high(),
        r2_puts: R2_PUTS.get(),
        r2_gets: R2_GETS.get(),
        do_calls: OBJECT_CALLS.get(),
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
        count(Counter::R2Put);
        count(Counter::R2Put);
        count(Counter::ObjectCall);
        let after = read();
        assert_eq!((after.r2_puts - before.r2_puts, after.r2_gets - before.r2_gets), (2, 0));
        assert_eq!(after.do_calls - before.do_calls, 1);
    }
}
