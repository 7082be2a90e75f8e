/** Clones that do without a part: of the history, or of the objects. What git serves from a folder is what we must serve. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { Repo } from "./lib/api.ts";
import { setUp } from "./lib/setup.ts";

const { api, shop } = await setUp();

const origin = "origin.git";

/** A history with merges, a revert, nested folders and tags, here and in a bare repository that git serves itself. */
async function pushedHistory(): Promise<Repo> {
  const repo = await api.createRepo();
  await shop.newRepo("work", 12);
  for (let n = 0; n < 4; n += 1) {
    await shop.git("work", "checkout", "--quiet", "-b", `side-${n}`, `HEAD~${2 + n}`);
    await shop.commit("work", `side-${n}/deep/er/file.txt`, `side ${n}\n`.repeat(40));
    await shop.git("work", "checkout", "--quiet", "main");
    await shop.git("work", "merge", "--quiet", "--no-edit", `side-${n}`);
    await shop.commit("work", "large.bin", Buffer.alloc(3000 + n, `${n}`));
    await shop.git("work", "tag", "-a", "-m", `version ${n}`, `v${n}`);
  }
  await shop.git("work", "revert", "--no-edit", "-m", "1", "HEAD~1");
  await shop.git("work", "push", "--quiet", repo.url, "main", "side-1", "--tags");
  await shop.git(".", "clone", "--quiet", "--mirror", repo.url, origin);
  await shop.git(origin, "config", "uploadpack.allowFilter", "true");
  await shop.git(origin, "config", "uploadpack.allowAnySHA1InWant", "true");
  return repo;
}

const repo = await pushedHistory();
const theirs = `file://${shop.path(origin)}`;
const versions = [0, 2];

/** What the refs reach, what of it is missing, nothing being fetched for the question, and where history ends. */
async function held(folder: string): Promise<string> {
  const listed = await shop.git(folder, "rev-list", "--objects", "--no-object-names", "--missing=print", "--all");
  const objects = listed.split("\n").sort().join("\n");
  const shallow = await shop.git(folder, "rev-parse", "--git-path", "shallow");
  let ends = "";
  try {
    ends = readFileSync(shop.path(folder, shallow), "utf8").split("\n").sort().join("\n");
  } catch {
    ends = "whole";
  }
  return `${objects}\n${ends}`;
}

let n_clones = 0;

/** Runs the same commands on clones of ours and of theirs; after each, both must hold the same. */
async function sameAsGit(version: number, clone: string[], ...later: string[][]): Promise<string[]> {
  n_clones += 1;
  const folders = [`ours-${n_clones}`, `theirs-${n_clones}`];
  const options = ["-c", `protocol.version=${version}`];
  for (const [at, url] of [repo.url, theirs].entries()) {
    await shop.git(".", ...options, "clone", "--quiet", ...clone, url, folders[at] ?? "");
  }
  const [ours, git] = folders as [string, string];
  assert.equal(await held(ours), await held(git), clone.join(" "));
  for (const command of later) {
    for (const folder of folders) await shop.git(folder, ...options, ...command);
    assert.equal(await held(ours), await held(git), `${clone.join(" ")}, then ${command.join(" ")}`);
    await shop.git(ours, "fsck", "--no-progress", "--connectivity-only");
  }
  return folders;
}

for (const version of versions) {
  test(`shallow clones end where git's do, version ${version}`, async () => {
    for (const depth of [1, 2, 5, 100]) {
      await sameAsGit(version, ["--bare", "--depth", String(depth)]);
      await sameAsGit(version, ["--bare", "--depth", String(depth), "--no-single-branch"]);
    }
    const since = (await shop.git(origin, "log", "-1", "--format=%ct", "main~4")).trim();
    await sameAsGit(version, ["--bare", `--shallow-since=@${since}`]);
    await sameAsGit(version, ["--bare", "--shallow-exclude=v1"]);
    await sameAsGit(version, ["--bare", "--shallow-exclude=v0", "--no-single-branch"]);
  });

  test(`a shallow clone is deepened, followed, and made whole, version ${version}`, async () => {
    const tip = "+refs/heads/*:refs/remotes/origin/*";
    const folders = await sameAsGit(
      version,
      ["--depth", "2"],
      ["fetch", "--quiet", "--deepen", "2", "origin", tip],
      ["fetch", "--quiet", "--depth", "1", "origin", tip],
      ["fetch", "--quiet", "--depth", "6", "origin", tip],
      ["fetch", "--quiet", "--shallow-exclude=v1", "origin", tip],
      ["fetch", "--quiet", "--unshallow", "origin", tip],
    );
    for (const folder of folders) assert.equal(await shop.git(folder, "rev-parse", "--is-shallow-repository"), "false");
    assert.equal(await shop.git(folders[0] ?? "", "rev-list", "--count", "HEAD"), await shop.git(origin, "rev-list", "--count", "main"));
  });

  test(`partial clones lack what git's lack, and get it when it is asked for, version ${version}`, async () => {
    const filters = ["blob:none", "blob:limit=2k", "tree:0", "tree:1", "tree:2", "object:type=tree", "combine:blob:limit=100+tree:3"];
    for (const filter of filters) {
      await sameAsGit(version, ["--bare", `--filter=${filter}`]);
      await sameAsGit(version, ["--bare", `--filter=${filter}`, "--depth", "3"]);
    }
    for (const filter of ["blob:none", "tree:0"]) {
      const [ours] = await sameAsGit(version, [`--filter=${filter}`], ["log", "-p", "--stat"], ["cat-file", "-p", "v1:large.bin"]);
      assert.equal(await shop.git(ours ?? "", "status", "--porcelain"), "");
    }
  });
}

test("new commits are fetched into a shallow clone and pushed from it", async () => {
  const other = await api.createRepo();
  await shop.git("work", "push", "--quiet", other.url, "main");
  await shop.git(".", "clone", "--quiet", "--depth", "1", other.url, "shallow");
  const pushed = await shop.commit("shallow", "from-shallow.txt", "pushed from a shallow clone\n");
  await shop.git("shallow", "push", "--quiet", "origin", "main");
  await shop.git("work", "pull", "--quiet", other.url, "main");
  assert.equal(await shop.git("work", "rev-parse", "HEAD"), pushed);
  for (let n = 0; n < 3; n += 1) await shop.commit("work", `later-${n}.txt`, `later ${n}\n`);
  await shop.git("work", "push", "--quiet", other.url, "main");
  await shop.git("shallow", "pull", "--quiet", "--ff-only");
  assert.equal(await shop.git("shallow", "rev-list", "--count", "HEAD"), "5");
  await shop.git("shallow", "fetch", "--quiet", "--unshallow");
  assert.deepEqual((await shop.fingerprint("shallow")).objects.length, (await shop.fingerprint("work")).objects.length - 4);
});

test("a depth or filter that is none is refused in words", async () => {
  const refusals: [string[], RegExp][] = [
    [["--shallow-since=2100-01-01"], /no commits selected for shallow requests/],
    [["--shallow-exclude=no-such-ref"], /ambiguous deepen-not: no-such-ref/],
    [["--filter=sparse:oid=main:x"], /not supported by this server: 'sparse:oid=main:x'/],
  ];
  for (const [options, words] of refusals) {
    const { code, stderr } = await shop.attempt({}, "clone", "--bare", ...options, repo.url, "refused");
    assert.notEqual(code, 0);
    assert.match(stderr, words);
  }
});
