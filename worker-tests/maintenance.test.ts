/** Packs that are merged and garbage that is left out, while clients come and go: they see none of it, and R2 holds no more than it must. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Api, type Repo } from "./lib/api.ts";
import { Workshop } from "./lib/git.ts";
import { Server } from "./lib/server.ts";
import { storedKeys, storedKeysWhen } from "./lib/stored.ts";

// Graces are hours and weeks otherwise.
const server = await Server.start({ vars: { UPLOAD_GRACE_SECONDS: "8", UNREACHABLE_GRACE_SECONDS: "6" } });
const shop = new Workshop();
after(async () => {
  shop.remove();
  await server.stop();
});
const api = new Api(server.origin);

const merged = /(\d+) packs with \d+ objects became one with \d+, \d+ bytes, in \d+ ms/g;

/** What maintenance says that it has done to a repo since the server was started. */
function runsOf(repo: Repo): string[] {
  return server.log().split("\n").filter((line) => line.includes(`/${repo.name}:`)).flatMap((line) => line.match(merged) ?? []);
}

async function runsWhen(repo: Repo, n_runs: number, withinMs = 30_000): Promise<string[]> {
  const deadline = Date.now() + withinMs;
  while (runsOf(repo).length < n_runs && Date.now() < deadline) await sleep(100);
  return runsOf(repo);
}

/** A repository of one commit, pushed to a new repo. */
async function newPair(folder: string): Promise<Repo> {
  const repo = await api.createRepo();
  await shop.newRepo(folder, 1);
  await shop.git(folder, "config", "remote.origin.url", repo.url);
  await shop.git(folder, "push", "--quiet", "origin", "main");
  return repo;
}

async function assertCloned(repo: Repo, folder: string, clone: string): Promise<void> {
  await shop.git(".", "clone", "--quiet", "--mirror", repo.url, clone);
  assert.deepEqual(await shop.fingerprint(clone), await shop.fingerprint(folder));
}

test("small pushes are merged while others clone, fetch and push", async () => {
  const repo = await newPair("small");
  await shop.git(".", "clone", "--quiet", repo.url, "follower");
  for (let n = 0; n < 40; n += 1) {
    await shop.commit("small", `dir-${n % 3}/file-${n % 5}.txt`, `content ${n}\n`.repeat(50 + n));
    await shop.git("small", "push", "--quiet", "origin", "main");
    if (n % 5 === 0) await shop.git("follower", "pull", "--quiet", "--ff-only");
    if (n % 10 === 0) await assertCloned(repo, "small", `small-clone-${n}`);
  }
  assert.ok((await runsWhen(repo, 1)).length > 0, server.log());
  await shop.git("follower", "pull", "--quiet", "--ff-only");
  assert.equal(await shop.git("follower", "rev-parse", "HEAD"), await shop.git("small", "rev-parse", "HEAD"));
  await shop.fingerprint("follower");
  await assertCloned(repo, "small", "small-clone-last");
});

test("the bytes of packs that were merged go, and no others", async () => {
  const before = new Set(storedKeys(server.stateDir));
  const repo = await newPair("large");
  for (let n = 0; n < 10; n += 1) {
    await shop.commit("large", `large-${n}.bin`, randomBytes(600_000));
    await shop.git("large", "push", "--quiet", "origin", "main");
  }
  assert.ok((await runsWhen(repo, 1)).length > 0, server.log());
  const ours = (keys: string[]) => keys.filter((key) => !before.has(key));
  const uploads = (keys: string[]) => new Set(ours(keys).map((key) => key.split("/").slice(0, 3).join("/")));
  const keys = await storedKeysWhen(server.stateDir, (all) => uploads(all).size < 4, 60_000);
  assert.ok(uploads(keys).size < 4, ours(keys).join("\n"));
  await assertCloned(repo, "large", "large-clone");
});

test("what no ref reaches is left out in time, and what a ref reaches is not", async () => {
  const before = new Set(storedKeys(server.stateDir));
  const repo = await newPair("garbage");
  const secret = await shop.commit("garbage", "secret.bin", randomBytes(900_000));
  await shop.git("garbage", "push", "--quiet", "origin", `${secret}:refs/heads/mistake`);
  await shop.git("garbage", "reset", "--quiet", "--hard", "HEAD~1");
  await shop.git("garbage", "push", "--quiet", "origin", ":refs/heads/mistake");
  await shop.commit("garbage", "after.txt", "after\n");
  await shop.git("garbage", "push", "--quiet", "origin", "main");
  const fetched = await shop.attempt({ cwd: "garbage" }, "fetch", "--quiet", "origin", secret);
  assert.equal(fetched.code, 0, `it can be brought back for a while: ${fetched.stderr}`);
  assert.ok((await runsWhen(repo, 1)).length > 0, server.log());
  const keys = await storedKeysWhen(server.stateDir, (all) => all.every((key) => before.has(key)), 60_000);
  assert.deepEqual(keys.filter((key) => !before.has(key)), [], "all that is left is small");
  await shop.git(".", "init", "--quiet", "empty");
  const late = await shop.attempt({ cwd: "empty" }, "fetch", "--quiet", repo.url, secret);
  assert.match(late.stderr, /not our ref/);
  await shop.git("garbage", "reflog", "expire", "--expire=now", "--all");
  await shop.git("garbage", "gc", "--quiet", "--prune=now");
  await assertCloned(repo, "garbage", "garbage-clone");
});

test("a deleted repo leaves no bytes", async () => {
  const before = new Set(storedKeys(server.stateDir));
  const repo = await newPair("deleted");
  await shop.commit("deleted", "large.bin", randomBytes(900_000));
  await shop.git("deleted", "push", "--quiet", "origin", "main");
  const ours = (keys: string[]) => keys.filter((key) => !before.has(key));
  assert.notDeepEqual(ours(storedKeys(server.stateDir)), []);
  const deleted = await api.request("DELETE", `/default/repos/${repo.name}`);
  assert.equal(deleted.status, 202);
  const keys = await storedKeysWhen(server.stateDir, (all) => ours(all).length === 0, 60_000);
  assert.deepEqual(ours(keys), []);
});

test("a server that is killed while packs are merged loses nothing and merges them later", async () => {
  const repo = await newPair("killed");
  for (let n = 0; n < 10; n += 1) {
    await shop.commit("killed", `large-${n}.bin`, randomBytes(900_000));
    await shop.git("killed", "push", "--quiet", "origin", "main");
  }
  for (const wait of [2_800, 3_100]) {
    await sleep(wait);
    await server.kill();
    await server.restart();
    await assertCloned(repo, "killed", `killed-clone-${wait}`);
    await shop.commit("killed", `more-${wait}.bin`, randomBytes(300_000));
    await shop.git("killed", "push", "--quiet", "origin", "main");
  }
  for (let n = 0; n < 9; n += 1) {
    await shop.commit("killed", `after-${n}.txt`, `after ${n}\n`);
    await shop.git("killed", "push", "--quiet", "origin", "main");
  }
  assert.ok((await runsWhen(repo, 1)).length > 0, server.log());
  await assertCloned(repo, "killed", "killed-clone-last");
});
