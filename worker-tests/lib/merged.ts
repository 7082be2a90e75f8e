/** When maintenance has done what it has to do. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Server } from "./server.ts";

/** A merge begins 3 s after the push that made it worth while, and the next one no later after that. */
const quietMs = 4_500;
const withinMs = 60_000;

/** Waits until no merge of the repo's packs has been told of for some time. */
export async function whenMerged(server: Server, repo: string): Promise<void> {
  const n_merges = () => server.log().split("\n").filter((line) => line.includes(`/${repo}:`) && line.includes("packs with")).length;
  const deadline = Date.now() + withinMs;
  let [told, since] = [n_merges(), Date.now()];
  while (Date.now() < Math.min(deadline, since + quietMs)) {
    await sleep(200);
    const now = n_merges();
    if (now !== told) [told, since] = [now, Date.now()];
  }
}
