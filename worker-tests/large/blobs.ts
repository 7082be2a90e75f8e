/** Files far larger than what the Worker may hold: pushed, cloned, fetched and changed by a byte. */
import assert from "node:assert/strict";
import { createHash, randomFillSync } from "node:crypto";
import { closeSync, createReadStream, openSync, writeSync } from "node:fs";
import type { Ours } from "../../bench/ours.ts";
import { megabytes } from "../../bench/table.ts";
import { gitOptions, type Remote } from "../../bench/target.ts";
import type { Workshop } from "../lib/git.ts";

export type Timed = (what: string, run: () => Promise<unknown>) => Promise<void>;

const pieceLength = 1_000_000;
/** A delta that changes one byte says so in a few; the rest are a commit, a tree, headers. */
const thinPackMax = 10_000;
/** What the Worker may take in all, in bytes: of the 128 MB of an isolate. */
const memoryMax = 104_000_000;

export async function roundTripsOfBlobs(ours: Ours, shop: Workshop, timed: Timed): Promise<void> {
  await wholeBlob(ours, shop, timed, "noise", 200);
  await wholeBlob(ours, shop, timed, "zeros", 300);
  await changedBlob(ours, shop, timed);
  const { wasm_memory_bytes: wasm, js_buffer_bytes_high: buffers } = await ours.stats();
  assert.ok(wasm + buffers <= memoryMax, `${megabytes(wasm)} of wasm and ${megabytes(buffers)} of buffers`);
}

/** A single large file, pushed and cloned back. */
async function wholeBlob(ours: Ours, shop: Workshop, timed: Timed, kind: "noise" | "zeros", n_megabytes: number): Promise<void> {
  const remote = await ours.newRemote();
  const what = `${n_megabytes} MB of ${kind}`;
  const [work, clone] = [`${kind}-work`, `${kind}-clone`];
  await shop.git(".", "init", "--quiet", work);
  writeFile(shop.path(work, "large.bin"), kind, n_megabytes);
  await commit(shop, work, "large");
  await timed(`push of ${what}`, () => shop.git(work, ...gitOptions(remote), "push", "--quiet", remote.url, "main"));
  await timed(`clone of ${what}`, () => cloneOf(shop, remote, clone));
  await assertSame(shop, work, clone);
}

/** 100 MB of noise, then a byte of it changed: the second push is a delta against what the server has. */
async function changedBlob(ours: Ours, shop: Workshop, timed: Timed): Promise<void> {
  const remote = await ours.newRemote();
  const [work, clone] = ["changed-work", "changed-clone"];
  const options = gitOptions(remote);
  await shop.git(".", "init", "--quiet", work);
  writeFile(shop.path(work, "large.bin"), "noise", 100);
  await commit(shop, work, "first");
  await timed("push of 100 MB of noise", () => shop.git(work, ...options, "push", "--quiet", remote.url, "main"));
  await timed("clone of it", () => cloneOf(shop, remote, clone));
  const file = openSync(shop.path(work, "large.bin"), "r+");
  writeSync(file, "another", 50_000_000);
  closeSync(file);
  await commit(shop, work, "second");
  const { r2_put_bytes: before } = await ours.stats();
  const thin = await shop.run("sh", { cwd: work }, "-c", "printf 'main\\n^main~1\\n' | git pack-objects --revs --thin --delta-base-offset --stdout -q | wc -c");
  assert.ok(Number(thin.stdout) < thinPackMax, `the pack has ${thin.stdout.trim()} bytes`);
  await timed(`push of the change, a pack of ${thin.stdout.trim()} bytes`, () => shop.git(work, ...options, "push", "--quiet", remote.url, "main"));
  console.log(`  ${megabytes((await ours.stats()).r2_put_bytes - before)} went to R2 for it`);
  await timed("fetch of the change", () => shop.git(clone, ...options, "pull", "--quiet", "--ff-only"));
  await assertSame(shop, work, clone);
  await timed("clone of both versions", () => cloneOf(shop, remote, "changed-whole"));
  await assertSame(shop, work, "changed-whole");
  await timed("clone at depth 1", () => cloneOf(shop, remote, "changed-shallow", "--depth", "1"));
  await assertSame(shop, work, "changed-shallow");
  await timed("fetch of the change at depth 1", async () => {
    await shop.git(".", "init", "--quiet", "changed-fetched");
    await shop.git("changed-fetched", ...options, "fetch", "--quiet", "--depth", "1", remote.url, "main");
    await shop.git("changed-fetched", "checkout", "--quiet", "FETCH_HEAD");
  });
  await assertSame(shop, work, "changed-fetched");
}

async function commit(shop: Workshop, folder: string, message: string): Promise<void> {
  await shop.git(folder, "add", "--all");
  await shop.git(folder, "commit", "--quiet", "--message", message);
}

async function cloneOf(shop: Workshop, remote: Remote, folder: string, ...options: string[]): Promise<void> {
  await shop.git(".", ...gitOptions(remote), "clone", "--quiet", ...options, remote.url, folder);
}

function writeFile(path: string, kind: "noise" | "zeros", n_megabytes: number): void {
  const file = openSync(path, "w");
  const piece = Buffer.alloc(pieceLength);
  for (let n = 0; n < n_megabytes; n += 1) writeSync(file, kind === "noise" ? randomFillSync(piece) : piece);
  closeSync(file);
}

/** The file is the same, and git finds the clone sound. */
async function assertSame(shop: Workshop, work: string, clone: string): Promise<void> {
  assert.equal(await digest(shop.path(clone, "large.bin")), await digest(shop.path(work, "large.bin")));
  await shop.git(clone, "fsck", "--strict", "--no-dangling", "--no-progress");
}

async function digest(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest("hex");
}
