/** `npm run token`: what it makes opens what it was made for. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { Api } from "./lib/api.ts";
import { projectDir, Server } from "./lib/server.ts";

const dir = mkdtempSync(join(tmpdir(), "artifacts-tokens-"));
after(() => rmSync(dir, { recursive: true }));
const file = join(dir, "api-tokens.json");

async function run(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [join(projectDir, "scripts", "token.mjs"), "--file", file, ...args]);
  return stdout;
}

/** Makes a token, and returns it as it is shown. */
async function made(...args: string[]): Promise<string> {
  const stdout = await run(...args);
  assert.match(stdout, /^ {2}npx wrangler secret put API_TOKENS < .*api-tokens\.json$/m);
  return /^ {2}(art_api_[0-9a-f]{40})$/m.exec(stdout)?.[1] ?? assert.fail(stdout);
}

test("tokens open what they were made for, and the list holds their hashes alone", async () => {
  const all = await made();
  const reader = await made("--permission", "read", "--name", "for CI");
  const mine = await made("--namespaces", "Mine,other");
  const list = readFileSync(file, "utf8");
  for (const token of [all, reader, mine]) assert.ok(!list.includes(token));
  const server = await Server.start({ vars: { API_TOKENS: list } });
  after(() => server.stop());
  const api = new Api(server.origin);
  const status = async (method: string, path: string, token: string) =>
    (await api.request(method, path, { token, ...(method === "POST" ? { json: { name: "made" } } : {}) })).status;
  assert.equal(await status("POST", "/any/repos", all), 201);
  assert.deepEqual([await status("GET", "/any/repos", reader), await status("POST", "/any/repos", reader)], [200, 403]);
  assert.deepEqual([await status("POST", "/mine/repos", mine), await status("GET", "/any/repos", mine)], [201, 403]);
  assert.equal(await status("GET", "/any/repos", "dev-edit"), 401);
});

test("what makes no token is told in words", async () => {
  for (const [args, words] of [
    [["--permission", "admin"], /--permission admin: must be edit or read/],
    [["--namespaces", "a b"], /"a b" is no namespace's name/],
    [["--colour", "blue"], /usage: npm run token/],
  ] as const) {
    await assert.rejects(run(...args), ({ stderr }: { stderr: string }) => words.test(stderr));
  }
  await assert.rejects(run("--name", "x".repeat(5_200)), ({ stderr }: { stderr: string }) => stderr.includes("a secret has 5120 at most"));
  writeFileSync(file, "not a list");
  await assert.rejects(run(), ({ stderr }: { stderr: string }) => stderr.includes("is no list of tokens"));
});

test("a deployment whose list is empty says how to fill it", async () => {
  const server = await Server.start({ vars: { API_TOKENS: "[]" } });
  after(() => server.stop());
  const answer = await new Api(server.origin).request("GET", "/any/repos");
  assert.equal(answer.status, 503);
  assert.equal(answer.envelope.errors[0]?.message, "not configured: API_TOKENS lists no token: npm run token makes one");
});
