/** Refs as the next push is to make them. */
import type { Numbers } from "../differential/numbers.ts";
import type { Commits } from "./commits.ts";
import { mainRef, type Refs } from "./model.ts";

const weights = { forward: 8, branch: 4, side: 3, forced: 3, foreign: 3, back: 2, delete: 3, tag: 2 };

/** Refs after a push of one change or of several. */
export function planPush(refs: Refs, commits: Commits, random: Numbers): Map<string, string> {
  const after = new Map(refs);
  for (let n = random.pick([1, 1, 1, 2, 4]); n > 0; n -= 1) changeOnce(after, commits, random);
  return after;
}

function changeOnce(after: Map<string, string>, commits: Commits, random: Numbers): void {
  const branches = [...after].filter(([name]) => name.startsWith("refs/heads/"));
  if (branches.length === 0) {
    after.set(mainRef, onTop(commits, random, undefined));
    return;
  }
  const [branch, tip] = random.pick(branches);
  const other = `refs/heads/b${random.below(5)}`;
  const parent = commits.objects.links(tip).parents[0] ?? tip;
  switch (random.weighted(weights)) {
    case "forward":
      after.set(branch, onTop(commits, random, tip));
      break;
    case "branch":
      after.set(other, onTop(commits, random, tip));
      break;
    case "side":
      // Both are changed at once, so that what is of the one is packed as deltas of what is of the other.
      after.set(other, onTop(commits, random, parent));
      after.set(branch, onTop(commits, random, parent));
      break;
    case "forced":
      after.set(branch, onTop(commits, random, random.chance(0.5) ? parent : undefined));
      break;
    case "foreign":
      after.set(random.pick([branch, other]), random.pick(commits.all));
      break;
    case "back":
      after.set(branch, parent);
      break;
    case "delete":
      after.delete(random.pick([...after.keys()]));
      break;
    case "tag":
      after.set(`refs/tags/t${random.below(4)}`, commits.addTag(tip, `of ${tip}`));
      break;
  }
}

function onTop(commits: Commits, random: Numbers, parent: string | undefined): string {
  let tip = commits.add(parent);
  for (let n = random.pick([0, 0, 1, 3]); n > 0; n -= 1) tip = commits.add(tip);
  return tip;
}
