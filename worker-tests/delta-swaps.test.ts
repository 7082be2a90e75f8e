/**
 * Which of some objects is stored as a delta of which other changes from push to push: a server that took now this copy of an
 * object and now that one would build each on the other, and none could be read any more.
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { clientsOf } from "./clients/all.ts";
import { must } from "./clients/client.ts";
import { assertSameSet, assertSound, held, reached } from "./clients/held.ts";
import { stopWorker } from "./clients/in-worker.ts";
import { blob, commit, pack, prefixDelta, refDelta, tree, whole, type Entry, type GitObject } from "./lib/pack.ts";
import { setUp } from "./lib/setup.ts";
import { fetchPack, pushPack, type PushReport } from "./lib/wire.ts";

// What nothing reaches is looked for after two weeks otherwise.
const { server, shop, api } = await setUp({ vars: { UNREACHABLE_GRACE_SECONDS: "6" } });
after(stopWorker);

const names = ["a", "b", "c"] as const;
type Name = (typeof names)[number];
type Three = Record<Name, GitObject>;

/** What a push brings of three objects that are much alike, and of which one it makes each; who is left out is there already. */
type Shape = Partial<Record<Name, Name | "whole">>;

const shapes: Shape[] = [
  { a: "whole", b: "a", c: "b" },
  { c: "whole", b: "c", a: "b" },
  { b: "whole", a: "b", c: "b" },
  { a: "b" },
  { b: "a" },
  { c: "a", a: "b" },
  { b: "c", c: "a" },
  { a: "c", b: "a" },
  { a: "whole", c: "a", b: "c" },
  { c: "b" },
];

const text = "a line that all of them begin with\n".repeat(60);
const blobs = three((name) => blob(`${text}and the end of ${name}\n`));
const first = blob("first\n");
const trees = three((name) => {
  const files = Array.from({ length: 20 }, (_, n) => ({ name: `file-${n + 10}`, id: first.id }));
  return tree([...files, { name: `last-of-${name}`, id: blobs[name].id }]);
});

function three(make: (name: Name) => GitObject): Three {
  return { a: make("a"), b: make("b"), c: make("c") };
}

function entries(objects: Three, shape: Shape): Entry[] {
  return names.flatMap((name) => {
    const base = shape[name];
    if (base === undefined) return [];
    return [base === "whole" ? whole(objects[name]) : refDelta(objects[base].id, prefixDelta(objects[base], objects[name]))];
  });
}

const repo = await api.createRepo();
/** What plain git holds that got the same objects, each of them whole. */
const truth = "truth.git";
await shop.git(".", "init", "--quiet", "--bare", truth);
/** Commits that were on a branch once. */
const lost: string[] = [];
let n_pushes = 0;

/** Pushes the three blobs and the three trees in a shape, below a new commit that takes the place of a branch's. */
async function push(shape: Shape): Promise<PushReport> {
  const n = n_pushes;
  n_pushes += 1;
  const name = `refs/heads/${["main", "one", "two", "three"][n % 4]}`;
  const own = blob(`push ${n}\n`);
  const folder = (name: Name) => ({ name: `tree-${name}`, id: trees[name].id, mode: "40000" });
  const top = tree([...names.map((name) => ({ name, id: blobs[name].id })), { name: "own", id: own.id }, ...names.map(folder)]);
  const made = commit(top.id);
  const old = await shop.attempt({ cwd: truth }, "rev-parse", "--verify", "--quiet", name);
  const command = { name, old_id: old.stdout.trim() || undefined, new_id: made.id };
  const others = [own, top, made, ...(n === 0 ? [first] : [])].map(whole);
  const report = await pushPack(repo, [command], pack([...entries(blobs, shape), ...entries(trees, shape), ...others]));
  if (report.refs.get(name) === "ok") {
    if (command.old_id !== undefined) lost.push(command.old_id);
    const objects = [...Object.values(blobs), ...Object.values(trees), first, own, top, made];
    await shop.gitWith({ cwd: truth, input: pack(objects.map(whole)) }, "unpack-objects", "-q");
    await shop.git(truth, "update-ref", name, made.id);
  }
  return report;
}

async function pushAll(): Promise<void> {
  for (const shape of shapes) {
    const report = await push(shape);
    assert.equal(report.unpack, "ok", `${JSON.stringify(shape)}: ${report.text}`);
    assert.deepEqual([...report.refs.values()], ["ok"], JSON.stringify(shape));
  }
}

let n_copies = 0;

/** Everything is there, whole and in parts, in packs that git accepts in its strictest mood. */
async function assertFetched(): Promise<void> {
  n_copies += 1;
  const mirror = `mirror-${n_copies}.git`;
  await shop.git(".", "-c", "transfer.fsckObjects=true", "clone", "--quiet", "--mirror", repo.url, mirror);
  assert.deepEqual(await shop.fingerprint(mirror), await shop.fingerprint(truth));
  const tips = (await shop.git(truth, "for-each-ref", "--format=%(objectname)")).split("\n");
  for (const [n, options] of [[], ["ofs-delta"], ["ofs-delta", "thin-pack"]].entries()) {
    const copy = `copy-${n_copies}-${n}.git`;
    await shop.git(".", "init", "--quiet", "--bare", copy);
    for (const [at, tip] of tips.entries()) {
      const input = await fetchPack(repo, [tip], tips.slice(0, at), options);
      await shop.gitWith({ cwd: copy, input }, "index-pack", "--strict", "--stdin", "--fix-thin");
      await shop.git(copy, "update-ref", `refs/heads/tip-${at}`, tip);
    }
    assert.deepEqual((await shop.fingerprint(copy)).objects, (await shop.fingerprint(truth)).objects);
    const alone = `alone-${n_copies}-${n}.git`;
    await shop.git(".", "init", "--quiet", "--bare", alone);
    const input = await fetchPack(repo, tips, [], options);
    await shop.gitWith({ cwd: alone, input }, "index-pack", "--strict", "--stdin");
  }
}

async function merges(n: number): Promise<void> {
  const merged = /\d+ packs with \d+ objects became one/g;
  const deadline = Date.now() + 60_000;
  while ((server.log().match(merged) ?? []).length < n && Date.now() < deadline) await sleep(200);
  assert.ok((server.log().match(merged) ?? []).length >= n, server.log());
}

test("objects that are made of one another by turns can be fetched", async () => {
  await pushAll();
  await assertFetched();
});

test("and when their packs have been merged, and pushed on, and merged again", async () => {
  await merges(1);
  await assertFetched();
  await pushAll();
  await assertFetched();
  await merges(2);
  await assertFetched();
});

test("and when the commits that lost their branches have been left out", async () => {
  const gone = lost[0] ?? "";
  const deadline = Date.now() + 60_000;
  const isThere = () => fetchPack(repo, [gone], [], []).then(() => true, () => false);
  while ((await isThere()) && Date.now() < deadline) await sleep(500);
  await assert.rejects(fetchPack(repo, [gone], [], []), /not our ref/);
  await assertFetched();
});

test("a pack in which each is made of the other, and none is whole, harms nothing", async () => {
  for (const shape of [{ a: "b", b: "a" }, { a: "b", b: "c", c: "a" }] as Shape[]) {
    // Git refuses such packs; here the copies that came first are the objects, and what came later is not looked at.
    const report = await push(shape);
    assert.equal(report.unpack, "ok", report.text);
    await assertFetched();
  }
});

for (const client of clientsOf(shop)) {
  const name = `${client.row} clones them`;
  if ("absent" in client) {
    test(name, { skip: client.absent });
    continue;
  }
  test(`${name} (${client.version})`, async () => {
    n_copies += 1;
    const folder = `clone-${n_copies}`;
    await must(client, "clone", repo.url, shop.path(folder));
    await assertSound(shop, folder);
    assertSameSet((await held(shop, folder)).objects, await reached(shop, truth, "--all"), "objects");
  });
}
