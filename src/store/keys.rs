//! The keys of R2 objects, built here and nowhere else.

/// The name of the metadata in which an object in R2 says whose it is.
pub(super) const REPO_METADATA: &str = "repo";

/// What it says: the name of the repo's object, which no other repo has.
pub(super) fn repo_metadata(namespace: &str, repo: &str) -> String {
    format!("{}/{}", namespace.to_ascii_lowercase(), repo.to_ascii_lowercase())
}

/// The repo, the upload, and what it is of that upload, by key.
pub(super) fn parse(key: &str) -> Option<(&str, &str, &str)> {
    let mut parts = key.strip_prefix("v1/")?.splitn(3, '/');
    Some((parts.next()?, parts.next()?, parts.next()?))
}

/// What the keys of one upload start with.
pub(crate) fn upload_prefix(repo_id: &str, upload_id: &str) -> String {
    format!("v1/{repo_id}/{upload_id}/")
}

/// A stretch of a pack.
pub(crate) fn segment(repo_id: &str, upload_id: &str, segment: u64) -> String {
    format!("{}{segment:05}", upload_prefix(repo_id, upload_id))
}

/// The index of a pack.
pub(crate) fn index(repo_id: &str, upload_id: &str) -> String {
    format!("{}index", upload_prefix(repo_id, upload_id))
}

/// A stretch of an object that is inflated while a push is taken in, or of what is gathered for a merge.
pub(crate) fn spill(repo_id: &str, upload_id: &str, spill: u32, stretch: u64) -> String {
    format!("{}spill-{spill}-{stretch:05}", upload_prefix(repo_id, upload_id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_an_upload_share_its_prefix() {
        let (repo_id, upload_id) = ("0123456789abcdef", "fedcba9876543210");
        assert_eq!(upload_prefix(repo_id, upload_id), "v1/0123456789abcdef/fedcba9876543210/");
        assert_eq!(segment(repo_id, upload_id, 7), "v1/0123456789abcdef/fedcba9876543210/00007");
        assert_eq!(index(repo_id, upload_id), "v1/0123456789abcdef/fedcba9876543210/index");
        assert_eq!(parse(&index(repo_id, upload_id)), Some((repo_id, upload_id, "index")));
        assert_eq!(parse("v1/0123456789abcdef/index"), None);
        assert_eq!(repo_metadata("Default", "Starter-Repo"), "default/starter-repo");
        assert_eq!(spill(repo_id, upload_id, 1, 2), "v1/0123456789abcdef/fedcba9876543210/spill-1-00002");
    }
}
