/** Many callers that need the same of a server that has just been started. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { after, test } from "node:test";
import { statsOf } from "../bench/stats.ts";
import { Caller } from "./binding/call.ts";
import { Api } from "./lib/api.ts";
import { Bound } from "./lib/bound.ts";
import { Workshop } from "./lib/git.ts";

const reader = { source: "worker-tests/binding/caller.ts", entrypoint: "Artifacts", props: { namespace: "default" } };
const bound = await Bound.start({ callers: { reader }, vars: { DEBUG_TRIGGERS: "on" } });
const shop = new Workshop();
after(async () => {
  await bound.stop();
  shop.remove();
});

test("large files that are read at once take turns, and no memory of wasm", async () => {
  const repo = await new Api(bound.origin).createRepo();
  await shop.newRepo("large");
  await shop.commit("large", "large.bin", randomBytes(20_000_000));
  await shop.git("large", "push", "--quiet", repo.url, "main");
  await bound.restart();
  const read = await new Caller(bound, "reader").run<number[]>("readAtOnce", repo.name, "large.bin", 12);
  assert.deepEqual(read, Array<number>(12).fill(20_000_000));
  const { wasm_memory_bytes: wasm } = await statsOf(bound);
  assert.ok(wasm < 32_000_000, `${wasm} bytes of wasm memory`);
});

test("fifty that read a file at once read its index and its blocks from R2 once", async () => {
  const repo = await new Api(bound.origin).createRepo();
  await shop.newRepo("work");
  // More than lives beside the refs.
  const content = randomBytes(100_000).toString("hex");
  writeFileSync(shop.path("work/large.txt"), content);
  for (let n = 0; n < 20; n += 1) writeFileSync(shop.path(`work/bytes-${n}`), randomBytes(100_000));
  await shop.git("work", "add", ".");
  await shop.git("work", "commit", "--quiet", "-m", "Add large files");
  await shop.git("work", "push", "--quiet", repo.url, "main");
  await bound.restart();
  const read = await new Caller(bound, "reader").run<number[]>("readAtOnce", repo.name, "large.txt", 50);
  assert.deepEqual(read, Array<number>(50).fill(content.length));
  const { r2_gets } = await statsOf(bound);
  assert.ok(r2_gets >= 2 && r2_gets <= 5, `${r2_gets} gets`);
});
