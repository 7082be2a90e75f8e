/**
 * `npm run test:differential -- --seed N --rounds M`: made-up histories at this server and at `git http-backend`, random requests to
 * both. `--shape NAME` makes all of them of one kind. Ends with an error if ours is wrong anywhere.
 */

import { parseArgs } from "node:util";
import { build } from "../bench/workerd.ts";
import { round } from "./differential/round.ts";
import { shapes, type ShapeName } from "./differential/shapes.ts";
import { Workshop } from "./lib/git.ts";
import { Server } from "./lib/server.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    rounds: { type: "string", default: "5" },
    requests: { type: "string", default: "200" },
    clones: { type: "string", default: "4" },
    shape: { type: "string" },
  },
});
const names = Object.keys(shapes) as ShapeName[];
if (values.shape !== undefined && !names.some((name) => name === values.shape)) throw new Error(`--shape ${names.join(" | ")}`);
/** Turn about; those with ten thousand refs or files are asked for by name. */
const usual: ShapeName[] = ["ordinary", "large", "odd", "skewed", "long"];

build();
const server = await Server.start();
let n_faults = 0;
try {
  for (let n = 0; n < Number(values.rounds); n += 1) n_faults += await one(Number(values.seed) + n);
} finally {
  await server.stop();
}
if (n_faults > 0) process.exitCode = 1;

/** A round in a folder of its own; returns how many faults were found, and tells of them. */
async function one(seed: number): Promise<number> {
  const shape = (values.shape as ShapeName | undefined) ?? usual[seed % usual.length] ?? "ordinary";
  const shop = new Workshop();
  const began = performance.now();
  try {
    const outcome = await round(server, shop, { seed, shape, n_requests: Number(values.requests), n_clones: Number(values.clones) });
    const { n_requests, n_packs, faults, ours, git } = outcome;
    for (const fault of faults) console.log(`--- ${fault}`);
    const bytes = `${ours} bytes, git's ${git}: ${(ours / git).toFixed(3)}`;
    const seconds = Math.round((performance.now() - began) / 1000);
    console.log(`seed ${seed}, ${shape}: ${n_requests} requests, ${n_packs} packs, ${faults.length} faults; ${bytes}; ${seconds} s`);
    return faults.length;
  } finally {
    shop.remove();
  }
}
