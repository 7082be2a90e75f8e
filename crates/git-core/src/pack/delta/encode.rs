//! Making a delta: what of an object can be copied from another. Source: gitformat-pack(5), "Deltified representation".

/// Length of the stretches of a base that are looked for. A shorter match is not worth the instruction that copies it.
const BLOCK_LEN: usize = 16;
/// Most places at which a stretch of the base is looked for: one that is repeated over and over is not compared everywhere.
const N_PLACES_MAX: usize = 16;
/// How many places are looked at for each byte of base and target, on average: one, where hashes are not made to be alike.
const N_LOOKS_MAX: usize = 4;
/// Longest copy of one instruction that every reader takes.
const COPY_LEN_MAX: usize = 0xffff;
/// Longest insertion of one instruction.
const INSERT_LEN_MAX: usize = 127;

const NOWHERE: u32 = u32::MAX;

/// An object that deltas are made against.
pub struct DeltaBase<'a> {
    bytes: &'a [u8],
    /// By hash of a stretch, the number of the first that has it; by number, that of the next with the same hash.
    first: Vec<u32>,
    next: Vec<u32>,
}

impl<'a> DeltaBase<'a> {
    /// Notes what there is to copy; takes half to three quarters as many bytes as the object has.
    pub fn new(bytes: &'a [u8]) -> Self {
        let blocks = bytes.chunks_exact(BLOCK_LEN);
        let mut base = Self {
            bytes,
            first: vec![NOWHERE; blocks.len().next_power_of_two().max(2)],
            next: vec![NOWHERE; blocks.len()],
        };
        // From the end on: of stretches that are repeated, the first leads to the longest match.
        for (number, block) in blocks.enumerate().rev() {
            let slot = base.slot(block);
            let (Some(first), Ok(number32)) = (base.first.get_mut(slot), u32::try_from(number)) else { continue };
            if let Some(next) = base.next.get_mut(number) {
                *next = std::mem::replace(first, number32);
            }
        }
        base
    }

    fn slot(&self, block: &[u8]) -> usize {
        let (halves, _) = block.as_chunks::<8>();
        let mixed = halves.iter().fold(0u64, |hash, half| {
            (hash ^ u64::from_le_bytes(*half)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
        });
        // Below the table's length, which fits.
        usize::try_from(mixed >> 32).unwrap_or_default() & (self.first.len() - 1)
    }

    /// The delta that makes `target`.
    pub fn delta(&self, target: &[u8]) -> Vec<u8> {
        self.delta_below(target, usize::MAX).unwrap_or_default()
    }

    /// The same, unless it would have more than `len_max` bytes.
    pub fn delta_below(&self, target: &[u8], len_max: usize) -> Option<Vec<u8>> {
        let mut delta = Vec::new();
        for len in [self.bytes.len(), target.len()] {
            write_len(len, &mut delta);
        }
        let (mut at, mut written) = (0, 0);
        let mut n_looks_left = N_LOOKS_MAX * (self.bytes.len() + target.len());
        while let Some(block) = target.get(at..at + BLOCK_LEN) {
            let Some(found) = self.longest(block, target, at, written, &mut n_looks_left) else {
                at += 1;
                if delta.len() + (at - written) > len_max {
                    return None;
                }
                continue;
            };
            write_inserts(target.get(written..found.target_at).unwrap_or_default(), &mut delta);
            write_copies(found.base_at, found.len, &mut delta);
            at = found.target_at + found.len;
            written = at;
            if delta.len() > len_max {
                return None;
            }
        }
        write_inserts(target.get(written..).unwrap_or_default(), &mut delta);
        (delta.len() <= len_max).then_some(delta)
    }

    /// The longest stretch around `at` that the base has too, back to `start` at most.
    fn longest(&self, block: &[u8], target: &[u8], at: usize, start: usize, n_looks_left: &mut usize) -> Option<Match> {
        let mut best: Option<Match> = None;
        let mut number = *self.first.get(self.slot(block))?;
        for _ in 0..N_PLACES_MAX {
            if number == NOWHERE || *n_looks_left == 0 {
                break;
            }
            *n_looks_left -= 1;
            let base_at = number as usize * BLOCK_LEN;
            if self.bytes.get(base_at..base_at + BLOCK_LEN) == Some(block) {
                let ahead = equal(self.bytes.get(base_at..)?.iter(), target.get(at..)?.iter());
                let back = equal(self.bytes.get(..base_at)?.iter().rev(), target.get(start..at)?.iter().rev());
                if best.as_ref().is_none_or(|best| best.len < ahead + back) {
                    best = Some(Match { base_at: base_at - back, target_at: at - back, len: ahead + back });
                }
            }
            number = *self.next.get(number as usize)?;
        }
        best
    }
}

/// A stretch that both have.
struct Match {
    base_at: usize,
    target_at: usize,
    len: usize,
}

fn equal<'a>(one: impl Iterator<Item = &'a u8>, other: impl Iterator<Item = &'a u8>) -> usize {
    one.zip(other).take_while(|(one, other)| one == other).count()
}

fn write_len(len: usize, out: &mut Vec<u8>) {
    let mut rest = len;
    while rest >= 0x80 {
        out.push(rest.to_le_bytes()[0] | 0x80);
        rest >>= 7;
    }
    out.push(rest.to_le_bytes()[0]);
}

fn write_inserts(bytes: &[u8], out: &mut Vec<u8>) {
    for part in bytes.chunks(INSERT_LEN_MAX) {
        out.push(part.len().to_le_bytes()[0]);
        out.extend(part);
    }
}

fn write_copies(base_at: usize, len: usize, out: &mut Vec<u8>) {
    for from in (0..len).step_by(COPY_LEN_MAX) {
        let op_at = out.len();
        out.push(0);
        let mut op = 0x80;
        let (offset, len) = ((base_at + from).to_le_bytes(), (len - from).min(COPY_LEN_MAX).to_le_bytes());
        let bytes = offset.iter().take(4).chain(len.iter().take(2)).enumerate().filter(|(_, byte)| **byte != 0);
        for (bit, &byte) in bytes {
            op |= 1 << bit;
            out.push(byte);
        }
        if let Some(slot) = out.get_mut(op_at) {
            *slot = op;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::delta::apply;

    fn assert_made(base: &[u8], target: &[u8]) -> usize {
        let delta = DeltaBase::new(base).delta(target);
        let mut made = Vec::new();
        apply(base, &delta, &mut made).unwrap();
        assert!(made == target, "{} bytes from {}", target.len(), base.len());
        delta.len()
    }

    /// Bytes that depend on a seed alone.
    fn noise(seed: u64, len: usize) -> Vec<u8> {
        let mut state = seed * 2 + 1;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            state.to_le_bytes()[7]
        };
        (0..len).map(|_| next()).collect()
    }

    #[test]
    fn a_delta_makes_its_object_of_its_base() {
        let long = noise(1, 300_000);
        assert!(assert_made(&long, &long) < 60);
        let edited = [&long[..1000], b"edited", &long[1010..200_000], &long[100..70_000]].concat();
        assert!(assert_made(&long, &edited) < 80);
        assert!(assert_made(&vec![0; 100_000], &vec![0; 99_000]) < 60);
        for (base, target) in [("", "a"), ("short", "shorter"), ("0123456789abcdef", "0123456789abcdef")] {
            assert_made(base.as_bytes(), target.as_bytes());
        }
        assert_eq!(assert_made(b"0123456789abcdef", b"0123456789abcdef"), 4);
    }

    #[test]
    fn cut_and_pasted_bytes_are_made_whatever_is_cut() {
        let base = noise(2, 3_000);
        for n in 0..300 {
            let cut = |by: usize| (n * by) % 2_900;
            let (one, other) = (cut(37), cut(91));
            let parts =
                [&base[one..one + n % 100], &noise(n as u64, n % 40), &base[other..other + 100], &base[one..one + 17]];
            assert_made(&base, &parts.concat());
        }
    }

    #[test]
    fn a_delta_that_is_too_long_is_not_made() {
        let (base, target) = (noise(3, 5_000), noise(4, 5_000));
        assert_eq!(DeltaBase::new(&base).delta_below(&target, 4_000), None);
        let len = DeltaBase::new(&base).delta(&base).len();
        assert!(
            DeltaBase::new(&base).delta_below(&base, len).is_some()
                && DeltaBase::new(&base).delta_below(&base, len - 1).is_none()
        );
    }
}
