/** Repos whose history ends early: made, cloned, followed, deepened and completed by the real `git`, here and at `git http-backend`. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Api, type Repo } from "./lib/api.ts";
import { Backend } from "./lib/backend.ts";
import { setUp } from "./lib/setup.ts";
import { Server } from "./lib/server.ts";
import { advertisement } from "./lib/wire.ts";

const { api, shop, server } = await setUp({ vars: { RECEIVE_SHALLOW_UPDATE: "on" } });
const strict = await Server.start();
const backend = await Backend.start(shop);
after(async () => {
  backend.stop();
  await strict.stop();
});

/** A history with a merge and tags, of which each test pushes the end. */
async function newHistory(name: string): Promise<void> {
  await shop.newRepo(name, 6);
  await shop.git(name, "checkout", "--quiet", "-b", "side", "HEAD~2");
  await shop.commit(name, "side/deep/file.txt", "side\n".repeat(30));
  await shop.git(name, "checkout", "--quiet", "main");
  await shop.git(name, "merge", "--quiet", "--no-edit", "side");
  for (let n = 0; n < 3; n += 1) await shop.commit(name, `late-${n}/file.txt`, `late ${n}\n`.repeat(30));
  await shop.git(name, "tag", "-a", "-m", "one", "v1", "HEAD~1");
}

function endsOf(folder: string): string[] {
  const file = [shop.path(folder, ".git", "shallow"), shop.path(folder, "shallow")].find((path) => existsSync(path));
  // In version 2 git writes some of them twice.
  return file === undefined ? [] : [...new Set(readFileSync(file, "utf8").trim().split("\n"))].sort();
}

/** What a clone's refs reach and where its history ends; the clone must be sound. */
async function held(folder: string): Promise<string> {
  await shop.git(folder, "fsck", "--strict", "--no-dangling", "--no-progress");
  const objects = await shop.git(folder, "rev-list", "--objects", "--no-object-names", "--missing=print", "--all");
  return [...objects.split("\n").sort(), "ends", ...endsOf(folder)].join("\n");
}

interface Pair {
  full: string;
  repo: Repo;
  /** Ours, then git's own. */
  remotes: [string, string];
  /** The shallow clone that both were pushed from. */
  clone: string;
}

let n_pairs = 0;

/** Two remotes that got the last `depth` commits of a history. */
async function newPair(depth: number): Promise<Pair> {
  n_pairs += 1;
  const [full, clone] = [`full-${n_pairs}`, `clone-${n_pairs}`];
  await newHistory(full);
  await shop.git(".", "clone", "--quiet", "--depth", String(depth), `file://${shop.path(full)}`, clone);
  const repo = await api.createRepo();
  const theirs = await backend.create(`theirs-${n_pairs}.git`, {
    "receive.shallowUpdate": "true",
    "uploadpack.allowFilter": "true",
    "uploadpack.allowAnySHA1InWant": "true",
  });
  // One after the other: of two refs that need the same new end, git 2.47 does not report on the second.
  for (const remote of [repo.url, theirs]) {
    for (const ref of ["main", "v1"]) await shop.git(clone, "push", "--quiet", remote, ref);
  }
  return { full, repo, remotes: [repo.url, theirs], clone };
}

let n_clones = 0;

/** Runs the same commands on clones of both; after each both must hold the same. */
async function sameAsGit(pair: Pair, version: number, clone: string[], ...later: string[][]): Promise<string> {
  n_clones += 1;
  const folders = [`ours-${n_clones}`, `theirs-${n_clones}`] as const;
  const options = ["-c", `protocol.version=${version}`];
  for (const [at, folder] of folders.entries()) {
    await shop.git(".", ...options, "clone", "--quiet", ...clone, pair.remotes[at] ?? "", folder);
  }
  assert.equal(await held(folders[0]), await held(folders[1]), clone.join(" "));
  for (const command of later) {
    for (const folder of folders) await shop.git(folder, ...options, ...command);
    assert.equal(await held(folders[0]), await held(folders[1]), `${clone.join(" ")}, then ${command.join(" ")}`);
  }
  return folders[0];
}

test("a push that would end the history is refused, as git does, unless the deployment takes it", async () => {
  const { clone, full } = await newPair(2);
  const repo = await new Api(strict.origin).createRepo();
  const theirs = await backend.create("strict.git");
  for (const remote of [repo.url, theirs]) {
    const refused = await shop.attempt({ cwd: clone }, "push", remote, "main");
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /! \[remote rejected\] main -> main \(shallow update not allowed\)/);
    assert.equal(await shop.git(".", "ls-remote", remote), "");
    // Once the history is there, the same push needs nothing else.
    await shop.git(full, "push", "--quiet", remote, "main~1:refs/heads/main");
    await shop.git(clone, "push", "--quiet", remote, "main");
  }
  const refs = async (remote: string) => shop.git(".", "ls-remote", remote);
  assert.equal(await refs(repo.url), await refs(theirs));
  assert.equal((await new Api(strict.origin).repoInfo(repo)).shallow, false);
});

test("a repo says that it is shallow, and where its history ends", async () => {
  const { repo, clone } = await newPair(3);
  assert.equal((await api.repoInfo(repo)).shallow, true);
  for (const service of ["git-upload-pack", "git-receive-pack"] as const) {
    assert.deepEqual((await advertisement(repo, service)).shallow.sort(), endsOf(clone));
  }
  const other = await api.createRepo();
  assert.equal((await api.repoInfo(other)).shallow, false);
  let listed: { name: string; shallow: boolean }[] = [];
  for (let waited = 0; waited < 5_000 && !listed.some(({ shallow }) => shallow); waited += 200) {
    await sleep(200);
    listed = (await api.request<typeof listed>("GET", "/default/repos?limit=200")).envelope.result;
    listed = listed.filter(({ name }) => name === repo.name);
  }
  assert.deepEqual(listed.map(({ shallow }) => shallow), [true]);
});

for (const version of [0, 1, 2]) {
  test(`clones of a shallow repo end where it does, version ${version}`, async () => {
    const pair = await newPair(3);
    const all = "+refs/heads/*:refs/remotes/origin/*";
    const folder = await sameAsGit(pair, version, [], ["fetch", "--quiet", "origin"]);
    assert.deepEqual(endsOf(folder), endsOf(pair.clone));
    for (const depth of [1, 2, 3, 9]) await sameAsGit(pair, version, ["--depth", String(depth)]);
    await sameAsGit(pair, version, ["--bare"]);
    // Without a depth git's client asks for ever for what it has just been told of, here and there.
    await sameAsGit(pair, version, ["--filter=blob:none", "--depth", "9", "--no-checkout"], ["checkout", "--quiet", "HEAD"]);
    const deepened = await sameAsGit(
      pair,
      version,
      ["--depth", "1"],
      ["fetch", "--quiet", "--deepen", "1", "origin", all],
      ["fetch", "--quiet", "--depth", "1", "origin", all],
      ["fetch", "--quiet", "--unshallow", "origin", all],
    );
    assert.deepEqual(endsOf(deepened), endsOf(pair.clone), "as far as it goes");
  });

  test(`a shallow repo is followed and pushed to, version ${version}`, async () => {
    const pair = await newPair(2);
    const ours = await sameAsGit(pair, version, []);
    const number = ours.split("-")[1] ?? "";
    for (let n = 0; n < 2; n += 1) {
      await shop.commit(pair.clone, `new-${n}.txt`, `new ${n}\n`);
      for (const remote of pair.remotes) await shop.git(pair.clone, "push", "--quiet", remote, "main");
      for (const folder of [ours, `theirs-${number}`]) await shop.git(folder, "-c", `protocol.version=${version}`, "pull", "--quiet", "--ff-only");
      assert.equal(await held(ours), await held(`theirs-${number}`));
    }
    await shop.commit(ours, "from-a-clone.txt", "from a clone of a shallow repo\n");
    for (const remote of pair.remotes) await shop.git(ours, "push", "--quiet", remote, "main");
    await sameAsGit(pair, version, []);
  });
}

// Of git 2.47 the same clone fails: "remote did not send all necessary objects".
test("a clone by date ends where the repo does", async () => {
  const pair = await newPair(3);
  for (const version of [0, 2]) {
    const folder = `by-date-${version}`;
    await shop.git(".", "-c", `protocol.version=${version}`, "clone", "--quiet", "--shallow-since=2000-01-01", pair.repo.url, folder);
    await held(folder);
    assert.deepEqual(endsOf(folder), endsOf(pair.clone));
  }
});

test("a clone that has the whole history goes on with a shallow repo", async () => {
  const { full, clone, repo } = await newPair(2);
  const pushed = await shop.commit(clone, "more.txt", "more\n");
  await shop.git(clone, "push", "--quiet", repo.url, "main");
  await shop.git(full, "pull", "--quiet", "--ff-only", repo.url, "main");
  assert.equal(await shop.git(full, "rev-parse", "HEAD"), pushed);
  assert.deepEqual(endsOf(full), []);
  await shop.commit(full, "from-full.txt", "from the whole history\n");
  await shop.git(full, "push", "--quiet", repo.url, "main");
  await shop.git(".", "clone", "--quiet", repo.url, `after-full-${n_pairs}`);
  assert.deepEqual(endsOf(`after-full-${n_pairs}`), endsOf(clone));
  await held(`after-full-${n_pairs}`);
});

test("clones are whole when what was missing has been pushed, through merges of packs", async () => {
  const { full, clone, repo } = await newPair(2);
  const [end = ""] = endsOf(clone);
  for (let n = 0; n < 10; n += 1) {
    await shop.commit(clone, "often.txt", `${n}\n`);
    await shop.git(clone, "push", "--quiet", repo.url, "main");
  }
  const isMerged = () => server.log().includes(`/${repo.name}:`);
  for (let waited = 0; waited < 30_000 && !isMerged(); waited += 100) await sleep(100);
  assert.ok(isMerged(), server.log());
  await shop.git(".", "clone", "--quiet", repo.url, "merged-shallow");
  assert.deepEqual(endsOf("merged-shallow"), [end]);
  // A repository of git's would stay shallow. Who has the end and all before it, and nothing after it, sends all of what is missing.
  await shop.git(".", "clone", "--quiet", "--single-branch", "--branch", "old", "--no-tags", `file://${await branchAt(full, `${end}^`)}`, "old-clone");
  await shop.git("old-clone", "push", "--quiet", repo.url, "old");
  assert.equal((await api.repoInfo(repo)).shallow, false);
  await shop.git("merged-shallow", "fetch", "--quiet", "--unshallow");
  await shop.git(".", "clone", "--quiet", "--no-tags", repo.url, "whole");
  for (const folder of ["merged-shallow", "whole"]) {
    assert.deepEqual(endsOf(folder), []);
    await shop.git(folder, "fsck", "--strict", "--no-progress");
    const count = Number(await shop.git(full, "rev-list", "--count", "main")) + 10;
    assert.equal(await shop.git(folder, "rev-list", "--count", "main"), String(count));
  }
});

/** A copy of a repository whose branch `old` is at a commit. */
async function branchAt(folder: string, commit: string): Promise<string> {
  await shop.git(folder, "branch", "old", commit);
  return shop.path(folder);
}

test("a variable that is neither on nor off is told", async () => {
  const wrong = await Server.start({ vars: { RECEIVE_SHALLOW_UPDATE: "true" } });
  try {
    const answer = await fetch(`${wrong.origin}/v1/api/namespaces/default/repos`);
    assert.equal(answer.status, 503);
    assert.match(await answer.text(), /RECEIVE_SHALLOW_UPDATE must be on or off/);
  } finally {
    await wrong.stop();
  }
});
