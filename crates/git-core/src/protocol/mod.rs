//! What a Git server reads and writes, after HTTP and before storage: requests in full or in chunks come in as bytes,
//! answers go out into a `Vec<u8>`. [`client`] is the other side, for fetching from somebody else's server. Packs are not
//! here, only what stands around them.
//!
//! Source: gitprotocol-http(5), gitprotocol-pack(5), gitprotocol-v2(5), gitprotocol-capabilities(5).

pub mod advertise;
pub mod capabilities;
pub mod client;
pub mod command;
mod error;
pub mod fetch;
pub mod ls_refs;
pub mod object_info;
pub mod push;
pub mod report;

pub use error::{Excerpt, RequestError};

use crate::ObjectId;

/// The two halves of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// Fetching.
    UploadPack,
    /// Pushing.
    ReceivePack,
}

impl Service {
    /// Reads the name that stands in URLs.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "git-upload-pack" => Some(Self::UploadPack),
            "git-receive-pack" => Some(Self::ReceivePack),
            _ => None,
        }
    }

    /// The name that stands in URLs and content types.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UploadPack => "git-upload-pack",
            Self::ReceivePack => "git-receive-pack",
        }
    }
}

/// A version of the protocol, as a client may ask for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Version {
    /// What is spoken when nobody asks.
    #[default]
    V0,
    /// The same with a version line before it.
    V1,
    /// Commands; for fetching only.
    V2,
}

impl Version {
    /// Reads a `Git-Protocol` header: of the versions named, the highest that is known.
    pub fn from_header(git_protocol: &str) -> Self {
        let known = |key| match key {
            "version=1" => Some(Self::V1),
            "version=2" => Some(Self::V2),
            _ => None,
        };
        git_protocol.split(':').filter_map(known).max().unwrap_or_default()
    }

    /// What is spoken for `service` with a client that asks for this version: pushes know no version 2.
    #[must_use]
    pub fn for_service(self, service: Service) -> Self {
        match (service, self) {
            (Service::ReceivePack, Self::V2) => Self::V0,
            (_, version) => version,
        }
    }
}

/// How much a fetching client may ask for in one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestLimits {
    /// Most `want` and `want-ref` lines, and most `oid` lines of `object-info`.
    pub n_wants_max: usize,
    /// Most `have` lines.
    pub n_haves_max: usize,
    /// Most `shallow` lines.
    pub n_shallow_max: usize,
    /// Most `ref-prefix` lines; with more, all refs are listed. Most `deepen-not` lines; more are refused.
    pub n_ref_prefixes_max: usize,
}

/// A ref as clients are told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ref<'a> {
    /// Full name.
    pub name: &'a str,
    /// What it points at.
    pub id: ObjectId,
    /// For an annotated tag, the object at the end of the chain of tags.
    pub peeled_id: Option<ObjectId>,
}

/// All refs of a repo at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refs<'a> {
    /// Full name of the branch that HEAD is, whether it is there or not.
    pub head_target: &'a str,
    /// Sorted by name.
    pub sorted: &'a [Ref<'a>],
}

impl<'a> Refs<'a> {
    /// HEAD under its own name, unless its branch is unborn.
    pub fn head(&self) -> Option<Ref<'a>> {
        let at = self.sorted.binary_search_by(|entry| entry.name.cmp(self.head_target)).ok()?;
        self.sorted.get(at).map(|branch| Ref { name: crate::refs::HEAD, ..*branch })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_known_version_is_spoken() {
        for (header, version) in [
            ("", Version::V0),
            ("version=0", Version::V0),
            ("version=1", Version::V1),
            ("version=2", Version::V2),
            ("version=1:version=2", Version::V2),
            ("version=2:version=1:version=3", Version::V2),
            ("key=value:version=2:flag", Version::V2),
            ("version=22:version", Version::V0),
        ] {
            assert_eq!(Version::from_header(header), version, "{header}");
        }
    }

    #[test]
    fn a_push_falls_back_to_the_oldest_version() {
        assert_eq!(Version::V2.for_service(Service::ReceivePack), Version::V0);
        assert_eq!(Version::V1.for_service(Service::ReceivePack), Version::V1);
        assert_eq!(Version::V2.for_service(Service::UploadPack), Version::V2);
    }

    #[test]
    fn a_service_has_one_name() {
        for service in [Service::UploadPack, Service::ReceivePack] {
            assert_eq!(Service::from_name(service.name()), Some(service));
        }
        assert_eq!(Service::from_name("git-upload-archive"), None);
    }

    #[test]
    fn head_is_its_branch_or_nothing() {
        let main = Ref { name: "refs/heads/main", id: ObjectId::from_bytes([1; 20]), peeled_id: None };
        let refs = Refs { head_target: "refs/heads/main", sorted: &[main] };
        assert_eq!(refs.head(), Some(Ref { name: "HEAD", ..main }));
        assert_eq!(Refs { head_target: "refs/heads/other", ..refs }.head(), None);
    }
}
