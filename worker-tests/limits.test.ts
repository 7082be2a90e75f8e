/** What a deployment does not let through: too many requests, too many bytes. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Api, freshName } from "./lib/api.ts";
import { projectDir, Server } from "./lib/server.ts";
import { setUp } from "./lib/setup.ts";
import { storedKeys, storedKeysWhen } from "./lib/stored.ts";

const repoMax = 2_000_000;
const accountMax = 3_000_000;
const { server, shop, api } = await setUp({
  vars: { REPO_STORAGE_MAX_BYTES: String(repoMax), ACCOUNT_STORAGE_MAX_BYTES: String(accountMax), UPLOAD_GRACE_SECONDS: "1" },
});

/** A repository with so many bytes that cannot be compressed. */
async function noise(len: number): Promise<string> {
  const work = freshName("noise");
  await shop.newRepo(work);
  await add(work, len);
  return work;
}

async function add(work: string, len: number): Promise<void> {
  shop.write(join(work, `noise-${len}`), randomBytes(len));
  await shop.git(work, "add", ".");
  await shop.git(work, "commit", "--quiet", "-m", `${len} bytes`);
}

test("a push beyond what a repo may hold is refused in words, and the repo stays as it was", async () => {
  const repo = await api.createRepo();
  const work = await noise(1_500_000);
  await shop.git(work, "push", "--quiet", repo.url, "main");
  const before = await api.repoInfo(repo);
  const stored = storedKeys(server.stateDir);
  const tip = await shop.git(work, "rev-parse", "HEAD");
  await add(work, 700_000);
  const refused = await shop.attempt({ cwd: work }, "push", repo.url, "main");
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, new RegExp(`remote unpack failed: storage limit reached: a repository may hold ${repoMax} bytes`));
  assert.deepEqual(await api.repoInfo(repo), before);
  // What had come is reclaimed a second later.
  const left = await storedKeysWhen(server.stateDir, (keys) => keys.length === stored.length, 20_000);
  assert.deepEqual(left, stored);
  assert.match(await shop.git(".", "ls-remote", repo.url), new RegExp(`^${tip}\tHEAD`));
  // What makes it no larger still works.
  await shop.git(work, "push", "--quiet", repo.url, `${tip}:refs/heads/other`);
  await shop.git(work, "push", "--quiet", repo.url, ":refs/heads/other");
  await api.request("DELETE", `/default/repos/${repo.name}`);
});

test("an account that is full takes no pushes and no repos, until something is deleted", async () => {
  const [first, second] = [await api.createRepo(), await api.createRepo()];
  for (const repo of [first, second]) {
    const work = await noise(1_600_000);
    await shop.gitWith({ cwd: work }, "push", "--quiet", repo.url, "main");
  }
  const work = await noise(100_000);
  const third = await untilRefused(work);
  assert.match(third, new RegExp(`storage limit reached: all repositories together may hold ${accountMax} bytes`));
  const created = await api.request("POST", "/default/repos", { json: { name: freshName() } });
  assert.deepEqual([created.status, created.envelope.errors[0]?.code], [507, 10507], created.text);
  await api.request("DELETE", `/default/repos/${first.name}`);
  for (let waited = 0; (await api.request("POST", "/default/repos", { json: { name: freshName() } })).status !== 201; waited += 1) {
    assert.ok(waited < 40, "still full");
    await sleep(500);
  }
});

/** Pushes a little to a repo until the account is known to be full; what git is told then. */
async function untilRefused(work: string): Promise<string> {
  for (let n = 0; n < 40; n += 1) {
    const made = await api.request<{ remote: string; token: string }>("POST", "/default/repos", { json: { name: freshName() } });
    if (made.status === 507) break;
    await sleep(500);
  }
  const [repo] = (await api.request<{ name: string; remote: string }[]>("GET", "/default/repos?limit=1")).envelope.result;
  const token = (await api.request<{ plaintext: string }>("POST", "/default/tokens", { json: { repo: repo?.name } })).envelope.result.plaintext;
  const header = `http.extraHeader=Authorization: Bearer ${token}`;
  return (await shop.attempt({ cwd: work }, "-c", header, "push", repo?.remote ?? "", "main")).stderr;
}

test("who asks too often is told to wait, and whoever has no credentials uses up nobody's share", async () => {
  const dir = mkdtempSync(join(tmpdir(), "artifacts-limits-"));
  const config = join(dir, "wrangler.toml");
  const ours = readFileSync(join(projectDir, "wrangler.toml"), "utf8");
  const entry = JSON.stringify(join(projectDir, "src", "entry.js"));
  writeFileSync(config, ours.replace(/\[build\][^[]*/, "").replace('"src/entry.js"', entry).replaceAll("limit = 2000", "limit = 20"));
  copyFileSync(join(projectDir, ".dev.vars.example"), join(dir, ".dev.vars.example"));
  const strict = await Server.start({ config });
  after(async () => {
    await strict.stop();
    rmSync(dir, { recursive: true });
  });
  const strictApi = new Api(strict.origin);
  const repo = await strictApi.createRepo({}, "busy");
  const refs = (token: string) =>
    fetch(`${repo.remote}/info/refs?service=git-upload-pack`, { headers: token === "" ? {} : { Authorization: `Bearer ${token}` } });

  for (let n = 0; n < 60; n += 1) assert.equal((await refs("")).status, 401);
  const asked = [];
  for (let n = 0; n < 60; n += 1) asked.push(await refs(repo.token));
  // The limit is 20 in a period, and no more than two periods have begun.
  const limited = asked.filter(({ status }) => status !== 200);
  assert.ok(limited.length >= 20 && limited.length <= 40, asked.map(({ status }) => status).join(" "));
  for (const answer of limited) {
    assert.deepEqual([answer.status, answer.headers.get("retry-after")], [429, "10"]);
    assert.equal(await answer.text(), "too many requests to this repository: wait 10 seconds\n");
  }

  for (let n = 0; n < 60; n += 1) assert.equal((await strictApi.request("GET", "/busy/repos", { token: "unknown" })).status, 401);
  const answers = [];
  for (let n = 0; n < 60; n += 1) answers.push(await strictApi.request("GET", "/busy/repos"));
  const refused = answers.filter(({ status }) => status !== 200);
  assert.ok(refused.length >= 20 && refused.length < 60, `${refused.length}`);
  for (const { status, headers, envelope } of refused) {
    assert.deepEqual([status, headers.get("retry-after"), envelope.errors[0]?.code], [429, "10", 10429]);
  }
  assert.equal((await strictApi.request("GET", "/idle/repos")).status, 200);
});
