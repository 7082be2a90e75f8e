/** Namespaces, what can be changed of a repo, and pages of other origins, over HTTP. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { freshName, readToken, type RepoInfo } from "./lib/api.ts";
import { setUp } from "./lib/setup.ts";

const page = "https://app.example";
const { server, shop, api } = await setUp({ vars: { CORS_ORIGINS: `${page}, http://localhost:5173` } });

interface NamespaceInfo {
  namespace: string;
  repo_count: number;
  size: number;
}

/** How the account's list has a namespace, as soon as `isRight`. */
async function listed(name: string, isRight: (info: NamespaceInfo | undefined) => boolean): Promise<void> {
  for (let waited = 0; ; waited += 1) {
    const { envelope } = await api.request<NamespaceInfo[]>("GET", "");
    const info = envelope.result.find(({ namespace }) => namespace === name);
    if (isRight(info)) return;
    // A push is told to its namespace after 1.5 s, and that to the account after 3 s more.
    assert.ok(waited < 100, JSON.stringify(info));
    await sleep(100);
  }
}

test("the account hears of what is pushed, and of what is deleted", async () => {
  const repo = await api.createRepo({}, "counted");
  await listed("counted", (info) => info?.repo_count === 1 && info.size === 0);
  await shop.newRepo("counted", 2);
  await shop.git("counted", "push", "--quiet", repo.url, "main");
  await listed("counted", (info) => (info?.size ?? 0) > 500);
  const { size } = await api.repoInfo(repo) as RepoInfo & { size: number };
  const { envelope } = await api.request<NamespaceInfo>("GET", "/counted");
  assert.equal(envelope.result.size, size);
  const full = await api.request("DELETE", "/counted");
  assert.deepEqual([full.status, full.envelope.errors[0]?.code], [409, 10202]);
  await api.request("DELETE", `/counted/repos/${repo.name}`);
  await listed("counted", (info) => info?.repo_count === 0 && info.size === 0);
  const deleted = await fetch(`${api.origin}/v1/api/namespaces/counted`, { method: "DELETE", headers: { Authorization: "Bearer dev-edit" } });
  assert.deepEqual([deleted.status, deleted.headers.get("content-type"), await deleted.text()], [204, null, ""]);
  await listed("counted", (info) => info === undefined);
});

test("another default branch is what HEAD points at from then on", async () => {
  const repo = await api.createRepo();
  const work = freshName("head");
  await shop.newRepo(work);
  await shop.git(work, "push", "--quiet", repo.url, "main", "main:trunk");
  const head = async () => (await shop.git(".", "ls-remote", "--symref", repo.url, "HEAD")).split("\n")[0];
  assert.equal(await head(), "ref: refs/heads/main\tHEAD");
  const changed = await api.request<RepoInfo>("PATCH", `/default/repos/${repo.name}`, { json: { default_branch: "trunk" } });
  assert.deepEqual([changed.status, changed.envelope.result.default_branch], [200, "trunk"]);
  assert.equal(await head(), "ref: refs/heads/trunk\tHEAD");
  await shop.git(".", "clone", "--quiet", repo.url, `${work}-clone`);
  assert.equal(await shop.git(`${work}-clone`, "branch", "--show-current"), "trunk");
});

test("a repo that is made read-only takes no more pushes, until it is not", async () => {
  const repo = await api.createRepo();
  const work = freshName("fixed");
  await shop.newRepo(work);
  const set = (read_only: boolean) => api.request("PATCH", `/default/repos/${repo.name}`, { json: { read_only } });
  assert.equal((await set(true)).status, 200);
  const refused = await shop.attempt({ cwd: work }, "push", repo.url, "main");
  assert.equal(refused.code, 128);
  assert.match(refused.stderr, /the repository is read-only/);
  await shop.git(".", "ls-remote", repo.url);
  assert.equal((await api.request("PATCH", `/default/repos/${repo.name}`, { token: readToken, json: { read_only: false } })).status, 403);
  assert.equal((await set(false)).status, 200);
  await shop.git(work, "push", "--quiet", repo.url, "main");
});

const paths = ["/v1/api/namespaces/default/repos", "/git/default/any.git/git-upload-pack", "/openapi.json"];

test("a page of a listed origin may ask, and see the answers", async () => {
  for (const path of paths) {
    const options = await fetch(server.origin + path, { method: "OPTIONS", headers: { Origin: page } });
    assert.deepEqual([options.status, options.headers.get("access-control-allow-origin")], [204, page]);
    assert.equal(options.headers.get("access-control-allow-methods"), options.headers.get("allow"));
    assert.equal(options.headers.get("access-control-allow-headers"), "authorization, *");
  }
  const refused = await fetch(`${server.origin}/v1/api/namespaces`, { headers: { Origin: page } });
  assert.deepEqual([refused.status, refused.headers.get("access-control-allow-origin")], [401, page]);
  assert.equal(refused.headers.get("vary"), "origin");
});

test("OPTIONS tells everybody the methods, and pages of other origins no more", async () => {
  for (const [path, allow] of [
    ["/v1/api/namespaces/default/repos/any", "GET, HEAD, PATCH, DELETE, OPTIONS"],
    ["/git/default/any.git/info/refs", "GET, HEAD, OPTIONS"],
  ]) {
    const options = await fetch(`${server.origin}${path}`, { method: "OPTIONS", headers: { Origin: "https://other.example" } });
    assert.deepEqual([options.status, options.headers.get("allow")], [204, allow]);
    assert.equal(options.headers.get("access-control-allow-origin"), null);
  }
  assert.equal((await fetch(`${server.origin}/nowhere`, { method: "OPTIONS" })).status, 404);
});
