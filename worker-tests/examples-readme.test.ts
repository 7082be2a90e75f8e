/** examples/README.md: the examples beside the server in local development, by the commands as they stand. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { commandsOf } from "./lib/fenced.ts";
import { Workshop } from "./lib/git.ts";
import { Server, freePort, projectDir, signalGroup } from "./lib/server.ts";

/** The one command that is not run: this test's server is started in another way, elsewhere. */
const notRun = "npm start\n";
const page = "examples/README.md";
const connectedWithinMs = 60_000;
const stoppedWithinMs = 10_000;

const shop = new Workshop();
// Workers of wrangler find each other through files in a folder, where those of other tests have the same names.
process.env["WRANGLER_REGISTRY_PATH"] = shop.path("registry");
const server = await Server.start();
const served: ChildProcess[] = [];
const signalAll = (signal: NodeJS.Signals) => served.forEach((child) => signalGroup(child, signal));
process.once("exit", () => signalAll("SIGKILL"));
after(async () => {
  const ended = served.map((child) => child.exitCode ?? new Promise((resolve) => child.once("close", resolve)));
  signalAll("SIGTERM");
  await Promise.race([Promise.all(ended), sleep(stoppedWithinMs, null, { ref: false })]);
  signalAll("SIGKILL");
  await server.stop();
  shop.remove();
});

const env = {
  ...{ CI: "true", WRANGLER_SEND_METRICS: "false", CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_REGISTRY_PATH: shop.path("registry") },
  // Where npx finds wrangler.
  PATH: `${join(projectDir, "node_modules", ".bin")}${delimiter}${process.env["PATH"]}`,
};
const isDeploying = (block: string) => block.includes("wrangler deploy");

/** Runs a command that serves, and returns when it has found the server. */
async function serve(command: string): Promise<void> {
  // A group of its own, so that one signal reaches all that it starts.
  const options = { cwd: projectDir, detached: true, env: { ...process.env, ...env } };
  const child = spawn("sh", ["-euc", command], { ...options, stdio: ["ignore", "pipe", "pipe"] });
  served.push(child);
  let log = "";
  for (const output of [child.stdout, child.stderr]) output.setEncoding("utf8").on("data", (text: string) => (log += text));
  const isConnected = () => /artifacts#Artifacts.*\[connected\]/.test(log) && /Ready on/.test(log);
  for (const deadline = Date.now() + connectedWithinMs; !isConnected(); await sleep(100)) {
    assert.ok(child.exitCode === null && Date.now() < deadline, `${command}\n${log}`);
  }
}

test("the table has every example, with the routes that its Worker names", () => {
  const text = readFileSync(join(projectDir, page), "utf8");
  const found = text.matchAll(/^\| \[(.+?)\]\(\1\/src\/index\.ts\) \|.*\|(.*)\|$/gm);
  const rows = new Map([...found].map(([, name = "", routes = ""]) => [name, routes]));
  const folders = readdirSync(join(projectDir, "examples"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  assert.deepEqual([...rows.keys(), "shared"].sort(), folders.map(({ name }) => name).sort());
  for (const [name, row] of rows) {
    const source = readFileSync(join(projectDir, "examples", name, "src", "index.ts"), "utf8");
    const told = /message: "Use (.*)\." \}/.exec(source)?.[1]?.split(/, | or /);
    assert.deepEqual([...row.matchAll(/`([A-Z]+ \/.*?)`/g)].map(([, route]) => route), told, name);
  }
});

test("the deployment, which is only tried, takes its secret from the file", async () => {
  const commands = commandsOf(page).filter(isDeploying);
  assert.equal(commands.length, 1);
  const secrets = /`(\{"ROUTE_SECRET".*?)`/.exec(readFileSync(join(projectDir, page), "utf8"))?.[1] ?? "";
  shop.write("secrets.json", secrets);
  const command = commands[0]?.trim().replace(" secrets.json", ` ${shop.path("secrets.json")}`);
  const tried = `cd ${projectDir}\n${command} --dry-run --outdir ${shop.path("out")}`;
  const { code, stdout, stderr } = await shop.run("sh", { env }, "-euc", tried);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /env\.ARTIFACTS \(artifacts#Artifacts\)[^]*env\.ROUTE_SECRET \("\(hidden\)"\)/);
});

test("the examples find the server, and the commands do what is said", async () => {
  const isServing = (block: string) => block.includes("wrangler dev");
  const blocks = commandsOf(page).filter((block) => block !== notRun && !isDeploying(block));
  const ports = new Map([["8787", new URL(server.origin).port]]);
  for (const [, port = ""] of blocks.filter(isServing).join("").matchAll(/--port (\d+)/g)) ports.set(port, String(await freePort()));
  const moved = (block: string) => block.replaceAll(/\b87[89]\d\b/g, (port) => ports.get(port) ?? assert.fail(port));

  await Promise.all(blocks.filter(isServing).map((block) => serve(moved(block))));
  const script = blocks.filter((block) => !isServing(block)).map(moved).join("echo\n");
  const { code, stdout, stderr } = await shop.run("sh", { env }, "-euc", script);
  assert.equal(code, 0, stderr);
  const printed = stdout.split(/(?<=\})\s*(?=\{)/).map((text) => JSON.parse(text) as Record<string, string>);
  const remotes = ["default/first", "agents/writer-1-docs-site", undefined, "default/notes"];
  const expected = remotes.map((repo) => (repo === undefined ? undefined : `${server.origin}/git/${repo}.git`));
  assert.deepEqual(printed.map(({ remote }) => remote), expected);
  assert.match(printed[0]?.["token"] ?? "", /^art_v1_/);
  assert.deepEqual([printed[2]?.["repo"], printed[2]?.["scope"]], ["writer-1-docs-site", "write"]);
  assert.equal(await shop.git("notes", "rev-parse", "HEAD"), printed[3]?.["commit"]);
  assert.equal(await shop.git("notes", "show", "HEAD:README.md"), "# Notes");
});
