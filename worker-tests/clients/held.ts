/** What a repository on disk holds, read by plain git, which fetches nothing for the question. */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import assert from "node:assert/strict";
import type { Workshop } from "../lib/git.ts";

export interface Held {
  /** `<id> <name>`: branches of `origin` as branches, and tags. */
  refs: string[];
  /** Every object that is there, reachable or not. */
  objects: string[];
  /** Where the history ends. */
  shallow: string[];
}

export async function held(shop: Workshop, dir: string): Promise<Held> {
  const listed = await shop.git(dir, "for-each-ref", "--format=%(objectname) %(refname)", "refs/remotes/origin", "refs/tags");
  const refs = lines(listed).filter((line) => !line.endsWith(" refs/remotes/origin/HEAD"));
  const objects = await shop.git(dir, "cat-file", "--batch-all-objects", "--batch-check=%(objectname)");
  const file = shop.path(dir, ".git", "shallow");
  const shallow = existsSync(file) ? lines(readFileSync(file, "utf8").trim()).sort() : [];
  return { refs: refs.map((line) => line.replace("refs/remotes/origin/", "refs/heads/")).sort(), objects: lines(objects), shallow };
}

/** Says what one has and the other lacks: a list of all objects would hide it. */
export function assertSame(ours: Held, wanted: Held): void {
  for (const kind of ["refs", "shallow", "objects"] as const) assertSameSet(ours[kind], wanted[kind], kind);
}

export function assertSameSet(ours: string[], wanted: string[], what: string): void {
  const beyond = (some: string[], others: string[]) => some.filter((one) => !others.includes(one));
  const found = { missing: beyond(wanted, ours), "too many": beyond(ours, wanted), n: ours.length };
  assert.deepEqual(found, { missing: [], "too many": [], n: wanted.length }, `${what}: ${JSON.stringify(found)}`);
}

/** The objects that refs reach, as plain git walks them. */
export async function reached(shop: Workshop, dir: string, ...revisions: string[]): Promise<string[]> {
  return lines(await shop.git(dir, "rev-list", "--objects", "--no-object-names", ...revisions)).sort();
}

/**
 * Every object is what its id says, and none is missing. A client that does not note that its clone is partial leaves one that
 * git takes for a broken one; of that the packs alone are checked.
 */
export async function assertSound(shop: Workshop, dir: string, filtered = false): Promise<void> {
  if (!filtered || (await shop.attempt({ cwd: dir }, "config", "extensions.partialClone")).code === 0) {
    await shop.git(dir, "fsck", "--strict", "--no-dangling", "--no-progress");
    return;
  }
  const packs = readdirSync(shop.path(dir, ".git", "objects", "pack")).filter((name) => name.endsWith(".idx"));
  assert.notEqual(packs.length, 0);
  await shop.git(dir, "verify-pack", ...packs.map((name) => `.git/objects/pack/${name}`));
}

export function lines(text: string): string[] {
  return text === "" ? [] : text.split("\n");
}
