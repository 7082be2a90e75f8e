//! Which store has the events of a namespace.

use crate::config::EVENT_SHARDS;

/// The store of a namespace, by its lower-cased name: FNV-1a of 32 bits. Events stay where they are, so this stays too.
pub(crate) fn shard_of(namespace_key: &str) -> u8 {
    let hash =
        namespace_key.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    u8::try_from(hash % u32::from(EVENT_SHARDS)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_always_in_the_same_store() {
        let shards = ["default", "a", "b", "team-1", "team-2", "xn--bcher-kva"].map(shard_of);
        assert_eq!(shards, [6, 4, 5, 6, 3, 0]);
    }

    #[test]
    fn namespaces_are_spread_evenly() {
        let mut n_namespaces = [0; EVENT_SHARDS as usize];
        for n in 0..8_000 {
            n_namespaces[usize::from(shard_of(&format!("team-{n}")))] += 1;
        }
        assert!(n_namespaces.iter().all(|n| (900..1_100).contains(n)), "{n_namespaces:?}");
    }
}
