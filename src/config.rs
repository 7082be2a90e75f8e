//! Binding names, limits with their arithmetic, and the only reader of `Env`'s variables.

mod announce;
mod api;
mod api_tokens;
mod contents;
mod deployment;
mod events;
mod forks;
mod graphql;
mod imports;
mod reading;

use git_core::object::fsck::{MsgId, MsgIds};
use worker::Env;

pub(crate) use announce::{
    ANNOUNCE_AFTER_MS, EVENTS_QUEUE, PUSHED_COMMITS_COUNTED_MAX, PUSHED_COMMITS_MAX, PUSHED_EFFORT_MAX,
    PUSHED_TEXT_LEN_MAX, QUEUE_BATCH_LEN_MAX, QUEUE_BATCH_MAX, QUEUE_MESSAGE_LEN_MAX,
};
pub(crate) use api::{
    BINDING_ARGUMENTS_LEN_MAX, BINDING_TOKENS_MAX, NAMESPACES_PER_PAGE_DEFAULT, NAMESPACES_PER_PAGE_MAX,
    OPENED_KEPT_MAX, PAGE_MAX, PUSHES_PER_PAGE_DEFAULT, PUSHES_PER_PAGE_MAX, REPOS_PER_PAGE_DEFAULT,
    REPOS_PER_PAGE_MAX, REQUEST_ID_LEN_MAX, REST_BODY_LEN_MAX, TOKEN_KEPT_MS, TOKEN_TTL_DEFAULT, TOKEN_TTL_MAX,
    TOKEN_TTL_MIN, TOKENS_PER_PAGE_DEFAULT, TOKENS_PER_PAGE_MAX, TOKENS_PRUNED_MAX, TOLD_LEN_MAX,
};
pub(crate) use api_tokens::{ApiToken, Permission};
pub(crate) use contents::{
    COMMITS_LEN_MAX, HELD_LEN_MAX, HELD_WINDOW_LEN, INFLATED_STRETCH_LEN, LARGE_DELTAS_MAX, LARGE_PLAN,
    LOG_LIMIT_DEFAULT, LOG_LIMIT_MAX, LOG_LIMIT_TAKEN_MAX, LOG_OFFSET_MAX, MESSAGE_LEN_MAX, PATH_LEN_MAX, PlanLimits,
    RAW_REF_PARTS_MAX, SHARE_IDLE_MS, SHARE_PATIENCE_MS, SHARE_PAUSE_MAX_MS, SNIFFED_LEN, TREE_JSON_LEN_MAX,
    UNSHARED_LEN_MAX,
};
pub(crate) use deployment::{Config, ConfigError, Origins, StorageLimits, is_loopback};
pub(crate) use events::{
    EVENT_DELETIONS_MAX, EVENT_GROUPS_MAX, EVENT_MERGE_AFTER_MS, EVENT_MERGE_FAN, EVENT_MERGE_INFLATED_MAX,
    EVENT_MERGES_MAX, EVENT_QUANTILE_GROUPS_MAX, EVENT_ROW_LEN_MAX, EVENT_SEGMENT_INFLATED_MAX, EVENT_SEGMENT_LEN_MAX,
    EVENT_SHARDS, EVENT_SWEEP_MS, EVENTS_BUFFERED_MAX, EVENTS_DATASET, EVENTS_FLUSH_LOST_MS, EVENTS_FLUSH_MS,
    EVENTS_FLUSHED_AT, EVENTS_KEPT_MS, EVENTS_STORED_MAX,
};
pub(crate) use forks::{
    FAST_FORWARD_WALK_MAX, FORK_MS, HOLDER_CHECK_AGAIN_MS, HOLDERS_PER_PAGE, R2_KEY_LEN_MAX, REFS_AT_ONCE_MAX,
};
pub(crate) use graphql::{
    AGGREGATIONS_AT_ONCE, AGGREGATIONS_MAX, CONDITIONS_DEPTH_MAX, GRAPHQL_BODY_LEN_MAX, GRAPHQL_DEPTH_MAX,
    GRAPHQL_ERRORS_MAX, GRAPHQL_FIELDS_MAX, GRAPHQL_NAME_LEN_MAX, GRAPHQL_NESTED_MAX, GRAPHQL_TOKENS_MAX,
    GROUPS_DEFAULT, GROUPS_MAX, GROUPS_TOTAL_MAX, OPERANDS_MAX, QUANTILE_STORES_AT_ONCE, SIZE_QUESTIONS_MAX,
    SIZED_NAMESPACES_AT_ONCE, SIZED_NAMESPACES_MAX, SIZED_REPOS_MAX, SIZED_REPOS_PER_PAGE, STORES_AT_ONCE, TIMES_MAX,
    VALUES_MAX, WILDCARDS_MAX,
};
use imports::ALLOW_INSECURE_IMPORT;
pub(crate) use imports::{
    ALARM_LOST_MS, IMPORT_AGAIN_MS, IMPORT_ATTEMPTS_MAX, IMPORT_CALLER_PATIENCE_MS, IMPORT_CALLER_REFS_MS,
    IMPORT_DEPTH_MAX, IMPORT_DOWNLOAD_MS, IMPORT_DOWNLOADS_MAX, IMPORT_FAILURE_KEPT_MS, IMPORT_FAILURES_MAX,
    IMPORT_REDIRECTS_MAX, IMPORT_REFS_LEN_MAX, IMPORT_REFS_MAX, IMPORT_REFS_MS, IMPORT_SHALLOW_MAX,
    IMPORT_TEXT_LEN_MAX, IMPORT_URL_LEN_MAX, IMPORT_WANTED_MS, IMPORT_WATCH_MS, STORED_READ_LEN,
};
pub(crate) use reading::{
    BASES_AHEAD_MAX, BLOCK_CACHE_MAX, BLOCK_LEN, BLOCK_READS_MAX, BLOCKS_AHEAD_MAX, CROWDED_LEN, EXTENT_GAP_MAX,
    EXTENT_LEN_CROWDED, EXTENT_LEN_MAX, GATHER_LIMITS, GATHERED_PARTS_AT_ONCE, GatherLimits, INDEX_CACHE_MAX,
    INDEX_READS_MAX, INDEX_STRETCH_LEN, JOINED_EXTENTS_MAX, KEPT_LEN_MAX, LONG_WALK, OBJECTS_AHEAD_MAX,
    REACH_CACHE_MAX, SEND_LEN, SMALL_LEN_MAX, TRAILER_CACHE_MAX, TRAILER_PARTS_MAX, UNDERWAY_MS, UNDERWAY_PAUSE_MAX_MS,
};

/// Durable Object bindings.
pub(crate) const REPOS: &str = "REPOS";
pub(crate) const NAMESPACES: &str = "NAMESPACES";
pub(crate) const ACCOUNTS: &str = "ACCOUNTS";
pub(crate) const MAINTENANCE: &str = "MAINTENANCE";
pub(crate) const EVENTS: &str = "EVENTS";
/// Rate limiting bindings: of control requests by namespace, of Git requests by repo. Without one there is no such limit.
pub(crate) const CONTROL_RATE: &str = "CONTROL_RATE";
pub(crate) const GIT_RATE: &str = "GIT_RATE";
/// R2 bucket binding.
pub(crate) const PACKS: &str = "PACKS";

/// How this server names itself to Git clients.
pub(crate) const AGENT: &str = concat!("artifacts/", env!("CARGO_PKG_VERSION"));

/// Longest namespace name: one DNS label.
pub(crate) const NAMESPACE_NAME_LEN_MAX: usize = 63;
/// Longest repo name: one path component of the file systems that clones land on.
pub(crate) const REPO_NAME_LEN_MAX: usize = 255;
/// Longest name of a ref: a quarter of the longest path that a file system takes, where clones keep their refs.
pub(crate) const REF_NAME_LEN_MAX: usize = 1024;
/// Longest description of a repo.
pub(crate) const DESCRIPTION_LEN_MAX: usize = 1024;

/// Longest row of SQLite in a Durable Object. More passes locally and fails in production.
const ROW_LEN_MAX: usize = 2_000_000;
/// Longest pack and index together that live in a catalog row: the row less 4,000 bytes for its other columns (ids,
/// a trailer and numbers: below 300 bytes).
pub(crate) const INLINE_LEN_MAX: usize = ROW_LEN_MAX - 4_000;
/// Most bytes of inline packs and indexes of one repo: they travel with every snapshot.
pub(crate) const INLINE_TOTAL_MAX: u64 = 8 * 1024 * 1024;
/// Most bytes that the refs of one repo may take in a snapshot, counted as name and ids with their JSON: with 150
/// bytes for a ref of a usual name, 100,000 refs.
pub(crate) const REFS_LEN_MAX: u64 = 15 * 1024 * 1024;
/// What a ref takes in a snapshot besides its name: `{"name":"","id":"<40>","peeled":"<40>"},`.
pub(crate) const REF_OVERHEAD_LEN: u64 = 112;
/// Refs that SQLite hands over in one row: at the longest name, with ids and separators, 1,107,000 bytes.
pub(crate) const REFS_PER_PAGE: u64 = 1000;
/// Longest part of a pack's objects, two bits for each: of 7,984,000 objects, more than a pack may have.
pub(crate) const VISIBLE_LEN_MAX: u64 = ROW_LEN_MAX as u64 - 4_000;
/// Longest call or answer of a Durable Object: 8 MiB of inline packs, 15 MiB of refs, 2.1 MiB of shallow commits, two bits
/// for each object, and the catalog's rows, each below 512 bytes.
pub(crate) const FRAME_LEN_MAX: u32 = 32 * 1024 * 1024;
/// Most byte strings in a frame: three for each inline pack, and no repo has that many.
pub(crate) const FRAME_STRINGS_MAX: usize = 65_536;

const MIB: usize = 1024 * 1024;

/// Length of the segments in which packs and spills are stored: one `put` of known length each, three of which and the
/// buffers of pass 2 fit the memory of an isolate; a multiple of [`PACK_BLOCK_LEN`], so that no block crosses two.
pub(crate) const SEGMENT_LEN: usize = 4 * MIB;
/// Segments of one push on their way to R2 at once, besides the one being filled: 12 MiB of JavaScript buffers in all.
pub(crate) const SEGMENTS_IN_FLIGHT_MAX: usize = 2;
/// Longest pack that may live in a catalog row. A row has room for more; every snapshot carries these bytes.
pub(crate) const INLINE_PACK_LEN_MAX: usize = 256 * 1024;
/// How much of a request's body is read at a time: larger reads cost fewer crossings into wasm, up to here.
pub(crate) const BODY_READ_LEN: u32 = 256 * 1024;
/// How much of a refused request's body is read before the answer: the longest that any plan lets through.
pub(crate) const DRAINED_LEN_MAX: usize = 512 * MIB;
/// Longest body of a fetch request: 50,000 wants and 50,000 haves of 50 bytes are 5 MB.
pub(crate) const FETCH_BODY_LEN_MAX: usize = 8 * MIB;
/// Most wants of a fetch request, 50 bytes each: a checkout in a clone without blobs asks for all files at once.
pub(crate) const WANTS_MAX: usize = 150_000;
/// Most haves and ref-prefixes of a fetch request.
pub(crate) const HAVES_MAX: usize = 50_000;
pub(crate) const REF_PREFIXES_MAX: usize = 1_000;
/// Most commits at which a client says that its history ends.
pub(crate) const FETCH_SHALLOW_MAX: usize = REPO_SHALLOW_MAX;
/// Most refs in one push.
pub(crate) const PUSH_COMMANDS_MAX: usize = 10_000;
/// Most commits at which the history of a repo ends. All of them travel with every snapshot, 43 bytes each.
pub(crate) const REPO_SHALLOW_MAX: usize = 50_000;
/// How many ids go into one statement: as JSON below the longest value that SQLite takes here, 2,000,000 bytes.
pub(crate) const IDS_AT_ONCE_MAX: usize = 20_000;
/// Most `shallow` lines of a push: whoever has cloned a shallow repo sends as many as that has.
pub(crate) const PUSH_SHALLOW_MAX: usize = REPO_SHALLOW_MAX;
/// Longest line of a push's head: two ids, a ref's name, capabilities.
pub(crate) const PUSH_LINE_LEN_MAX: usize = 4 * 1024;
/// Most push options of one push, and the longest that they may be together: as JSON, six bytes for each at the worst.
pub(crate) const PUSH_OPTIONS_MAX: usize = 100;
pub(crate) const PUSH_OPTIONS_LEN_MAX: usize = 8 * 1024;
/// How many pushes a repo's log keeps, and for how long.
pub(crate) const PUSH_LOG_ROWS_MAX: u64 = 1_000;
pub(crate) const PUSH_LOG_KEPT_MS: u64 = 90 * 24 * 60 * 60 * 1000;
/// Rows past their time that one push clears away: more than it adds, so that they never pile up.
pub(crate) const PUSH_LOG_PRUNED_MAX: u64 = 10;
/// Longest list of moved refs in a row of the log, as JSON: some 200. With 48 KiB of options a row is below 82 KiB, the log
/// below 82 MB and a page of it below 8.2 MB.
pub(crate) const PUSH_LOG_REFS_LEN_MAX: usize = 32 * 1024;

/// The largest object that is held whole while packs are taken in or read.
pub(crate) const OBJECT_RESIDENT_MAX: u64 = 8 * MIB as u64;
/// Length of the stretches in which pass 2 reads a stored pack back.
pub(crate) const PACK_BLOCK_LEN: usize = MIB;
/// What taking in a pack may cost in wasm memory: 48 MiB of notes on its objects, 10 MiB of bases, 3 blocks of 1 MiB, and
/// base, delta and result of 8 MiB each, 85 MiB if all is met at once. With 12.25 MiB of JavaScript's buffers that is below
/// 104 MB, of the 128 MB of an isolate. Bases and blocks are gone when 8 MiB of trees are compared and when the index is made.
///
/// Work: of git's own repository, 58 million entries of trees, 213 million are put together or compared; forty times that may be.
pub(crate) fn pack_limits(hash_key: u64) -> git_core::pack::Limits {
    git_core::pack::Limits {
        n_objects_max: 1_000_000,
        notes_max: 48 * MIB,
        tree_cache_max: 8 * MIB,
        n_compared_max: 8 << 30,
        object_resident_max: OBJECT_RESIDENT_MAX,
        pack_resident_max: SEGMENT_LEN,
        cache_max: 10 * MIB,
        block_len: PACK_BLOCK_LEN,
        n_blocks_max: 3,
        n_introduced_max: 2_000_000,
        delta_depth_max: 4096,
        rebuilt_bytes_max: 8 << 30,
        hash_key,
    }
}
/// Faults of objects that are taken all the same, as `receive.fsck.<msg-id> = ignore` lets git take them. Each was written by
/// tools of their time into histories that many have, no version of git minds them, and to repair one changes every id
/// after it. They are those that GitLab lets pass, in pushes and imports:
///
/// - zero-padded modes: old versions of git wrote `040000`, and libraries long after it;
/// - no space before the date, or no date at all: conversions from other systems;
/// - time zones that are not of four digits, `+051800` say: a fault of tools that well-known histories keep.
pub(crate) const FSCK_LET_PASS: MsgIds =
    MsgIds::of(&[MsgId::ZeroPaddedFilemode, MsgId::MissingSpaceBeforeDate, MsgId::BadTimezone]);
/// From how many bytes of notes on it a push waits while another such is under way in the isolate: those of some 150,000
/// objects. Two below it hold 30 MiB each, a waiting one 15 MiB.
pub(crate) const LARGE_NOTES_LEN: usize = 12 * MIB;
/// How often a push that waits looks whether it is its turn, in milliseconds, and how often at most: for four minutes.
pub(crate) const TURN_POLL_MS: u64 = 250;
pub(crate) const TURN_POLLS_MAX: u64 = 4 * 60 * 1000 / TURN_POLL_MS;
/// After how many looks at a push that has not gone on it is taken for dead: 30 s.
pub(crate) const TURN_IDLE_POLLS_MAX: u64 = 30 * 1000 / TURN_POLL_MS;

/// How long a name that is being created stays reserved for who reserved it.
pub(crate) const RESERVATION_MS: u64 = 30_000;
/// How long a namespace remembers that an incarnation is gone: longer than any report of it is under way or put off.
pub(crate) const REMOVED_KEPT_MS: u64 = 24 * 60 * 60 * 1000;
/// Rows past their time that one removal clears away: more than it adds, so that they never pile up.
pub(crate) const REMOVED_PRUNED_MAX: u64 = 10;
/// How long a caller should wait before it asks again for something that is under way.
pub(crate) const RETRY_AFTER_SECONDS: u64 = 2;
/// How long a browser may remember what a page of another origin may ask: the longest that any of them does.
pub(crate) const CORS_MAX_AGE_SECONDS: u64 = 24 * 60 * 60;
/// How long a caller should wait that has made too many requests: the period of both rate limits in `wrangler.toml`.
pub(crate) const RATE_PERIOD_SECONDS: u64 = 10;
/// How long a push waits before its namespace hears of it. Pushes in between are reported together; with the alarm's
/// own delay the listing is less than 5 s behind.
pub(crate) const REPORT_DELAY_MS: u64 = 1_500;
/// How long a creation waits that its maker has to report: half of the time for which the name is kept.
pub(crate) const CREATION_REPORT_DELAY_MS: u64 = RESERVATION_MS / 2;
/// The same for the account, which hears from namespaces what they have heard from repos: longer, for it is one object that
/// all namespaces report to.
pub(crate) const NAMESPACE_REPORT_DELAY_MS: u64 = 3_000;
/// How long after the push that made it worth while packs are merged, so that pushes that follow at once take part.
pub(crate) const COMPACT_DELAY_MS: u64 = 3_000;
/// Packs of a size that are left beside one another. Each costs a look-up for every object that is asked for; merging
/// more seldom writes fewer bytes again: with 8, each about log2(pushes / 8) times.
pub(crate) const PACKS_LEFT_MAX: usize = 8;
/// What a merge compares to find deltas: objects up to so many bytes, so many bytes and objects in all, those that came last
/// before others. All of them are in memory meanwhile. Work: at most four deltas are tried for each.
pub(crate) const DELTIFIED_OBJECT_LEN_MAX: u64 = MIB as u64;
pub(crate) const DELTIFIED_LEN_MAX: u64 = 12 * MIB as u64;
pub(crate) const DELTIFIED_OBJECTS_MAX: usize = 20_000;
/// Longest chain of deltas that comes of it, as with `pack.depth`.
pub(crate) const DELTA_DEPTH_MAX: usize = 50;
/// Largest pack that a merge makes, in bytes with its index and in objects: what is read and written within one alarm,
/// and whose indexes, old and new, some 120 bytes an object with the tables between them, fit in 64 MiB.
pub(crate) const MERGED_LEN_MAX: u64 = 1 << 30;
pub(crate) const MERGED_OBJECTS_MAX: u64 = 500_000;
/// How long after garbage should have been looked for, and was not, it is asked for again.
pub(crate) const COLLECT_AGAIN_MS: u64 = 24 * 60 * 60 * 1000;
/// Most objects that refs pointed at lately and that a collection can keep: with more, nothing is collected.
pub(crate) const RECENT_MAX: usize = 50_000;
/// Most bytes of trees that one fetch inflates to find out what is below them: those of a snapshot of 500,000 files, several
/// times over.
pub(crate) const FETCH_TREE_BYTES_MAX: u64 = 256 * MIB as u64;
/// How often a piece of maintenance is tried before it waits for the next push to ask for it.
pub(crate) const MAINTENANCE_ATTEMPTS_MAX: u64 = 8;
/// How often a push, or a collection, starts again from a catalog that has changed meanwhile.
pub(crate) const CATALOG_ATTEMPTS_MAX: usize = 4;
/// The first wait after an alarm's work failed; it doubles up to the longest.
pub(crate) const BACKOFF_MIN_MS: u64 = 2_000;
pub(crate) const BACKOFF_MAX_MS: u64 = 15 * 60 * 1000;
/// Most things that one alarm does before it sets the next: an upload is at least two R2 operations, and few may be
/// in flight for one request.
pub(crate) const ALARM_DUTIES_MAX: u64 = 16;
/// How late a write to R2 may land whose Worker was killed: the longest that one put is under way.
pub(crate) const LATE_WRITE_MS: u64 = 60_000;
/// Most keys that R2 lists or deletes in one operation.
pub(crate) const R2_KEYS_MAX: u32 = 1000;

/// What one repo, and all repos together, may hold, in bytes: as the product documentation has it.
const REPO_STORAGE_MAX_BYTES: &str = "REPO_STORAGE_MAX_BYTES";
const REPO_STORAGE_MAX_BYTES_DEFAULT: u64 = 10_000_000_000;
const ACCOUNT_STORAGE_MAX_BYTES: &str = "ACCOUNT_STORAGE_MAX_BYTES";
const ACCOUNT_STORAGE_MAX_BYTES_DEFAULT: u64 = 1_000_000_000_000;
/// For how long an isolate believes what the account said that it holds.
pub(crate) const ACCOUNT_USAGE_KEPT_MS: u64 = 10_000;
/// How long a push waits for the account to say it.
pub(crate) const ACCOUNT_PATIENCE_MS: u64 = 2_000;

/// How long a registered upload may live before its bytes are reclaimed, in seconds.
const UPLOAD_GRACE_SECONDS_DEFAULT: u64 = 3600;
const UPLOAD_GRACE_SECONDS_MIN: u64 = 1;

/// How long a client that waits for its pack may hear nothing, in milliseconds: as `uploadpack.keepAlive` of git-config(1).
const KEEP_ALIVE_MS_DEFAULT: u64 = 5_000;
const KEEP_ALIVE_MS_MIN: u64 = 10;
const KEEP_ALIVE_MS_MAX: u64 = 60 * 60 * 1000;

/// How long what no ref reaches any more is kept, in seconds: two weeks, as `gc.pruneExpire` of git-gc(1).
const UNREACHABLE_GRACE_SECONDS_DEFAULT: u64 = 14 * 24 * 60 * 60;
const UNREACHABLE_GRACE_SECONDS_MAX: u64 = 10 * 365 * 24 * 60 * 60;

/// The variables of this deployment, if it may serve a request to `host`.
pub(crate) fn read(env: &Env, host: Option<&str>) -> Result<Config, ConfigError> {
    let config = Config::parse(|name| env.var(name).ok().map(|value| value.to_string()))?;
    config.permit(host)?;
    Ok(config)
}

/// What one repo may hold, in bytes.
pub(crate) fn repo_storage_max(env: &Env) -> u64 {
    // A value that is no number keeps the Worker from serving at all.
    let bytes = env.var(REPO_STORAGE_MAX_BYTES).ok().and_then(|value| value.to_string().parse().ok());
    bytes.unwrap_or(REPO_STORAGE_MAX_BYTES_DEFAULT)
}

/// Whether imports may come over http and from this machine. The tests' upstreams are there; a deployment that says so
/// does not serve.
pub(crate) fn allows_insecure_import(env: &Env) -> bool {
    env.var(ALLOW_INSECURE_IMPORT).is_ok_and(|value| value.to_string() == "on")
}

/// How long another server may be silent, in milliseconds.
pub(crate) fn import_patience_ms(env: &Env) -> u64 {
    imports::parse_patience_ms(env.var("IMPORT_PATIENCE_SECONDS").ok().map(|value| value.to_string()).as_deref())
}

/// The account that this deployment serves. No repo is made before it is set.
pub(crate) fn account_id(env: &Env) -> String {
    env.var("ACCOUNT_ID").map(|value| value.to_string()).unwrap_or_default()
}

/// How long a registered upload may live, in milliseconds.
pub(crate) fn upload_grace_ms(env: &Env) -> u64 {
    parse_upload_grace_ms(env.var("UPLOAD_GRACE_SECONDS").ok().map(|value| value.to_string()).as_deref())
}

/// How long what no ref reaches any more is kept, in milliseconds.
pub(crate) fn unreachable_grace_ms(env: &Env) -> u64 {
    let seconds = env.var("UNREACHABLE_GRACE_SECONDS").ok().and_then(|value| value.to_string().parse().ok());
    seconds.unwrap_or(UNREACHABLE_GRACE_SECONDS_DEFAULT).min(UNREACHABLE_GRACE_SECONDS_MAX) * 1000
}

/// How long a client that waits for its pack may hear nothing, in milliseconds.
pub(crate) fn keep_alive_ms(env: &Env) -> u64 {
    parse_keep_alive_ms(env.var("KEEP_ALIVE_MS").ok().map(|value| value.to_string()).as_deref())
}

fn parse_keep_alive_ms(variable: Option<&str>) -> u64 {
    let ms = variable.and_then(|value| value.parse().ok()).unwrap_or(KEEP_ALIVE_MS_DEFAULT);
    ms.clamp(KEEP_ALIVE_MS_MIN, KEEP_ALIVE_MS_MAX)
}

fn parse_upload_grace_ms(variable: Option<&str>) -> u64 {
    let seconds = variable.and_then(|value| value.parse().ok()).unwrap_or(UPLOAD_GRACE_SECONDS_DEFAULT);
    seconds.clamp(UPLOAD_GRACE_SECONDS_MIN, UPLOAD_GRACE_SECONDS_DEFAULT) * 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upload_grace_may_be_lowered_to_a_second() {
        assert_eq!(parse_upload_grace_ms(None), 3_600_000);
        assert_eq!(parse_upload_grace_ms(Some("5")), 5_000);
        assert_eq!(parse_upload_grace_ms(Some("0")), 1_000);
        assert_eq!(parse_upload_grace_ms(Some("99999")), 3_600_000);
        assert_eq!(parse_upload_grace_ms(Some("soon")), 3_600_000);
    }

    #[test]
    fn a_client_hears_something_every_five_seconds_or_as_often_as_the_deployment_says() {
        assert_eq!(parse_keep_alive_ms(None), 5_000);
        assert_eq!(parse_keep_alive_ms(Some("200")), 200);
        assert_eq!(parse_keep_alive_ms(Some("0")), 10);
        assert_eq!(parse_keep_alive_ms(Some("99999999999")), 3_600_000);
        assert_eq!(parse_keep_alive_ms(Some("never")), 5_000);
    }
}
