/** Random requests for a pack, as a client makes them that holds a part of the history. Source: gitprotocol-v2(5), gitprotocol-pack(5). */
import { delim, flush, pkt } from "../lib/pkt.ts";
import type { Numbers } from "./numbers.ts";
import type { Objects } from "./objects.ts";
import { reached, type Filter } from "./reach.ts";

export interface Request {
  version: 0 | 2;
  wants: string[];
  /** Whether all of `wants` are what refs point at. */
  wants_refs: boolean;
  /** As they are sent, some of them of objects that nobody has. */
  haves: string[];
  /** Commits that the client has without their parents. */
  shallow: string[];
  /** Lines that ask for another depth. */
  deepen: string[];
  filter?: Filter;
  /** Words of the protocol that stand alone. */
  options: Set<string>;
  is_done: boolean;
}

/** What there is to ask for: refs as they are, and everything that was ever pushed. */
export interface Stock {
  objects: Objects;
  refs: Map<string, string>;
  /** Commits that the servers have, some of which no ref reaches any more. */
  commits: string[];
}

export function randomRequest(stock: Stock, random: Numbers): Request {
  const version = random.pick([2, 2, 2, 0] as const);
  const { wants, wants_refs } = randomWants(stock, random);
  const client = randomClient(stock, random);
  // Of the ends of a client's history git deepens those that a ref reaches, and we deepen all.
  const reachable = reached(stock.objects, stock.refs.values());
  const isDeepened = client.shallow.length > 0 && client.shallow.every((id) => reachable.has(id));
  const deepen = randomDepth(stock, random, isDeepened);
  const options = new Set(["thin-pack", "ofs-delta", "include-tag"].filter((option) => random.chance(option === "include-tag" ? 0.3 : 0.75)));
  if (version === 0) {
    for (const choice of [["", "multi_ack", "multi_ack_detailed"], ["", "side-band", "side-band-64k", "side-band-64k"], ["", "no-done"]]) {
      options.add(random.pick(choice));
    }
    options.delete("");
    if (options.has("no-done")) options.add("multi_ack_detailed");
  } else if (random.chance(0.05)) options.add("wait-for-done");
  if (random.chance(0.5)) options.add("no-progress");
  if (deepen.includes("deepen-relative")) options.add("deepen-relative");
  const filter = random.chance(0.35) ? randomFilter(random) : undefined;
  return {
    version,
    wants,
    wants_refs,
    ...client,
    deepen: deepen.filter((line) => line !== "deepen-relative"),
    ...(filter ? { filter } : {}),
    options,
    is_done: random.chance(client.haves.length === 0 ? 0.9 : 0.6),
  };
}

function randomWants({ objects, refs }: Stock, random: Numbers): { wants: string[]; wants_refs: boolean } {
  const tips = [...refs.values()];
  const wants_refs = random.chance(0.7);
  if (wants_refs) {
    const wants = random.pick([() => tips, () => random.sample(tips, random.between(1, 4)), () => [refs.get("refs/heads/main") ?? ""]])();
    return { wants: [...new Set(wants)], wants_refs };
  }
  const all = [...reached(objects, tips)];
  const type = random.pick(["blob", "tree", "commit", "any"]);
  const fitting = type === "any" ? all : all.filter((id) => objects.get(id).type === type);
  return { wants: random.sample(fitting, random.pick([1, 1, 2, 5, 30])), wants_refs };
}

/** A client that has fetched some commits before, perhaps not to their beginnings. */
function randomClient({ objects, commits }: Stock, random: Numbers): { haves: string[]; shallow: string[] } {
  if (random.chance(0.35)) return { haves: [], shallow: [] };
  const tips = random.sample(commits, random.pick([1, 1, 2, 4]));
  const ends = random.chance(0.4) ? randomEnds(objects, tips, random) : new Set<string>();
  const held = [...reached(objects, tips, ends)].filter((id) => objects.get(id).type === "commit");
  const shallow = held.filter((id) => ends.has(id) && objects.links(id).parents.length > 0);
  const listed = random.chance(0.5) ? tips : random.sample(held, random.between(1, 20));
  const unknown = Array.from({ length: random.pick([0, 0, 1, 4]) }, () => random.bytes(20).toString("hex"));
  return { haves: random.sample([...listed, ...unknown], listed.length + unknown.length), shallow };
}

/** Where the client's history ends: as many commits deep, or anywhere. */
function randomEnds(objects: Objects, tips: string[], random: Numbers): Set<string> {
  if (random.chance(0.4)) {
    const commits = [...reached(objects, tips)].filter((id) => objects.get(id).type === "commit");
    return new Set(commits.filter(() => random.chance(0.2)));
  }
  let level = tips;
  const seen = new Set<string>();
  for (let n = random.between(0, 4); n > 0; n -= 1) {
    for (const id of level) seen.add(id);
    level = level.flatMap((id) => objects.links(id).parents).filter((id) => !seen.has(id));
  }
  return new Set(level);
}

function randomDepth({ objects, refs, commits }: Stock, random: Numbers, isDeepened: boolean): string[] {
  const kind = random.weighted({ none: 60, count: 18, relative: isDeepened ? 30 : 0, whole: 3, since: 7, not: 7, both: 2 });
  const since = () => `deepen-since ${objects.secondsOf(random.pick(commits))}`;
  const not = () => random.sample([...refs.keys()].filter((name) => objects.get(objects.peeled(refs.get(name) ?? "")).type === "commit"), random.pick([1, 1, 2])).map((name) => `deepen-not ${name}`);
  return {
    none: () => [],
    count: () => [`deepen ${random.pick([1, 1, 2, 3, 5, 10, 1000])}`],
    relative: () => [`deepen ${random.pick([1, 2, 5])}`, "deepen-relative"],
    whole: () => ["deepen 2147483647"],
    since: () => [since()],
    not,
    both: () => [since(), ...not()],
  }[kind]();
}

function randomFilter(random: Numbers): Filter {
  const type = random.pick(["commit", "tree", "blob", "tag"] as const);
  const [blob_length, tree_depth] = [random.pick([0, 1, 100, 1024, 2048]), random.between(0, 5)];
  const limit = random.pick([`blob:limit=${blob_length}`, ...(blob_length % 1024 === 0 && blob_length > 0 ? [`blob:limit=${blob_length / 1024}k`] : [])]);
  return random.pick<Filter>([
    { spec: "blob:none", blob_length: 0 },
    { spec: "blob:none", blob_length: 0 },
    { spec: limit, blob_length },
    { spec: `tree:${tree_depth}`, tree_depth },
    { spec: `tree:${tree_depth}`, tree_depth },
    { spec: `object:type=${type}`, type },
    { spec: `combine:${limit}+tree:${tree_depth}`, blob_length, tree_depth },
    { spec: `combine:tree:${tree_depth}+object:type=${type}`, tree_depth, type },
  ]);
}

/** The body of the request. */
export function encoded(request: Request): Buffer {
  const { version, wants, haves, shallow, deepen, filter, options, is_done } = request;
  const line = (text: string) => pkt(`${text}\n`);
  const depth = [...shallow.map((id) => `shallow ${id}`), ...deepen, ...(filter ? [`filter ${filter.spec}`] : [])].map(line);
  const ends = [...haves.map((id) => line(`have ${id}`)), is_done ? line("done") : flush];
  if (version === 0) {
    const [first = "", ...others] = wants;
    const capabilities = [...options, ...(filter ? ["filter"] : []), ...(deepen.length > 0 ? ["shallow"] : []), "agent=git/2.47"].join(" ");
    return Buffer.concat([line(`want ${first} ${capabilities}`), ...others.map((id) => line(`want ${id}`)), ...depth, flush, ...ends]);
  }
  const asked = [...options, ...wants.map((id) => `want ${id}`)].map(line);
  const head = [line("command=fetch"), line("agent=git/2.47"), line("object-format=sha1"), delim];
  return Buffer.concat([...head, ...asked, ...depth, ...ends, ...(is_done ? [flush] : [])]);
}

/** In words, so that it can be understood and made again. */
export function described(request: Request, objects: Objects): string {
  const { version, wants, haves, shallow, deepen, filter, options, is_done } = request;
  const list = (word: string, ids: string[]) => ids.map((id) => `  ${word} ${id} ${objects.find(id)?.type ?? "unknown"}\n`).join("");
  const more = [...options, ...deepen, ...(filter ? [`filter ${filter.spec}`] : []), ...(is_done ? ["done"] : [])];
  return `version ${version}: ${more.join(", ")}\n${list("want", wants)}${list("shallow", shallow)}${list("have", haves)}`;
}
