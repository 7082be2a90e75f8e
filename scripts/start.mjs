// Serves the release Worker locally, with its Durable Objects and R2 kept in .state, until Ctrl-C.
//
// Arguments are passed on to `wrangler dev`; --ip, --port, --local-protocol and --persist-to are read here too.

import { spawn } from "node:child_process";
import { constants, copyFileSync, existsSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "./build.mjs";
import { main, Told } from "./process.mjs";
import { ensureTools, node, root, toolEnv } from "./toolchain.mjs";

const ACCOUNT_ID = "0".repeat(32);
const READY_WITHIN_MS = 120_000;
const STOPPED_WITHIN_MS = 5_000;

await main(async () => {
  const given = process.argv.slice(2);
  const server = addressOf(given);
  await requireFreePort(server);
  await ensureTools();
  keepLocalSettings();
  await build();
  await serve(server, given);
});

/** Where the server will answer, by the arguments or by default. */
function addressOf(given) {
  const ip = option(given, "ip") ?? "127.0.0.1";
  const port = option(given, "port") ?? "8787";
  if (!/^\d+$/.test(port) || Number(port) < 1 || Number(port) > 65535) {
    throw new Told(`--port ${port}: a port is a number from 1 to 65535`);
  }
  // What listens on every address is spoken to on the loopback one.
  const host = { "0.0.0.0": "127.0.0.1", "*": "127.0.0.1", "::": "[::1]", "::1": "[::1]" }[ip] ?? ip;
  const protocol = option(given, "local-protocol") ?? "http";
  return { ip, port, protocol, origin: `${protocol}://${host}:${port}` };
}

/** The value of `--name value` or `--name=value`; the last one counts. */
function option(given, name) {
  let value;
  given.forEach((argument, at) => {
    if (argument === `--${name}`) value = given[at + 1];
    else if (argument.startsWith(`--${name}=`)) value = argument.slice(name.length + 3);
  });
  return value;
}

function requireFreePort({ ip, port }) {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", ({ code, message }) =>
      reject(new Told(code === "EADDRINUSE"
        ? `port ${port} is taken by another program: end it, or choose a port with npm start -- --port ${Number(port) + 1}`
        : `cannot listen on ${ip} port ${port}: ${message}`)));
    probe.listen(Number(port), ip === "*" ? undefined : ip, () => probe.close(resolve));
  });
}

function keepLocalSettings() {
  const settings = join(root, ".dev.vars");
  if (existsSync(settings)) return;
  copyFileSync(join(root, ".dev.vars.example"), settings, constants.COPYFILE_EXCL);
  console.log("Copied .dev.vars.example to .dev.vars: local API tokens dev-edit and dev-read");
}

async function serve(server, given) {
  // A group of its own: a signal to it reaches wrangler, its bundler and every workerd, and the terminal's Ctrl-C
  // reaches this script alone, which can then see to it that none of them is left.
  const child = spawn(node, [join(root, "node_modules/wrangler/bin/wrangler.js"), ...argumentsOf(server, given)], {
    cwd: root,
    detached: true,
    stdio: ["ignore", "inherit", "inherit"],
    env: toolEnv({ CI: "true" }),
  });
  const ended = new Promise((resolve) => child.once("exit", (code, signal) => resolve(signal ?? `exit code ${code}`)));
  const asked = new Promise((resolve) => ["SIGINT", "SIGTERM", "SIGHUP"].forEach((name) => process.on(name, resolve)));
  const unreachable = new Promise((_, reject) => announce(server).catch(reject));
  try {
    const how = await Promise.race([asked.then(() => null), ended, unreachable]);
    if (how !== null) throw new Told(`wrangler dev ended with ${how}`);
  } finally {
    signalGroup(child, "SIGTERM");
    await Promise.race([ended, sleep(STOPPED_WITHIN_MS, null, { ref: false })]);
    signalGroup(child, "SIGKILL");
  }
  console.log("Stopped. The next npm start finds the same repos.");
}

function argumentsOf(server, given) {
  const defaults = { ip: server.ip, port: server.port, "persist-to": ".state" };
  const missing = Object.entries(defaults).filter(([name]) => option(given, name) === undefined);
  const filled = missing.flatMap(([name, value]) => [`--${name}`, value]);
  return ["dev", "--local", ...filled, "--var", `PUBLIC_URL:${server.origin}`, ...given];
}

function signalGroup(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}

/** Waits until the server answers, and says what can be done with it. */
async function announce(server) {
  const deadline = Date.now() + READY_WITHIN_MS;
  while (!(await answers(server))) {
    if (Date.now() > deadline) throw new Told(`no answer from ${server.origin} within ${READY_WITHIN_MS / 1000} s`);
    await sleep(100, null, { ref: false });
  }
  console.log(welcome(server));
}

function answers({ protocol, origin }) {
  const client = protocol === "https" ? https : http;
  return new Promise((resolve) => {
    const request = client.get(origin, { rejectUnauthorized: false, timeout: 5_000 }, (response) => {
      response.resume();
      resolve(true);
    });
    request.on("timeout", () => request.destroy());
    request.on("error", () => resolve(false));
  });
}

/** Commands to paste as they stand into a shell inside any git repository. */
function welcome({ protocol, origin }) {
  const [curl, git] = protocol === "https" ? ["curl -k", "git -c http.sslVerify=false"] : ["curl", "git"];
  const repos = `${origin}/client/v4/accounts/${ACCOUNT_ID}/artifacts/namespaces/default/repos`;
  return `
Ready on ${origin} · Ctrl-C ends it, and the next start finds the same repos.

Paste these inside any git repository. Create a repo, and keep its remote and token:

  repo=hello-$(date +%s)
  created=$(${curl} -sS -H 'Authorization: Bearer dev-edit' -H 'Content-Type: application/json' \\
    -d "{\\"name\\":\\"$repo\\"}" ${repos})
  remote=$(printf %s "$created" | sed 's/.*"remote":"\\([^"]*\\)".*/\\1/')
  token=$(printf %s "$created" | sed 's/.*"token":"\\([^"]*\\)".*/\\1/')

Push to it:

  ${git} -c http.extraHeader="Authorization: Bearer $token" push "$remote" HEAD:refs/heads/main

Clone it back:

  ${git} -c http.extraHeader="Authorization: Bearer $token" clone "$remote" "../$repo"
`;
}
