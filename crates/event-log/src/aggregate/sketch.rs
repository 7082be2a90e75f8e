//! Quantiles of durations to within 1 %, in little memory.
//!
//! Durations are counted in buckets: up to 127 ms one for each, above that 64 for each doubling. The middle of a bucket
//! is at most 1/128 of a duration away from it. Sketches of parts add up to the sketch of the whole.

use crate::bytes::{Malformed, Reader, push_number};
use crate::query::Quantile;

/// Durations below this have a bucket each.
const N_EXACT: u32 = 128;
/// Buckets for each doubling above.
const PER_DOUBLING: u32 = 64;
/// How many buckets there are: those of durations up to 2^32 ms, 25 doublings of 128.
const N_BUCKETS: u32 = N_EXACT + 25 * PER_DOUBLING;

/// How many durations there are in each bucket that has any, in the order of buckets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sketch {
    buckets: Vec<(u16, u32)>,
}

/// The documented quantiles of durations in milliseconds: of n durations the one of rank ⌈q·n⌉, to within 1 %.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quantiles([u32; 7]);

impl Quantiles {
    /// One of them, in milliseconds.
    pub fn get(&self, quantile: Quantile) -> u32 {
        let found = Quantile::ALL.into_iter().zip(self.0).find(|(known, _)| *known == quantile);
        found.map_or(0, |(_, value)| value)
    }
}

impl Sketch {
    /// Counts a duration so many times.
    pub(super) fn add(&mut self, duration_ms: u32, n: u32) {
        self.add_to(bucket(duration_ms), n);
    }

    fn add_to(&mut self, bucket: u16, n: u32) {
        match self.buckets.binary_search_by_key(&bucket, |(bucket, _)| *bucket) {
            Ok(at) => {
                if let Some((_, count)) = self.buckets.get_mut(at) {
                    *count = count.saturating_add(n);
                }
            }
            Err(at) => self.buckets.insert(at, (bucket, n)),
        }
    }

    /// All quantiles, 0 of nothing.
    pub(super) fn quantiles(&self) -> Quantiles {
        let n: u64 = self.buckets.iter().map(|(_, count)| u64::from(*count)).sum();
        let (mut buckets, mut n_seen, mut value) = (self.buckets.iter(), 0, 0);
        Quantiles(Quantile::ALL.map(|quantile| {
            let rank = (n * quantile.thousandths()).div_ceil(1000);
            while n_seen < rank
                && let Some((bucket, count)) = buckets.next()
            {
                n_seen += u64::from(*count);
                value = middle(*bucket);
            }
            value
        }))
    }

    /// Appends how many buckets have any, and for each the distance to the one before it and its count.
    pub(super) fn push_to(&self, out: &mut Vec<u8>) {
        push_number(out, self.buckets.len() as u64);
        let mut before = 0;
        for (bucket, count) in &self.buckets {
            push_number(out, (bucket - before).into());
            push_number(out, (*count).into());
            before = *bucket;
        }
    }

    /// Adds what [`Sketch::push_to`] wrote.
    pub(super) fn add_read(&mut self, reader: &mut Reader<'_>) -> Result<(), Malformed> {
        let mut bucket = 0_u32;
        for _ in 0..reader.n_things()? {
            bucket = bucket.checked_add(reader.small()?).filter(|bucket| *bucket < N_BUCKETS).ok_or(Malformed)?;
            let count = reader.small()?;
            self.add_to(u16::try_from(bucket).map_err(|_| Malformed)?, count);
        }
        Ok(())
    }
}

/// The bucket of a duration.
fn bucket(duration_ms: u32) -> u16 {
    let bucket = match duration_ms.checked_ilog2() {
        Some(doublings) if duration_ms >= N_EXACT => {
            let width_log2 = doublings - PER_DOUBLING.ilog2();
            (width_log2 - 1) * PER_DOUBLING + N_EXACT + (duration_ms >> width_log2) - PER_DOUBLING
        }
        _ => duration_ms,
    };
    u16::try_from(bucket).unwrap_or(u16::MAX)
}

/// The duration in the middle of a bucket.
fn middle(bucket: u16) -> u32 {
    let Some(above) = u32::from(bucket).checked_sub(N_EXACT) else { return bucket.into() };
    let width_log2 = above / PER_DOUBLING + 1;
    let start = (PER_DOUBLING + above % PER_DOUBLING).checked_shl(width_log2).unwrap_or(u32::MAX);
    start.saturating_add(1_u32.checked_shl(width_log2 - 1).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_s_middle_is_within_one_percent() {
        let around = (0..32).flat_map(|doublings| {
            let power = 1_u32 << doublings;
            [power - 1, power, power + 1, power + power / 3, power + (power - 1)]
        });
        for duration_ms in around.chain(0..100_000).chain([u32::MAX]) {
            let error = middle(bucket(duration_ms)).abs_diff(duration_ms);
            assert!(u64::from(error) * 128 <= u64::from(duration_ms), "{duration_ms} is off by {error}");
            assert!(duration_ms >= N_EXACT || error == 0);
        }
        assert_eq!(u32::from(bucket(u32::MAX)), N_BUCKETS - 1);
    }

    #[test]
    fn longer_durations_are_never_in_lower_buckets() {
        assert!((0..1_000_000).all(|duration_ms| bucket(duration_ms) <= bucket(duration_ms + 1)));
        assert!((0..1_000_000).all(|duration_ms| bucket(duration_ms) + 1 >= bucket(duration_ms + 1)));
    }

    #[test]
    fn the_rank_of_a_quantile_is_rounded_up() {
        let mut sketch = Sketch::default();
        assert_eq!(sketch.quantiles().0, [0; 7]);
        for duration_ms in [40, 10, 30, 20] {
            sketch.add(duration_ms, 1);
        }
        assert_eq!(sketch.quantiles().0, [10, 20, 30, 40, 40, 40, 40]);
        sketch.add(50, 996);
        assert_eq!(sketch.quantiles().get(Quantile::P999), 50);
    }

    #[test]
    fn parts_add_up_to_the_whole() {
        let (mut whole, mut parts) = (Sketch::default(), [Sketch::default(), Sketch::default()]);
        for n in 0..10_000_u32 {
            let duration_ms = n.wrapping_mul(2_654_435_761) >> (n % 30);
            whole.add(duration_ms, 1);
            parts[usize::from(n % 3 == 0)].add(duration_ms, 1);
        }
        let mut joined = Sketch::default();
        for part in parts {
            let mut out = Vec::new();
            part.push_to(&mut out);
            joined.add_read(&mut Reader::new(&out)).unwrap();
        }
        assert_eq!(joined, whole);
    }
}
