/**
 * `npm run test:large -- --repo DIR`: a repository of any size, pushed with all its branches and tags and cloned back identical,
 * then ten commits pushed one by one and fetched one by one by another clone.
 *
 * `npm run test:large -- --blobs`: files of 100 to 300 MB, pushed, cloned, and changed by a byte; fails when that takes the Worker
 * more memory than an isolate has.
 *
 * Both print times and what the Worker counted.
 */
import assert from "node:assert/strict";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { Ours } from "../bench/ours.ts";
import { megabytes, seconds } from "../bench/table.ts";
import { gitOptions } from "../bench/target.ts";
import { roundTripsOfBlobs } from "./large/blobs.ts";
import { Workshop } from "./lib/git.ts";

const { values: options } = parseArgs({ options: { repo: { type: "string" }, blobs: { type: "boolean", default: false } } });
if (options.repo === undefined && !options.blobs) throw new Error("what? npm run test:large -- --repo DIR, or -- --blobs");
const shop = new Workshop();
const server = await Ours.start();
try {
  if (options.repo !== undefined) await roundTrip(resolve(options.repo));
  if (options.blobs) await roundTripsOfBlobs(server, shop, timed);
  await tellCounts();
} finally {
  await server.stop();
  shop.remove();
}

async function roundTrip(original: string): Promise<void> {
  const remote = await server.newRemote();
  const { url } = remote;
  const git = (...args: string[]) => shop.git(".", ...gitOptions(remote), ...args);
  await shop.git(".", "clone", "--quiet", "--bare", "--shared", original, "source");
  await timed("push of all branches and tags", () => git("-C", "source", "push", "--quiet", "--mirror", url));
  await timed("clone", () => git("clone", "--quiet", "--mirror", url, "copy"));
  await compare();
  const branch = await shop.git("source", "symbolic-ref", "HEAD");
  for (let n = 1; n <= 10; n += 1) {
    const commit = await shop.commitBare("source", branch);
    await timed(`push of commit ${n}`, () => git("-C", "source", "push", "--quiet", url, branch));
    await timed(`fetch of commit ${n}`, () => git("-C", "copy", "fetch", "--quiet"));
    assert.equal(await shop.git("copy", "rev-parse", branch), commit);
  }
  await compare();
}

async function tellCounts(): Promise<void> {
  const stats = await server.stats();
  console.log(`highest wasm memory ${megabytes(stats.wasm_memory_bytes)}, JavaScript buffers ${megabytes(stats.js_buffer_bytes_high)}`);
  console.log(`${stats.r2_puts} R2 puts, ${stats.r2_gets} R2 gets, ${stats.do_calls} calls of Durable Objects`);
}

/** Both sides pass `fsck --strict` and have the same refs and objects. */
async function compare(): Promise<void> {
  const [pushed, cloned] = [await shop.fingerprint("source"), await shop.fingerprint("copy")];
  assert.deepEqual(cloned, pushed);
  console.log(`identical: ${pushed.refs.length} refs, ${pushed.objects.length} objects, fsck --strict clean on both sides`);
}

async function timed(what: string, run: () => Promise<unknown>): Promise<void> {
  const began = performance.now();
  const cpu_before = server.cpuSeconds();
  await run();
  const wall = (performance.now() - began) / 1000;
  const { wasm_memory_bytes: wasm, js_buffer_bytes_high: buffers } = await server.stats();
  const memory = `at most ${megabytes(wasm)} of wasm and ${megabytes(buffers)} of buffers so far`;
  console.log(`${what}: ${seconds(wall)}, ${seconds(server.cpuSeconds() - cpu_before)} CPU; ${memory}`);
}
