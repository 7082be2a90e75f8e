//! What can be said to the account's Durable Object and what it answers.

use serde::{Deserialize, Serialize};

use crate::namespace::call::NamespaceInfo;

/// Everything the account can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Call {
    /// How a namespace stands, from the namespace.
    Report(NamespaceReport),
    /// One page of namespaces.
    List(NamespaceListing),
    /// What is stored.
    Usage,
}

/// How a namespace stands. What has a lower version is older news.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NamespaceReport {
    pub(crate) version: u64,
    pub(crate) info: NamespaceInfo,
    pub(crate) is_deleted: bool,
}

/// Which namespaces to list, in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NamespaceListing {
    pub(crate) limit: u64,
    /// The key that the last page ended with.
    pub(crate) after: Option<String>,
    /// How many to pass over, for callers that count pages: they are told how many there are.
    pub(crate) offset: Option<u64>,
    /// Keys of those that the caller may see; absent: all.
    pub(crate) only: Option<Vec<String>>,
}

/// A page of namespaces.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NamespacePage {
    pub(crate) namespaces: Vec<NamespaceInfo>,
    /// The key that the page ends with; absent on the last one.
    pub(crate) next: Option<String>,
    /// How many namespaces there are on all pages, if that was asked for.
    pub(crate) total_count: Option<u64>,
}

/// Answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reply {
    Namespaces(NamespacePage),
    Usage {
        /// Bytes of all repos, those that several share counted once.
        size: u64,
    },
    Done,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::Never;

    #[test]
    fn a_report_travels_as_this_json() {
        let info = NamespaceInfo { namespace: "Default".into(), created_at: 1, updated_at: 2, repo_count: 3, size: 4 };
        let call = Call::Report(NamespaceReport { version: 5, info, is_deleted: false });
        assert_eq!(
            serde_json::to_string(&call).unwrap(),
            r#"{"report":{"version":5,"info":{"namespace":"Default","created_at":1,"updated_at":2,"repo_count":3,"size":4},"is_deleted":false}}"#
        );
    }

    #[test]
    fn a_list_travels_as_this_json() {
        let listing = NamespaceListing { limit: 2, after: Some("a".into()), offset: None, only: None };
        assert_eq!(
            serde_json::to_string(&Call::List(listing)).unwrap(),
            r#"{"list":{"limit":2,"after":"a","offset":null,"only":null}}"#
        );
        let page = NamespacePage::default();
        assert_eq!(
            serde_json::to_string(&Ok::<_, Never>(Reply::Namespaces(page))).unwrap(),
            r#"{"Ok":{"namespaces":{"namespaces":[],"next":null,"total_count":null}}}"#
        );
        assert_eq!(serde_json::to_string(&Call::Usage).unwrap(), r#""usage""#);
        assert_eq!(
            serde_json::to_string(&Ok::<_, Never>(Reply::Usage { size: 7 })).unwrap(),
            r#"{"Ok":{"usage":{"size":7}}}"#
        );
    }
}
