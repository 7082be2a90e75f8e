//! Limits of imports, and how they are read.

/// The variable that lets imports come over http and from this machine.
pub(super) const ALLOW_INSECURE_IMPORT: &str = "ALLOW_INSECURE_IMPORT";

/// Longest URL of an upstream, in bytes: as long as common servers take.
pub(crate) const IMPORT_URL_LEN_MAX: usize = 2048;
/// Most redirects that are followed, as with git.
pub(crate) const IMPORT_REDIRECTS_MAX: usize = 20;
/// Most that an upstream may tell of its refs, in bytes, and most refs: some more than a repo has room for, since servers of
/// version 0 tell of pull requests too.
///
/// Held are 56 bytes for each ref, whose list doubles and is full here, 7.3 MB, and the names: of what was told all but 46 bytes
/// each, which is 8.6 MB, and 8 bytes each for the allocator, 1 MB. What three callers wait for at once takes 51 MB; while
/// one of the lists is sorted, 58 MB.
pub(crate) const IMPORT_REFS_LEN_MAX: usize = 14 * 1024 * 1024;
pub(crate) const IMPORT_REFS_MAX: usize = 131_072;
/// Most commits at which the history of an import ends: all of them stand in one value of SQLite until the pack is taken in, 43
/// bytes each of 2,000,000.
pub(crate) const IMPORT_SHALLOW_MAX: usize = 40_000;
/// How much of a pack that has come is read at a time when it is taken in.
pub(crate) const STORED_READ_LEN: u64 = 1024 * 1024;
/// Longest that an upstream's own words are repeated, in bytes.
pub(crate) const IMPORT_TEXT_LEN_MAX: usize = 200;
/// Most commits that an import may ask for, from its end: as many as a depth of git's can say.
pub(crate) const IMPORT_DEPTH_MAX: u32 = 0x7fff_fffe;
/// How long an upstream may be silent while a caller waits, and how long it may take to tell all its refs.
pub(crate) const IMPORT_CALLER_PATIENCE_MS: u64 = 10_000;
pub(crate) const IMPORT_CALLER_REFS_MS: u64 = 30_000;
/// The latter while nobody waits: together with a pack's time less than 15 minutes.
pub(crate) const IMPORT_REFS_MS: u64 = 2 * 60 * 1000;
/// How long all of a pack may take: the platform ends an alarm after 15 minutes.
pub(crate) const IMPORT_DOWNLOAD_MS: u64 = 12 * 60 * 1000;
/// How often a download looks whether its repo has been deleted.
pub(crate) const IMPORT_WANTED_MS: u64 = 5_000;
/// How often an import goes on after the upstream failed, and after it was killed itself, before it is given up.
pub(crate) const IMPORT_FAILURES_MAX: u64 = 4;
pub(crate) const IMPORT_ATTEMPTS_MAX: u64 = 10;
/// How many packs may come for one import: two as a rule, the second with tags, and each again if it lapsed before it was
/// taken in. With the attempts at each to take it in, that is how an import ends that would go on.
pub(crate) const IMPORT_DOWNLOADS_MAX: u64 = 4;
/// How soon after it was killed it goes on.
pub(crate) const IMPORT_WATCH_MS: u64 = 5_000;
/// When maintenance is asked again for an import that has not come to its end.
pub(crate) const IMPORT_AGAIN_MS: u64 = 20 * 60 * 1000;
/// How late the alarm of a repo that is imported may be before it is taken to be lost. It may be under way: then it sets the next one when it is done.
pub(crate) const ALARM_LOST_MS: u64 = 60_000;
/// How long the reason is told for which an import failed.
pub(crate) const IMPORT_FAILURE_KEPT_MS: u64 = 24 * 60 * 60 * 1000;

/// How long an upstream may be silent, in seconds.
const PATIENCE_SECONDS_DEFAULT: u64 = 30;
const PATIENCE_SECONDS_MAX: u64 = 300;

/// The same in milliseconds, as the deployment has it.
pub(super) fn parse_patience_ms(variable: Option<&str>) -> u64 {
    let seconds = variable.and_then(|value| value.parse().ok()).unwrap_or(PATIENCE_SECONDS_DEFAULT);
    seconds.clamp(1, PATIENCE_SECONDS_MAX) * 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upstream_may_be_silent_for_half_a_minute_or_as_the_deployment_says() {
        assert_eq!(parse_patience_ms(None), 30_000);
        assert_eq!(parse_patience_ms(Some("2")), 2_000);
        assert_eq!(parse_patience_ms(Some("0")), 1_000);
        assert_eq!(parse_patience_ms(Some("9999")), 300_000);
        assert_eq!(parse_patience_ms(Some("soon")), 30_000);
    }
}
