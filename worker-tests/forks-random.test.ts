/** A family of repos that grows and shrinks at random while the server is killed now and then; `npm run test:forks` goes on with other seeds. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "./forks/run.ts";

test("whatever is done to a family of repos, each has what is its own, shows nothing else, and leaves nothing", async () => {
  const { counts, fault } = await run(12, 40);
  assert.ok(fault === undefined, fault);
  const idle = Object.entries(counts).filter(([, n_times]) => n_times === 0);
  assert.deepEqual(idle, [], "each of these has happened");
});
