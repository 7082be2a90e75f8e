//! Repo tokens: `art_v1_<40 hex>?expires=<unix seconds>`.
//!
//! The part before `?` is the secret. The rest is information for the caller: what decides is what is stored, and
//! only a SHA-256 of the secret is.

use percent_encoding::percent_decode_str;
use sha2::{Digest, Sha256};

use crate::durable::Failure;
use crate::random;

/// What every token begins with.
pub(crate) const PREFIX: &str = "art_v1_";

/// The secret part of a repo token. Not printed.
pub(crate) struct TokenSecret(String);

impl TokenSecret {
    /// A new one: 160 random bits.
    pub(crate) fn generate() -> Result<Self, Failure> {
        Ok(Self(format!("{PREFIX}{}", random::secret()?)))
    }

    /// From a token as callers send it: the secret, the full token, or the full token percent-encoded.
    pub(crate) fn parse(token: &str) -> Option<Self> {
        let token = percent_decode_str(token).decode_utf8().ok()?;
        let secret = token.split_once('?').map_or(&*token, |(secret, _)| secret);
        let digits = secret.strip_prefix(PREFIX)?;
        let well_formed = digits.len() == 40 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        well_formed.then(|| Self(secret.to_owned()))
    }

    /// The full token, as it is shown once to who asked for it.
    pub(crate) fn full(&self, expires_at: u64) -> String {
        format!("{}?expires={}", self.0, expires_at / 1000)
    }

    /// What is stored: the SHA-256 of the secret, in hexadecimal digits.
    pub(crate) fn sha256(&self) -> String {
        hex::encode(sha256(self.0.as_bytes()))
    }
}

/// SHA-256 of `bytes`.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "art_v1_0123456789abcdef0123456789abcdef01234567";

    fn parsed(token: &str) -> Option<String> {
        TokenSecret::parse(token).map(|secret| secret.0)
    }

    #[test]
    fn the_three_forms_are_one_token() {
        for form in ["", "?expires=1760000000", "%3Fexpires%3D1760000000"] {
            assert_eq!(parsed(&format!("{SECRET}{form}")), Some(SECRET.to_owned()));
        }
    }

    #[test]
    fn what_is_not_a_token_is_none() {
        for other in ["", "art_v1_", "dev-edit", &SECRET[..46], &SECRET.to_uppercase(), &format!("{SECRET}0"), "%ff"] {
            assert_eq!(parsed(other), None, "{other:?}");
        }
    }

    #[test]
    fn the_full_token_tells_its_expiry_in_seconds() {
        let secret = TokenSecret::parse(SECRET).unwrap();
        assert_eq!(secret.full(1_760_000_000_999), format!("{SECRET}?expires=1760000000"));
    }

    #[test]
    fn a_new_token_is_one() {
        let token = TokenSecret::generate().unwrap().full(0);
        assert_eq!(parsed(&token).map(|secret| secret.len()), Some(47));
    }

    #[test]
    fn only_the_secret_is_hashed() {
        let stored = "19490bcffc23d6e70d9e53e8c672cc35b4f6d31eee937ceac8b4b790d0a1c628";
        assert_eq!(TokenSecret::parse(SECRET).unwrap().sha256(), stored);
        let full = TokenSecret::parse(&format!("{SECRET}?expires=1")).unwrap();
        assert_eq!(full.sha256(), stored);
    }
}
