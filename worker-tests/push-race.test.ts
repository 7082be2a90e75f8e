/** Pushes that are held up in the middle while something else happens to the repo, with the real `git`. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { GitResult } from "./lib/git.ts";
import { withPassword, secretOf, type Repo } from "./lib/api.ts";
import { setUp } from "./lib/setup.ts";
import { SlowPath } from "./lib/slow.ts";
import { storedKeys, storedKeysWhen } from "./lib/stored.ts";
import { advertisement } from "./lib/wire.ts";

const { server, shop, api } = await setUp();

/** Bytes of a request that arrive before it is held up: its head and more, and a segment or two. */
const passed = 6_000_000;

interface Held {
  path: SlowPath;
  /** What came of the push, after [`goOn`] of the path. */
  result: Promise<GitResult>;
}

/** Begins to push a commit with a large file from a repository, and returns when the push is held up. */
async function heldPush(repo: Repo, folder: string, refspec: string, token = repo.token): Promise<Held> {
  await shop.commit(folder, "large.bin", randomBytes(9_000_000));
  const path = await SlowPath.start(server.origin, passed);
  const url = withPassword(repo.remote.replace(server.origin, path.origin), secretOf(token));
  const result = shop.attempt({ cwd: folder }, "push", url, refspec);
  const early = result.then(({ stderr }) => assert.fail(stderr));
  early.catch(() => {});
  await Promise.race([path.holds(), early]);
  await storedKeysWhen(server.stateDir, () => keysOf(repo).some((key) => key.endsWith("/00000")), 20_000);
  assert.ok(keysOf(repo).length > 0, "some of it has been stored");
  return { path, result };
}

async function finish({ path, result }: Held): Promise<GitResult> {
  path.goOn();
  const ended = await result;
  path.stop();
  return ended;
}

/** A repo with one small commit on `main`, and the repository that it came from. */
async function newPair(folder: string): Promise<Repo> {
  const repo = await api.createRepo();
  await shop.newRepo(folder, 1);
  await shop.git(folder, "push", "--quiet", repo.url, "main");
  return repo;
}

function keysOf(repo: Repo): string[] {
  return storedKeys(server.stateDir).filter((key) => key.startsWith(`v1/${repo.id}/`));
}

/** Waits until nothing of a repo is in R2: what a push left goes at once and, for late writes, once more a minute later. */
async function nothingKept(repo: Repo): Promise<void> {
  await storedKeysWhen(server.stateDir, () => keysOf(repo).length === 0, 20_000);
  assert.deepEqual(keysOf(repo), []);
}

test("a token that is revoked in the middle of a push moves nothing, and nothing is kept", async () => {
  const repo = await newPair("revoked");
  const before = (await advertisement(repo, "git-upload-pack")).refs.get("refs/heads/main");
  const token = await api.createToken(repo, { scope: "write" });
  const held = await heldPush(repo, "revoked", "main", token.plaintext);
  await api.revokeToken(repo, token.id);
  const { code, stderr } = await finish(held);
  assert.notEqual(code, 0, stderr);
  assert.match(stderr, /401|Authentication failed/);
  assert.equal((await advertisement(repo, "git-upload-pack")).refs.get("refs/heads/main"), before);
  await nothingKept(repo);
  await shop.git("revoked", "push", "--quiet", repo.url, "main");
});

test("a repo that is deleted in the middle of a push takes nothing, and neither does its successor", async () => {
  const repo = await newPair("deleted");
  const held = await heldPush(repo, "deleted", "main");
  assert.equal((await api.request("DELETE", `/default/repos/${repo.name}`)).status, 202);
  const successor = await api.createRepo({ name: repo.name });
  const { code, stderr } = await finish(held);
  assert.notEqual(code, 0, stderr);
  assert.match(stderr, /401|Authentication failed/);
  assert.deepEqual((await advertisement(successor, "git-upload-pack")).refs, new Map());
  assert.deepEqual(keysOf(successor), []);
  await nothingKept(repo);
  await shop.git("deleted", "push", "--quiet", successor.url, "main");
  assert.notEqual(successor.id, repo.id);
});

test("clones and fetches during a push see the repo as it was, and after it as it is", async () => {
  const repo = await newPair("writer");
  const before = await shop.git("writer", "rev-parse", "main");
  await shop.git(".", "clone", "--quiet", repo.url, "follower");
  const held = await heldPush(repo, "writer", "main");
  for (let n = 0; n < 3; n += 1) {
    await shop.git(".", "clone", "--quiet", "--mirror", repo.url, `reader-${n}`);
    await shop.fingerprint(`reader-${n}`);
    assert.equal(await shop.git(`reader-${n}`, "rev-parse", "main"), before);
    await shop.git("follower", "pull", "--quiet", "--ff-only");
    assert.equal(await shop.git("follower", "rev-parse", "main"), before);
  }
  const { code, stderr } = await finish(held);
  assert.equal(code, 0, stderr);
  await shop.git("follower", "pull", "--quiet", "--ff-only");
  assert.equal(await shop.git("follower", "rev-parse", "main"), await shop.git("writer", "rev-parse", "main"));
  await shop.fingerprint("follower");
});

test("pushes to other refs overtake one that is held up, and all of them land", async () => {
  const repo = await newPair("slow");
  const held = await heldPush(repo, "slow", "main:refs/heads/slow");
  const quick = Array.from({ length: 4 }, (_, n) => `quick-${n}`);
  for (const folder of quick) {
    await shop.git(".", "clone", "--quiet", repo.url, folder);
    await shop.commit(folder, `${folder}.txt`, `${folder}\n`);
  }
  await Promise.all(quick.map((folder) => shop.git(folder, "push", "--quiet", "origin", `main:refs/heads/${folder}`)));
  const { code, stderr } = await finish(held);
  assert.equal(code, 0, stderr);
  const { refs } = await advertisement(repo, "git-upload-pack");
  assert.deepEqual([...refs.keys()].filter((name) => name !== "HEAD"), ["refs/heads/main", ...quick.map((name) => `refs/heads/${name}`), "refs/heads/slow"]);
  await shop.git(".", "clone", "--quiet", "--mirror", repo.url, "all-of-them.git");
  await shop.fingerprint("all-of-them.git");
});

test("a push that loses its branch to another meanwhile is told so, and leaves nothing", async () => {
  const repo = await newPair("loser");
  await shop.git(".", "clone", "--quiet", repo.url, "winner");
  const held = await heldPush(repo, "loser", "main");
  await shop.commit("winner", "quick.txt", "quick\n");
  await shop.git("winner", "push", "--quiet", "origin", "main");
  const { code, stderr } = await finish(held);
  assert.equal(code, 1);
  assert.match(stderr, /! \[remote rejected\] main -> main \(incorrect old value provided\)/);
  await nothingKept(repo);
  await shop.git("loser", "pull", "--quiet", "--rebase", repo.url, "main");
  await shop.git("loser", "push", "--quiet", repo.url, "main");
});

test("a push whose bases are merged away in its middle is checked again and lands", async () => {
  const repo = await newPair("based");
  const large = randomBytes(9_000_000);
  await shop.commit("based", "base.bin", large);
  for (let n = 0; n < 3; n += 1) {
    await shop.commit("based", "more.txt", `${n}\n`);
    await shop.git("based", "push", "--quiet", repo.url, "main");
  }
  // A thin delta of the file in an older pack, beside a file that takes long enough.
  large.write("changed", 1000);
  await shop.commit("based", "base.bin", large);
  const held = await heldPush(repo, "based", "main:refs/heads/slow");
  await shop.git(".", "clone", "--quiet", repo.url, "busy");
  for (let n = 0; n < 10; n += 1) {
    await shop.commit("busy", `file-${n}.bin`, randomBytes(2_000_000));
    await shop.git("busy", "push", "--quiet", "origin", "main");
  }
  const isMerged = () => server.log().includes(`/${repo.name}:`);
  for (let waited = 0; waited < 30_000 && !isMerged(); waited += 100) await sleep(100);
  assert.ok(isMerged(), server.log());
  const { code, stderr } = await finish(held);
  assert.equal(code, 0, stderr);
  await shop.git(".", "clone", "--quiet", "--mirror", repo.url, "based-clone.git");
  await shop.fingerprint("based-clone.git");
  assert.equal(await shop.git("based-clone.git", "rev-parse", "slow"), await shop.git("based", "rev-parse", "main"));
});

test("eight gits push to eight branches at once while others clone, and every push lands", async () => {
  const repo = await newPair("origin-of-eight");
  const clones = Array.from({ length: 8 }, (_, n) => `branch-${n}`);
  for (const clone of clones) await shop.git(".", "clone", "--quiet", repo.url, clone);
  const writes = clones.map(async (clone) => {
    for (let n = 0; n < 3; n += 1) {
      await shop.commit(clone, `${clone}-${n}.bin`, randomBytes(n === 1 ? 400_000 : 100));
      await shop.git(clone, "push", "--quiet", "origin", `HEAD:refs/heads/${clone}`);
    }
  });
  const reads = (async () => {
    for (let n = 0; n < 4; n += 1) {
      await shop.git(".", "clone", "--quiet", "--mirror", repo.url, `between-${n}.git`);
      await shop.fingerprint(`between-${n}.git`);
    }
  })();
  await Promise.all([...writes, reads]);
  const { refs } = await advertisement(repo, "git-upload-pack");
  for (const clone of clones) assert.equal(refs.get(`refs/heads/${clone}`), await shop.git(clone, "rev-parse", "HEAD"));
  const pushes = await api.request<{ id: number }[]>("GET", `/default/repos/${repo.name}/pushes`);
  assert.deepEqual(pushes.envelope.result.map(({ id }) => id), Array.from({ length: 25 }, (_, n) => 25 - n));
});
