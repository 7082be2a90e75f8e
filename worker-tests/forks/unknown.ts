/**
 * Things that are done while the server dies, or while something else is done to the same repo: of each, one of two outcomes is
 * right, and the server is asked which of them it was.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import type { Answer, CreatedRepo } from "../lib/api.ts";
import { described, describedFork, push, wantedFork } from "./operations.ts";
import { planPush } from "./plans.ts";
import type { ForkWanted, World } from "./world.ts";

/** The server is killed when something has been going on for a while; what came of that, if anybody heard. */
async function killedIn<T>(world: World, what: string, begun: () => Promise<T>, longest_ms: number): Promise<T | undefined> {
  const wait = world.random.below(longest_ms);
  world.note(`kill after ${wait} ms of: ${what}`);
  const heard = begun().catch(() => undefined);
  await sleep(wait);
  await world.kill();
  const outcome = await heard;
  await world.server.restart();
  return outcome;
}

export async function killAtIdle(world: World): Promise<void> {
  const wait = world.random.pick([0, 500, 2_000]);
  world.note(`kill after ${wait} ms`);
  await sleep(wait);
  await world.kill();
  await world.server.restart();
}

export async function killInPush(world: World): Promise<void> {
  const member = world.random.pick(world.members);
  const after = planPush(member.refs, world.commits, world.random);
  await world.commits.store();
  const what = `push to ${member.name}: ${described(member.refs, after)}`;
  const result = await killedIn(world, what, () => world.push(member, after), 500);
  member.move(await world.refsAmong(member.repo, result?.code === 0 ? [after] : [member.refs, after]));
}

export async function killInFork(world: World): Promise<void> {
  const wanted = Array.from({ length: world.random.pick([1, 1, 3]) }, () => wantedFork(world));
  const what = wanted.map(describedFork).join(", ");
  const forks = () => Promise.all(wanted.map((one) => world.fork(one).catch(() => undefined)));
  const answers = await killedIn(world, what, forks, 80);
  for (const [n, one] of wanted.entries()) await adoptFork(world, one, answers?.[n]);
}

export async function killInDelete(world: World): Promise<void> {
  const member = world.random.pick(world.members);
  const deleted = () => world.api.request("DELETE", `/default/repos/${member.name}`);
  const answer = await killedIn(world, `delete ${member.name}`, deleted, 30);
  assert.ok(answer === undefined || answer.status === 202, answer?.text);
  const found = await world.find(member.name);
  world.note(`  ${member.name} is ${found ? "still there" : "gone"}`);
  if (!found) world.removed(member);
  else assert.ok(!answer && found.id === member.repo.id, `${member.name} is there: ${JSON.stringify(found)}`);
}

/** Forks of a repo that is deleted meanwhile. */
export async function forkInDelete(world: World): Promise<void> {
  const source = world.random.pick(world.members);
  const wanted = Array.from({ length: world.random.pick([1, 3]) }, () => wantedFork(world, source));
  world.note(`at once delete ${source.name}, ${wanted.map(describedFork).join(", ")}`);
  const forks = Promise.all(wanted.map((one) => world.fork(one)));
  await sleep(world.random.pick([0, 5, 20]));
  const [answers] = await Promise.all([forks, world.api.deleteRepo(source.repo)]);
  for (const [n, one] of wanted.entries()) {
    const answer = answers[n];
    assert.ok(answer?.status === 201 || answer?.status === 404, answer?.text);
    await adoptFork(world, one, answer);
  }
  world.removed(source);
}

/** A fork of a repo that is pushed to meanwhile. */
export async function forkInPush(world: World): Promise<void> {
  const source = world.random.pick(world.members);
  const wanted = wantedFork(world, source);
  const before = source.refsOfFork(wanted.default_branch_only);
  world.note(`at once ${describedFork(wanted)}, and`);
  const forked = sleep(world.random.below(300)).then(() => world.fork(wanted));
  await push(world, source);
  const answer = await forked;
  assert.equal(answer.status, 201, answer.text);
  const repo = world.made(answer);
  world.add(repo, await world.refsAmong(repo, [before, source.refsOfFork(wanted.default_branch_only)]), source);
}

/** Whether a fork has come to be, of a source that has not changed. */
async function adoptFork(world: World, wanted: ForkWanted, answer: Answer<CreatedRepo> | undefined): Promise<void> {
  const { source, name, default_branch_only } = wanted;
  const found = await world.find(name);
  world.note(`  ${name} is ${found ? "" : "not "}there`);
  if (answer) assert.equal(found !== undefined, answer.status === 201, `${name} after ${answer.status} ${answer.text}`);
  if (found) world.add(found, source.refsOfFork(default_branch_only), source);
}
