/** Two answers to one request: what is wrong with ours, and how much more or less than git's it is. */
import type { Answer } from "./answer.ts";
import { readPack, type PackEntry } from "./read-pack.ts";
import type { Objects } from "./objects.ts";
import { passing, reached } from "./reach.ts";
import type { Request } from "./request.ts";

export interface Verdict {
  /** What must not be. */
  faults: string[];
  /** Bytes, when both sent a pack. */
  packs?: { ours: number; git: number };
}

const noCommits = "no commits selected for shallow requests";

/** `areClocksRight` is false for a history whose commits may be older than their parents: where git then stops looking is its own affair. */
export function judge(objects: Objects, request: Request, ours: Answer, git: Answer, areClocksRight: boolean): Verdict {
  if (ours.error !== undefined && git.error !== undefined) return { faults: [] };
  // Whether there is anything to send is looked at here before haves are acknowledged, and by git after that.
  if (ours.error === noCommits && !request.is_done && request.version === 2 && !git.pack) return { faults: [] };
  if (ours.error !== undefined || git.error !== undefined) {
    return { faults: [`ours: ${ours.error ?? "no error"}; git's: ${git.error ?? "no error"}`] };
  }
  const differences = [...compareLines(objects, request, ours, git)];
  if (Boolean(ours.pack) !== Boolean(git.pack)) differences.push(`${ours.pack ? "ours" : "git"} alone sends a pack`);
  const faults = areClocksRight ? [...differences] : [];
  if (!ours.pack || !git.pack) return { faults };
  const held = heldBefore(objects, request);
  const needed = neededAfter(objects, request, ours.shallow_info);
  const sent = readPack(ours.pack, objects);
  const received = new Set(sent.map(({ id }) => id));
  faults.push(...wrongBases(sent, received, held, request.options));
  const theirs = new Set(readPack(git.pack, objects).map(({ id }) => id));
  const missing = [...needed].filter((id) => !held.has(id) && !received.has(id));
  faults.push(...missing.map((id) => `${objects.get(id).type} ${id} is missing${theirs.has(id) ? ", git sends it" : ", from git's too"}`));
  const packs = { ours: ours.pack.length, git: git.pack.length };
  if (differences.length > 0) return { faults, packs };
  const isTagOf = (id: string, some: Set<string>) => request.options.has("include-tag") && objects.get(id).type === "tag" && some.has(objects.peeled(id));
  // git also sends the tags of what a delta may build on.
  const unexplained = [...theirs].filter((id) => !received.has(id) && !held.has(id) && !needed.has(id) && !isTagOf(id, held));
  faults.push(...unexplained.map((id) => `${objects.get(id).type} ${id} comes from git, and nothing tells why`));
  // A partial client may lack what it has the neighbours of.
  const named = request.filter ? namedBy(objects, request, ours.shallow_info) : new Set();
  const more = request.filter?.tree_depth === undefined ? [...received].filter((id) => !theirs.has(id)) : [];
  const isDoubted = asksForWhatItHas(objects, request);
  const needless = more.filter((id) => !named.has(id) && !isTagOf(id, received) && !(isDoubted && isInTrees(objects, id)));
  faults.push(...needless.map((id) => `${objects.get(id).type} ${id} comes from ours alone`));
  return { faults, packs };
}

function* wrongBases(sent: PackEntry[], received: Set<string>, held: Set<string>, options: Set<string>): Generator<string> {
  for (const { id, base } of sent) {
    if (base?.how === "distance" && !options.has("ofs-delta")) yield `${id} names its base by distance, unasked`;
    if (base?.how !== "id outside") continue;
    if (received.has(base.id)) yield `${id} comes before its base`;
    else if (!options.has("thin-pack")) yield `${id} has a base outside the pack, unasked`;
    else if (!held.has(base.id)) yield `${id} has the base ${base.id}, which the client lacks`;
  }
}

/** What is sent whatever the filter is. */
function namedBy(objects: Objects, request: Request, info: Set<string>): Set<string> {
  const named = new Set<string>();
  for (const wanted of [...request.wants, ...newParents(objects, info)]) {
    for (let id: string | undefined = wanted; id !== undefined; id = objects.get(id).type === "tag" ? objects.links(id).others[0] : undefined) named.add(id);
  }
  return named;
}

function* compareLines(objects: Objects, request: Request, ours: Answer, git: Answer): Generator<string> {
  const [acknowledged, expected] = acknowledgements(objects, request, ours, git);
  if (acknowledged !== expected) yield `acknowledgements\n${acknowledged}\ngit's\n${expected}`;
  const more = [...ours.shallow_info].filter((line) => !git.shallow_info.has(line));
  const fewer = [...git.shallow_info].filter((line) => !ours.shallow_info.has(line));
  if (more.length + fewer.length > 0) yield `shallow lines of ours alone\n${more.join("\n")}\nof git alone\n${fewer.join("\n")}`;
}

/** What must be equal of the acknowledgements: those of ours, and those of git. */
function acknowledgements(objects: Objects, request: Request, ours: Answer, git: Answer): [string, string] {
  let [acknowledged, expected] = [ours.acknowledgements, git.acknowledgements];
  if (request.version === 2) {
    // git 2.47 is silent about a commit whose child it has acknowledged before, git 2.39 is not, and we are not.
    const known = request.haves.filter((id) => objects.find(id)).map((id) => `ACK ${id}`);
    if (acknowledged.length > 0) expected = [...(known.length > 0 ? known : ["NAK"]), ...expected.filter((line) => line === "ready")];
  } else if (!request.options.has("multi_ack") && !request.options.has("multi_ack_detailed")) {
    // One is to be acknowledged; git goes on when the next one is a parent of the first.
    expected = expected.filter((line, at) => at === 0 || line === "NAK");
  }
  return [acknowledged.join("\n"), expected.join("\n")];
}

/**
 * Whether a client wants a tree or blob that the commits have which it has. To git it has all the same what is in them; here nothing of
 * that can be counted on, for it must have left out a part.
 */
export function asksForWhatItHas(objects: Objects, { wants, haves, shallow }: Request): boolean {
  const held = reached(objects, [...haves.filter((id) => objects.find(id)), ...shallow], new Set(shallow));
  return wants.some((id) => held.has(id) && isInTrees(objects, id));
}

function isInTrees(objects: Objects, id: string): boolean {
  return ["tree", "blob"].includes(objects.get(id).type);
}

/** What the server can know that the client has. */
export function heldBefore(objects: Objects, { haves, shallow, filter }: Request): Set<string> {
  const tips = [...haves.filter((id) => objects.find(id)), ...shallow];
  return passing(objects, tips, new Set(shallow), filter);
}

/** What a client must have that has what it wanted, down to where its history ends then. */
function neededAfter(objects: Objects, request: Request, info: Set<string>): Set<string> {
  const { wants, haves, shallow, filter } = request;
  const ends = new Set(shallow);
  for (const line of info) {
    const [word = "", id = ""] = line.split(" ");
    if (word === "shallow") ends.add(id);
    else ends.delete(id);
  }
  const had = [...haves.filter((id) => objects.find(id)), ...shallow];
  const needed = passing(objects, [...had, ...wants], ends, filter);
  // What is wanted by name comes whatever the filter is.
  for (const id of namedBy(objects, request, info)) needed.add(id);
  return needed;
}

/** Commits that come because the client is to have their children's parents. */
function newParents(objects: Objects, info: Set<string>): string[] {
  const opened = [...info].filter((line) => line.startsWith("unshallow ")).map((line) => line.slice("unshallow ".length));
  return opened.flatMap((id) => objects.links(id).parents);
}
