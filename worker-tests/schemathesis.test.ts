/**
 * Requests that Schemathesis makes up from openapi.json, sound and broken ones, and whether the answers are what it says.
 *
 * `npm run test:schemathesis -- --seed N --max-examples M` makes up others, and more of them: what follows `--` goes to Schemathesis.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Api } from "./lib/api.ts";
import type { Workshop } from "./lib/git.ts";
import { projectDir } from "./lib/server.ts";
import { setUp } from "./lib/setup.ts";

/** Where scripts/schemathesis.mjs puts it. */
const program = join(projectDir, ".tools", "schemathesis", "bin", "schemathesis");
const config = join(projectDir, "worker-tests", "schemathesis", "schemathesis.toml");
const absent = !existsSync(program) && "not installed: npm test does, where there is a python3 with venv";

/** A repo that is there to be read: the configuration names what is in it. */
async function keepContents(api: Api, shop: Workshop): Promise<void> {
  const repo = await api.createRepo({ name: "contents" }, "kept");
  await shop.newRepo("kept");
  await shop.commit("kept", "readme", "Read me.\n");
  await shop.git("kept", "push", "--quiet", repo.url, "main");
  const told = readFileSync(config, "utf8");
  for (const name of ["main", "main^{tree}", "main:readme"]) {
    const id = await shop.git("kept", "rev-parse", name);
    assert.ok(told.includes(`"${id}"`), `${config} does not know ${name}, ${id}`);
  }
}

test("made-up requests are answered as openapi.json says", { skip: absent }, async (t) => {
  const { server, shop, api } = await setUp();
  await keepContents(api, shop);
  const args = ["--origin", server.origin, "--no-color", ...process.argv.slice(2)];
  const description = join(projectDir, "openapi.json");
  const { code, stdout, stderr } = await shop.run(program, { env: { PYTHONUTF8: "1" } }, "--config-file", config, "run", description, ...args);
  assert.equal(code, 0, `${stdout}${stderr}`);
  t.diagnostic(/^ *(\d+ generated.*)$/m.exec(stdout)?.[1] ?? stdout);
});
