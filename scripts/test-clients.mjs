// Tries every client of Git that can be had here, those too that take minutes to install: the whole matrix of README.md.

import { join } from "node:path";
import { build } from "./build.mjs";
import { ensureQuickClients, ensureSlowClients } from "./clients.mjs";
import { attached, main } from "./process.mjs";
import { ensureTools, node, root, toolEnv } from "./toolchain.mjs";

const tests = ["clients.test.ts", "delta-swaps.test.ts"].map((name) => join(root, "worker-tests", name));
const env = toolEnv({ CI: "true", WRANGLER_REGISTRY_PATH: join(root, ".wrangler", "registry"), ALL_CLIENTS: "1" });

await main(async () => {
  await ensureTools();
  await ensureQuickClients();
  await ensureSlowClients();
  await build();
  const args = ["--test", "--test-reporter=spec", "--disable-warning=ExperimentalWarning", ...tests];
  process.exitCode = await attached(node, args, { cwd: root, env });
});
