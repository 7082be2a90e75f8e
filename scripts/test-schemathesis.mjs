// Makes up more requests from openapi.json than npm test does, or others: the arguments are those of `schemathesis run`.

import { join } from "node:path";
import { build } from "./build.mjs";
import { attached, main } from "./process.mjs";
import { ensureSchemathesis } from "./schemathesis.mjs";
import { ensureTools, node, root, toolEnv } from "./toolchain.mjs";

const test = join(root, "worker-tests", "schemathesis.test.ts");
const env = toolEnv({ CI: "true", WRANGLER_REGISTRY_PATH: join(root, ".wrangler", "registry") });

await main(async () => {
  await ensureTools();
  await ensureSchemathesis();
  await build();
  const args = ["--test-reporter=spec", "--disable-warning=ExperimentalWarning", test, ...process.argv.slice(2)];
  process.exitCode = await attached(node, args, { cwd: root, env });
});
