//! Partial clones: `filter`.

use super::*;

const FILTERS: &[&str] = &[
    "blob:none",
    "blob:limit=0",
    "blob:limit=50",
    "blob:limit=1k",
    "blob:limit=8K",
    "blob:limit=1m",
    "tree:0",
    "tree:1",
    "tree:2",
    "tree:3",
    "tree:100",
    "object:type=commit",
    "object:type=tree",
    "object:type=blob",
    "object:type=tag",
];

#[test]
fn a_filter_leaves_what_git_leaves() {
    let twins = Twins::new("filters");
    let names = ["main", "side-3", "v4", "of-tag", "of-tree", "of-blob", "refs/objects/tree", "refs/objects/blob"];
    let all: Vec<String> = names.map(|name| twins.id(name)).to_vec();
    for (nth, filter) in FILTERS.iter().enumerate() {
        for (mth, wants) in [&all[..1], &all[1..3], &all[3..6], &all[6..], &all].into_iter().enumerate() {
            let wants: Vec<&str> = wants.iter().map(String::as_str).collect();
            let request = &Request::both(&wants)[(nth + mth) % 2];
            twins.same(&request.clone().filter(filter), &Ids::new());
        }
    }
}

#[test]
fn a_wanted_tree_is_filtered_below_itself() {
    let twins = Twins::new("filtered-trees");
    for (nth, revision) in ["main^{tree}", "main:a", "main:copy", "side-2:c"].into_iter().enumerate() {
        let tree = twins.id(revision);
        for (mth, filter) in FILTERS.iter().enumerate() {
            let request = &Request::both(&[&tree])[(nth + mth) % 2];
            twins.same(&request.clone().filter(filter), &Ids::new());
        }
    }
}

/// Git forgets what one of the parts has passed before another does: an object that is met in several places may be lost
/// by it. What a combination leaves is what each of its parts does.
#[test]
fn a_combination_leaves_what_each_of_its_parts_leaves() {
    let twins = Twins::new("combined");
    let wants = [twins.id("main"), twins.id("of-tag")];
    let request = |filter: &str| Request::version_2(&[&wants[0], &wants[1]]).filter(filter);
    let combinations: &[(&str, &[&str])] = &[
        ("combine:blob:none+tree:3", &["blob:none", "tree:3"]),
        ("combine:tree:2+blob:limit=1k", &["tree:2", "blob:limit=1k"]),
        ("combine:object:type=blob+blob:limit=50", &["object:type=blob", "blob:limit=50"]),
        ("combine:object:type=tree+tree:2", &["object:type=tree", "tree:2"]),
        ("combine:object:type=tree+object:type=blob", &["object:type=tree", "object:type=blob"]),
        ("combine:tree%3A3+combine%3Ablob%3Alimit=8k%2Btree%3A4", &["tree:3", "blob:limit=8k"]),
        ("combine:combine%3Acombine%253Atree%253A2%252Bblob%253Anone", &["tree:2", "blob:none"]),
    ];
    for (filter, parts) in combinations {
        let part = |part: &&str| twins.objects_in(&twins.theirs(&request(part)).pack.unwrap());
        let expected = parts.iter().map(part).reduce(|some, others| &some & &others).unwrap();
        let ours = twins.objects_in(&twins.ours(&request(filter)).pack.unwrap());
        assert_eq!(ours, expected, "{filter}");
        let theirs = twins.objects_in(&twins.theirs(&request(filter)).pack.unwrap());
        assert!(theirs.is_subset(&ours), "{filter}");
    }
}

/// Git forgets that an object was asked for by name when it also meets it on its way.
#[test]
fn what_is_asked_for_by_name_is_sent_whatever_the_filter() {
    let twins = Twins::new("filtered-names");
    let wants = ["main", "main~2", "main^{tree}", "main:a/b", "main:top.txt", "v4"].map(|name| twins.id(name));
    let wants: Vec<&str> = wants.iter().map(String::as_str).collect();
    let named: Ids = wants.iter().map(ToString::to_string).collect();
    for filter in FILTERS {
        for request in Request::both(&wants) {
            let request = request.filter(filter);
            let ours = twins.objects_in(&twins.ours(&request).pack.unwrap());
            let theirs = twins.objects_in(&twins.theirs(&request).pack.unwrap());
            assert!(named.is_subset(&ours), "{filter}");
            if filter.starts_with("tree:") {
                // What is in a tree that is met twice counts from where it was met first.
                assert!(theirs.is_subset(&ours), "{filter}");
            } else {
                assert_eq!(ours, &theirs | &named, "{filter}");
            }
        }
    }
}

#[test]
fn a_partial_clone_is_brought_up_to_date_as_by_git() {
    let twins = Twins::new("filtered-later");
    let tip = twins.commits.last().unwrap();
    for (nth, filter) in FILTERS.iter().chain(&["combine:blob:limit=1k+tree:3"]).enumerate() {
        let old = &twins.commits[nth % (twins.commits.len() - 2)];
        let client = Work::new(&format!("filtered-later-{nth}"));
        let thin = |request: Request| request.option("thin-pack").option("ofs-delta").filter(filter);
        let clone = thin(Request::both(&[old])[nth % 2].clone());
        let update = thin(Request::both(&[tip])[nth % 2].clone().haves(&[old]));
        client.git_with(&["index-pack", "--stdin", "--fix-thin"], twins.ours(&clone).pack.unwrap());
        // Bases of thin deltas are found in what the client has got, and nowhere else.
        client.git_with(&["index-pack", "--stdin", "--fix-thin"], twins.ours(&update).pack.unwrap());
        let held = twins.work.ids(&["rev-list", "--objects", "--no-object-names", old]);
        if !filter.contains("tree:") {
            twins.same(&update, &held);
            continue;
        }
        // Git takes all that is in a commit for held, however deep it is there.
        let [ours, theirs] =
            [twins.ours(&update), twins.theirs(&update)].map(|answer| twins.objects_in(&answer.pack.unwrap()));
        assert!(theirs.difference(&ours).all(|id| held.contains(id)), "{update:?}");
        assert!(ours.difference(&theirs).all(|id| held.contains(id)), "{update:?}");
    }
}

#[test]
fn what_has_moved_near_to_the_root_is_sent_to_a_client_that_has_no_deep_trees() {
    let twins = Twins::new("filtered-moved");
    let first = twins.commits.last().unwrap();
    twins.work.git(&["mv", "a/b/c/deep.txt", "near.txt"]);
    twins.work.git(&["commit", "-q", "-m", "moved"]);
    let second = twins.id("HEAD");
    twins.push_ref("refs/heads/moved", &second);
    let request = Request::version_2(&[&second]).haves(&[first]).filter("tree:2");
    let sent = twins.objects_in(&twins.ours(&request).pack.unwrap());
    let expected = ["HEAD", "HEAD^{tree}", "HEAD:a", "HEAD:near.txt"].map(|name| twins.id(name));
    assert_eq!(sent, expected.into());
}

#[test]
fn a_filter_and_a_depth_leave_what_git_leaves() {
    let twins = Twins::new("filtered-shallow");
    let tip = twins.commits.last().unwrap();
    for (nth, filter) in FILTERS.iter().enumerate() {
        let request = Request::both(&[tip])[nth % 2].clone().filter(filter);
        for depth in [1, 2, 5] {
            twins.same(&request.clone().line(format!("deepen {depth}")), &Ids::new());
        }
    }
}
