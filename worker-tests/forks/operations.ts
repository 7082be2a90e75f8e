/** What a client does, one thing after the other, and what comes of it for sure. */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { mainRef, type Member, type Refs } from "./model.ts";
import { planPush } from "./plans.ts";
import type { ForkWanted, World } from "./world.ts";

const mergedWithinMs = 30_000;

export async function create(world: World): Promise<void> {
  const name = world.newName();
  world.note(`create ${name}`);
  const member = world.add(await world.api.createRepo({ name }));
  await push(world, member);
}

export async function push(world: World, member = world.random.pick(world.members)): Promise<void> {
  await pushRefs(world, member, planPush(member.refs, world.commits, world.random));
}

async function pushRefs(world: World, member: Member, refs: Refs): Promise<void> {
  world.note(`push to ${member.name}: ${described(member.refs, refs)}`);
  const { code, stderr } = await world.push(member, refs);
  assert.equal(code, 0, stderr);
  member.move(refs);
}

/** One fork, or several at once, of one source or of several. */
export async function fork(world: World): Promise<void> {
  const wanted = Array.from({ length: world.random.pick([1, 1, 1, 2, 4]) }, () => wantedFork(world));
  world.note(wanted.map(describedFork).join(", "));
  const answers = await Promise.all(wanted.map((one) => world.fork(one)));
  for (const [n, one] of wanted.entries()) {
    const answer = answers[n];
    assert.equal(answer?.status, 201, answer?.text);
    if (answer) world.add(world.made(answer), one.source.refsOfFork(one.default_branch_only), one.source);
  }
}

/** Two clients want the same name. */
export async function forkTwice(world: World): Promise<void> {
  const [one, other] = [wantedFork(world), wantedFork(world)];
  const wanted = [one, { ...other, name: one.name }];
  world.note(`at once ${wanted.map(describedFork).join(", ")}`);
  const answers = await Promise.all(wanted.map((each) => world.fork(each)));
  const statuses = answers.map(({ status }) => status);
  assert.deepEqual(statuses.toSorted(), [201, 409], answers.map(({ text }) => text).join("\n"));
  const n = statuses.indexOf(201);
  const [winner, answer] = [wanted[n], answers[n]];
  if (winner && answer) world.add(world.made(answer), winner.source.refsOfFork(winner.default_branch_only), winner.source);
}

export async function remove(world: World, member = world.random.pick(world.members)): Promise<void> {
  world.note(`delete ${member.name}`);
  await world.api.deleteRepo(member.repo);
  world.removed(member);
}

/** Small pushes until there is something to merge, which is waited for, or cut off, or left to itself. */
export async function compact(world: World): Promise<void> {
  const { random } = world;
  const member = random.pick(world.members);
  const n_before = world.n_merges(member.name);
  for (let n = random.between(10, 13); n > 0; n -= 1) {
    await pushRefs(world, member, new Map(member.refs).set(mainRef, world.commits.addSmall(member.refs.get(mainRef))));
  }
  const next = random.weighted({ wait: 2, kill: 1, leave: 1 });
  if (next === "kill") {
    const wait = random.between(2_400, 3_400);
    world.note(`kill after ${wait} ms`);
    await sleep(wait);
    await world.kill();
    await world.server.restart();
  }
  if (next === "wait") {
    world.note(`wait until packs of ${member.name} are merged`);
    const deadline = Date.now() + mergedWithinMs;
    while (world.n_merges(member.name) === n_before && Date.now() < deadline) await sleep(100);
    assert.ok(world.n_merges(member.name) > n_before, `packs of ${member.name} are not merged`);
  }
}

export function wantedFork(world: World, source = world.random.pick(world.members)): ForkWanted {
  return { source, name: world.newName(), default_branch_only: world.random.chance(0.5) };
}

export function describedFork({ source, name, default_branch_only }: ForkWanted): string {
  return `fork ${source.name} to ${name}${default_branch_only ? ", main alone" : ""}`;
}

export function described(before: Refs, after: Refs): string {
  const gone = [...before.keys()].filter((name) => !after.has(name)).map((name) => `-${name}`);
  const moved = [...after].filter(([name, id]) => before.get(name) !== id).map(([name, id]) => `${name} ${id.slice(0, 12)}`);
  return [...moved, ...gone].join(", ") || "nothing";
}
