/** What `git push` can do besides moving one branch: here and at `git http-backend` the same commands have the same outcome. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Repo } from "./lib/api.ts";
import { Backend } from "./lib/backend.ts";
import { change } from "./lib/pack.ts";
import { flush, pkt } from "./lib/pkt.ts";
import { setUp } from "./lib/setup.ts";
import { advertisement, pushBody, pushPack, readReport, serviceRequest, zeroId } from "./lib/wire.ts";

const { api, shop, server } = await setUp();
const backend = await Backend.start(shop);
after(() => backend.stop());

interface Pushed {
  id: number;
  pushed_at: string;
  token_id: string;
  push_options: string[];
  refs: { name: string; old_id: string | null; new_id: string | null }[];
  ref_count: number;
  truncated: boolean;
  pack_size: number;
  objects: number;
}

async function pushesOf(repo: Repo, query = ""): Promise<Pushed[]> {
  const answer = await api.request<Pushed[]>("GET", `/default/repos/${repo.name}/pushes${query}`);
  assert.equal(answer.status, 200, answer.text);
  return answer.envelope.result;
}

let n_pairs = 0;

/** A local repository with two commits, and two empty remotes: ours and git's. */
async function newPair() {
  n_pairs += 1;
  const [local, theirs] = [`local-${n_pairs}`, `theirs-${n_pairs}.git`];
  await shop.newRepo(local, 2);
  const repo = await api.createRepo();
  return { repo, local, remotes: [repo.url, await backend.create(theirs)], theirs };
}

/** What `git push --porcelain` says of each ref, the exit code before it. */
async function pushed(local: string, remote: string, args: string[]): Promise<string[]> {
  const { code, stdout } = await shop.attempt({ cwd: local }, "push", "--porcelain", ...args.slice(0, -1), remote, ...(args.at(-1) ?? "").split(" "));
  return [`exit ${code}`, ...stdout.split("\n").filter((line) => line.includes("\t"))];
}

/** Pushes to both remotes; the outcome must be the same, and so must the refs be after it. The last argument is the refspecs. */
async function sameAsGit({ local, remotes }: { local: string; remotes: string[] }, ...args: string[]): Promise<string[]> {
  const [ours = [], theirs = []] = await Promise.all(remotes.map((remote) => pushed(local, remote, args)));
  assert.deepEqual(ours, theirs, args.join(" "));
  const [our_refs, their_refs] = await Promise.all(remotes.map((remote) => shop.git(".", "ls-remote", remote)));
  assert.equal(our_refs, their_refs, args.join(" "));
  return ours;
}

test("refs are made, moved, forced and deleted as git does, alone and together", async () => {
  const pair = await newPair();
  const { local } = pair;
  await sameAsGit(pair, "main");
  await sameAsGit(pair, "main:refs/heads/a main:refs/heads/b HEAD~1:refs/notes/n main:refs/tags/light");
  await shop.git(local, "commit", "--quiet", "--amend", "--message", "another");
  const outcome = await sameAsGit(pair, "main main:refs/heads/c");
  assert.match(outcome.join("\n"), /!\trefs\/heads\/main:refs\/heads\/main\t\[rejected\] \(non-fast-forward\)/);
  await sameAsGit(pair, "+main :refs/heads/a");
  await sameAsGit(pair, "--atomic", "main:refs/heads/d main~1:refs/heads/b :refs/tags/light");
  await sameAsGit(pair, "--prune", "refs/heads/*:refs/heads/*");
  await shop.git(local, "tag", "-a", "-m", "annotated", "v1");
  await sameAsGit(pair, "--follow-tags", "main:refs/heads/e");
  await sameAsGit(pair, "--delete", "main e refs/notes/n");
});

test("a directory and a file of one name cannot both be a ref, unless one makes room", async () => {
  const pair = await newPair();
  await sameAsGit(pair, "main:refs/heads/a main:refs/heads/d/e");
  for (const refspecs of ["main:refs/heads/a/b", "main:refs/heads/d", "main:refs/heads/a/b/c main:refs/heads/fine"]) {
    const [repo, local] = [pair.repo, pair.local];
    const { code, stderr } = await shop.attempt({ cwd: local }, "push", repo.url, ...refspecs.split(" "));
    assert.equal(code, 1);
    assert.match(stderr, /! \[remote rejected\] main -> \S+ \('refs\/heads\/\S+' exists; cannot create 'refs\/heads\/\S+'\)/);
    await pushed(local, pair.remotes[1] ?? "", [refspecs]);
    assert.equal(await shop.git(".", "ls-remote", repo.url), await shop.git(".", "ls-remote", pair.remotes[1] ?? ""));
  }
  const room = await shop.attempt({ cwd: pair.local }, "push", pair.repo.url, ":refs/heads/a", "main:refs/heads/a/b");
  assert.equal(room.code, 0, room.stderr);
  const { refs } = await advertisement(pair.repo, "git-upload-pack");
  assert.deepEqual([...refs.keys()], ["refs/heads/a/b", "refs/heads/d/e", "refs/heads/fine"]);
});

test("of several refs each has its own reason, and an atomic push is all or nothing", async () => {
  const { repo, local } = await newPair();
  await shop.git(local, "push", "--quiet", repo.url, "main:refs/heads/one", "main:refs/heads/two");
  const [first = "", second = ""] = (await shop.git(local, "rev-list", "main")).split("\n");
  const next = change("next\n", [first]);
  const commands = [
    { name: "refs/heads/one", old_id: first, new_id: next.tip },
    { name: "refs/heads/two", old_id: second, new_id: next.tip },
    { name: "refs/heads/one/x", new_id: next.tip },
    { name: "refs/heads/a..b", new_id: next.tip },
    { name: "refs/heads/nothing", new_id: "1".repeat(40) },
    { name: "refs/heads/gone", old_id: first },
  ];
  const reasons = {
    "refs/heads/two": "incorrect old value provided",
    "refs/heads/one/x": "'refs/heads/one' exists; cannot create 'refs/heads/one/x'",
    "refs/heads/a..b": "funny refname",
    "refs/heads/nothing": "missing necessary objects",
    "refs/heads/gone": "reference does not exist",
  };
  const atomic = await pushPack(repo, commands, next.pack, "report-status-v2 side-band-64k atomic object-format=sha1");
  assert.equal(atomic.unpack, "ok");
  assert.deepEqual(Object.fromEntries(atomic.refs), { "refs/heads/one": "atomic push failure", ...reasons });
  const report = await pushPack(repo, commands, next.pack, "report-status quiet");
  assert.deepEqual(Object.fromEntries(report.refs), { "refs/heads/one": "ok", ...reasons });
  assert.equal((await advertisement(repo, "git-upload-pack")).refs.get("refs/heads/one"), next.tip);
});

test("a deletion brings no pack and names what it deletes", async () => {
  const { repo, local } = await newPair();
  await shop.git(local, "push", "--quiet", repo.url, "main", "main:refs/heads/other");
  const tip = await shop.git(local, "rev-parse", "main");
  const traced = await shop.gitWith({ cwd: local, env: { GIT_TRACE_PACKET: "1" } }, "push", repo.url, ":refs/heads/other");
  assert.match(traced.stderr, new RegExp(`git> ${tip} ${zeroId} refs/heads/other`));
  const deletion = await pushPack(repo, [{ name: "refs/heads/main" }], Buffer.alloc(0), "report-status delete-refs");
  assert.equal(deletion.refs.get("refs/heads/main"), "incorrect old value provided");
  assert.equal((await advertisement(repo, "git-receive-pack")).refs.get("refs/heads/main"), tip);
});

test("the current branch is deleted, its repo cloned, and the branch made again", async () => {
  const pair = await newPair();
  await sameAsGit(pair, "main main:refs/heads/side");
  await sameAsGit(pair, ":main");
  await shop.git(".", "clone", "--quiet", pair.repo.url, `headless-${n_pairs}`);
  const branches = await shop.git(`headless-${n_pairs}`, "branch", "--remotes", "--format=%(refname)");
  assert.equal(branches, "refs/remotes/origin/side");
  await sameAsGit(pair, "main~1:main");
});

test("--force-with-lease moves a branch from the value that was expected and from no other", async () => {
  const { repo, local } = await newPair();
  await shop.git(local, "push", "--quiet", repo.url, "main");
  await shop.git(".", "clone", "--quiet", repo.url, "leased");
  await shop.git("leased", "commit", "--quiet", "--amend", "--message", "amended here");
  const theirs = await shop.commit(local, "theirs.txt", "theirs\n");
  await shop.git(local, "push", "--quiet", repo.url, "main");
  const stale = await shop.attempt({ cwd: "leased" }, "push", "--force-with-lease", "origin", "main");
  assert.match(stale.stderr, /\[rejected\] +main -> main \(stale info\)/);
  const named = await shop.attempt({ cwd: "leased" }, "push", `--force-with-lease=main:${theirs}`, "origin", "main");
  assert.equal(named.code, 0, named.stderr);
  const tip = await shop.git("leased", "rev-parse", "main");
  assert.equal((await advertisement(repo, "git-upload-pack")).refs.get("refs/heads/main"), tip);
  const absent = await shop.attempt({ cwd: "leased" }, "push", "--force-with-lease=new:", "origin", "main:new");
  assert.equal(absent.code, 0, absent.stderr);
});

test("push options are kept with what the push did", async () => {
  const { repo, local } = await newPair();
  const tokens = await api.request<{ id: string }[]>("GET", `/default/repos/${repo.name}/tokens`);
  const [first = "", second = ""] = (await shop.git(local, "rev-list", "--reverse", "main")).split("\n");
  await shop.git(local, "push", "--quiet", "-o", "ci.skip", "--push-option=title=ä b", repo.url, `${first}:refs/heads/main`, "main:refs/heads/side");
  await shop.git(local, "push", "--quiet", repo.url, "main", ":refs/heads/side");
  const [latest, initial] = await pushesOf(repo);
  assert.ok(initial && latest);
  assert.deepEqual(initial.push_options, ["ci.skip", "title=ä b"]);
  assert.deepEqual(initial.refs, [
    { name: "refs/heads/main", old_id: null, new_id: first },
    { name: "refs/heads/side", old_id: null, new_id: second },
  ]);
  assert.deepEqual([initial.id, initial.objects, initial.ref_count, initial.truncated], [1, 8, 2, false]);
  assert.equal(initial.token_id, tokens.envelope.result[0]?.id);
  assert.ok(initial.pack_size > 100 && initial.pushed_at <= latest.pushed_at);
  assert.deepEqual(latest.push_options, []);
  assert.deepEqual(latest.refs, [
    { name: "refs/heads/main", old_id: first, new_id: second },
    { name: "refs/heads/side", old_id: second, new_id: null },
  ]);
  assert.equal((await api.repoInfo(repo)).last_push_at, latest.pushed_at);
});

test("more push options than allowed are refused in words, and nothing is kept", async () => {
  const { repo, local } = await newPair();
  const many = Array.from({ length: 101 }, (_, n) => `--push-option=${n}`);
  for (const [options, words] of [[many, /more than 100 push options/], [[`-o${"x".repeat(9000)}`], /more than 8192 bytes of push options/]] as const) {
    const { code, stderr } = await shop.attempt({ cwd: local }, "push", ...options, repo.url, "main");
    assert.equal(code, 1);
    assert.match(stderr, words);
  }
  assert.deepEqual(await pushesOf(repo), []);
  const { tip, pack } = change("with options\n");
  const body = (options: Buffer) => pushBody([{ name: "refs/heads/main", new_id: tip }], Buffer.concat([options, pack]), "report-status push-options");
  const cut = await serviceRequest(repo, "git-receive-pack", body(pkt("an option and no flush\n")));
  assert.equal(cut.status, 400, cut.text);
  const accepted = readReport(await serviceRequest(repo, "git-receive-pack", body(Buffer.concat([pkt("one\n"), flush]))), false);
  assert.equal(accepted.refs.get("refs/heads/main"), "ok", accepted.text);
  assert.deepEqual((await pushesOf(repo))[0]?.push_options, ["one"]);
});

test("a quiet push says nothing, and one that is not says what git says", async () => {
  const { repo, local } = await newPair();
  const quiet = await shop.gitWith({ cwd: local }, "push", "--quiet", repo.url, "main");
  assert.deepEqual([quiet.stdout, quiet.stderr], ["", ""]);
  const loud = await shop.gitWith({ cwd: local }, "push", repo.url, "main:refs/heads/b");
  assert.match(loud.stderr, /\* \[new branch\] +main -> b/);
});

test("every capability of a push is advertised", async () => {
  const { capabilities } = await advertisement(await api.createRepo(), "git-receive-pack");
  const known = capabilities.filter((one) => !one.startsWith("agent="));
  const expected = "report-status report-status-v2 delete-refs side-band-64k quiet atomic ofs-delta push-options object-format=sha1";
  assert.deepEqual(known, expected.split(" "));
});

test("a thin pack builds on whatever older pack has the base", async () => {
  const { repo, local } = await newPair();
  const bases = Array.from({ length: 4 }, (_, n) => randomBytes(n % 2 === 0 ? 20_000 : 700_000));
  for (const [n, base] of bases.entries()) {
    await shop.commit(local, `base-${n}.bin`, base);
    await shop.git(local, "push", "--quiet", repo.url, "main");
  }
  for (let round = 0; round < 2; round += 1) {
    for (const [n, base] of bases.entries()) {
      base[round] = (base[round] ?? 0) ^ 255;
      await shop.commit(local, `base-${n}.bin`, base);
    }
    await shop.git(local, "push", "--quiet", repo.url, "main");
    const [latest] = await pushesOf(repo, "?limit=1");
    assert.ok(latest && latest.pack_size < 20_000, `a pack of ${latest?.pack_size} bytes is not thin`);
    if (round === 1) break;
    // The bases of the second round are in the pack that takes the place of these.
    for (let n = 0; n < 8; n += 1) {
      await shop.commit(local, "small.txt", `small ${n}\n`);
      await shop.git(local, "push", "--quiet", repo.url, "main");
    }
    const isMerged = () => server.log().includes(`/${repo.name}:`);
    for (let waited = 0; waited < 30_000 && !isMerged(); waited += 100) await sleep(100);
    assert.ok(isMerged(), server.log());
  }
  await shop.git(".", "clone", "--quiet", "--mirror", repo.url, "thin-clone.git");
  await shop.fingerprint("thin-clone.git");
  assert.equal(await shop.git("thin-clone.git", "rev-parse", "main"), await shop.git(local, "rev-parse", "main"));
});

test("5,000 refs are made, moved and deleted by one push each", async (context) => {
  const { repo } = await newPair();
  const first = change("first\n");
  const second = change("second\n", [first.tip]);
  const names = Array.from({ length: 5_000 }, (_, n) => `refs/tags/release/${n}`);
  const steps = [
    { what: "made", old_id: undefined, new_id: first.tip, pack: first.pack },
    { what: "moved", old_id: first.tip, new_id: second.tip, pack: second.pack },
    { what: "deleted", old_id: second.tip, new_id: undefined, pack: Buffer.alloc(0) },
  ];
  for (const { what, old_id, new_id, pack } of steps) {
    const start = performance.now();
    const report = await pushPack(repo, names.map((name) => ({ name, old_id, new_id })), pack, "report-status-v2 side-band-64k atomic");
    context.diagnostic(`${what}: ${Math.round(performance.now() - start)} ms`);
    assert.equal([...report.refs.values()].filter((outcome) => outcome === "ok").length, 5_000, report.text.slice(0, 500));
    const { refs } = await advertisement(repo, "git-upload-pack");
    assert.equal([...refs.values()].filter((id) => id === new_id).length, new_id === undefined ? 0 : 5_000);
    const [latest] = await pushesOf(repo, "?limit=1");
    assert.ok(latest && latest.ref_count === 5_000 && latest.truncated && latest.refs.length > 100, what);
  }
  assert.equal((await pushesOf(repo)).length, 3);
});

// The client's own time grows with the square of the number of refs: with 5,000 of them it is half a minute, at whatever server.
test("git pushes and deletes 1,000 tags at once", async () => {
  const pair = await newPair();
  const input = Array.from({ length: 1_000 }, (_, n) => `create refs/tags/release/${n} main\n`).join("");
  await shop.gitWith({ cwd: pair.local, input }, "update-ref", "--stdin");
  const made = await sameAsGit(pair, "refs/tags/*:refs/tags/*");
  assert.equal(made.length, 1_001);
  await shop.gitWith({ cwd: pair.local, input: input.replace(/create (\S+) main/g, "delete $1") }, "update-ref", "--stdin");
  await sameAsGit(pair, "--prune", "refs/tags/*:refs/tags/*");
});
