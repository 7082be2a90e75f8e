//! Shallow clones, and what becomes of them.

use super::*;

/// What a shallow client holds, and where its history ends.
struct Shallow {
    tip: String,
    held: Ids,
    ends: Vec<String>,
}

impl Shallow {
    fn clone_of(twins: &Twins, request: &Request) -> Self {
        let tip = request.wants[0].clone();
        let held = twins.same(request, &Ids::new());
        let answer = twins.ours(request);
        let ends = answer.before.iter().filter_map(|line| line.strip_prefix("shallow ")).map(str::to_owned).collect();
        Self { tip, held, ends }
    }

    /// What this client asks for when it wants `wants`, in each version.
    fn asks(&self, wants: &[&str]) -> [Request; 2] {
        Request::both(wants).map(|request| {
            let ends = self.ends.iter().map(|id| format!("shallow {id}"));
            let request = ends.fold(request.haves(&[&self.tip]), Request::line);
            request.option("thin-pack").option("ofs-delta")
        })
    }
}

/// A line that says how deep to go.
fn depths(twins: &Twins) -> Vec<String> {
    let time = twins.work.git(&["log", "-1", "--format=%ct", "main~12"]);
    let fixed = ["deepen 1", "deepen 2", "deepen 3", "deepen 7", "deepen 2147483647", "deepen-not v1", "deepen-not v4"];
    fixed.iter().map(ToString::to_string).chain([format!("deepen-since {time}")]).collect()
}

#[test]
fn a_shallow_clone_ends_where_gits_does() {
    let twins = Twins::new("shallow-clones");
    let tips = ["main", "side-5", "v4", "of-tag"].map(|name| twins.id(name));
    for depth in depths(&twins) {
        for wants in [&tips[..1], &tips[1..]] {
            let wants: Vec<&str> = wants.iter().map(String::as_str).collect();
            for request in Request::both(&wants) {
                let sent = twins.same(&request.line(&depth), &Ids::new());
                assert!(!sent.is_empty(), "{depth}");
            }
        }
    }
}

#[test]
fn a_shallow_clone_is_deepened_followed_and_made_whole_as_by_git() {
    let twins = Twins::new("shallow-later");
    let tip = twins.commits.last().unwrap();
    for (nth, first) in depths(&twins).iter().enumerate().filter(|(_, line)| !line.contains("deepen-not")) {
        let old = &twins.commits[twins.commits.len() - 4];
        let clone = Request::both(&[old])[nth % 2].clone().line(first);
        let client = Shallow::clone_of(&twins, &clone);
        for (mth, later) in depths(&twins).iter().enumerate() {
            let [version_2, version_0] = client.asks(&[if mth % 3 == 0 { old } else { tip }]);
            let request = if (nth + mth) % 2 == 0 { version_2 } else { version_0 };
            twins.same(&request.line(later), &client.held);
        }
        let [follows, _] = client.asks(&[tip]);
        twins.same(&follows, &client.held);
        for n_commits in [1, 2, 4] {
            let [version_2, version_0] = client.asks(&[tip]);
            let deepen = format!("deepen {n_commits}");
            twins.same(&version_2.line(&deepen).line("deepen-relative"), &client.held);
            twins.same(&version_0.option("deepen-relative").line(&deepen), &client.held);
        }
    }
}

#[test]
fn a_commit_that_the_client_ends_at_is_not_sent_again_when_its_parents_are() {
    let twins = Twins::new("shallow-ends");
    let [.., end, _, tip] = &twins.commits[..] else { panic!("few commits") };
    let held = twins.work.ids(&["rev-list", "--objects", "--no-object-names", &format!("{end}^{{tree}}")]);
    for request in Request::both(&[tip]) {
        let request = request.line(format!("shallow {end}")).line("deepen 2147483647");
        let sent = twins.same(&request, &held);
        assert!(!sent.contains(end) && sent.contains(&twins.commits[0]));
    }
}

#[test]
fn commits_since_a_time_are_those_that_git_finds_though_clocks_are_wrong() {
    let twins = Twins::new("clocks");
    let root = twins.work.commit_at(1_000, &[]);
    let young = twins.work.commit_at(5_000, &[&root]);
    let old = twins.work.commit_at(2_000, &[&young]);
    let other = twins.work.commit_at(6_000, &[&young]);
    let tip = twins.work.commit_at(7_000, &[&old, &other]);
    for (name, id) in [("excluded", &root), ("clocks", &tip)] {
        twins.work.git(&["update-ref", &format!("refs/heads/{name}"), id]);
        twins.push_ref(&format!("refs/heads/{name}"), id);
    }
    for wants in [&[&tip][..], &[&tip, &young], &[&young, &old]] {
        let wants: Vec<&str> = wants.iter().map(|id| id.as_str()).collect();
        for since in [700, 1_500, 4_000, 5_500] {
            let [request, _] = Request::both(&wants);
            let request = request.line(format!("deepen-since {since}"));
            for request in [request.clone(), request.line("deepen-not excluded")] {
                // Where nothing is left, git breaks off, and we say so.
                match twins.theirs(&request).pack {
                    Some(_) => drop(twins.same(&request, &Ids::new())),
                    None => assert_eq!(twins.ours(&request).error, "no commits selected for shallow requests"),
                }
            }
        }
    }
}

#[test]
fn a_client_that_asks_for_the_end_of_history_alone_is_told_it_as_by_git() {
    let twins = Twins::new("shallow-list");
    let tip = twins.commits.last().unwrap();
    // Versions 0 and 1: the body ends after the wants, and comes again with haves.
    let mut body = Request::version_0(&[tip]).line("deepen 2").body();
    body.truncate(body.len() - b"0009done\n".len());
    let theirs = twins.work.serve(&body, "version=0");
    let request = FetchRequest::parse_version_0(&body, &LIMITS).unwrap();
    let mut sink = MemorySink::default();
    block_on(upload_pack(
        &twins.server.open(View::Fetch),
        &*twins.server.store,
        request,
        5_000,
        &Witness::of_tests(),
        &mut sink,
    ))
    .unwrap();
    let asked = Request::version_0(&[tip]);
    let (ours, theirs) = (Answer::read(&sink.0, &asked), Answer::read(&theirs, &asked));
    assert_eq!((ours.before.len(), ours.sorted()), (2, theirs.sorted()));
}
