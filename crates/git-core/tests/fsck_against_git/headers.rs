//! Commits and tags.

use git_core::pack::Kind;

use crate::git::{EMPTY_TREE, Object, Said, compare, msg_id, tree};

const WHO: &str = "A U Thor <author@example.com> 1700000000 +0100";

/// Says both of a commit with the empty tree.
fn commit(content: &str) -> Said {
    compare(&[tree(&[]), Object::new(Kind::Commit, content)])
}

#[test]
fn commits_are_taken_and_refused_as_git_does() {
    let (tree, author, committer) =
        (format!("tree {EMPTY_TREE}\n"), format!("author {WHO}\n"), format!("committer {WHO}\n"));
    let (tree, author, committer) = (tree.as_str(), author.as_str(), committer.as_str());
    let upper = tree.to_uppercase().replace("TREE", "tree");
    let cases: &[(&[&str], Option<&str>)] = &[
        (&[tree, author, committer, "\nwords\n"], None),
        (&[tree, author, committer], None),
        (&[tree, author, committer, "\n"], None),
        (&[upper.as_str(), author, committer, "\nwords\n"], None),
        (&[tree, author, committer, "encoding x\ngpgsig a\n b\n", "\nwords\n"], None),
        (&[tree, author, committer, "junk\n\nwords\n"], None),
        (&[], Some("unterminatedHeader")),
        (&["\n"], Some("missingTree")),
        (&[author, committer, "\nwords\n"], Some("missingTree")),
        (&["tree\n", author, committer, "\nwords\n"], Some("missingTree")),
        (&["tree 4b825d\n", author, committer, "\nwords\n"], Some("badTreeSha1")),
        (&[tree.trim_end(), " \n", author, committer, "\nwords\n"], Some("badTreeSha1")),
        (&[tree, "parent 4b825d\n", author, committer, "\nwords\n"], Some("badParentSha1")),
        (&[tree, "parent\n", author, committer, "\nwords\n"], Some("missingAuthor")),
        (&[tree, committer, "\nwords\n"], Some("missingAuthor")),
        (&[tree, "\n", author, committer, "\nwords\n"], Some("missingAuthor")),
        (&[tree, "author\n", committer, "\nwords\n"], Some("missingAuthor")),
        (&[tree, author, author, committer, "\nwords\n"], Some("multipleAuthors")),
        (&[tree, author, "\nwords\n"], Some("missingCommitter")),
        (&[tree, author], Some("missingCommitter")),
        (&[tree, author, "x\n", committer, "\nwords\n"], Some("missingCommitter")),
        (&[tree, author, "committer A"], Some("unterminatedHeader")),
        (&[tree, author, committer.trim_end()], Some("unterminatedHeader")),
        (&[tree, author, committer, "x\0y\n", "\nwords\n"], Some("nulInHeader")),
        (&[tree, author, committer, "\nwords\0\n"], Some("nulInCommit")),
    ];
    for (lines, expected) in cases {
        let said = commit(&lines.concat());
        assert_eq!(msg_id(&said), *expected, "{lines:?}: {said:?}");
    }
}

/// Persons, with what is wrong with each.
const PERSONS: &[(&str, Option<&str>)] = &[
    (WHO, None),
    ("A <> 0 -0000", None),
    (" <a@b> 1 +0000", None),
    ("A <a@b> \t 1 +0000", None),
    ("\u{e9} <\u{e9}> 1 +9999", None),
    ("A <a@b> 9223372036854775807 +0000", None),
    ("", Some("missingEmail")),
    ("A", Some("missingEmail")),
    ("A a@b> 1 +0000", Some("badName")),
    ("> <a@b> 1 +0000", Some("badName")),
    ("<a@b> 1 +0000", Some("missingNameBeforeEmail")),
    ("A<a@b> 1 +0000", Some("missingSpaceBeforeEmail")),
    ("A <a@b 1 +0000", Some("badEmail")),
    ("A <a<@b> 1 +0000", Some("badEmail")),
    ("A <a@b>", Some("missingSpaceBeforeDate")),
    ("A <a@b>1 +0000", Some("missingSpaceBeforeDate")),
    ("A <a@b>> 1 +0000", Some("missingSpaceBeforeDate")),
    ("A <a@b> ", Some("badDate")),
    ("A <a@b> soon +0000", Some("badDate")),
    ("A <a@b> -1 +0000", Some("badDate")),
    ("A <a@b> 1", Some("badDate")),
    ("A <a@b> 1x +0000", Some("badDate")),
    ("A <a@b> 1\t+0000", Some("badDate")),
    ("A <a@b> 0", Some("zeroPaddedDate")),
    ("A <a@b> 00 +0000", Some("zeroPaddedDate")),
    ("A <a@b> 01700000000 +0000", Some("zeroPaddedDate")),
    ("A <a@b> 9223372036854775808 +0000", Some("badDateOverflow")),
    ("A <a@b> 18446744073709551616 +0000", Some("badDateOverflow")),
    ("A <a@b> 99999999999999999999999x", Some("badDateOverflow")),
    ("A <a@b> 1 ", Some("badTimezone")),
    ("A <a@b> 1 0000", Some("badTimezone")),
    ("A <a@b> 1 +051800", Some("badTimezone")),
    ("A <a@b> 1 +000", Some("badTimezone")),
    ("A <a@b> 1 +0000 ", Some("badTimezone")),
    ("A <a@b> 1  +0000", Some("badTimezone")),
];

#[test]
fn persons_are_taken_and_refused_as_git_does() {
    for (person, expected) in PERSONS {
        let as_author = commit(&format!("tree {EMPTY_TREE}\nauthor {person}\ncommitter {WHO}\n\nwords\n"));
        assert_eq!(msg_id(&as_author), *expected, "author {person}");
        let as_committer = commit(&format!("tree {EMPTY_TREE}\nauthor {WHO}\ncommitter {person}\n"));
        assert_eq!(msg_id(&as_committer), *expected, "committer {person}");
        let tag = format!("object {EMPTY_TREE}\ntype tree\ntag v1\ntagger {person}\n\nwords\n");
        let as_tagger = compare(&[tree(&[]), Object::new(Kind::Tag, tag)]);
        assert_eq!(msg_id(&as_tagger), *expected, "tagger {person}");
    }
}

#[test]
fn of_two_faults_the_first_is_said_that_is_not_let_pass() {
    for (author, committer) in
        PERSONS.iter().flat_map(|a| PERSONS.iter().step_by(5).map(move |b| (a.0, b.0))).step_by(4)
    {
        commit(&format!("tree {EMPTY_TREE}\nauthor {author}\ncommitter {committer}\n\nwords\0\n"));
    }
}

#[test]
fn tags_are_taken_and_refused_as_git_does() {
    let (object, tagger) = (format!("object {EMPTY_TREE}\n"), format!("tagger {WHO}\n"));
    let (object, tagger) = (object.as_str(), tagger.as_str());
    let cases: &[(&[&str], Option<&str>)] = &[
        (&[object, "type tree\n", "tag v1\n", tagger, "\nwords\0\n"], None),
        (&[object, "type tree\n", "tag v1\n", tagger], None),
        (&[object, "type tree\n", "tag v1\n", "\nwords\n"], None),
        (&[object, "type tree\n", "tag v1\n", tagger, "gpgsig a\n b\n", "\nwords\n"], None),
        (&[object, "type tree\n", "tag no name..\n", tagger, "\nwords\n"], None),
        (&[object, "type tree\n", "tag \n", tagger, "\nwords\n"], None),
        (&[], Some("unterminatedHeader")),
        (&["type tree\n", "tag v1\n", tagger, "\nwords\n"], Some("missingObject")),
        (&["object 4b825d\n", "type tree\n", "tag v1\n", tagger, "\nwords\n"], Some("badObjectSha1")),
        (&[object, "tag v1\n", tagger, "\nwords\n"], Some("missingTypeEntry")),
        (&[object, "\ntype tree\n", "tag v1\n", tagger, "\nwords\n"], Some("missingTypeEntry")),
        (&[object, "type bush\n", "tag v1\n", tagger, "\nwords\n"], Some("badType")),
        (&[object, "type tree \n", "tag v1\n", tagger, "\nwords\n"], Some("badType")),
        (&[object, "type tree\n", tagger, "\nwords\n"], Some("missingTagEntry")),
        (&[object, "type tree\n"], Some("missingTagEntry")),
        (&[object, "type tree\n", "tag v1"], Some("unterminatedHeader")),
        (&[object, "type tree\n", "tag v\0\n", tagger, "\nwords\n"], Some("nulInHeader")),
    ];
    for (lines, expected) in cases {
        let said = compare(&[tree(&[]), Object::new(Kind::Tag, lines.concat())]);
        assert_eq!(msg_id(&said), *expected, "{lines:?}: {said:?}");
    }
}
