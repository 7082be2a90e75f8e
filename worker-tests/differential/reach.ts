/** What can be reached from where, worked out from the objects themselves and in the plainest way. */
import type { ObjectType } from "../lib/pack.ts";
import type { Objects } from "./objects.ts";

/** What a partial clone does without; see git-rev-list(1), `--filter`. */
export interface Filter {
  spec: string;
  /** Blobs of this length and above are left out. */
  blob_length?: number;
  /** Trees and blobs so many steps from a root tree and more are left out. */
  tree_depth?: number;
  /** All of another type is left out. */
  type?: ObjectType;
}

/** Everything that `tips` reach; of the commits in `ends` the parents are not followed. */
export function reached(objects: Objects, tips: Iterable<string>, ends: ReadonlySet<string> = new Set()): Set<string> {
  const found = new Set<string>();
  const stack = [...tips];
  for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    const { parents, others } = objects.links(id);
    stack.push(...others);
    if (!ends.has(id)) stack.push(...parents);
  }
  return found;
}

/** Of what `tips` reach, what the filter lets pass. A tag or object that is named itself passes always. */
export function passing(objects: Objects, tips: Iterable<string>, ends: ReadonlySet<string>, filter: Filter | undefined): Set<string> {
  const all = reached(objects, tips, ends);
  if (!filter) return all;
  const near = filter.tree_depth === undefined ? undefined : within(objects, all, tips, filter.tree_depth);
  const passes = (id: string) => {
    const { type, data } = objects.get(id);
    if (filter.type !== undefined && type !== filter.type) return false;
    if (type === "blob" && filter.blob_length !== undefined && data.length >= filter.blob_length) return false;
    return !near || type === "commit" || type === "tag" || near.has(id);
  };
  return new Set([...all].filter(passes));
}

/**
 * Trees and blobs fewer than `depth` steps from the root of a commit among `all`. As with git, what is in a tree that is named itself
 * is no steps away, unless a commit has the tree for its root.
 */
function within(objects: Objects, all: Set<string>, tips: Iterable<string>, depth: number): Set<string> {
  const roots = new Set([...all].filter((id) => objects.get(id).type === "commit").flatMap((id) => objects.links(id).others));
  const named = [...tips].map((id) => objects.peeled(id)).filter((id) => objects.get(id).type === "tree" && !roots.has(id));
  const near = new Set<string>();
  let level = [...roots, ...named.flatMap((id) => objects.links(id).others)];
  for (let step = 0; step < depth && level.length > 0; step += 1) {
    const next: string[] = [];
    for (const id of level) {
      if (near.has(id)) continue;
      near.add(id);
      next.push(...objects.links(id).others);
    }
    level = next;
  }
  return near;
}
