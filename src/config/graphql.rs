//! Limits of the GraphQL API: what one query may ask, and how much comes back.

use super::REST_BODY_LEN_MAX;

/// Longest body of a request. What tools ask to know the schema is below 3 KiB.
pub(crate) const GRAPHQL_BODY_LEN_MAX: usize = REST_BODY_LEN_MAX;
/// Most tokens of a query: what tools ask to know the schema has 300. The cost of parsing and checking grows with them.
pub(crate) const GRAPHQL_TOKENS_MAX: usize = 5_000;
/// How deep the parser goes into braces and brackets before it gives up: it calls itself, and wasm has a stack of 1 MiB.
pub(crate) const GRAPHQL_NESTED_MAX: usize = 64;
/// How deep fields may stand in one another: of metrics 5, and of what tools ask to know the schema 13.
pub(crate) const GRAPHQL_DEPTH_MAX: usize = 16;
/// Most fields of a query once fragments stand where they are used: a dataset has 24.
pub(crate) const GRAPHQL_FIELDS_MAX: usize = 512;
/// Longest name that a field is answered under: an alias comes back with each group.
pub(crate) const GRAPHQL_NAME_LEN_MAX: usize = 64;
/// Most errors that are told of one query, which may have one for each of its tokens.
pub(crate) const GRAPHQL_ERRORS_MAX: usize = 20;

/// Groups of a dataset when no limit is given, and at most: Cloudflare's own API wants a limit, of at most 10,000.
pub(crate) const GROUPS_DEFAULT: u32 = 100;
pub(crate) const GROUPS_MAX: u32 = 10_000;
/// Most datasets that one query asks: each asks every store of events, and the platform lets a request ask 1,000 times.
pub(crate) const AGGREGATIONS_MAX: usize = 10;
/// How many are asked at once, when none wants quantiles: with 8 MB of groups in each, and three times that where names and
/// messages are as long as they may be, 48 MB. Those with quantiles, of up
/// to 24 MB each, are asked one after the other.
pub(crate) const AGGREGATIONS_AT_ONCE: usize = 2;
/// Most groups of all datasets of a query together: 1,000 bytes each with all dimensions, 20 MB.
pub(crate) const GROUPS_TOTAL_MAX: usize = 20_000;
/// Most values of an answer: 150 bytes each with their names while it is put together, 15 MB.
pub(crate) const VALUES_MAX: usize = 100_000;
/// Most values that the filter of a dataset names: each is compared with every name in each segment of events.
pub(crate) const OPERANDS_MAX: usize = 1_000;
/// Most times among them, each of which is compared with that of every event.
pub(crate) const TIMES_MAX: usize = 40;
/// Most wildcards in the patterns of a filter: each is looked for in every name.
pub(crate) const WILDCARDS_MAX: usize = 64;
/// How deep a filter's `AND` and `OR` may stand in one another: each is up to four levels of the JSON that the stores are
/// sent, and its parser goes 128 deep.
pub(crate) const CONDITIONS_DEPTH_MAX: usize = 8;

/// Stores of events that are asked at once, and those that are asked for quantiles: a partial result of these is up to 5 MB.
pub(crate) const STORES_AT_ONCE: usize = 8;
pub(crate) const QUANTILE_STORES_AT_ONCE: usize = 2;
/// Most repos whose sizes are looked up for one dataset, 250 bytes each; how many a namespace is asked for at a time; and how
/// many namespaces are asked at once.
pub(crate) const SIZED_REPOS_MAX: usize = 10_000;
pub(crate) const SIZED_REPOS_PER_PAGE: u64 = 512;
pub(crate) const SIZED_NAMESPACES_AT_ONCE: usize = 8;
/// Most namespaces that are asked for sizes: for each at least one call, of the 1,000 that the platform lets a request make.
pub(crate) const SIZED_NAMESPACES_MAX: usize = 384;
/// Most questions for sizes in one query: each asks as many.
pub(crate) const SIZE_QUESTIONS_MAX: usize = 2;
