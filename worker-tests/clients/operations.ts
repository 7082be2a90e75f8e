/** The columns of the matrix: what is done, in this order, and how it is seen that it was done. */
import assert from "node:assert/strict";
import { secretOf, withPassword } from "../lib/api.ts";
import { refused } from "./client.ts";
import { assertSame, assertSameSet, assertSound, held, reached } from "./held.ts";
import { partial } from "./partial.ts";
import { orGit, type Row } from "./row.ts";

/** `fetch` or `push` alone where the client can do one half of what this is about and lacks the other. */
export type Mark = "✓" | "–" | "fetch" | "push";

export interface Operation {
  name: string;
  run(row: Row): Promise<Mark>;
}

const topic = "refs/heads/topic";

async function clone(row: Row): Promise<Mark> {
  const { fixture, shop } = row;
  const folder = row.folder("whole");
  await row.must("clone", fixture.repo.url, row.path(folder));
  await assertSound(shop, folder);
  assertSame(await held(shop, folder), await fixture.reference(fixture.origin));
  assert.equal(await shop.git(folder, "symbolic-ref", "HEAD"), "refs/heads/main");
  assert.equal(await shop.git(folder, "rev-parse", "HEAD"), await shop.git(fixture.origin, "rev-parse", "main"));
  return "✓";
}

/** Copies of objects in a repository, beyond the first of each. */
async function copies(row: Row, folder: string): Promise<number> {
  const counted = await row.shop.git(folder, "count-objects", "-v");
  const count = (name: string) => Number(new RegExp(`^${name}: (\\d+)$`, "m").exec(counted)?.[1]);
  return count("count") + count("in-pack") - (await held(row.shop, folder)).objects.length;
}

async function fetch(row: Row): Promise<Mark> {
  const { shop, author } = row;
  await row.must("clone", row.repo.url, row.path(row.clone));
  await row.assertUpToDate(row.clone);
  await shop.commit(author, "later.txt", "later\n".repeat(30));
  await shop.git(author, "tag", "-a", "-m", "on a new commit", "later");
  await shop.commit(author, "dir-1/file-1.txt", "changed\n");
  await shop.git(author, "push", "--quiet", "origin", "main", "main~3:refs/heads/older", "refs/tags/later");
  await row.must("fetch", row.path(row.clone));
  await row.assertUpToDate(row.clone);
  // New: two commits, three trees, two blobs, a tag. A thin pack is made whole with copies of its bases.
  assert.ok((await copies(row, row.clone)) <= 8, "what was there has been sent again");
  return "✓";
}

async function pushNew(row: Row): Promise<Mark> {
  await row.shop.git(row.clone, "update-ref", topic, "refs/remotes/origin/main");
  await row.shop.commitBare(row.clone, topic);
  await row.must("push", row.path(row.clone), `${topic}:${topic}`);
  await row.assertOnServer(row.clone, topic);
  return "✓";
}

async function pushUpdate(row: Row): Promise<Mark> {
  await row.shop.commitBare(row.clone, topic);
  await row.shop.commitBare(row.clone, topic);
  await row.must("push", row.path(row.clone), `${topic}:${topic}`);
  await row.assertOnServer(row.clone, topic);
  return "✓";
}

async function pushForce(row: Row): Promise<Mark> {
  const before = await row.serverRefs();
  await row.shop.git(row.clone, "update-ref", topic, `${topic}~2`);
  await row.shop.commitBare(row.clone, topic);
  await refused(row.client, "push", row.path(row.clone), `${topic}:${topic}`);
  assert.deepEqual(await row.serverRefs(), before);
  await row.must("push", row.path(row.clone), "--force", `${topic}:${topic}`);
  await row.assertOnServer(row.clone, topic);
  return "✓";
}

async function pushDelete(row: Row): Promise<Mark> {
  const before = await row.serverRefs();
  await row.must("push", row.path(row.clone), `:${topic}`);
  assert.ok(before.delete(topic));
  assert.deepEqual(await row.serverRefs(), before);
  return "✓";
}

async function tags(row: Row): Promise<Mark> {
  const { shop, clone: folder } = row;
  await shop.git(folder, "tag", "light", "refs/remotes/origin/main~1");
  await shop.git(folder, "tag", "-a", "-m", "annotated", "annotated", "refs/remotes/origin/main");
  const names = ["refs/tags/light", "refs/tags/annotated"];
  const pushes = await row.pushed(folder, ...names.map((name) => `${name}:${name}`));
  await row.assertOnServer(folder, ...names);
  const listed = await shop.git(folder, "ls-remote", "origin", "annotated^{}");
  assert.equal(listed.split("\t")[0], await shop.git(folder, "rev-parse", "annotated^{commit}"));
  await row.must("clone", row.repo.url, row.path(row.folder("again")));
  await row.assertUpToDate(row.folder("again"));
  return pushes ? "✓" : "fetch";
}

async function notes(row: Row): Promise<Mark> {
  const { shop, clone: folder } = row;
  const name = "refs/notes/commits";
  await shop.git(folder, "notes", "add", "-m", "noted by the client", "refs/remotes/origin/main");
  const pushes = await row.pushed(folder, `${name}:${name}`);
  await row.assertOnServer(folder, name);
  const again = row.folder("again");
  await row.must("fetch", row.path(again), "+refs/notes/*:refs/notes/*");
  assert.equal(await shop.git(again, "notes", "show", "refs/remotes/origin/main"), "noted by the client");
  await assertSound(shop, again);
  await row.assertOnServer(again, name);
  return pushes ? "✓" : "fetch";
}

/** After a clone or fetch with a depth: the client may have taken one branch or all. */
async function assertDepth(row: Row, folder: string, depth: number): Promise<void> {
  await assertSound(row.shop, folder);
  const ours = await held(row.shop, folder);
  const branches = ours.refs.length > 1 ? "--no-single-branch" : "--single-branch";
  assertSame(ours, await row.fixture.reference(row.fixture.plainOrigin, `--depth=${depth}`, branches));
}

async function shallow(row: Row): Promise<Mark> {
  const folder = row.folder("shallow");
  await row.must("clone", row.fixture.plain.url, row.path(folder), "--depth=2");
  await assertDepth(row, folder, 2);
  return "✓";
}

async function deepen(row: Row): Promise<Mark> {
  const folder = row.folder("shallow");
  await row.must("fetch", row.path(folder), "--depth=4");
  await assertDepth(row, folder, 4);
  return "✓";
}

async function unshallow(row: Row): Promise<Mark> {
  const folder = row.folder("shallow");
  await row.must("fetch", row.path(folder), "--unshallow");
  await assertSound(row.shop, folder);
  const ours = await held(row.shop, folder);
  const branches = ours.refs.length > 1 ? "--no-single-branch" : "--single-branch";
  assertSame(ours, await row.fixture.reference(row.fixture.plainOrigin, branches));
  return "✓";
}

async function shallowPush(row: Row): Promise<Mark> {
  const { shop } = row;
  const [folder, name] = [row.folder("from-shallow"), "refs/heads/from-shallow"];
  await row.must("clone", row.repo.url, row.path(folder), "--depth=1");
  await shop.git(folder, "update-ref", name, "refs/remotes/origin/main");
  await shop.commitBare(folder, name);
  await row.must("push", row.path(folder), `${name}:${name}`);
  const mirror = await row.mirror();
  assert.equal(await shop.git(mirror, "rev-parse", name), await shop.git(folder, "rev-parse", name));
  const ours = await reached(shop, folder, name, "^refs/remotes/origin/main");
  assertSameSet(await reached(shop, mirror, name, "^refs/heads/main"), ours, "objects");
  return "✓";
}

async function atomic(row: Row): Promise<Mark> {
  const { shop, clone: folder } = row;
  const before = await row.serverRefs();
  const names = ["refs/heads/main/below", "refs/heads/together-1", "refs/heads/together-2"];
  await shop.git(folder, "update-ref", "refs/heads/both", "refs/remotes/origin/main");
  await shop.commitBare(folder, "refs/heads/both");
  const specs = names.map((name) => `refs/heads/both:${name}`);
  await refused(row.client, "push", row.path(folder), "--atomic", ...specs);
  assert.deepEqual(await row.serverRefs(), before);
  await row.must("push", row.path(folder), "--atomic", ...specs.slice(1));
  const commit = await shop.git(folder, "rev-parse", "refs/heads/both");
  const after = new Map([...before, ...names.slice(1).map((name) => [name, commit] as const)]);
  assert.deepEqual(await row.serverRefs(), after);
  return "✓";
}

async function empty(row: Row): Promise<Mark> {
  const { shop } = row;
  const repo = await row.fixture.api.createRepo();
  const folder = row.folder("empty");
  const clones = await row.cloned(repo.url, folder);
  assertSame(await held(shop, folder), { refs: [], objects: [], shallow: [] });
  await shop.git(folder, "fetch", "--quiet", row.path("history"), "main:refs/heads/first");
  const pushes = await row.pushed(folder, "refs/heads/first:refs/heads/main");
  const listed = await shop.git(folder, "ls-remote", "--symref", repo.url, "HEAD");
  assert.match(listed, new RegExp(`^ref: refs/heads/main\\tHEAD\\n${await shop.git(folder, "rev-parse", "first")}\\tHEAD$`));
  if (clones && pushes) return "✓";
  return clones ? "fetch" : "push";
}

const toldWhy = /401|403|auth|unauthori[sz]ed|forbidden|denied|not permitted|credential|not allowed/i;

async function refusals(row: Row): Promise<Mark> {
  const { shop, fixture, clone: folder, repo } = row;
  const bad = withPassword(repo.remote, `art_v1_${"0".repeat(40)}`);
  const missing = withPassword(repo.remote.replace(repo.name, "nowhere"), secretOf(repo.token));
  for (const [n, url] of [bad, missing].entries()) {
    assert.match(await refused(row.client, "clone", url, row.path(row.folder(`refused-${n}`))), toldWhy);
  }
  const { plaintext } = await fixture.api.createToken(repo, { scope: "read" });
  const before = await row.serverRefs();
  const name = "refs/heads/unwanted";
  await shop.git(folder, "update-ref", name, "refs/remotes/origin/main");
  let pushes = true;
  for (const url of [bad, withPassword(repo.remote, secretOf(plaintext)), fixture.readOnly.url]) {
    await shop.git(folder, "remote", "set-url", "origin", url);
    const said = () => refused(row.client, "push", row.path(folder), `${name}:${name}`);
    pushes = await orGit(async () => assert.match(await said(), toldWhy));
  }
  assert.deepEqual(await row.serverRefs(), before);
  assert.equal(await shop.git(".", "ls-remote", fixture.readOnly.url), "");
  return pushes ? "✓" : "fetch";
}

export const operations: Operation[] = [
  { name: "clone", run: clone },
  { name: "fetch", run: fetch },
  { name: "push new", run: pushNew },
  { name: "update", run: pushUpdate },
  { name: "force", run: pushForce },
  { name: "delete", run: pushDelete },
  { name: "tags", run: tags },
  { name: "notes", run: notes },
  { name: "shallow", run: shallow },
  { name: "deepen", run: deepen },
  { name: "unshallow", run: unshallow },
  { name: "shallow push", run: shallowPush },
  { name: "blobless", run: (row) => partial(row, "blob:none", "dir-1/file-1.txt") },
  { name: "treeless", run: (row) => partial(row, "tree:0", "side-1/deep/er/file.txt") },
  { name: "limited", run: (row) => partial(row, "blob:limit=1k", "large.bin") },
  { name: "atomic", run: atomic },
  { name: "empty", run: empty },
  { name: "refusals", run: refusals },
];
