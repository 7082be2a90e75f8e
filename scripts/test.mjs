// Runs every test: the crates natively, then the built Worker under workerd with the real git and real HTTP.

import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { build } from "./build.mjs";
import { ensureQuickClients } from "./clients.mjs";
import { main, Told } from "./process.mjs";
import { ensureSchemathesis } from "./schemathesis.mjs";
import { ensureTools, node, root, toolEnv } from "./toolchain.mjs";

const WORKER_TESTS = join(root, "worker-tests");

/** Files of Worker tests at once: they mostly wait, so that Node's own choice, a core less than there are, is too few for two. */
const WORKER_TESTS_AT_ONCE = Math.max(2, availableParallelism() - 1);

/** wrangler lists running Workers in a folder: the tests' own, so that they meet none that is served elsewhere. */
const env = toolEnv({ CI: "true", WRANGLER_REGISTRY_PATH: join(root, ".wrangler", "registry") });

await main(async () => {
  await ensureTools();
  await ensureQuickClients();
  await ensureSchemathesis();
  let passed = 0;
  let failed = 0;
  for (const stage of [crateTests, typeCheck, workerTests]) {
    const counts = await stage().catch(told);
    passed += counts.passed;
    failed += counts.failed;
  }
  console.log(`${passed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
});

/** A stage that could not run, a Worker that does not build say, counts as one failure. */
function told(error) {
  if (!(error instanceof Told)) throw error;
  console.error(`error: ${error.message}`);
  return { passed: 0, failed: 1 };
}

async function crateTests() {
  const { ok, text } = await echoed("cargo", ["test", "--workspace", "--no-fail-fast"]);
  const results = [...text.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed;/gm)];
  return counted(ok, sum(results, 1), sum(results, 2));
}

/** Node strips the types of the Worker tests and does not look at them. Their Workers and the examples have types of their own. */
async function typeCheck() {
  const binding = join(WORKER_TESTS, "binding");
  let allOk = true;
  for (const project of [WORKER_TESTS, binding, join(binding, "tsconfig.official.json"), join(root, "examples")]) {
    const { ok } = await echoed(node, [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", project]);
    allOk &&= ok;
  }
  return counted(allOk, 0, 0);
}

async function workerTests() {
  const files = readdirSync(WORKER_TESTS, { recursive: true }).filter((name) => name.endsWith(".test.ts")).sort();
  if (files.length === 0) throw new Told("worker-tests holds no *.test.ts");
  await build();
  const { ok, text } = await echoed(node, [
    "--test",
    "--test-reporter=spec",
    `--test-concurrency=${WORKER_TESTS_AT_ONCE}`,
    "--disable-warning=ExperimentalWarning",
    ...files.map((name) => join(WORKER_TESTS, name)),
  ]);
  const passed = [...text.matchAll(/^ℹ pass (\d+)$/gm)];
  const failed = [...text.matchAll(/^ℹ (?:fail|cancelled) (\d+)$/gm)];
  return counted(ok, sum(passed, 1), sum(failed, 1));
}

/** What did not run to its end has failed, even if no single test says so. */
function counted(ok, passed, failed) {
  return { passed, failed: ok ? failed : Math.max(failed, 1) };
}

function sum(matches, group) {
  return matches.reduce((total, match) => total + Number(match[group]), 0);
}

/** Runs a program with its output on the terminal as it comes, and returns what it printed. */
function echoed(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, env, stdio: ["ignore", "pipe", "inherit"] });
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk) => {
      text += chunk;
      process.stdout.write(chunk);
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ ok: code === 0, text }));
  });
}
