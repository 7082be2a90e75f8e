/** A partial clone asks for objects one at a time: what each costs of a repo whose packs have been merged into R2. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { statsOf } from "../bench/stats.ts";
import type { Repo } from "./lib/api.ts";
import { whenMerged } from "./lib/merged.ts";
import { delim, flush, pkt } from "./lib/pkt.ts";
import { setUp } from "./lib/setup.ts";
import { serviceRequest } from "./lib/wire.ts";

const { shop, api, server } = await setUp({ vars: { DEBUG_TRIGGERS: "on" } });

/** A large one, and as many small ones as are merged: then there are two packs. */
const n_pushes = 10;
const n_folders = 40;
const readsMax = 2;

function noise(seed: string, length: number): Buffer {
  const parts = Array.from({ length: Math.ceil(length / 64) }, (_, n) => createHash("sha512").update(`${seed} ${n}`).digest());
  return Buffer.concat(parts).subarray(0, length);
}

/** Folders of many files, in every one of which each push changes some: versions of one file or tree come in many packs. */
async function pushed(): Promise<Repo> {
  const repo = await api.createRepo();
  await shop.git(".", "init", "--quiet", "work");
  for (let n = 0; n < n_pushes; n += 1) {
    for (let folder = 0; folder < n_folders; folder += 1) {
      for (let file = 0; file < (n === 0 ? 60 : 2); file += 1) {
        const path = `folder-${folder}/a-file-of-this-name-${(n * 7 + file) % 60}`;
        shop.write(`work/${path}`, Buffer.concat([noise(path, 5_000), Buffer.from(`version ${n}\n`)]));
      }
    }
    await shop.git("work", "add", "--all");
    await shop.git("work", "commit", "--quiet", "--message", `Push ${n}`);
    await shop.git("work", "push", "--quiet", repo.url, "HEAD:main");
  }
  return repo;
}

/** What one request for an object took, asked for as git does. */
async function costOf(repo: Repo, id: string): Promise<{ do_calls: number; r2_gets: number }> {
  const before = await statsOf(server);
  const asked = ["thin-pack", "no-progress", "include-tag", "ofs-delta", "filter blob:none", `want ${id}`, "done"];
  const body = Buffer.concat([pkt("command=fetch\n"), delim, ...asked.map((line) => pkt(`${line}\n`)), flush]);
  const answer = await serviceRequest(repo, "git-upload-pack", body, { headers: { "Git-Protocol": "version=2" } });
  assert.ok(answer.status === 200 && answer.body.includes("PACK"), answer.text.slice(0, 200));
  const after = await statsOf(server);
  return { do_calls: after.do_calls - before.do_calls, r2_gets: after.r2_gets - before.r2_gets };
}

test("a blob or a tree that is fetched by itself takes one call of the repo and at most two reads of R2", async (t) => {
  const repo = await pushed();
  await whenMerged(server, repo.name);
  const versions = (path: string) => shop.git("work", "rev-list", "--objects", "--no-object-names", "--all", "--", path);
  const byKind = new Map<string, string[]>([["blob", []], ["tree", []]]);
  const listed = [];
  for (const folder of [0, 9, 17, 25, 39]) listed.push(...(await versions(`folder-${folder}`)).split("\n"));
  const described = await shop.gitWith({ cwd: "work", input: listed.join("\n") }, "cat-file", "--batch-check=%(objectname) %(objecttype)");
  for (const line of described.stdout.trim().split("\n")) {
    const [id = "", kind = ""] = line.split(" ");
    byKind.get(kind)?.push(id);
  }
  // With a tree come those below it, from wherever they are: a root is more than one object.
  const roots = new Set((await shop.git("work", "log", "--format=%T")).split("\n"));
  // A server that has kept nothing, but for the index of the pack, which the first request loads.
  await server.kill();
  await server.restart();
  await costOf(repo, byKind.get("blob")?.[0] ?? "");
  let n_read = 0;
  for (const [kind, all] of byKind) {
    const ids = all.filter((id) => !roots.has(id));
    const asked = ids.filter((_, at) => at % Math.ceil(ids.length / 40) === 0);
    const costs = [];
    for (const id of asked) costs.push(await costOf(repo, id));
    const reads = costs.map(({ r2_gets }) => r2_gets);
    t.diagnostic(`${asked.length} objects of kind ${kind}: ${reads.reduce((sum, n) => sum + n, 0)} reads of R2`);
    assert.ok(asked.length >= 20, `${asked.length} of ${ids.length}`);
    assert.deepEqual(costs.filter(({ do_calls }) => do_calls !== 1), []);
    assert.ok(Math.max(...reads) <= readsMax, `${kind}: ${reads.join(" ")}`);
    n_read += reads.reduce((sum, n) => sum + n, 0);
  }
  assert.ok(n_read > 10, "all of it came from memory");
});
