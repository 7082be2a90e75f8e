//! The keys of R2 objects, built here and nowhere else.

/// What the keys of one upload start with.
pub(crate) fn upload_prefix(repo_id: &str, upload_id: &str) -> String {
    format!("v1/{repo_id}/{upload_id}/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_has_a_prefix_of_its_own() {
        assert_eq!(upload_prefix("0123456789abcdef", "fedcba9876543210"), "v1/0123456789abcdef/fedcba9876543210/");
    }
}
