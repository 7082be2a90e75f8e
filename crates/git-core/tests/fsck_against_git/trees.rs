//! Trees: modes, names, order.

use git_core::ObjectId;
use git_core::pack::Kind;

use crate::git::{Object, compare, msg_id, tree};

/// Says both of a tree of these modes and names, each of the kind of object that its mode stands for.
fn said_of(entries: &[(&str, &[u8])]) -> Option<String> {
    let (blob, folder) = (Object::new(Kind::Blob, "x"), tree(&[]));
    let id = |mode: &str| if mode.ends_with("40000") { folder.id } else { blob.id };
    let entries: Vec<_> = entries.iter().map(|&(mode, name)| (mode, name, id(mode))).collect();
    let odd = tree(&entries);
    let objects = if odd.id == folder.id { vec![blob, odd] } else { vec![blob, folder, odd] };
    msg_id(&compare(&objects)).map(str::to_owned)
}

fn check(entries: &[(&str, &str)], expected: Option<&str>) {
    let entries: Vec<_> = entries.iter().map(|&(mode, name)| (mode, name.as_bytes())).collect();
    assert_eq!(said_of(&entries).as_deref(), expected, "{entries:?}");
}

const FILE: &str = "100644";
const LINK: &str = "120000";
const TREE: &str = "40000";
const SUBMODULE: &str = "160000";

#[test]
fn modes_are_taken_and_refused_as_git_does() {
    for mode in [
        FILE,
        "100755",
        "100664",
        "100600",
        LINK,
        "120777",
        TREE,
        SUBMODULE,
        "10644",
        "0644",
        "1",
        "1100644",
        "777777777777",
    ] {
        let expected = mode.starts_with('0').then_some("zeroPaddedFilemode");
        check(&[(mode, "a")], expected);
    }
    check(&[("0", "a")], Some("zeroPaddedFilemode"));
    check(&[("040000", "a")], Some("zeroPaddedFilemode"));
    for mode in ["", "10x644", "-100644", "8"] {
        check(&[(mode, "a")], Some("badTree"));
        check(&[(FILE, "a"), (mode, "b")], Some("badTree"));
    }
}

#[test]
fn names_are_taken_and_refused_as_git_does() {
    let cases: &[(&[u8], Option<&str>)] = &[
        (b"", Some("badTree")),
        (b".", Some("hasDot")),
        (b"..", Some("hasDotdot")),
        (b"...", None),
        (b"a/b", Some("fullPathname")),
        (b"/", Some("fullPathname")),
        (b".git", Some("hasDotgit")),
        (b".GIT", Some("hasDotgit")),
        (b".git ", Some("hasDotgit")),
        (b".git.", Some("hasDotgit")),
        (b".git .x", None),
        (b".git:x", Some("hasDotgit")),
        (b".git\\x", Some("hasDotgit")),
        (b"a\\.git", Some("hasDotgit")),
        (b"a\\b\\GIT~1\\c", Some("hasDotgit")),
        (b"\\.git\\", Some("hasDotgit")),
        (b"git~1", Some("hasDotgit")),
        (b"git~1x", None),
        (b"git~2", None),
        (b".gitx", None),
        (".g\u{200c}i\u{206f}t\u{feff}".as_bytes(), Some("hasDotgit")),
        ("\u{202a}.git".as_bytes(), Some("hasDotgit")),
        ("a\\.g\u{200c}it".as_bytes(), None),
        (".git\u{301}".as_bytes(), None),
        ("\u{ff0e}git".as_bytes(), None),
        (b".git\xff", Some("hasDotgit")),
        (b".git\xc3", Some("hasDotgit")),
        (b".git\xed\xa0\x80", Some("hasDotgit")),
        (b".git\xef\xbf\xbe", Some("hasDotgit")),
        (b".git\xf4\x90\x80\x80", Some("hasDotgit")),
        (b".git\xf0\x9f\x98\x80", None),
        (b"\xff.git", None),
        (b".gi\xfft", None),
        (b"~1", None),
        (b"a\nb", None),
    ];
    for (name, expected) in cases {
        assert_eq!(said_of(&[(FILE, name)]).as_deref(), *expected, "{}", name.escape_ascii());
        assert_eq!(said_of(&[(TREE, name)]).as_deref(), *expected, "{}", name.escape_ascii());
    }
    for (len, expected) in [(4095, None), (4096, None), (4097, Some("largePathname"))] {
        check(&[(FILE, &"x".repeat(len))], expected);
    }
}

#[test]
fn links_in_the_place_of_gits_own_files_are_taken_and_refused_as_git_does() {
    for name in
        [".gitmodules", ".GITMODULES ", "gitmod~1", "gi7eba~1", "~1234567", "a\\.gitmodules", ".git\u{200c}modules"]
    {
        check(&[(LINK, name)], Some("gitmodulesSymlink"));
    }
    for name in [".gitattributes", ".gitignore", ".mailmap", "gitmodules", "a\\.git\u{200c}modules"] {
        check(&[(LINK, name)], None);
    }
}

#[test]
fn order_is_checked_as_git_does() {
    type Entries<'a> = &'a [(&'a str, &'a str)];
    let cases: [(Entries<'_>, Option<&str>); 15] = [
        (&[], None),
        (&[(FILE, "a"), (FILE, "a.b"), (TREE, "a0"), (FILE, "b")], None),
        (&[(FILE, "a.b"), (TREE, "a"), (FILE, "a0")], None),
        (&[(TREE, "a"), (FILE, "a.b")], Some("treeNotSorted")),
        (&[(FILE, "ab"), (FILE, "a")], Some("treeNotSorted")),
        (&[(FILE, "b"), (FILE, "a")], Some("treeNotSorted")),
        (&[(FILE, "a"), (FILE, "a")], Some("duplicateEntries")),
        (&[(FILE, "a"), (TREE, "a")], Some("duplicateEntries")),
        (&[(TREE, "a"), (FILE, "a")], Some("duplicateEntries")),
        (&[(SUBMODULE, "a"), (FILE, "a.b"), (TREE, "a")], Some("duplicateEntries")),
        (&[(FILE, "a"), (FILE, "a.b"), (FILE, "a.b.c"), (TREE, "a.b"), (TREE, "a")], Some("duplicateEntries")),
        (&[(FILE, "a"), (FILE, "b"), (FILE, "a")], Some("treeNotSorted")),
        (&[(FILE, "."), (FILE, "b"), (FILE, "a"), (FILE, "a")], Some("hasDot")),
        (&[("0100644", "."), (FILE, "..")], Some("hasDot")),
        (&[("0100644", "b"), (FILE, "a")], Some("zeroPaddedFilemode")),
    ];
    for (entries, expected) in cases {
        check(entries, expected);
    }
}

/// Random trees of few names, in which order and names twice go wrong in every way.
#[test]
fn order_is_checked_as_git_does_whatever_stands_there() {
    let names = ["a", "a-", "a.", "a.b", "a.b-", "a/", "a0", "ab"];
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |n: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % n as u64).unwrap()
    };
    let mut n_taken = 0;
    for _ in 0..60 {
        let mut entries: Vec<_> = (0..2 + random(4)).map(|_| ([FILE, TREE][random(2)], names[random(8)])).collect();
        if random(3) > 0 {
            entries.sort_unstable_by_key(|(mode, name)| format!("{name}{}", if *mode == TREE { "/" } else { "" }));
        }
        let entries: Vec<_> = entries.iter().map(|&(mode, name)| (mode, name.as_bytes())).collect();
        n_taken += usize::from(said_of(&entries).is_none());
    }
    assert!(n_taken > 5, "{n_taken} taken");
}

#[test]
fn ids_of_zeros_are_refused_and_trees_that_are_cut_short() {
    let zero = tree(&[("160000", b"a", ObjectId::from_bytes([0; 20]))]);
    assert_eq!(msg_id(&compare(&[zero])), Some("nullSha1"));
    let blob = Object::new(Kind::Blob, "x");
    let whole = tree(&[(FILE, b"a", blob.id), (FILE, b"b", blob.id)]);
    for len in [1, 6, 7, 8, 9, 28, 30, whole.content.len() - 1] {
        let cut = Object::new(Kind::Tree, &whole.content[..len]);
        assert_eq!(msg_id(&compare(&[blob.clone(), cut])), Some("badTree"), "{len} bytes");
    }
}
