/** Forks by the real `git`: what they have, what they never show, and that nothing is left in R2 when all of a family are gone. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { after, test } from "node:test";
import { audit } from "../scripts/holdings.mjs";
import { Api, editToken, freshName, type Repo } from "./lib/api.ts";
import { Workshop } from "./lib/git.ts";
import { Server, projectDir } from "./lib/server.ts";
import { storedKeys, storedKeysWhen } from "./lib/stored.ts";

// What is given up is reclaimed after an hour otherwise.
const server = await Server.start({ vars: { UPLOAD_GRACE_SECONDS: "6", RECEIVE_SHALLOW_UPDATE: "on" } });
const shop = new Workshop();
after(async () => {
  shop.remove();
  await server.stop();
});
const api = new Api(server.origin);

/** A repo with some history in R2 and a branch beside `main`, pushed from a folder of this name. */
async function newSource(folder: string, fields: Record<string, unknown> = {}): Promise<Repo> {
  const repo = await api.createRepo(fields);
  await shop.newRepo(folder, 5);
  await shop.commit(folder, "assets/noise", randomBytes(400_000));
  await shop.git(folder, "push", "--quiet", repo.url, "main");
  await shop.git(folder, "checkout", "--quiet", "-b", "secret");
  await shop.commit(folder, "secret.txt", `${randomBytes(2_000).toString("hex")}\n`);
  await shop.git(folder, "push", "--quiet", repo.url, "secret");
  await shop.git(folder, "checkout", "--quiet", "main");
  return repo;
}

/** The refs and objects of a mirror clone, which is checked. */
async function cloned(repo: Repo): Promise<{ refs: string[]; objects: string[] }> {
  const clone = freshName("clone");
  await shop.git(".", "clone", "--quiet", "--mirror", repo.url, clone);
  return shop.fingerprint(clone);
}

async function assertClean(): Promise<void> {
  const { unheld, missing } = await audit({ url: server.origin, token: editToken });
  assert.deepEqual({ unheld, missing }, { unheld: [], missing: [] });
}

test("a fork has what its source has, stores nothing, and goes its own way", async () => {
  const source = await newSource("plain", { description: "of the source" });
  const keys = storedKeys(server.stateDir);
  const fork = await api.forkRepo(source);
  assert.deepEqual(storedKeys(server.stateDir), keys);
  assert.deepEqual([fork.description, fork.default_branch], ["of the source", "main"]);
  const [ours, theirs] = [await cloned(fork), await cloned(source)];
  assert.deepEqual(ours, theirs);
  assert.equal(fork.objects, theirs.objects.length);
  const info = await api.repoInfo(fork);
  assert.deepEqual([info.source, info.status, info.read_only], [`artifacts:default/${source.name}`, "ready", false]);
  assert.equal(info.size, (await api.repoInfo(source)).size);
  assert.equal(info.last_push_at, null);
  await shop.commit("plain", "only-in-the-fork.txt", "fork\n");
  await shop.git("plain", "push", "--quiet", fork.url, "main");
  assert.deepEqual(await cloned(source), theirs);
  assert.equal((await cloned(fork)).objects.length, theirs.objects.length + 3);
  await assertClean();
});

test("of a fork of the default branch nobody gets what only other branches reach", async () => {
  const source = await newSource("narrow");
  const secret = await shop.git("narrow", "rev-parse", "secret");
  const blob = await shop.git("narrow", "rev-parse", "secret:secret.txt");
  const fork = await api.forkRepo(source, { default_branch_only: true });
  const reached = (await shop.git("narrow", "rev-list", "--objects", "--no-object-names", "main")).split("\n");
  const { refs, objects } = await cloned(fork);
  assert.deepEqual(refs, [`${await shop.git("narrow", "rev-parse", "main")} commit refs/heads/main`]);
  assert.deepEqual([objects, fork.objects], [reached.sort(), reached.length]);
  for (const version of ["0", "2"]) {
    await shop.git(".", "init", "--quiet", `thief-${version}`);
    for (const id of [secret, blob]) {
      const { code, stderr } = await shop.attempt({ cwd: `thief-${version}` }, "-c", `protocol.version=${version}`, "fetch", fork.url, id);
      assert.match(`${code} ${stderr}`, /128 .*not our ref/s);
    }
  }
  // A branch at an id that only the source has.
  const { code, stderr } = await shop.attempt({ cwd: "thief-2" }, "push", fork.url, `${secret}:refs/heads/mine`);
  assert.notEqual(code, 0, stderr);
  // Who has it can bring it.
  await shop.git("narrow", "push", "--quiet", fork.url, "secret");
  assert.deepEqual((await cloned(fork)).objects, (await cloned(source)).objects);
});

test("read-only forks take no push, and forks of shallow and of empty repos are as these", async () => {
  const source = await newSource("frozen");
  const frozen = await api.forkRepo(source, { read_only: true, description: "" });
  const { code, stderr } = await shop.attempt({ cwd: "frozen" }, "push", frozen.url, "main:other");
  assert.match(`${code} ${stderr}`, /128 .*403/s);
  assert.deepEqual([(await api.repoInfo(frozen)).read_only, frozen.description], [true, ""]);
  const empty = await api.forkRepo(await api.createRepo({ default_branch: "trunk" }));
  assert.deepEqual([empty.default_branch, empty.objects], ["trunk", 0]);
  await shop.git("frozen", "push", "--quiet", empty.url, "main:trunk");
  await shop.git(".", "clone", "--quiet", "--depth", "2", `file://${shop.path("frozen")}`, "short");
  const short = await api.createRepo();
  await shop.git("short", "push", "--quiet", short.url, "main");
  const forkOfShort = await api.forkRepo(short, { default_branch_only: true });
  assert.equal((await api.repoInfo(forkOfShort)).shallow, true);
  assert.deepEqual(await cloned(forkOfShort), await cloned(short));
  const grandchild = await api.forkRepo(await api.forkRepo(frozen));
  assert.deepEqual(await cloned(grandchild), await cloned(source));
});

test("what cannot be forked is told why, and leaves no name behind", async () => {
  const source = await newSource("refused");
  const fork = (name: string, json: unknown) => api.request("POST", `/default/repos/${name}/fork`, { json });
  const told = async (asked: ReturnType<typeof fork>) => {
    const { status, envelope } = await asked;
    return `${status} ${envelope.errors[0]?.code} ${envelope.errors[0]?.message}`;
  };
  assert.equal(await told(fork("nobody", { name: "copy-of-nobody" })), "404 10200 Repository not found: nobody.");
  assert.equal(await told(fork(source.name, { name: source.name })), `409 10201 repo already exists: ${source.name}`);
  assert.equal(await told(fork(source.name, {})), "400 10100 Invalid name: is required.");
  assert.equal(await told(fork(source.name, { name: "a..b" })), "400 10101 Invalid repo name.");
  const wrong = fork(source.name, { name: "x", default_branch_only: "yes" });
  assert.equal(await told(wrong), "400 10100 Invalid default_branch_only: expected a boolean.");
  for (const name of ["copy-of-nobody", "x"]) {
    assert.equal((await api.request("GET", `/default/repos/${name}`)).status, 404);
  }
  assert.equal((await api.request("GET", "/nowhere")).status, 404);
  assert.equal((await api.request("POST", "/nowhere/repos/r/fork", { json: { name: "s" } })).status, 404);
  assert.equal((await api.request("GET", "/nowhere")).status, 404);
});

test("a family that goes member by member leaves the others whole, and in the end nothing", async () => {
  const source = await newSource("family");
  const [wanted, before] = [await cloned(source), new Set(storedKeys(server.stateDir))];
  const child = await api.forkRepo(source);
  const grandchild = await api.forkRepo(child);
  await shop.commit("family", "grandchild", randomBytes(400_000));
  await shop.git("family", "push", "--quiet", grandchild.url, "main");
  const theirs = await cloned(grandchild);
  await api.deleteRepo(source);
  assert.deepEqual(await cloned(child), wanted);
  await api.deleteRepo(child);
  // The bytes would be gone by now.
  await new Promise((resolve) => setTimeout(resolve, 9_000));
  assert.deepEqual(await cloned(grandchild), theirs);
  const again = await api.forkRepo(grandchild);
  await api.deleteRepo(grandchild);
  assert.deepEqual(await cloned(again), theirs);
  await assertClean();
  await api.deleteRepo(again);
  const left = (keys: string[]) => keys.filter((key) => key.includes(source.id) || key.includes(grandchild.id));
  assert.notEqual(before.size, 0);
  assert.deepEqual(left(await storedKeysWhen(server.stateDir, (keys) => left(keys).length === 0, 40_000)), []);
  await assertClean();
});

test("many forks at once are all made, and each is a repo of its own", async () => {
  const source = await newSource("many");
  const keys = storedKeys(server.stateDir);
  const names = Array.from({ length: 64 }, () => freshName("many"));
  const rest = [...names];
  const client = async () => {
    for (let name = rest.pop(); name !== undefined; name = rest.pop()) await api.forkRepo(source, { name });
  };
  await Promise.all(Array.from({ length: 16 }, client));
  assert.deepEqual(storedKeys(server.stateDir), keys);
  for (const name of names.slice(0, 4)) {
    const answer = await api.request<{ source: string }>("GET", `/default/repos/${name}`);
    assert.equal(answer.envelope.result.source, `artifacts:default/${source.name}`);
  }
  const listed = await api.request<{ name: string }[]>("GET", "/default/repos?search=many-&limit=200");
  assert.equal(listed.envelope.result.length, 64);
});

test("an operator audits with one command", async () => {
  const command = join(projectDir, "scripts", "audit.mjs");
  const said = await shop.run(process.execPath, {}, command, "--url", server.origin, "--token", editToken);
  assert.match(said.stdout, /^\d+ objects in R2, \d+ packs of repos, \d+ holders\nObjects in R2 that nobody holds: none\nHeld, and not there: none\n$/);
  assert.equal(said.code, 0);
  const unsaid = await shop.run(process.execPath, {}, command);
  assert.deepEqual([unsaid.code, /usage: npm run audit/.test(unsaid.stderr)], [1, true]);
});
