//! A hash table of numbers: what they stand for, the caller knows.
//!
//! Open addressing with a keyed hash: trees may name anything, so an attacker who knew the hash could make every look-up slow.

const EMPTY: u32 = u32::MAX;
const N_SLOTS_MIN: usize = 1024;

/// Numbers 0, 1, 2, … each found by the hash of what it stands for.
pub(crate) struct Slots {
    slots: Vec<u32>,
    n: u32,
}

impl Slots {
    pub(crate) fn new() -> Self {
        Self { slots: vec![EMPTY; N_SLOTS_MIN], n: 0 }
    }

    /// Memory taken, in bytes.
    pub(crate) fn byte_len(&self) -> usize {
        4 * self.slots.len()
    }

    /// The number with that hash for which `is` holds; when there is none, the slot for it.
    pub(crate) fn find(&self, hash: u64, is: impl Fn(u32) -> bool) -> Result<u32, usize> {
        let mask = self.slots.len() - 1;
        let mut at = start(hash, mask);
        loop {
            match self.slots.get(at) {
                Some(&number) if number != EMPTY => {
                    if is(number) {
                        return Ok(number);
                    }
                }
                _ => return Err(at),
            }
            at = (at + 1) & mask;
        }
    }

    /// Puts the next number into the slot that `find` gave. `hash` tells the hash of a number, for when the table grows.
    pub(crate) fn insert(&mut self, slot: usize, hash: impl Fn(u32) -> u64) -> u32 {
        let number = self.n;
        self.n += 1;
        if let Some(slot) = self.slots.get_mut(slot) {
            *slot = number;
        }
        if self.n as usize * 4 > self.slots.len() * 3 {
            self.grow(hash);
        }
        number
    }

    fn grow(&mut self, hash: impl Fn(u32) -> u64) {
        let n_slots = self.slots.len() * 2;
        // The old table goes first: both at once would be the most that this ever takes.
        self.slots = Vec::new();
        self.slots.resize(n_slots, EMPTY);
        for number in 0..self.n {
            let mut at = start(hash(number), n_slots - 1);
            while self.slots.get(at).is_some_and(|&taken| taken != EMPTY) {
                at = (at + 1) & (n_slots - 1);
            }
            if let Some(slot) = self.slots.get_mut(at) {
                *slot = number;
            }
        }
    }
}

fn start(hash: u64, mask: usize) -> usize {
    usize::try_from(hash & 0xffff_ffff).unwrap_or(0) & mask
}

/// A keyed hash of bytes.
pub(crate) fn hash(bytes: &[u8], key: u64) -> u64 {
    let (words, tail) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    for (to, from) in last.iter_mut().zip(tail) {
        *to = *from;
    }
    let seed = key.rotate_left(32) ^ bytes.len() as u64;
    let state = words.iter().fold(seed, |state, word| fold(state ^ u64::from_le_bytes(*word), key | 1));
    fold(state ^ u64::from_le_bytes(last), key ^ 0xbf58_476d_1ce4_e5b9)
}

/// Both halves of the product, folded into one.
pub(crate) fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    let [low, high] = [product & u128::from(u64::MAX), product >> 64].map(|half| u64::try_from(half).unwrap_or(0));
    low ^ high
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: u64 = 0x9e37_79b9_7f4a_7c15;

    #[test]
    fn a_number_is_found_by_what_it_stands_for_while_the_table_grows() {
        let (mut slots, words): (_, Vec<_>) = (Slots::new(), (0..20_000u32).map(|n| format!("word {n}")).collect());
        let hash_of = |number: u32| hash(words[number as usize].as_bytes(), KEY);
        for number in 0..20_000 {
            let slot =
                slots.find(hash_of(number), |other| words[other as usize] == words[number as usize]).unwrap_err();
            assert_eq!(slots.insert(slot, hash_of), number);
        }
        for number in 0..20_000 {
            assert_eq!(slots.find(hash_of(number), |other| other == number), Ok(number));
        }
        assert!(slots.byte_len() <= 4 * 32_768);
    }

    #[test]
    fn every_byte_and_the_key_make_a_difference() {
        let texts: [&[u8]; 6] = [b"", b"\0", b"a", b"a\0", b"12345678", b"123456789"];
        let mut hashes: Vec<_> = texts.iter().flat_map(|text| [hash(text, KEY), hash(text, KEY + 2)]).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), 12);
    }
}
