//! What the REST API can be asked, by name.

use crate::witness::Subject;

/// A request to the REST API.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RestRoute {
    /// Absent in the alias, which names no account.
    pub(crate) account_id: Option<String>,
    pub(crate) call: RestCall,
}

/// What a REST request wants.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RestCall {
    CreateNamespace,
    ListNamespaces,
    /// What is stored in R2, of all namespaces.
    ListStorage,
    In {
        namespace: String,
        call: NamespaceCall,
    },
}

/// What a request wants of one namespace.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NamespaceCall {
    GetNamespace,
    DeleteNamespace,
    CreateRepo,
    ListRepos,
    GetRepo { repo: String },
    ChangeRepo { repo: String },
    DeleteRepo { repo: String },
    ForkRepo { repo: String },
    ImportRepo { repo: String },
    ListTokens { repo: String },
    ListPushes { repo: String },
    GetRepoStorage { repo: String },
    ReadRepo { repo: String, part: RepoPart },
    CreateToken,
    RevokeToken { token_id: String },
}

/// What of a repo's contents is read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum RepoPart {
    Log,
    Commit {
        hash: String,
    },
    Tree {
        hash: String,
    },
    Blob {
        hash: String,
    },
    File,
    /// What names a ref, and the path that follows.
    Raw {
        segments: Vec<String>,
    },
}

impl RestCall {
    /// What it is about, by the `operationId` that `openapi.json` has for it.
    pub(crate) fn subject(&self) -> Subject {
        match self {
            Self::CreateNamespace => Subject { route: "createNamespace", ..Subject::default() },
            Self::ListNamespaces => Subject { route: "listNamespaces", ..Subject::default() },
            Self::ListStorage => Subject { route: "listStorage", ..Subject::default() },
            Self::In { namespace, call } => {
                let (route, repo) = call.subject();
                Subject { route, namespace: Some(namespace.clone()), repo: repo.map(ToOwned::to_owned) }
            }
        }
    }

    /// Whether the API token must have the permission to edit.
    pub(crate) fn writes(&self) -> bool {
        match self {
            Self::CreateNamespace => true,
            Self::ListNamespaces | Self::ListStorage => false,
            Self::In { call, .. } => call.writes(),
        }
    }
}

impl NamespaceCall {
    /// Its name, and the repo that the path names.
    fn subject(&self) -> (&'static str, Option<&str>) {
        match self {
            Self::GetNamespace => ("getNamespace", None),
            Self::DeleteNamespace => ("deleteNamespace", None),
            Self::CreateRepo => ("createRepo", None),
            Self::ListRepos => ("listRepos", None),
            Self::GetRepo { repo } => ("getRepo", Some(repo)),
            Self::ChangeRepo { repo } => ("changeRepo", Some(repo)),
            Self::DeleteRepo { repo } => ("deleteRepo", Some(repo)),
            Self::ForkRepo { repo } => ("forkRepo", Some(repo)),
            Self::ImportRepo { repo } => ("importRepo", Some(repo)),
            Self::ListTokens { repo } => ("listTokens", Some(repo)),
            Self::ListPushes { repo } => ("listPushes", Some(repo)),
            Self::GetRepoStorage { repo } => ("getRepoStorage", Some(repo)),
            Self::ReadRepo { repo, part } => (part.route(), Some(repo)),
            Self::CreateToken => ("createToken", None),
            Self::RevokeToken { .. } => ("revokeToken", None),
        }
    }

    fn writes(&self) -> bool {
        !matches!(
            self,
            Self::GetNamespace
                | Self::ListRepos
                | Self::GetRepo { .. }
                | Self::ListTokens { .. }
                | Self::ListPushes { .. }
                | Self::GetRepoStorage { .. }
                | Self::ReadRepo { .. }
        )
    }
}

impl RepoPart {
    fn route(&self) -> &'static str {
        match self {
            Self::Log => "readLog",
            Self::Commit { .. } => "readCommit",
            Self::Tree { .. } => "readTree",
            Self::Blob { .. } => "readBlob",
            Self::File => "readFile",
            Self::Raw { .. } => "readRaw",
        }
    }
}
