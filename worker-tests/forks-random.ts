/**
 * `npm run test:forks -- --seed N --steps M`: random pushes, forks, deletions, merges and kills, of a family of repos. `--rounds R`: so many
 * runs, with the seeds that follow. Ends with an error if any of them finds a fault.
 */

import { parseArgs } from "node:util";
import { build } from "../bench/workerd.ts";
import { run } from "./forks/run.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    steps: { type: "string", default: "60" },
    rounds: { type: "string", default: "1" },
  },
});
// The servers end with this process, but a signal alone would not tell them.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

build();
for (let n = 0; n < Number(values.rounds); n += 1) {
  const seed = Number(values.seed) + n;
  const began = performance.now();
  const { counts, fault } = await run(seed, Number(values.steps));
  if (fault !== undefined) {
    console.log(`--- ${fault}`);
    process.exitCode = 1;
  }
  const counted = Object.entries(counts).map(([what, n_times]) => `${n_times} ${what}`).join(", ");
  console.log(`seed ${seed}: ${counted}; ${Math.round((performance.now() - began) / 1000)} s${fault === undefined ? "" : "; a FAULT"}`);
}
