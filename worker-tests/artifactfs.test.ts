/**
 * What a file system on a repo does: it clones commits and trees alone, no working copy, and reads each blob when somebody
 * opens the file, from one `git cat-file --batch` that goes on all the while.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { statsOf } from "../bench/stats.ts";
import { lines } from "./clients/held.ts";
import { setUp } from "./lib/setup.ts";

const { shop, api, server } = await setUp({ vars: { DEBUG_TRIGGERS: "on" } });

const n_files = 240;

/** Bytes that do not compress, so that packs get too long for the catalog. */
function noise(seed: string, length: number): Buffer {
  const parts = Array.from({ length: Math.ceil(length / 64) }, (_, n) => createHash("sha512").update(`${seed} ${n}`).digest());
  return Buffer.concat(parts).subarray(0, length);
}

/** Files in nested folders, of 0 to 20 kB and one of 700 kB, pushed in parts so that they lie in several packs. */
async function pushed(): Promise<{ url: string; files: Map<string, Buffer> }> {
  const { url } = await api.createRepo();
  const files = new Map<string, Buffer>();
  await shop.git(".", "init", "--quiet", "work");
  for (let n = 0; n < n_files; n += 1) {
    const [path, length] = [`src/part-${n % 7}/deep-${n % 3}/file-${n}`, n === 100 ? 700_000 : (n * 370) % 20_000];
    files.set(path, n % 2 === 0 ? noise(path, length) : Buffer.from(`file ${n}\n`.repeat(length / 10)));
    shop.write(`work/${path}`, files.get(path) ?? "");
    if (n % 60 !== 59) continue;
    await shop.git("work", "add", "-A");
    await shop.git("work", "commit", "--quiet", "-m", `Part ${n}`);
    await shop.git("work", "push", "--quiet", url, "HEAD:main", `HEAD:refs/heads/part-${n}`);
  }
  return { url, files };
}

/** Reads blobs by their ids, the next when the one before has come. */
async function readOneByOne(folder: string, ids: string[]): Promise<Buffer[]> {
  const child = shop.start("git", { cwd: folder }, "cat-file", "--batch");
  const chunks = child.stdout[Symbol.asyncIterator]();
  let buffered = Buffer.alloc(0);
  const atLeast = async (length: () => number) => {
    while (buffered.length < length()) {
      const { value, done } = await chunks.next();
      if (done) throw new Error(`git ended: ${buffered}`);
      buffered = Buffer.concat([buffered, value as Buffer]);
    }
  };
  const read: Buffer[] = [];
  for (const id of ids) {
    child.stdin.write(`${id}\n`);
    await atLeast(() => (buffered.includes("\n") ? 0 : buffered.length + 1));
    const head = buffered.toString("latin1", 0, buffered.indexOf("\n") + 1);
    assert.match(head, new RegExp(`^${id} blob \\d+\\n$`));
    const length = Number(head.split(" ")[2]);
    await atLeast(() => head.length + length + 1);
    read.push(Buffer.from(buffered.subarray(head.length, head.length + length)));
    buffered = buffered.subarray(head.length + length + 1);
  }
  child.stdin.end();
  return read;
}

test("a clone without blobs, tags and working copy reads every blob one by one", async () => {
  const { url, files } = await pushed();
  const options = ["--filter=blob:none", "--no-checkout", "--single-branch", "--no-tags"];
  await shop.git(".", "clone", "--quiet", ...options, url, "mount");
  assert.equal(await shop.git("mount", "for-each-ref", "--format=%(refname)", "refs/remotes/origin/part-*"), "");
  const listed = lines(await shop.git("mount", "ls-tree", "-r", "HEAD"));
  const ids = listed.map((line) => line.split(/\s/)[2] ?? "");
  const paths = listed.map((line) => line.split("\t")[1] ?? "");
  assert.deepEqual(paths, [...files.keys()].sort());
  const n_blobs = new Set(ids).size;
  const objects = await shop.git("mount", "rev-list", "--objects", "--missing=print", "HEAD");
  assert.equal(objects.match(/^\?/gm)?.length, n_blobs);

  const before = await statsOf(server);
  const read = await readOneByOne("mount", ids);
  const after = await statsOf(server);
  for (const [n, path] of paths.entries()) assert.ok(read[n]?.equals(files.get(path) ?? Buffer.alloc(0)), path);
  await shop.git("mount", "fsck", "--strict", "--no-dangling", "--no-progress");
  // Git asks twice for a blob, for what the server can do and for the blob: each asks the repo's object once. So do alarms.
  assert.ok(after.do_calls - before.do_calls <= 2 * n_blobs + 10, JSON.stringify({ before, after, n_blobs }));
  assert.ok(after.r2_gets - before.r2_gets <= 2 * n_blobs, JSON.stringify({ before, after, n_blobs }));
  assert.ok(after.r2_gets > 0, "nothing was stored in R2");
});
