//! Limits of the REST API and of the Workers binding: what is sent, and how much comes back.

/// Largest JSON body of a REST request: every field at its longest, escaped, is below 8 KiB.
pub(crate) const REST_BODY_LEN_MAX: usize = 64 * 1024;

/// Longest arguments of a call of the binding, as JSON, in UTF-16 units: as long as the body of a REST request.
pub(crate) const BINDING_ARGUMENTS_LEN_MAX: u32 = 64 * 1024;

/// Lifetime of a repo token in seconds: a minute, a year, and a day when none is asked for.
pub(crate) const TOKEN_TTL_MIN: u64 = 60;
pub(crate) const TOKEN_TTL_MAX: u64 = 365 * 24 * 60 * 60;
/// Repo tokens that an isolate remembers to have opened their repo, some 200 bytes each.
pub(crate) const OPENED_KEPT_MAX: usize = 2_000;
/// Longest name of a request that is taken from the platform: Cloudflare's have 20 characters.
pub(crate) const REQUEST_ID_LEN_MAX: usize = 64;
/// How much of a message goes into the log and into events, in bytes.
pub(crate) const TOLD_LEN_MAX: usize = 240;
pub(crate) const TOKEN_TTL_DEFAULT: u64 = 24 * 60 * 60;
/// How long an expired token stays listed, after its expiry, before its row may go.
pub(crate) const TOKEN_KEPT_MS: u64 = 30 * 24 * 60 * 60 * 1000;
/// Rows of expired tokens that one creation of a token clears away: more than it adds, so that they never pile up.
pub(crate) const TOKENS_PRUNED_MAX: u64 = 10;

/// Page sizes of the REST lists.
pub(crate) const NAMESPACES_PER_PAGE_MAX: u64 = 200;
pub(crate) const NAMESPACES_PER_PAGE_DEFAULT: u64 = 100;
pub(crate) const REPOS_PER_PAGE_MAX: u64 = 200;
pub(crate) const REPOS_PER_PAGE_DEFAULT: u64 = 50;
pub(crate) const TOKENS_PER_PAGE_MAX: u64 = 100;
pub(crate) const TOKENS_PER_PAGE_DEFAULT: u64 = 30;
/// Most tokens that the binding lists, all at once: 160 bytes each, 160 KB.
pub(crate) const BINDING_TOKENS_MAX: u32 = 1_000;
pub(crate) const PUSHES_PER_PAGE_MAX: u64 = 100;
pub(crate) const PUSHES_PER_PAGE_DEFAULT: u64 = 50;
/// Highest page of a list: with 100 a page, far past any offset that is worth a scan.
pub(crate) const PAGE_MAX: u64 = 100_000;
