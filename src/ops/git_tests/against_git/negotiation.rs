//! What is said before the pack: acknowledgements, wanted refs, refusals.

use super::*;

/// Numbers that look random and are the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % bound as u64).unwrap()
    }
}

/// Commits of which none is another's parent, and ids of nothing, in any order. Git remembers the parents of what it
/// acknowledges, so that it acknowledges some of them too seldom and, without `multi_ack`, some too often.
fn haves(twins: &Twins, families: &[Vec<String>], numbers: &mut Numbers) -> Vec<String> {
    let mut haves: Vec<String> = Vec::new();
    for _ in 0..numbers.below(7) {
        let id = if numbers.below(4) == 0 {
            format!("{:040x}", numbers.below(1000) + 1)
        } else {
            twins.commits[numbers.below(twins.commits.len())].clone()
        };
        let is_near = |have: &String| families.iter().any(|family| family.contains(have) && family.contains(&id));
        if !haves.iter().any(|have| *have == id || is_near(have)) {
            haves.push(id);
        }
    }
    haves
}

fn held(twins: &Twins, haves: &[String]) -> Ids {
    let known = haves.iter().filter(|id| twins.commits.contains(id)).map(String::as_str);
    let args: Vec<&str> = ["rev-list", "--objects", "--no-object-names"].into_iter().chain(known).collect();
    if args.len() == 3 { Ids::new() } else { twins.work.ids(&args) }
}

#[test]
fn haves_are_acknowledged_as_git_does() {
    let twins = Twins::new("acknowledged");
    let listed = twins.work.lines(&["rev-list", "--parents", "main"]);
    let families: Vec<Vec<String>> = listed.iter().map(|line| line.split(' ').map(str::to_owned).collect()).collect();
    let mut numbers = Numbers(1);
    let acks = ["multi_ack", "multi_ack_detailed", "multi_ack_detailed no-done", "no-progress"];
    for round in 0..80 {
        let want = &twins.commits[numbers.below(twins.commits.len())];
        let tag = twins.id(["v1", "of-tag", "of-tree", "of-blob"][numbers.below(4)]);
        let wants: &[&str] = if numbers.below(3) == 0 { &[want, &tag] } else { &[want] };
        let haves = haves(&twins, &families, &mut numbers);
        let held = held(&twins, &haves);
        let haves: Vec<&str> = haves.iter().map(String::as_str).collect();
        let mut request = if round % 2 == 0 {
            let request = Request::version_2(wants);
            let request = if round % 4 == 0 { request.option("sideband-all") } else { request };
            if round % 10 == 0 { request.option("wait-for-done") } else { request }
        } else {
            let side_band = ["side-band", "side-band-64k", "no-progress"][numbers.below(3)];
            Request::version_0(wants).option(acks[numbers.below(4)]).option(side_band)
        };
        request.goes_on = numbers.below(2) == 0;
        request = request.haves(&haves);
        // Not both at once: git then takes the bases of deltas for sent, and sends tags of them too.
        request = request.option(["thin-pack", "include-tag"][numbers.below(2)]);
        if numbers.below(2) == 0 {
            request = request.option("ofs-delta");
        }
        twins.same(&request, &held);
    }
}

/// In versions 0 and 1 the client's history ends where it says, and is deepened, before its haves are looked at.
#[test]
fn a_shallow_client_is_asked_for_more_as_long_as_git_asks() {
    let twins = Twins::new("enough");
    let at = |n: usize| twins.commits[n].as_str();
    let tip = twins.commits.len() - 1;
    let shallow = |n: usize| format!("shallow {}", at(n));
    let unknown = "1".repeat(40);
    let wholly = "deepen 2147483647";
    // Where the client's history ends, what else it says, what it wants and what it has.
    let clients = [
        (tip - 2, None, tip, tip - 4),
        (tip - 4, None, tip, tip - 4),
        (tip - 4, None, tip - 5, tip - 4),
        (tip - 4, None, tip - 6, tip - 4),
        (tip - 4, Some(wholly), tip, tip - 3),
        (tip - 4, Some("deepen 2"), tip, tip - 3),
    ];
    for (end, depth, want, have) in clients {
        for request in
            [Request::version_2(&[at(want)]), Request::version_0(&[at(want)]).option("multi_ack_detailed no-done")]
        {
            let mut request = request.line(shallow(end)).haves(&[at(have), &unknown]);
            if let Some(depth) = depth {
                request = request.line(depth);
            }
            request.goes_on = true;
            twins.same(&request, &twins.work.ids(&["rev-list", "--objects", "--no-object-names", at(have)]));
        }
    }
}

/// What is older than all that is common leads to none of it, and is not gone into.
#[test]
fn history_before_all_that_is_common_is_left_alone() {
    let twins = Twins::new("older");
    let first = twins.work.commit_at(1_000, &[]);
    let older = twins.work.commit_at(2_000, &[&first]);
    let common = twins.work.commit_at(3_000, &[&first]);
    let tip = twins.work.commit_at(4_000, &[&older]);
    let other = twins.work.commit_at(4_000, &[&common]);
    for (name, id) in [("tip", &tip), ("other", &other)] {
        twins.push_ref(&format!("refs/heads/{name}"), id);
    }
    for (want, expected) in [(&tip, false), (&older, true), (&other, true)] {
        let mut request = Request::version_2(&[want]).haves(&[&common]);
        request.goes_on = true;
        twins.same(&request, &twins.work.ids(&["rev-list", "--objects", "--no-object-names", &common]));
        assert_eq!(twins.ours(&request).pack.is_some(), expected);
    }
}

#[test]
fn wanted_refs_are_what_they_point_at() {
    let twins = Twins::new("wanted-refs");
    for names in [&["refs/heads/main"][..], &["HEAD", "refs/tags/of-tree"], &["refs/tags/v4", "refs/objects/blob"]] {
        let request = Request::version_2(&[]).option("sideband-all").want_refs(names);
        let sent = twins.same(&request, &Ids::new());
        assert!(names.iter().all(|name| sent.contains(&twins.id(name))));
        let both = Request::version_2(&[&twins.id("side-1")]).option("sideband-all").want_refs(names);
        twins.same(&both, &Ids::new());
        let mut goes_on = both.haves(&[&twins.commits[0]]);
        goes_on.goes_on = true;
        twins.same(&goes_on, &held(&twins, &twins.commits[..1]));
    }
}

/// Git tells of wanted refs first, which git as a client does not understand.
#[test]
fn wanted_refs_are_told_after_the_end_of_history() {
    let twins = Twins::new("wanted-refs-deep");
    let request = Request::version_2(&[]).line("deepen 1").want_refs(&["refs/heads/main"]);
    let main = twins.id("main");
    let before = twins.ours(&request).before;
    let expected = [
        "shallow-info",
        &format!("shallow {main}"),
        "Delimiter",
        "wanted-refs",
        &format!("{main} refs/heads/main"),
        "Delimiter",
        "Flush",
    ];
    assert_eq!(before, expected);
}

#[test]
fn what_cannot_be_had_is_refused_in_gits_words() {
    let twins = Twins::new("refused");
    let (main, nowhere) = (twins.id("main"), "1".repeat(40));
    let want_refs = |names| Request::version_2(&[]).want_refs(names);
    let requests = [
        want_refs(&["refs/heads/none"]),
        want_refs(&["refs/heads/main", "HEAD", "refs/heads/main"]),
        want_refs(&["main"]),
        Request::version_2(&[&main, &nowhere]),
        Request::version_0(&[&nowhere]).option("side-band-64k"),
    ];
    for request in requests {
        for request in [request.clone(), request.option("sideband-all")] {
            let (ours, theirs) = (twins.ours(&request), twins.theirs(&request));
            assert_eq!((&ours.error, ours.before), (&theirs.error, theirs.before), "{request:?}");
            assert!(!ours.error.is_empty() && ours.pack.is_none(), "{request:?}");
        }
    }
}

#[test]
fn a_client_hears_what_was_found_and_sent_unless_it_wants_no_progress() {
    let twins = Twins::new("progress");
    let main = twins.id("main");
    for request in Request::both(&[&main]) {
        let heard = twins.ours(&request);
        let (n, bytes) = (twins.objects_in(heard.pack.as_ref().unwrap()).len(), heard.pack.unwrap().len());
        let expected = format!("Found {n} objects to send.\nSent {n} objects, {bytes} bytes.\n");
        assert_eq!(heard.progress, expected);
        assert_eq!(twins.ours(&request.option("no-progress")).progress, "");
    }
}
