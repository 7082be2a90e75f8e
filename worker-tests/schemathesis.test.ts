/**
 * Requests that Schemathesis makes up from openapi.json, sound and broken ones, and whether the answers are what it says.
 *
 * `npm run test:schemathesis -- --seed N --max-examples M` makes up others, and more of them: what follows `--` goes to Schemathesis.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { projectDir } from "./lib/server.ts";
import { setUp } from "./lib/setup.ts";

/** Where scripts/schemathesis.mjs puts it. */
const program = join(projectDir, ".tools", "schemathesis", "bin", "schemathesis");
const config = join(projectDir, "worker-tests", "schemathesis", "schemathesis.toml");
const absent = !existsSync(program) && "not installed: npm test does, where there is a python3 with venv";

test("made-up requests are answered as openapi.json says", { skip: absent }, async (t) => {
  const { server, shop } = await setUp();
  const args = ["--origin", server.origin, "--no-color", ...process.argv.slice(2)];
  const description = join(projectDir, "openapi.json");
  const { code, stdout, stderr } = await shop.run(program, { env: { PYTHONUTF8: "1" } }, "--config-file", config, "run", description, ...args);
  assert.equal(code, 0, `${stdout}${stderr}`);
  t.diagnostic(/^ *(\d+ generated.*)$/m.exec(stdout)?.[1] ?? stdout);
});
