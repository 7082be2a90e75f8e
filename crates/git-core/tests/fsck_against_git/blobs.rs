//! Blobs that git reads for what trees call them.

use git_core::ObjectId;
use git_core::object::fsck::MsgIds;
use git_core::pack::{Kind, PackError};

use crate::git::{Object, Said, compare, git_says, msg_id, pack, tree, we_say};
use crate::support::{Asked, Repo, index, limits};

/// Says both of a blob that a tree gives that name, be it before the tree or after it.
fn said_of(name: &str, content: &str) -> Option<String> {
    let blob = Object::new(Kind::Blob, content);
    let tree = tree(&[("100644", name.as_bytes(), blob.id)]);
    let before = compare(&[blob.clone(), tree.clone()]);
    assert_eq!(before, we_say(&pack(&[tree, blob]), MsgIds::NONE), "{content}");
    msg_id(&before).map(str::to_owned)
}

fn check(content: &str, expected: Option<&str>) {
    assert_eq!(said_of(".gitmodules", content).as_deref(), expected, "{content}");
}

#[test]
fn submodules_are_taken_and_refused_as_git_does() {
    let cases: &[(&str, Option<&str>)] = &[
        ("[submodule \"a\"]\n\tpath = a\n\turl = ../a.git\n", None),
        ("[submodule \"../a\"]\n\tpath = a\n", Some("gitmodulesName")),
        ("[submodule \"a/..\"]\n\tpath = a\n", Some("gitmodulesName")),
        ("[submodule \"a\\\\..\\\\b\"]\n\tpath = a\n", Some("gitmodulesName")),
        ("[submodule \"\"]\n\tpath = a\n", Some("gitmodulesName")),
        ("[submodule \"..\"]\n", None),
        ("[submodule \"..\"]\n\tx\n", Some("gitmodulesName")),
        ("[submodule.../x]\n\tpath = a\n", None),
        ("[submodule..]\n\tpath = a\n", None),
        ("[submodule...]\n\tpath = a\n", Some("gitmodulesName")),
        ("[submodule]\n\turl = -x\n", None),
        ("[other \"..\"]\n\turl = -x\n", None),
        ("[submodule \"a\"]\n\tpath = -a\n", Some("gitmodulesPath")),
        ("[submodule \"a\"]\n\tpath = \" -a\"\n", None),
        ("[submodule \"a\"]\n\tpath = \"-a\"\n", Some("gitmodulesPath")),
        ("[submodule \"a\"]\n\tpath\n", None),
        ("[submodule \"a\"]\n\tupdate = !x\n", Some("gitmodulesUpdate")),
        ("[submodule \"a\"]\n\tupdate = x!\n", None),
        ("[SubModule \"a\"] UpDate=!x", Some("gitmodulesUpdate")),
        ("[submodule \"a\"]\n\turl = -x\n\tpath = -x\n", Some("gitmodulesUrl")),
        ("[submodule \"a\"]\n\turl = x \\\n\n[submodule \"b\"]\n\turl = -x\n", Some("gitmodulesUrl")),
        ("# [submodule \"a\"]\n; url = -x\n", None),
        ("[submodule \"a\"]\r\n\turl = -x\r\n", Some("gitmodulesUrl")),
        ("[submodule \"a\\\"b\"]\n\turl = -x\n", Some("gitmodulesUrl")),
        ("[submodule \"a\nb\"]\n\turl = -x\n", None),
        ("[submodule \"a\"\n]\n\turl = -x\n", None),
        ("[submodule \"a\" ]\n\turl = -x\n", None),
        ("[submodule  \t\"a\"]\n\turl = -x\n", Some("gitmodulesUrl")),
        ("junk!\n[submodule \"a\"]\n\turl = -x\n", None),
        ("[submodule \"a\"]\n\turl = -x\njunk!\n", Some("gitmodulesUrl")),
        ("[submodule \"a\"]\n\tx = \\q\n\turl = -x\n", None),
        ("[submodule \"a\"]\n\tx = \"q\n\turl = -x\n", None),
        ("[submodule \"a\"]\n\tx = q # \"\n\turl = -x\n", Some("gitmodulesUrl")),
        ("[submodule \"a\"]\n\tx = q # \\\n\turl = -x\n", Some("gitmodulesUrl")),
        ("[submodule \"a\"]\n\tx = q\\\n\turl = -x\n", None),
        ("[submodule \"a\"]\n\t-x = q\n\turl = -x\n", None),
        ("[submodule \"a\"]\n\turl = -\0x\n", Some("gitmodulesUrl")),
        ("[submodule \"a\"]\n\tpath = a\0\n\tupdate = !\n", Some("gitmodulesUpdate")),
        ("[submodule \"a\0b\"]\n\turl = -x\n", None),
        ("\0[submodule \"a\"]\n\turl = -x\n", None),
        ("", None),
        ("[", None),
        ("[submodule \"a\"]\n\turl", None),
    ];
    for (content, expected) in cases {
        check(content, *expected);
    }
}

#[test]
fn urls_of_submodules_are_taken_and_refused_as_git_does() {
    let refused = [
        "--upload-pack=x",
        "../../:x",
        "../..//x",
        "./.././/x",
        "..\\\\..\\\\:x",
        "./%0ax",
        "../%0Ax",
        "./x\\ny",
        "git://h/%0a",
        "https://h/%0a",
        "https://h?%0a",
        "https://h/#%0A",
        "https://%0a@h/",
        "https://h/x\\ny",
        "https:///x",
        "https://",
        "http::x",
        "http::https:///x",
        "ftp::http://h/%0a",
        "https://h h/",
        "https://h%41/",
        "https://h:0/",
        "https://h:x/",
        "https://h:65536/",
        "https://h:123456/",
        "https://:80/",
        "https://u@/x",
        "https://u@v@h/x",
        "https://u@:1/x",
        "https://h/%",
        "https://h/%4",
        "https://h/%zz",
        "https://h/..",
        "https://h/./..",
        "https://h/a/../../b",
        "https://h/%2e%2E",
        "https://h/a/%2e./..",
        "https://%zz@h/",
        "https://h?%zz",
        "http::1http://h",
        "http::file://:80/x",
        "http::file://:a:80/x",
    ];
    let taken = [
        "x",
        "",
        "/x",
        ".x",
        "..x/",
        "./x",
        "../x",
        "../../x",
        ".//x",
        "./:x",
        "./%250a",
        "./%0",
        "h:x",
        "user@h:x",
        "ssh://h/%0a",
        "git://h/x",
        "GIT://h/%0a",
        "HTTPS:///x",
        "https://h",
        "https://h:/x",
        "https://h:00443/x",
        "https://u:p@h:8080/x?y#z",
        "https://[::1]/x",
        "https://[::1]:80/x",
        "https://h/@%41",
        "https://h//..",
        "https://h/a/..",
        "https://h/a//../../b",
        "https://h/%0a/../b",
        "https://h/%250a",
        "https://h/%2f%00",
        "https://h/ <>",
        "http::https://h/x",
        "ftps::file:///x",
        "http::file://:/x",
        "http::ssh://h/x",
        "http::x+y.z-1://h/x",
    ];
    for url in refused {
        check(&format!("[submodule \"a\"]\n\turl = \"{url}\"\n"), Some("gitmodulesUrl"));
    }
    for url in taken {
        check(&format!("[submodule \"a\"]\n\turl = \"{url}\"\n"), None);
    }
}

#[test]
fn gitmodules_is_known_in_every_disguise() {
    let bad = "[submodule \"a\"]\n\turl = -x\n";
    let known = [
        ".gitmodules",
        ".GitModules",
        ".gitmodules .",
        ".gitmodules:x",
        "gitmod~1",
        "GITMOD~4.",
        "gi7eba~1",
        "GI7EB~12",
        "~1234567",
        "a\\.gitmodules",
        "a\\gitmod~1",
        ".git\u{200c}modules",
    ];
    for name in known {
        assert_eq!(said_of(name, bad).as_deref(), Some("gitmodulesUrl"), "{name}");
    }
    for name in
        ["gitmodules", ".gitmodules.x", "gitmod~5", "gi7eba~0", "gi7d29~1", "a\\.git\u{200c}modules", "gitmod~11"]
    {
        assert_eq!(said_of(name, bad), None, "{name}");
    }
}

#[test]
fn attributes_are_taken_and_refused_as_git_does() {
    let longest = "x".repeat(2047);
    for name in [".gitattributes", ".GITATTRIBUTES", "gitatt~1", "gi7d29~1", "~1234567"] {
        assert_eq!(said_of(name, &format!("{longest}\n{longest}")), None, "{name}");
        let said = said_of(name, &format!("a\n{longest}x"));
        assert_eq!(said.as_deref(), Some("gitattributesLineLength"), "{name}");
    }
    assert_eq!(said_of(".gitattributes", &format!("\0\n{longest}x")), None);
    assert_eq!(said_of("a\\.gitattributes", &format!("{longest}x")), None);
}

#[test]
fn what_is_called_so_must_be_a_blob_and_be_there() {
    let folder = tree(&[]);
    for (name, expected) in [(".gitmodules", "gitmodulesBlob"), (".gitattributes", "gitattributesBlob")] {
        let above = tree(&[("40000", name.as_bytes(), folder.id)]);
        assert_eq!(msg_id(&compare(&[folder.clone(), above])), Some(expected));
    }
    let nowhere = ObjectId::from_bytes([7; 20]);
    for mode in ["100644", "160000"] {
        let attributes = pack(&[tree(&[(mode, b".gitattributes", nowhere)])]);
        let ours = we_say(&attributes, MsgIds::NONE);
        assert_eq!(msg_id(&ours), Some("gitattributesMissing"));
        // Of a missing blob git says something else before it looks for what it is called.
        if mode == "160000" {
            assert_eq!(ours, git_says(&["unpack-objects", "-q", "--strict"], &attributes));
            assert_eq!(ours, git_says(&["index-pack", "--stdin", "--strict"], &attributes));
        }
    }
    let modules = pack(&[tree(&[("160000", b".gitmodules", nowhere)])]);
    let ours = we_say(&modules, MsgIds::NONE);
    assert_eq!(msg_id(&ours), Some("gitmodulesMissing"));
    // `git index-pack` only prints the id: `git fetch` gets such a blob afterwards.
    assert_eq!(ours, git_says(&["unpack-objects", "-q", "--strict"], &modules));
}

/// Checks a pack that a repository's objects complete. What is said, and the objects that were asked for.
fn ask(repo: &Repo, pack: &[u8], cache_max: usize) -> (Result<(), PackError>, Vec<ObjectId>) {
    let mut asked = Asked::default();
    let limits = git_core::pack::Limits { cache_max, ..limits() };
    let said = index(pack, limits, Some(repo), &mut asked).map(|_| ());
    (said, asked.bases)
}

fn fault(said: &Result<(), PackError>) -> Option<String> {
    said.as_ref().err().map(ToString::to_string)
}

#[test]
fn a_blob_that_came_with_an_older_push_is_read_when_a_tree_calls_it_so() {
    let repo = Repo::new();
    repo.write("harmless", "[submodule \"a\"]\n\turl = -x\n");
    repo.write("good", "[submodule \"a\"]\n\turl = x\n");
    repo.write("folder/file", "x");
    repo.commit("a blob");
    for (name, expected) in [("harmless", true), ("good", false)] {
        let id = repo.id(&format!("HEAD:{name}"));
        let renamed = tree(&[("100644", b".gitmodules", id)]);
        let (said, asked) = ask(&repo, &pack(&[renamed]), 0);
        assert_eq!(asked, [id]);
        let url = format!("object {id}: gitmodulesUrl: disallowed submodule url: -x");
        assert_eq!(fault(&said), expected.then_some(url));
    }
    let folder = repo.id("HEAD:folder");
    let (said, _) = ask(&repo, &pack(&[tree(&[("160000", b".gitmodules", folder)])]), 0);
    assert_eq!(fault(&said), Some(format!("object {folder}: gitmodulesBlob: non-blob found at .gitmodules")));
}

#[test]
fn an_older_blob_is_not_read_again_for_each_version_of_its_folder() {
    let repo = Repo::new();
    repo.write(".gitmodules", "[submodule \"a\"]\n\turl = x\n");
    repo.write(".gitattributes", "* text\n");
    for n in 0..30 {
        repo.write(&format!("file-{n}"), "x");
    }
    repo.commit("first");
    repo.write("file-3", "y");
    repo.commit("second");
    let (said, asked) = ask(&repo, &repo.pack("HEAD\n^HEAD~1\n", true), 0);
    assert_eq!(said, Ok(()));
    assert_eq!(asked, [repo.id("HEAD~1^{tree}")], "the tree that the new one is a delta of, and no blob");
    let whole = repo.whole_pack("HEAD\n^HEAD~1\n");
    let (said, asked) = ask(&repo, &whole, 0);
    assert_eq!((said, asked.len()), (Ok(()), 2));
}

#[test]
fn blobs_that_passed_by_are_rebuilt_from_their_deltas() {
    let repo = Repo::new();
    let lines = |n: usize| (0..400).map(|line| format!("# line {}\n", line * n)).collect::<Vec<_>>().concat();
    let modules = |n: usize, url: &str| format!("{}[submodule \"a\"]\n\turl = {url}\n{}", lines(7), lines(n));
    for (n, url) in ["x", "y", "-z", "v"].iter().enumerate() {
        repo.write("a/.gitmodules", modules(n, url));
        repo.commit("step");
    }
    let bad = repo.id("HEAD~1:a/.gitmodules");
    let expected = format!("object {bad}: gitmodulesUrl: disallowed submodule url: -z");
    // Blobs first, so that no tree has said yet what they are; then a pack as git orders it.
    let blobs_first: Vec<_> =
        repo.objects(&["HEAD"]).into_iter().filter(|&id| repo.object(id).unwrap().0 == Kind::Blob).collect();
    let others = repo.objects(&["HEAD"]).into_iter().filter(|id| !blobs_first.contains(id));
    let listing: Vec<_> = blobs_first.iter().copied().chain(others).map(|id| format!("{id}\n")).collect();
    let listing = listing.concat();
    let packs = [
        repo.git_with(&["pack-objects", "--stdout", "-q", "--delta-base-offset"], listing.as_bytes()),
        repo.git_with(&["pack-objects", "--stdout", "-q"], listing.as_bytes()),
        repo.pack("HEAD\n", false),
    ];
    for pack in &packs {
        for cache_max in [0, 4 << 10, 64 << 20] {
            assert_eq!(fault(&ask(&repo, pack, cache_max).0), Some(expected.clone()));
        }
    }
    let said = git_says(&["index-pack", "--stdin", "--strict"], &packs[0]);
    assert_eq!(said, Said::Fault(expected.clone()));
    // A delta on what the repository has.
    let thin = repo.pack("HEAD~1\n^HEAD~2\n", true);
    assert_eq!(fault(&ask(&repo, &thin, 0).0), Some(expected));
    assert_eq!(ask(&repo, &repo.pack("HEAD~2\n", false), 0).0, Ok(()));
}

#[test]
fn what_is_too_large_to_hold_is_said_to_be_so() {
    let repo = Repo::new();
    let large = "# a comment\n".repeat(200_000);
    repo.write(".gitmodules", &large);
    repo.commit("large");
    // Larger than what is held, and so are the deltas' bases.
    let id = repo.id("HEAD:.gitmodules");
    let said = |id| Some(format!("object {id}: gitmodulesLarge: .gitmodules too large to parse"));
    let pack_of = |revisions: &str| repo.pack(revisions, true);
    assert_eq!(fault(&ask(&repo, &pack_of("HEAD\n"), 0).0), said(id));
    repo.git(&["mv", ".gitmodules", "other"]);
    repo.commit("another name");
    assert_eq!(fault(&ask(&repo, &pack_of("HEAD\n^HEAD~1\n"), 0).0), None);
    repo.git(&["mv", "other", ".gitmodules"]);
    repo.commit("its name again");
    assert_eq!(fault(&ask(&repo, &pack_of("HEAD\n^HEAD~1\n"), 0).0), said(id));
    repo.write(".gitmodules", format!("[submodule \"a\"]\n\turl = -x\n{}", &large[..600_000]));
    repo.commit("small enough");
    let id = repo.id("HEAD:.gitmodules");
    let url = Some(format!("object {id}: gitmodulesUrl: disallowed submodule url: -x"));
    let (said, asked) = ask(&repo, &pack_of("HEAD\n^HEAD~1\n"), 0);
    assert!(fault(&said) == url && !asked.is_empty(), "{said:?}");
}
