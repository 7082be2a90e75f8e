//! The driver of gitoxide: Git in Rust, the library `gix`.

use std::error::Error;
use std::num::NonZeroU32;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;

use gix::bstr::BString;
use gix::progress::Discard;
use gix::remote::fetch::Shallow;
use gix::remote::{Direction, fetch::Tags, ref_map};

type Outcome = Result<(), Box<dyn Error>>;

/// The client has nothing for what is asked: found by looking, not taken for granted.
#[derive(Debug)]
struct Lacks(&'static str);

impl std::fmt::Display for Lacks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "lacks: {}", self.0)
    }
}

impl Error for Lacks {}

/// A method of the type itself goes before a trait's: once `gix` has a push, this no longer compiles.
trait NoPush {
    fn push(&self) -> Lacks {
        Lacks("gix::Remote has no push")
    }
}

impl NoPush for gix::Remote<'_> {}

static NOT_INTERRUPTED: AtomicBool = AtomicBool::new(false);

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            let mut cause = error.source();
            while let Some(error) = cause {
                eprintln!("{error}");
                cause = error.source();
            }
            ExitCode::from(if error.is::<Lacks>() { 3 } else { 1 })
        }
    }
}

fn run(words: &[String]) -> Outcome {
    let (options, arguments): (Vec<_>, Vec<_>) = words.iter().partition(|word| word.starts_with("--"));
    let option = |name: &str| options.iter().find_map(|option| option.strip_prefix(name));
    let shallow = match (option("--depth="), option("--unshallow")) {
        (Some(depth), _) => Shallow::DepthAtRemote(depth.parse::<NonZeroU32>()?),
        (None, Some(_)) => Shallow::undo(),
        (None, None) => Shallow::NoChange,
    };
    match arguments.as_slice() {
        [operation, url, dir] if *operation == "clone" => clone(url, dir, shallow, option("--filter=")),
        [operation, dir, specs @ ..] if *operation == "fetch" => fetch(dir, specs, shallow),
        [operation, dir, ..] if *operation == "push" => Err(gix::open(dir)?.find_remote("origin")?.push().into()),
        _ => Err(format!("no such operation: {words:?}").into()),
    }
}

/// A URL without its password, and the configuration that sends this in a header: `gix` sends none itself but over TLS.
fn split_url(url: &str) -> Result<(gix::Url, String), Box<dyn Error>> {
    let mut url = gix::url::parse(url)?;
    let token = url.password().unwrap_or_default().to_owned();
    url.set_user(None);
    url.set_password(None);
    Ok((url, format!("http.extraHeader=Authorization: Bearer {token}")))
}

fn clone(url: &str, dir: &str, shallow: Shallow, filter: Option<&str>) -> Outcome {
    let (bare_url, header) = split_url(url)?;
    let mut config = vec![header];
    if let Some(filter) = filter {
        // There is no option: what git reads from the configuration is all that could be heeded.
        config.push("remote.origin.promisor=true".to_owned());
        config.push(format!("remote.origin.partialCloneFilter={filter}"));
    }
    let mut clone =
        gix::prepare_clone(bare_url.clone(), dir)?.with_shallow(shallow).with_in_memory_config_overrides(config);
    let (mut checkout, _) = clone.fetch_then_checkout(Discard, &NOT_INTERRUPTED)?;
    let (repo, _) = checkout.main_worktree(Discard, &NOT_INTERRUPTED)?;
    let file = repo.git_dir().join("config");
    std::fs::write(&file, std::fs::read_to_string(&file)?.replace(&bare_url.to_string(), url))?;
    if filter.is_some() {
        let large = repo.head_commit()?.tree()?.lookup_entry_by_path("large.bin")?.ok_or("no large.bin")?;
        return Err(if repo.find_object(large.object_id()).is_ok() {
            Lacks("all objects came in spite of remote.origin.partialCloneFilter").into()
        } else {
            "gix filters now: the driver must use it".into()
        });
    }
    Ok(())
}

fn fetch(dir: &str, specs: &[&String], shallow: Shallow) -> Outcome {
    let repo = gix::open(dir)?;
    let url = repo.find_remote("origin")?.url(Direction::Fetch).ok_or("no URL")?.to_bstring();
    let (bare_url, header) = split_url(&url.to_string())?;
    let repo = gix::open_opts(dir, gix::open::Options::default().config_overrides([header]))?;
    let mut remote = repo.find_remote("origin")?.with_url(bare_url)?.with_fetch_tags(Tags::Included);
    if !specs.is_empty() {
        remote.replace_refspecs(specs.iter().map(|spec| BString::from(spec.as_str())), Direction::Fetch)?;
    }
    let connection = remote.connect(Direction::Fetch)?;
    let prepared = connection.prepare_fetch(Discard, ref_map::Options::default())?;
    prepared.with_shallow(shallow).receive(Discard, &NOT_INTERRUPTED)?;
    Ok(())
}
