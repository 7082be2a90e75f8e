/** A run: random operations, checks in between, and at the end whether nothing is left. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { audit } from "../../scripts/holdings.mjs";
import { editToken, type RepoInfo } from "../lib/api.ts";
import { storedKeys, storedKeysWhen } from "../lib/stored.ts";
import { checkAll } from "./check.ts";
import { compact, create, fork, forkTwice, push, remove } from "./operations.ts";
import { forkInDelete, forkInPush, killAtIdle, killInDelete, killInFork, killInPush } from "./unknown.ts";
import { World } from "./world.ts";

const membersMax = 8;
const membersMin = 3;
const checkedEvery = 7;
/** Until the last fork has been asked after, twice as long as an upload may live, and what then is free has been reclaimed. */
const gracesMs = 22_000;
const emptyWithinMs = 40_000;

const operations = { create, push, fork, forkTwice, remove, compact, killAtIdle, killInPush, killInFork, killInDelete, forkInDelete, forkInPush };
type Operation = keyof typeof operations;

const weights: Record<Operation, number> = {
  create: 2,
  push: 16,
  fork: 8,
  forkTwice: 1,
  remove: 4,
  compact: 2,
  killAtIdle: 1,
  killInPush: 1,
  killInFork: 2,
  killInDelete: 1,
  forkInDelete: 2,
  forkInPush: 2,
};
const growing: Operation[] = ["create", "fork", "forkTwice", "killInFork", "forkInPush"];
const shrinking: Operation[] = ["remove", "killInDelete", "forkInDelete"];

export interface Outcome {
  /** How often what has happened, and how many keys R2 had at the most. */
  counts: World["counts"] & { merges: number; keys: number };
  /** What is wrong, with all that led to it. */
  fault?: string;
}

export async function run(seed: number, n_steps: number): Promise<Outcome> {
  const world = await World.create(seed);
  let n_keys = 0;
  const counts = () => ({ ...world.counts, merges: world.n_merges(), keys: n_keys });
  try {
    for (let step = 1; step <= n_steps; step += 1) {
      world.note(`step ${step}`);
      await operations[nextOperation(world)](world);
      n_keys = Math.max(n_keys, storedKeys(world.server.stateDir).length);
      if (step % checkedEvery === 0) await checkAll(world);
    }
    await finish(world);
    return { counts: counts() };
  } catch (error) {
    const told = [`seed ${seed}, ${n_steps} steps`, ...world.history, String((error as Error).stack), "The server's log:", worthReading(world.log())];
    return { counts: counts(), fault: told.join("\n") };
  } finally {
    await world.end();
  }
}

function nextOperation({ members, random }: World): Operation {
  if (members.length === 0) return "create";
  const left = { ...weights };
  for (const name of members.length >= membersMax ? growing : members.length <= membersMin ? shrinking : []) left[name] = 0;
  return random.weighted(left);
}

/** R2 holds what the repos have, also when half of them are gone, and nothing when all are. */
async function finish(world: World): Promise<void> {
  world.note("at the end");
  await checkAll(world);
  for (const member of world.random.sample(world.members, world.members.length >> 1)) await remove(world, member);
  await sleep(gracesMs);
  const { unheld, missing } = await audit({ url: world.server.origin, token: editToken });
  assert.deepEqual({ unheld, missing }, { unheld: [], missing: [] });
  await checkAll(world);
  const listed = await world.api.request<RepoInfo[]>("GET", "/default/repos?limit=200");
  assert.deepEqual(listed.envelope.result.map(({ id }) => id).sort(), world.members.map(({ repo }) => repo.id).sort());
  for (const member of [...world.members]) await remove(world, member);
  assert.deepEqual(await storedKeysWhen(world.server.stateDir, (keys) => keys.length === 0, emptyWithinMs), []);
}

/** What the Worker says of itself, and answers that are failures. */
function worthReading(log: string): string {
  const telling = /ERROR|WARNING|put off|packs with|garbage| (409|5\d\d) /i;
  return log.split("\n").filter((line) => telling.test(line)).join("\n");
}
