/** README.md: every command in it is run here as it stands, or is one of the few that serve, test or deploy. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { commandsOf } from "./lib/fenced.ts";
import { Workshop } from "./lib/git.ts";
import { Server, projectDir } from "./lib/server.ts";

/** Where README.md has the server; the tests' own listens elsewhere. */
const originInReadme = "http://127.0.0.1:8787";

/** Commands that are not run: each starts servers, runs these tests, measures, or needs an account. */
const notRun = new Set([
  "npm start",
  "npm start -- --port 9000 --persist-to .state-9000",
  "npm test",
  "npx wrangler r2 bucket create artifacts-packs",
  "npm run token",
  "npx wrangler secret put API_TOKENS < api-tokens.json",
  "npx wrangler deploy",
  "npm run bench",
]);

const blocks = commandsOf("README.md");
const isNotRun = (block: string) => notRun.has(block.split("\n")[0] ?? "");

test("every block is of commands, all of them run or none", () => {
  for (const text of blocks) {
    const lines = text.trimEnd().split("\n");
    assert.ok([0, lines.length].includes(lines.filter((line) => notRun.has(line)).length), text);
  }
});

test("what is not run serves, tests, measures or deploys, and stands in README.md", () => {
  const lines = new Set(blocks.flatMap((block) => block.split("\n")));
  for (const command of notRun) {
    assert.match(command, /^(npm start|npm test|npm run (bench|token)|npx wrangler)( |$)/);
    assert.ok(lines.has(command), command);
  }
});

test("the other commands work as they stand, one after the other", async () => {
  const server = await Server.start();
  const shop = new Workshop();
  after(async () => {
    shop.remove();
    await server.stop();
  });
  await shop.newRepo("work", 3);
  // Where npx finds wrangler: elsewhere it would be downloaded.
  symlinkSync(join(projectDir, "node_modules"), shop.path("node_modules"));
  const commands = blocks.filter((block) => !isNotRun(block)).join("");
  // The one command of the checkout that does not serve, test or deploy.
  const run = commands.replaceAll("npm run audit", `npm --silent --prefix ${projectDir} run audit`);
  const script = `${run.replaceAll(originInReadme, server.origin)}\nprintf '%s %s %s\\n' "$repo" "$remote" "$token"\n`;
  const git = { GIT_CONFIG_NOSYSTEM: "1", GIT_TERMINAL_PROMPT: "0" };
  const env = { PATH: process.env["PATH"], HOME: shop.dir, CI: "true", WRANGLER_SEND_METRICS: "false", ...git };
  const { stdout } = await promisify(execFile)("sh", ["-euc", script], { cwd: shop.path("work"), env });

  const [name = "", remote = "", token = ""] = stdout.trim().split("\n").at(-1)?.split(" ") ?? [];
  const head = await shop.git("work", "rev-parse", "HEAD");
  assert.equal(remote, `${server.origin}/git/default/${name}.git`);
  assert.match(stdout, /^Objects in R2 that nobody holds: none\nHeld, and not there: none$/m);
  assert.match(stdout, /^\{"data":\{"viewer":\{"accounts":\[\{"artifactsEventsAdaptiveGroups":\[.*\]\}\]\}\}\}$/m);
  assert.match(stdout, new RegExp(`Issued a read token for repo "${name}"`));
  assert.equal(await shop.git(name, "rev-parse", "HEAD"), head);
  assert.match(stdout, new RegExp(`^${head}\\trefs/heads/main$`, "m"));
  const header = `http.extraHeader=Authorization: Bearer ${token}`;
  assert.equal(await shop.git(".", "-c", header, "ls-remote", remote, "refs/heads/parts"), `${head}\trefs/heads/parts`);
});
