/** `wrangler artifacts` with its requests sent here: every command, as text and as JSON, and how it tells of refusals. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { accountId, editToken, freshName, readToken, withPassword, type CreatedRepo, type RepoInfo } from "./lib/api.ts";
import type { GitResult } from "./lib/git.ts";
import { projectDir } from "./lib/server.ts";
import { setUp } from "./lib/setup.ts";

const { server, shop, api } = await setUp();

interface NamespaceInfo {
  namespace: string;
  repo_count: number;
  created_at: string;
  updated_at: string;
}

function wrangler(token: string, ...words: string[]): Promise<GitResult> {
  const env = {
    CLOUDFLARE_API_BASE_URL: `${server.origin}/client/v4`,
    CLOUDFLARE_API_TOKEN: token,
    CLOUDFLARE_ACCOUNT_ID: accountId,
    WRANGLER_SEND_METRICS: "false",
    CI: "true",
    NO_COLOR: "1",
    // What node has compiled of wrangler is kept for the next command.
    NODE_COMPILE_CACHE: shop.path("compiled"),
  };
  return shop.run(join(projectDir, "node_modules", ".bin", "wrangler"), { env }, "artifacts", ...words);
}

/** What a command that succeeds says to stdout. */
async function told(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await wrangler(editToken, ...words);
  assert.equal(code, 0, stdout + stderr);
  return stdout;
}

async function json<T>(...words: string[]): Promise<T> {
  return JSON.parse(await told(...words, "--json")) as T;
}

/** The values that a command lists, each after its label. */
function labelled(stdout: string): Record<string, string> {
  return Object.fromEntries([...stdout.matchAll(/^(\w+): +(.*)$/gm)].map(([, label, value]) => [label, value]));
}

/** A row of a table. */
function rowOf(...cells: unknown[]): RegExp {
  return new RegExp(`^│ ${cells.join(" +│ ")} +│$`, "m");
}

async function refuses(token: string, words: string[], message: RegExp): Promise<void> {
  const { code, stderr } = await wrangler(token, ...words);
  assert.equal(code, 1, stderr);
  assert.match(stderr, message);
}

// Two at once: each command is a process of its own, and mostly starts.
describe("wrangler artifacts", { concurrency: 2 }, () => {
  test("repos create makes a repo as it is told to", async () => {
    const name = freshName("told");
    const options = ["--namespace", "default", "--description", "for tests", "--default-branch", "trunk", "--read-only"];
    const stdout = await told("repos", "create", name, ...options);
    assert.match(stdout, new RegExp(`^Created Artifacts repo "${name}" in namespace "default"\\.$`, "m"));
    const { id, token, ...rest } = labelled(stdout);
    const remote = `${server.origin}/git/default/${name}.git`;
    assert.deepEqual(rest, { name, description: "for tests", default_branch: "trunk", read_only: "true", remote });
    assert.match(token ?? "", /^art_v1_[0-9a-f]{40}\?expires=\d+$/);
    const { envelope } = await api.request<RepoInfo>("GET", `/default/repos/${name}`);
    assert.deepEqual([envelope.result.id, envelope.result.read_only], [id, true]);
  });

  test("repos create gives a remote and a token that git pushes with", async () => {
    const created = await json<CreatedRepo>("repos", "create", freshName("pushed"), "--namespace", "default");
    await shop.newRepo("work");
    await shop.git("work", "push", "--quiet", withPassword(created.remote, created.token), "main");
  });

  test("repos list shows the repos of a namespace", async () => {
    const repo = await api.createRepo({}, "listed");
    const { envelope } = await api.request<RepoInfo[]>("GET", "/listed/repos");
    assert.deepEqual(await json("repos", "list", "--namespace", "listed"), envelope.result);
    const row = [repo.name, "main", "false", "ready", envelope.result[0]?.updated_at];
    assert.match(await told("repos", "list", "--namespace", "listed"), rowOf(...row));
  });

  test("repos list goes on to the last page", async () => {
    await Promise.all(Array.from({ length: 60 }, () => api.createRepo({}, "long")));
    const repos = await json<RepoInfo[]>("repos", "list", "--namespace", "long");
    assert.equal(new Set(repos.map(({ id }) => id)).size, 60);
    assert.equal(repos.length, 60);
  });

  test("repos get shows a repo", async () => {
    const repo = await api.createRepo();
    const { size, shallow, ...shown } = await api.repoInfo(repo);
    assert.deepEqual(await json("repos", "get", repo.name, "--namespace", "default"), { ...shown, size, shallow });
    const expected = Object.entries(shown).map(([label, value]) => [label, String(value ?? "")]);
    assert.deepEqual(labelled(await told("repos", "get", repo.name, "--namespace", "default")), Object.fromEntries(expected));
  });

  test("repos delete deletes a repo", async () => {
    const repo = await api.createRepo();
    const words = ["repos", "delete", repo.name, "--namespace", "default", "--force"];
    assert.deepEqual(await json(...words), { deleted: true, name: repo.name, namespace: "default" });
    await refuses(editToken, words, new RegExp(`Repository not found: ${repo.name}\\. \\[code: 10200\\]`));
  });

  test("repos issue-token issues a token that git reads with", async () => {
    const repo = await api.createRepo();
    const stdout = await told("repos", "issue-token", repo.name, "--namespace", "default", "--scope", "read", "--ttl", "3600");
    const { scope, expires_at = "", plaintext = "" } = labelled(stdout);
    assert.equal(scope, "read");
    assert.ok(Math.abs(Date.parse(expires_at) - Date.now() - 3_600_000) < 60_000, expires_at);
    await shop.git(".", "ls-remote", withPassword(repo.remote, plaintext));
  });

  test("namespaces list and get show namespaces", async () => {
    const { envelope } = await api.request<NamespaceInfo>("POST", "", { json: { namespace: "shown" } });
    assert.deepEqual(await json("namespaces", "get", "shown"), envelope.result);
    const { namespace, repo_count, created_at, updated_at } = envelope.result;
    assert.match(await told("namespaces", "list"), rowOf(namespace, repo_count, created_at, updated_at));
  });

  test("refusals are told in our words, with their codes", async () => {
    const { name } = await api.createRepo();
    const create = (name: string) => ["repos", "create", name, "--namespace", "default"];
    await refuses(editToken, create(name), new RegExp(`repo already exists: ${name} \\[code: 10201\\]`));
    await refuses(editToken, create("a..b"), /Invalid repo name\. \[code: 10101\]/);
    await refuses(readToken, create(freshName()), /Authentication error: the API token may only read\. \[code: 10000\]/);
  });
});
