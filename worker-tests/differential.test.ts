/** Made-up histories at this server and at `git http-backend`; `npm run test:differential` goes on with more of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { round, type RoundOptions } from "./differential/round.ts";
import { setUp } from "./lib/setup.ts";

const { server, shop } = await setUp();

const rounds: RoundOptions[] = [
  { seed: 1, shape: "ordinary", n_requests: 80, n_clones: 2 },
  { seed: 2, shape: "odd", n_requests: 80, n_clones: 2 },
  { seed: 3, shape: "skewed", n_requests: 40, n_clones: 1 },
  { seed: 4, shape: "large", n_requests: 40, n_clones: 1 },
];

test("what is asked of both servers is answered as by git, and is all that the client lacks", { concurrency: true }, async (t) => {
  const told = rounds.map((options) =>
    t.test(`${options.shape} history, seed ${options.seed}`, async () => {
      const { faults, n_packs } = await round(server, shop, options);
      assert.ok(faults.length === 0, `${faults.length} faults\n${faults.slice(0, 3).join("\n\n")}`);
      assert.ok(n_packs > options.n_requests / 3, `${n_packs} packs`);
    }),
  );
  await Promise.all(told);
});
