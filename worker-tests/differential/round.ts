/** One history, pushed to both servers, and many questions about it. */
import { Api } from "../lib/api.ts";
import type { Workshop } from "../lib/git.ts";
import type { Server } from "../lib/server.ts";
import { Clients } from "./clients.ts";
import { makeHistory } from "./history.ts";
import { whenMerged } from "../lib/merged.ts";
import { Numbers } from "./numbers.ts";
import { Pair } from "./pair.ts";
import { described, randomRequest, type Request } from "./request.ts";
import { asksForWhatItHas, type Verdict } from "./judge.ts";
import type { Objects } from "./objects.ts";
import { shapes, type ShapeName } from "./shapes.ts";

export interface RoundOptions {
  seed: number;
  shape: ShapeName;
  n_requests: number;
  n_clones: number;
}

export interface Outcome {
  n_requests: number;
  n_packs: number;
  /** What is wrong, each with the request that shows it. */
  faults: string[];
  /** Packs for refs once everything is merged: how many, and their bytes here and there. */
  n_compared: number;
  ours: number;
  git: number;
}

/** How much longer than git's our packs may be, all of a round together. */
const longerMax = 1.05;

export async function round(server: Server, shop: Workshop, options: RoundOptions): Promise<Outcome> {
  const { seed, shape, n_requests, n_clones } = options;
  const name = `${shape}-${seed}`;
  const random = new Numbers(seed);
  const history = makeHistory(seed, shapes[shape]);
  const pair = await Pair.create(new Api(server.origin), shop, name, history);
  const clients = new Clients(shop, name, [pair.repo.url, pair.git.url], history.objects);
  const outcome: Outcome = { n_requests: 0, n_packs: 0, faults: [], n_compared: 0, ours: 0, git: 0 };
  const ask = async () => {
    const request = randomRequest(pair.stock(), random);
    const verdict = await pair.ask(request).catch((error: Error): Verdict => ({ faults: [String(error.stack)] }));
    outcome.n_requests += 1;
    if (verdict.packs) outcome.n_packs += 1;
    const which = `${name}, request ${outcome.n_requests}, ${described(request, history.objects)}`;
    if (verdict.faults.length > 0) outcome.faults.push(which + verdict.faults.slice(0, 10).join("\n"));
    return { request, verdict };
  };
  for (const [n, push] of history.pushes.entries()) {
    await pair.push(push);
    if (n % 2 === 0) await clients.follow(`${name}-follower`);
    if (random.chance(0.5)) await ask();
  }
  await clients.follow(`${name}-follower`);
  await whenMerged(server, pair.repo.name);
  await pair.git.repack();
  while (outcome.n_requests < n_requests) {
    const { request, verdict } = await ask();
    if (verdict.packs && isCompared(history.objects, request)) add(outcome, verdict.packs);
  }
  outcome.faults.push(...(await pair.compareRefs()).map((difference) => `${name}, ${difference}`));
  if (outcome.ours > outcome.git * longerMax) outcome.faults.push(`${name}: ${outcome.ours} bytes, git sends ${outcome.git}`);
  const tried = (clone: Promise<void>) => clone.catch((error: Error) => void outcome.faults.push(`${name}, ${error.message}`));
  await tried(clients.cloneWhole(pair.work));
  for (let n = 0; n < n_clones; n += 1) await tried(clients.cloneInPart(random));
  return outcome;
}

function add(outcome: Outcome, { ours, git }: { ours: number; git: number }): void {
  outcome.n_compared += 1;
  outcome.ours += ours;
  outcome.git += git;
}

/** Whether both servers are to send the same objects, but for some that take no space. */
function isCompared(objects: Objects, request: Request): boolean {
  return request.wants_refs && request.filter?.tree_depth === undefined && !asksForWhatItHas(objects, request);
}
