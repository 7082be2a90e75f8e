//! Object ids: the SHA-1 of an object's header and content.

use core::fmt;
use core::str::FromStr;

/// The id of an object: 20 bytes, ordered as bytes. Source: gitformat-pack(5), "SHA-1 object id".
///
/// The all-zero id stands for "no object" on the wire only; parsers turn it into `None` ([`ObjectId::from_wire_hex`]).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId([u8; 20]);

impl ObjectId {
    /// Length of an id in bytes.
    pub const LEN: usize = 20;
    /// Length of an id in hexadecimal digits.
    pub const HEX_LEN: usize = 40;
    /// What stands on the wire for "no object".
    pub const ZERO_HEX: &'static str = "0000000000000000000000000000000000000000";

    /// An id from its 20 bytes.
    pub const fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// An id from the first 20 bytes of `bytes`, `None` when there are fewer.
    pub fn from_prefix(bytes: &[u8]) -> Option<Self> {
        bytes.first_chunk::<20>().map(|id| Self(*id))
    }

    /// The 20 bytes.
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// Reads exactly 40 hexadecimal digits, of either case as git does.
    pub fn from_hex(hex_digits: &[u8]) -> Result<Self, InvalidHash> {
        let mut bytes = [0; 20];
        hex::decode_to_slice(hex_digits, &mut bytes).map_err(|_| InvalidHash)?;
        Ok(Self(bytes))
    }

    /// Like [`ObjectId::from_hex`], with forty zeros read as `None`.
    pub fn from_wire_hex(hex_digits: &[u8]) -> Result<Option<Self>, InvalidHash> {
        let id = Self::from_hex(hex_digits)?;
        Ok((id.0 != [0; 20]).then_some(id))
    }

    /// The 40 lower-case hexadecimal digits.
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectId({self})")
    }
}

impl FromStr for ObjectId {
    type Err = InvalidHash;

    fn from_str(hex_digits: &str) -> Result<Self, InvalidHash> {
        Self::from_hex(hex_digits.as_bytes())
    }
}

/// Not 40 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidHash;

impl fmt::Display for InvalidHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a 40-character SHA-1 hex hash")
    }
}

impl core::error::Error for InvalidHash {}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";

    #[test]
    fn hex_goes_both_ways_and_either_case_is_read() {
        let id: ObjectId = HEX.parse().unwrap();
        assert_eq!(id.to_hex(), HEX);
        assert_eq!(ObjectId::from_hex(HEX.to_uppercase().as_bytes()), Ok(id));
    }

    #[test]
    fn forty_zeros_are_no_object_on_the_wire() {
        assert_eq!(ObjectId::from_wire_hex(ObjectId::ZERO_HEX.as_bytes()), Ok(None));
    }

    #[test]
    fn a_short_or_foreign_text_is_no_id() {
        assert_eq!(ObjectId::from_hex(&HEX.as_bytes()[1..]), Err(InvalidHash));
        assert_eq!(ObjectId::from_hex(b"g69de29bb2d1d6434b8b29ae775ad8c2e48c5391"), Err(InvalidHash));
    }
}
