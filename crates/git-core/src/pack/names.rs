//! Every distinct file name that the trees of a pack hold, each with a small number.

use super::paged::Paged;
use super::slots::{self, Slots};

/// Names by number, and numbers by name.
pub(crate) struct Names {
    bytes: Vec<u8>,
    ends: Paged<u32, 1024>,
    slots: Slots,
    key: u64,
}

impl Names {
    pub(crate) fn new(key: u64) -> Self {
        Self { bytes: Vec::new(), ends: Paged::default(), slots: Slots::new(), key }
    }

    /// Memory taken, in bytes.
    pub(crate) fn byte_len(&self) -> usize {
        self.bytes.capacity() + 4 * self.ends.len() + self.slots.byte_len()
    }

    /// The number of a name, a new one when it has none.
    pub(crate) fn number(&mut self, name: &[u8]) -> u32 {
        let found = self.slots.find(slots::hash(name, self.key), |number| self.get(number) == name);
        found.unwrap_or_else(|slot| {
            self.bytes.extend_from_slice(name);
            self.ends.push(u32::try_from(self.bytes.len()).unwrap_or(u32::MAX));
            let (bytes, ends, key) = (&self.bytes, &self.ends, self.key);
            self.slots.insert(slot, |number| slots::hash(name_of(bytes, ends, number), key))
        })
    }

    pub(crate) fn get(&self, number: u32) -> &[u8] {
        name_of(&self.bytes, &self.ends, number)
    }
}

fn name_of<'a>(bytes: &'a [u8], ends: &Paged<u32, 1024>, number: u32) -> &'a [u8] {
    let at = number as usize;
    let end = ends.get(at).map_or(0, |&end| end as usize);
    let start = at.checked_sub(1).and_then(|before| ends.get(before)).map_or(0, |&end| end as usize);
    bytes.get(start..end).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_number() {
        let mut names = Names::new(3);
        let name = |n: u32| format!("file-{n}").into_bytes();
        for n in 0..5000 {
            assert_eq!(names.number(&name(n)), n);
        }
        for n in 0..5000 {
            assert_eq!((names.number(&name(n)), names.get(n)), (n, &name(n)[..]));
        }
        assert!(names.byte_len() < 5000 * (18 + 4 + 8));
    }
}
