//! What this server says it can do: the only list of it. A capability stands here when every path honours it, and a
//! request that uses another is refused. Source: gitprotocol-capabilities(5), gitprotocol-v2(5).

/// Fetching in versions 0 and 1. `symref` and `agent` are added when the list is written.
pub const UPLOAD_PACK: &[&str] = &[
    "multi_ack",
    "thin-pack",
    "side-band",
    "side-band-64k",
    "ofs-delta",
    "no-progress",
    "include-tag",
    "multi_ack_detailed",
    "allow-tip-sha1-in-want",
    "allow-reachable-sha1-in-want",
    "no-done",
    "shallow",
    "deepen-since",
    "deepen-not",
    "deepen-relative",
    "filter",
    OBJECT_FORMAT,
];

/// Pushing. `agent` is added when the list is written.
pub const RECEIVE_PACK: &[&str] = &[
    "report-status",
    "report-status-v2",
    "delete-refs",
    "side-band-64k",
    "quiet",
    "atomic",
    "ofs-delta",
    "push-options",
    OBJECT_FORMAT,
];

/// Version 2, a line each. `agent` is added when the list is written.
pub const VERSION_2: &[&str] = &[
    "ls-refs=unborn",
    "fetch=shallow wait-for-done filter ref-in-want sideband-all",
    "server-option",
    OBJECT_FORMAT,
    "object-info=size",
];

const OBJECT_FORMAT: &str = "object-format=sha1";

/// The object format that a client names, when it is not the one served here.
pub(super) fn foreign_object_format(capability: &[u8]) -> Option<&[u8]> {
    capability.strip_prefix(b"object-format=").filter(|format| *format != b"sha1")
}

/// The capabilities of a list that is separated by spaces.
pub(super) fn split(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(u8::is_ascii_whitespace).filter(|capability| !capability.is_empty())
}
