//! How long work that failed is put off.

use crate::config::{BACKOFF_MAX_MS, BACKOFF_MIN_MS};

/// How long to wait after this many attempts that failed, and one more.
pub(crate) fn backoff_ms(attempts: u64) -> u64 {
    let doublings = u32::try_from(attempts).unwrap_or(u32::MAX);
    1_u64
        .checked_shl(doublings)
        .map_or(BACKOFF_MAX_MS, |factor| BACKOFF_MIN_MS.saturating_mul(factor).min(BACKOFF_MAX_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        assert_eq!([0, 1, 2].map(backoff_ms), [2_000, 4_000, 8_000]);
        assert_eq!([9, 63, 64, u64::MAX].map(backoff_ms), [BACKOFF_MAX_MS; 4]);
    }
}
