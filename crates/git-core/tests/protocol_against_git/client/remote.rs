//! `git upload-pack` as a remote, and what our client makes of its answers.

use git_core::ObjectId;
use git_core::protocol::client::{
    Capabilities, Discovery, Event, FetchRequest, FetchResponse, LsRefsRequest, LsRefsResponse, RemoteError,
    RemoteLimits, RemoteRefs,
};

use crate::git::Repo;

pub(super) const LIMITS: RemoteLimits =
    RemoteLimits { n_refs_max: 100, ref_name_len_max: 255, n_shallow_max: 10, text_len_max: 200 };

/// What a client may ask for in the header `Git-Protocol`.
pub(super) const HEADERS: [Option<&str>; 3] = [None, Some("version=1"), Some("version=2")];

const ADVERTISE: &[&str] = &["upload-pack", "--stateless-rpc", "--advertise-refs"];
const SERVE: &[&str] = &["upload-pack", "--stateless-rpc"];

pub(super) struct Remote {
    pub(super) repo: Repo,
    pub(super) header: Option<&'static str>,
}

impl Remote {
    /// The answer to `info/refs`, as git-http-backend(1) begins it.
    pub(super) fn advertisement(&self) -> Vec<u8> {
        let answer = self.repo.serve(ADVERTISE, b"", self.header);
        let service: &[u8] = if self.is_version_2() { b"" } else { b"001e# service=git-upload-pack\n0000" };
        [service, &answer].concat()
    }

    pub(super) fn discover(&self) -> Discovery {
        Discovery::parse(&self.advertisement(), &LIMITS).unwrap()
    }

    /// The answer to `ls-refs`.
    pub(super) fn ls_refs(&self, prefixes: &[&str]) -> Vec<u8> {
        let mut body = Vec::new();
        LsRefsRequest { prefixes }.write(&mut body, &self.discover().capabilities, "test/1");
        self.post(&body)
    }

    /// The refs, in whatever way this version has them.
    pub(super) fn refs(&self) -> RemoteRefs {
        self.discover().refs.unwrap_or_else(|| read_refs([&self.ls_refs(&[])[..]]).unwrap())
    }

    /// The answer to this request, with the reader for it.
    pub(super) fn fetch(&self, request: &FetchRequest<'_>, side_band: bool) -> (FetchResponse, Vec<u8>) {
        let mut capabilities = self.discover().capabilities;
        capabilities.side_band = capabilities.side_band.filter(|_| side_band);
        self.fetch_with(request, capabilities)
    }

    /// The same, making use of these capabilities alone.
    pub(super) fn fetch_with(
        &self,
        request: &FetchRequest<'_>,
        capabilities: Capabilities,
    ) -> (FetchResponse, Vec<u8>) {
        let mut body = Vec::new();
        request.write(&mut body, &capabilities, "test/1").unwrap();
        (FetchResponse::new(request, &capabilities, LIMITS.text_len_max), self.post(&body))
    }

    pub(super) fn is_version_2(&self) -> bool {
        self.header == Some("version=2")
    }

    fn post(&self, body: &[u8]) -> Vec<u8> {
        self.repo.serve(SERVE, body, self.header.filter(|_| self.is_version_2()))
    }
}

pub(super) fn read_refs<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Result<RemoteRefs, RemoteError> {
    let mut response = LsRefsResponse::new(LIMITS);
    for chunk in chunks {
        response.push(chunk)?;
    }
    response.finish()
}

/// All that a response says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Fetched {
    pub(super) shallow: Vec<ObjectId>,
    pub(super) unshallow: Vec<ObjectId>,
    pub(super) pack: Vec<u8>,
    pub(super) progress: Vec<u8>,
}

pub(super) fn read_fetch<'a>(
    mut response: FetchResponse,
    chunks: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Fetched, RemoteError> {
    let mut fetched = Fetched::default();
    for mut chunk in chunks {
        while let Some(event) = response.read(&mut chunk)? {
            match event {
                Event::Shallow(id) => fetched.shallow.push(id),
                Event::Unshallow(id) => fetched.unshallow.push(id),
                Event::PackData(bytes) => fetched.pack.extend_from_slice(bytes),
                Event::Progress(bytes) => fetched.progress.extend_from_slice(bytes),
            }
        }
        assert!(chunk.is_empty());
    }
    response.finish()?;
    Ok(fetched)
}

/// A repository with branches, notes, annotated tags, and a blob of so many bytes that cannot be made smaller.
pub(super) fn repo_with_content(test: &str, blob_len: usize) -> Repo {
    let repo = Repo::new(test);
    let mut state: u32 = 1;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    });
    let made = |args: &[&str], input: &[u8]| {
        let id = String::from_utf8(repo.git_with(args, input)).unwrap();
        id.trim_end().to_owned()
    };
    let blob = made(&["hash-object", "-w", "--stdin"], &noise.take(blob_len).collect::<Vec<u8>>());
    let tree = made(&["mktree"], format!("100644 blob {blob}\tnoise\n").as_bytes());
    repo.git(&["config", "user.name", "A"]);
    repo.git(&["config", "user.email", "a@b"]);
    let mut commits: Vec<String> = Vec::new();
    for nth in 0..4 {
        let message = nth.to_string();
        let parent = commits.last().map_or(vec![], |parent| vec!["-p", parent]);
        commits.push(repo.git(&[&["commit-tree", "-m", &message, &tree][..], &parent].concat()));
    }
    for (nth, name) in ["refs/heads/a/b", "refs/notes/commits", "refs/heads/next", "refs/heads/main"].iter().enumerate()
    {
        repo.git(&["update-ref", name, &commits[nth]]);
    }
    repo.git(&["tag", "-a", "-m", "one", "v1", &commits[1]]);
    repo.git(&["tag", "-a", "-m", "tag of a tag", "v1-signed", "v1"]);
    repo
}
