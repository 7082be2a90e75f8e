//! What callers want done, one verb a file, whichever way they ask. Generic over [`crate::objects::Objects`].

mod catalog;
pub(crate) mod change_repo;
pub(crate) mod compact;
pub(crate) mod contents;
pub(crate) mod create_namespace;
pub(crate) mod create_repo;
pub(crate) mod create_token;
pub(crate) mod delete_namespace;
pub(crate) mod delete_repo;
pub(crate) mod fork;
pub(crate) mod get_repo;
pub(crate) mod import;
pub(crate) mod metrics;
mod new_name;
pub(crate) mod object_info;
pub(crate) mod receive_pack;
pub(crate) mod revoke_token;
pub(crate) mod sink;
mod spills;
pub(crate) mod storage;
mod upload;
pub(crate) mod upload_pack;

#[cfg(test)]
mod git_tests;
