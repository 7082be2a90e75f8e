//! What one request has cost so far: calls to Durable Objects and to R2, and bytes of bodies.

use std::cell::Cell;

use crate::stats::{self, Counter};

/// Counters of one request. Times are milliseconds of the platform's clock, which stands still while nothing is waited for; of
/// calls that ran at the same time the sum.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    /// Whether nobody waits for what it counts.
    is_deferred: bool,
    object_calls: Cell<u64>,
    object_ms: Cell<u64>,
    r2_reads: Cell<u64>,
    r2_writes: Cell<u64>,
    r2_ms: Cell<u64>,
    bytes_in: Cell<u64>,
    bytes_out: Cell<u64>,
}

/// The counters as they stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Cost {
    pub(crate) object_calls: u64,
    pub(crate) object_ms: u64,
    pub(crate) r2_reads: u64,
    pub(crate) r2_writes: u64,
    pub(crate) r2_ms: u64,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
}

impl Meter {
    /// For what is done after a request, and no cost of it.
    pub(crate) fn deferred() -> Self {
        Self { is_deferred: true, ..Self::default() }
    }

    /// A call to a Durable Object begins.
    pub(crate) fn object_call(&self) {
        stats::count(if self.is_deferred { Counter::DeferredCalls } else { Counter::ObjectCalls }, 1);
        add(&self.object_calls, 1);
    }

    /// It took so long.
    pub(crate) fn object_took(&self, ms: u64) {
        add(&self.object_ms, ms);
    }

    /// A read of so many bytes from R2 begins.
    pub(crate) fn r2_read(&self, len: u64) {
        stats::count(Counter::R2Gets, 1);
        stats::count(Counter::R2GetBytes, len);
        add(&self.r2_reads, 1);
    }

    /// A write of so many bytes to R2 begins.
    pub(crate) fn r2_write(&self, len: u64) {
        stats::count(Counter::R2Puts, 1);
        stats::count(Counter::R2PutBytes, len);
        add(&self.r2_writes, 1);
    }

    /// A read or write took so long.
    pub(crate) fn r2_took(&self, ms: u64) {
        add(&self.r2_ms, ms);
    }

    /// Bytes of the request's body came, as they are when they have been inflated.
    pub(crate) fn received(&self, len: usize) {
        add(&self.bytes_in, len as u64);
    }

    /// Bytes of the answer's body were handed to the platform.
    pub(crate) fn sent(&self, len: usize) {
        add(&self.bytes_out, len as u64);
    }

    pub(crate) fn read(&self) -> Cost {
        Cost {
            object_calls: self.object_calls.get(),
            object_ms: self.object_ms.get(),
            r2_reads: self.r2_reads.get(),
            r2_writes: self.r2_writes.get(),
            r2_ms: self.r2_ms.get(),
            bytes_in: self.bytes_in.get(),
            bytes_out: self.bytes_out.get(),
        }
    }
}

fn add(counter: &Cell<u64>, n: u64) {
    counter.set(counter.get() + n);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_counter_counts_its_own() {
        let meter = Meter::default();
        meter.object_call();
        meter.object_took(3);
        meter.r2_read(70);
        meter.r2_read(30);
        meter.r2_write(8);
        meter.r2_took(5);
        meter.received(11);
        meter.sent(13);
        let cost =
            Cost { object_calls: 1, object_ms: 3, r2_reads: 2, r2_writes: 1, r2_ms: 5, bytes_in: 11, bytes_out: 13 };
        assert_eq!(meter.read(), cost);
    }
}
