/** Whether repos serve what the model says, by the real `git`, and nothing of what they must not. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { freshName } from "../lib/api.ts";
import type { Member } from "./model.ts";
import { assertHidden } from "./thefts.ts";
import type { World } from "./world.ts";

const atOnce = 3;

export async function checkAll(world: World): Promise<void> {
  const rest = [...world.members];
  const client = async () => {
    for (let member = rest.pop(); member; member = rest.pop()) await check(world, member);
  };
  await Promise.all(Array.from({ length: atOnce }, client));
}

async function check(world: World, member: Member): Promise<void> {
  const { shop } = world;
  const clone = freshName("clone");
  await shop.git(".", "clone", "--quiet", "--mirror", member.repo.url, clone);
  const { refs, objects } = await shop.fingerprint(clone);
  const of = (list: string[]) => list.filter((line) => line !== "");
  assert.deepEqual(of(refs), member.listed(), `refs of ${member.name}`);
  const wanted = [...member.reached()].sort();
  assert.deepEqual(of(objects), wanted, `what refs of ${member.name} reach`);
  const sent = await shop.git(clone, "cat-file", "--batch-all-objects", "--batch-check=%(objectname)");
  assert.deepEqual(of(sent.split("\n")), wanted, `what a clone of ${member.name} gets`);
  await assertHidden(world, member, clone);
  rmSync(shop.path(clone), { recursive: true });
  world.counts.checks += 1;
}
