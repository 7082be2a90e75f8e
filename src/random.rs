//! Random ids and secrets. The only module that asks the platform for randomness.

use crate::config::REQUEST_ID_LEN_MAX;
use crate::durable::Failure;

/// Characters of an id, `[0-9a-z]`.
const ALPHABET: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// The largest multiple of 36 in a byte: bytes from here on would favour the first characters.
const FAIR_MAX: u8 = 252;

/// Length of an id: 36^16 is 2^82, so that ids of one deployment never meet.
pub(crate) const ID_LEN: usize = 16;

/// A new id of a repo, a token or an upload: 16 characters of `[0-9a-z]`.
pub(crate) fn id() -> Result<String, Failure> {
    let mut id = String::with_capacity(ID_LEN);
    while id.len() < ID_LEN {
        let fair = bytes::<32>()?.into_iter().filter_map(character);
        let missing = ID_LEN - id.len();
        id.extend(fair.take(missing));
    }
    Ok(id)
}

/// 160 random bits, as 40 hexadecimal digits.
pub(crate) fn secret() -> Result<String, Failure> {
    Ok(hex::encode(bytes::<20>()?))
}

/// A key for a hash table that clients fill.
pub(crate) fn hash_key() -> Result<u64, Failure> {
    Ok(u64::from_le_bytes(bytes::<8>()?))
}

/// Whether `id` has the form of an id.
pub(crate) fn is_id(id: &str) -> bool {
    id.len() == ID_LEN && id.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
}

/// Whether the platform may call a request so: no more goes into a log.
pub(crate) fn is_request_id(id: &str) -> bool {
    (1..=REQUEST_ID_LEN_MAX).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn character(byte: u8) -> Option<char> {
    let fair = byte < FAIR_MAX;
    fair.then(|| ALPHABET.get(usize::from(byte) % ALPHABET.len()).copied().map(char::from)).flatten()
}

fn bytes<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Failure::Platform(format!("randomness: {error}")))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_the_form_of_an_id() {
        for _ in 0..100 {
            assert!(is_id(&id().unwrap()));
        }
    }

    #[test]
    fn every_character_is_as_likely_as_any_other() {
        for wanted in ALPHABET {
            let n = (0..=u8::MAX).filter_map(character).filter(|&found| found == char::from(*wanted)).count();
            assert_eq!(n, 7);
        }
    }

    #[test]
    fn a_secret_is_forty_hexadecimal_digits() {
        let secret = secret().unwrap();
        assert_eq!(secret.len(), 40);
        assert!(secret.bytes().all(|byte| byte.is_ascii_hexdigit()));
    }

    #[test]
    fn another_length_or_alphabet_is_not_an_id() {
        assert!(is_id("0123456789abcdef"));
        assert!(!is_id("0123456789abcde"));
        assert!(!is_id("0123456789ABCDEF"));
    }
}
