//! Which objects of a pack a repository has: a pack may be shared with a repository that has more. Of what it does not have
//! some are bases: what it has is stored as deltas of them, and they of one another.
//!
//! Stored as a bit for each object, in the order of the pack's index: number `n` is bit `n % 8` of byte `n / 8`. As many bytes
//! follow for the bases.

use std::fmt;
use std::rc::Rc;

/// A part of a pack's objects.
#[derive(Clone, PartialEq, Eq)]
pub struct Visible {
    /// Objects, then bases: two halves of one length.
    bits: Rc<[u8]>,
}

/// Why bytes are no part of a pack's objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VisibleError {
    /// Not two bits for each object.
    Length {
        /// Bytes that are there.
        len: usize,
        /// Objects of the pack.
        n_objects: u32,
    },
}

impl Visible {
    /// Reads what was stored for a pack of `n_objects`.
    pub fn parse(bytes: &[u8], n_objects: u32) -> Result<Self, VisibleError> {
        if bytes.len() != 2 * byte_len(n_objects) {
            return Err(VisibleError::Length { len: bytes.len(), n_objects });
        }
        Ok(Self { bits: bytes.into() })
    }

    /// The objects and the bases of these numbers, in a pack of `n_objects`. Numbers beyond it are passed over.
    pub fn of(objects: impl Iterator<Item = u32>, bases: impl Iterator<Item = u32>, n_objects: u32) -> Self {
        let mut bits = vec![0; 2 * byte_len(n_objects)];
        let (shown, built_upon) = bits.split_at_mut(byte_len(n_objects));
        set(shown, objects.filter(|&number| number < n_objects));
        set(built_upon, bases.filter(|&number| number < n_objects));
        Self { bits: bits.into() }
    }

    /// What is stored.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bits
    }

    /// Whether an object is among them.
    pub fn contains(&self, number: u32) -> bool {
        is_set(self.halves().0, number)
    }

    /// Whether an object is no more than a base.
    pub fn is_base(&self, number: u32) -> bool {
        is_set(self.halves().1, number)
    }

    /// How many objects there are.
    pub fn n_objects(&self) -> u64 {
        self.halves().0.iter().map(|byte| u64::from(byte.count_ones())).sum()
    }

    fn halves(&self) -> (&[u8], &[u8]) {
        self.bits.split_at_checked(self.bits.len() / 2).unwrap_or_default()
    }
}

impl fmt::Debug for Visible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Visible({} objects)", self.n_objects())
    }
}

impl fmt::Display for VisibleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { len, n_objects } => write!(f, "{len} bytes for two bits each of {n_objects} objects"),
        }
    }
}

impl std::error::Error for VisibleError {}

fn byte_len(n_objects: u32) -> usize {
    (n_objects as usize).div_ceil(8)
}

fn set(bits: &mut [u8], numbers: impl Iterator<Item = u32>) {
    for number in numbers {
        if let Some(byte) = bits.get_mut(number as usize / 8) {
            *byte |= 1 << (number % 8);
        }
    }
}

fn is_set(bits: &[u8], number: u32) -> bool {
    bits.get(number as usize / 8).is_some_and(|byte| byte & (1 << (number % 8)) != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bit_stands_for_each_object_and_another_for_each_base() {
        let visible = Visible::of([0, 9, 10].into_iter(), [3].into_iter(), 11);
        assert_eq!(visible.as_bytes(), [0b0000_0001, 0b0000_0110, 0b0000_1000, 0]);
        assert_eq!(Visible::parse(visible.as_bytes(), 11).as_ref(), Ok(&visible));
        assert_eq!((0..20).filter(|&number| visible.contains(number)).collect::<Vec<_>>(), [0, 9, 10]);
        assert_eq!((0..20).filter(|&number| visible.is_base(number)).collect::<Vec<_>>(), [3]);
        assert_eq!(visible.n_objects(), 3);
        assert_eq!(Visible::of([11, 12].into_iter(), [13].into_iter(), 11).as_bytes(), [0; 4]);
    }

    #[test]
    fn bytes_for_another_number_of_objects_are_refused() {
        assert_eq!(Visible::parse(&[1, 0], 9), Err(VisibleError::Length { len: 2, n_objects: 9 }));
        assert_eq!(Visible::parse(&[1, 0, 0, 0], 8), Err(VisibleError::Length { len: 4, n_objects: 8 }));
    }
}
