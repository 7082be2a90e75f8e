/** The Workers binding: what other Workers that are bound to this one can do, and what they cannot. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { Caller, type Thrown } from "./binding/call.ts";
import { Api, freshName, secretOf, withPassword, type RepoInfo, type TokenInfo } from "./lib/api.ts";
import { Bound } from "./lib/bound.ts";
import { Workshop } from "./lib/git.ts";
import { projectDir } from "./lib/server.ts";

const source = "worker-tests/binding/caller.ts";
const entrypoint = "Artifacts";
const props = { namespace: "default" };
const bound = await Bound.start({
  callers: {
    caller: { source, entrypoint, props },
    elsewhere: { source, entrypoint, props: { namespace: "elsewhere", admin: true } },
    unbound: { source, entrypoint },
    misnamed: { source, entrypoint, props: { namespace: "a/../default" } },
    mistyped: { source, entrypoint, props: { namespace: ["default"] } },
    plain: { source, props },
    official: { source: "worker-tests/binding/official.ts", entrypoint, props },
  },
});
after(() => bound.stop());
const api = new Api(bound.origin);
const caller = new Caller(bound, "caller");

/** The fields of a repo by the names that the binding has for them. */
function camelCased(repo: RepoInfo | TokenInfo): Record<string, unknown> {
  const name = (field: string) => field.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(repo).map(([field, value]) => [name(field), value]));
}

test("what the methods return is what REST tells of the same repo", async () => {
  const name = freshName("bound");
  const opts = { description: "d", setDefaultBranch: "trunk", readOnly: false };
  const { repo: handle, ...created } = await caller.follow<Record<string, unknown>>(["create", name, opts]);
  const repo = (await api.request<RepoInfo>("GET", `/default/repos/${name}`)).envelope.result;
  const { id, remote, description, default_branch: defaultBranch } = repo;
  assert.deepEqual(created, { id, name, description, defaultBranch, remote, token: created["token"] });
  assert.match(String(created["token"]), /^art_v1_[0-9a-f]{40}\?expires=\d+$/);
  assert.deepEqual([description, defaultBranch], ["d", "trunk"]);
  assert.deepEqual(handle, camelCased(repo));
  assert.deepEqual(await caller.follow(["get", name]), camelCased(repo));
  assert.deepEqual(await caller.follow(["get", name.toUpperCase()], ["info"]), camelCased(repo));
  assert.equal(await caller.run("pipelined", name).then((info) => (info as { id: string }).id), id);
  assert.deepEqual(await caller.follow(["delete", name]), true);
  assert.deepEqual(await caller.follow(["delete", name]), false);
  assert.equal((await api.request("GET", `/default/repos/${name}`)).status, 404);
});

test("lists have pages, and tell how many repos there are", async () => {
  const elsewhere = new Caller(bound, "elsewhere");
  const names = ["a", "b", "c"];
  for (const name of names) await elsewhere.follow(["create", name]);
  type Page = { repos: { name: string; status: string }[]; total: number; cursor?: string };
  const first = await elsewhere.follow<Page>(["list", { limit: 2 }]);
  assert.deepEqual([first.repos.length, first.total], [2, 3]);
  const second = await elsewhere.follow<Page>(["list", { limit: 2, cursor: first.cursor }]);
  assert.deepEqual(Object.keys(second), ["repos", "total"]);
  const all = [...first.repos, ...second.repos];
  assert.deepEqual(all.map(({ name }) => name).sort(), names);
  assert.deepEqual(new Set(all.map(({ status }) => status)), new Set(["ready"]));
  const listed = await api.request<RepoInfo[]>("GET", "/elsewhere/repos");
  assert.deepEqual((await elsewhere.follow<Page>(["list"])).repos, listed.envelope.result.map(camelCased));
});

test("a token that is made is listed, opens the repo, and is revoked by either form", async () => {
  const name = freshName("tokens");
  await caller.follow(["create", name]);
  type Made = { id: string; plaintext: string; scope: string; expiresAt: string };
  type Listed = { tokens: { id: string; state: string }[]; total: number };
  const read = await caller.follow<Made>(["get", name], ["createToken", "read", 3600]);
  const write = await caller.follow<Made>(["get", name], ["createToken"]);
  assert.deepEqual(Object.keys(read).sort(), ["expiresAt", "id", "plaintext", "scope"]);
  assert.deepEqual([read.scope, write.scope], ["read", "write"]);
  const lastsMs = Date.parse(write.expiresAt) - Date.now();
  assert.ok(Math.abs(lastsMs - 86_400_000) < 60_000, `${lastsMs} ms`);
  const opens = async (token: string) => {
    const url = `${bound.origin}/git/default/${name}.git/info/refs?service=git-upload-pack`;
    return (await fetch(url, { headers: { Authorization: `Bearer ${token}` } })).status;
  };
  assert.deepEqual([await opens(read.plaintext), await opens(write.plaintext)], [200, 200]);
  const revoke = (token: string) => caller.follow<boolean>(["get", name], ["revokeToken", token]);
  assert.deepEqual([await revoke(read.plaintext), await revoke(write.id), await revoke("0123456789abcdef")], [true, true, false]);
  assert.deepEqual([await opens(read.plaintext), await opens(write.plaintext)], [401, 401]);
  const { tokens, total } = await caller.follow<Listed>(["get", name], ["listTokens"]);
  assert.equal(total, 3);
  const listed = await api.request<TokenInfo[]>("GET", `/default/repos/${name}/tokens?state=all`);
  assert.deepEqual(tokens, listed.envelope.result.map(camelCased));
  assert.deepEqual(tokens.map(({ state }) => state).sort(), ["active", "revoked", "revoked"]);
  const other = await caller.follow<{ token: string }>(["create", freshName("tokens")]);
  assert.deepEqual([await revoke(other.token), await opens(other.token)], [false, 401]);
});

test("what a handle and a creation become as JSON is their properties", async () => {
  const name = freshName("json");
  const [created, got] = await caller.run<[Record<string, unknown>, Record<string, unknown>]>("json", name);
  const repo = camelCased((await api.request<RepoInfo>("GET", `/default/repos/${name}`)).envelope.result);
  assert.deepEqual(got, repo);
  assert.deepEqual(created["repo"], repo);
  assert.deepEqual(Object.keys(created).sort(), ["defaultBranch", "description", "id", "name", "remote", "repo", "token"]);
});

test("a handle that is disposed of has its properties and nothing else", async () => {
  const name = freshName("disposed");
  await caller.follow(["create", name]);
  const remote = `${bound.origin}/git/default/${name}.git`;
  const { message, ...rest } = await caller.run<{ message: string }>("disposed", name);
  assert.deepEqual(rest, { remote, info: remote });
  assert.match(message, /after being disposed/);
});

test("what makes a repo returns its handle too", async () => {
  const name = freshName("handles");
  const created = await caller.run<{ id: string; codes: object; info: { id: string } }>("handleOfCreated", name);
  assert.equal(created.info.id, created.id);
  assert.deepEqual(new Set(Object.values(created.codes)), new Set());
  const forked = await caller.run<{ objects: number; source: string; info: { name: string } }>("handleOfFork", name, `${name}-2`);
  assert.deepEqual([forked.objects, forked.source, forked.info.name], [0, `artifacts:default/${name}`, `${name}-2`]);
});

test("a Worker that knows the official types alone is served", async () => {
  const answer = await bound.fetch("official", "/");
  assert.deepEqual(await answer.json(), {
    ...{ name: "official", scope: "read", revoked: true, total: 2, objects: 0, listed: 1 },
    ...{ total: 2, listed: await caller.follow<{ total: number }>(["list"]).then(({ total }) => total + 2) },
    ...{ isRemote: true, failed: "NOT_FOUND", deleted: [true, true] },
  });
});

test("the handle of a repo that is gone reaches none that has taken its name", async () => {
  const name = freshName("outlived");
  await caller.follow(["create", name]);
  const outlived = await caller.run<Record<"deleted" | "taken", object> & { revoked: string; tokens: object[] }>("outlived", name);
  const reading = ["log", "readBlob", "readCommit", "readFile", "readTree"];
  const methods = ["info", "createToken", "listTokens", "revokeToken", "fork", ...reading];
  const none = Object.fromEntries(methods.map((method) => [method, "NOT_FOUND"]));
  assert.deepEqual(outlived.deleted, none);
  assert.deepEqual(outlived.taken, none);
  assert.equal(outlived.revoked, "NOT_FOUND");
  assert.deepEqual([outlived.tokens.length, await caller.follow(["delete", `${name}-fork`])], [1, false]);
});

test("fifty repos are made at once", async () => {
  const name = freshName("parallel");
  const remotes = await caller.run<string[]>("parallel", name, 50);
  assert.deepEqual(remotes, Array.from({ length: 50 }, (_, at) => `${bound.origin}/git/default/${name}-${at}.git`));
});

test("no argument brings the service down, and what cannot be is an invalid input", async () => {
  const name = freshName("strange");
  await caller.follow(["create", name]);
  const codes = await caller.run<Record<string, Record<string, unknown>>>("strangeArguments", name);
  const allowed: Record<string, string[]> = { "list's limit": ["number", "null"] };
  for (const [method, byValue] of Object.entries(codes)) {
    for (const [value, code] of Object.entries(byValue)) {
      // A Map is an object without fields. Text that is none, and a number that is no ttl, have codes of their own.
      const wanted = (allowed[method] ?? []).includes(value) ? undefined : wantedCode(method, value);
      assert.equal(code, wanted, `${method}: ${value}`);
    }
  }
});

function wantedCode(method: string, value: string): string | undefined {
  const takesObjects = ["create's opts", "list"].includes(method);
  if (takesObjects && ["map", "bytes"].includes(value)) return undefined;
  const takesNames = ["create", "get", "delete", "fork"].includes(method);
  if (takesNames && value === "date") return "INVALID_REPO_NAME";
  if (method === "revokeToken" && value === "date") return undefined;
  if (method === "createToken's ttl" && value === "number") return "INVALID_TTL";
  return "INVALID_INPUT";
}

/** Asks for what is in the namespace of another caller. */
async function assertReachesNothing(name: string, other: string, refusal: Partial<Thrown>): Promise<void> {
  const worker = new Caller(bound, name);
  for (const step of [["get", other], ["list"], ["create", freshName("reach")], ["delete", other]] as [string, ...unknown[]][]) {
    const thrown = await worker.failed("follow", step);
    for (const [property, value] of Object.entries(refusal)) assert.deepEqual(thrown[property as keyof Thrown], value, step[0]);
  }
}

test("a binding that names no namespace reaches none, and is told how it is made", async () => {
  const name = freshName("private");
  await caller.follow(["create", name]);
  for (const worker of ["unbound", "misnamed", "mistyped"]) {
    await assertReachesNothing(worker, name, { code: "INVALID_INPUT", numericCode: 10100 });
    const { message } = await new Caller(bound, worker).failed("follow", ["get", name]);
    assert.match(message, /\[\[services\]\]\n +binding = "ARTIFACTS"\n +service = "artifacts"\n +entrypoint = "Artifacts"\n +props = \{ namespace = "default" \}/);
  }
  const { message } = await new Caller(bound, "plain").failed("follow", ["get", name]);
  assert.match(message, /does not implement/);
  assert.equal(await caller.follow<{ name: string }>(["get", name]).then((repo) => repo.name), name);
});

test("a binding reaches no other namespace", async () => {
  const name = freshName("private");
  const { id, token } = await caller.follow<{ id: string; token: string }>(["create", name]);
  const elsewhere = new Caller(bound, "elsewhere");
  for (const step of [["get", name], ["get", `../default/${name}`], ["get", `default/${name}`]] as [string, string][]) {
    const { code } = await elsewhere.failed("follow", step);
    assert.match(String(code), /NOT_FOUND|INVALID_REPO_NAME/);
  }
  assert.equal(await elsewhere.follow(["delete", name]), false);
  const own = freshName("own");
  await elsewhere.follow(["create", own]);
  assert.equal(await elsewhere.follow(["get", own], ["revokeToken", token]), false);
  assert.equal(await caller.follow<{ id: string }>(["get", name]).then((repo) => repo.id), id);
});

/** The longest message between Workers, less what is around a file in it. */
const messageMax = 32 * 1024 * 1024 - 1024;

test("what is pushed is read, and what is too large for a message is told", async () => {
  const name = freshName("contents");
  const { remote, token } = await caller.follow<{ remote: string; token: string }>(["create", name]);
  const shop = new Workshop();
  try {
    await shop.newRepo("work", 3);
    await shop.commit("work", "page.html", "<!doctype html>\n");
    await shop.commit("work", "large.bin", Buffer.alloc(messageMax, 1));
    await shop.commit("work", "larger.bin", Buffer.alloc(messageMax + 1, 1));
    const url = withPassword(remote.replace(/^https?:..[^/]+/, bound.origin), secretOf(token));
    await shop.git("work", "push", "--quiet", url, "main");
    const [head = "", parent = ""] = (await shop.git("work", "rev-list", "-2", "HEAD")).split("\n");
    const read = await caller.run<Record<string, any>>("contents", name, "page.html", "large.bin");
    assert.deepEqual(read["log"].map(({ hash }: { hash: string }) => hash), [head, parent]);
    assert.deepEqual(read["commit"], read["log"][0]);
    assert.deepEqual([read["commit"].message, read["commit"].parents], ["Change larger.bin", [parent]]);
    const names = (await shop.git("work", "ls-tree", "--name-only", "HEAD")).split("\n");
    assert.deepEqual(read["tree"].map(({ name }: { name: string }) => name), names);
    assert.deepEqual(read["blob"], { type: "", size: 16, text: "<!doctype html>\n" });
    assert.deepEqual(read["file"], { type: "text/plain;charset=utf-8", size: 16, text: "<!doctype html>\n" });
    assert.equal(read["large"], messageMax);
    assert.deepEqual(read["missing"], [null, null, null, null, null, null, [], []]);
    const id = await shop.git("work", "rev-parse", "HEAD:larger.bin");
    for (const [code, ...step] of [
      ["MEMORY_LIMIT", "readBlob", id],
      ["MEMORY_LIMIT", "readFile", { ref: "main", path: "larger.bin" }],
      ["INTERNAL_ERROR", "readTree", id],
      ["INTERNAL_ERROR", "readCommit", id],
      ["INVALID_INPUT", "readBlob", "abc"],
      ["INVALID_INPUT", "readTree", "abc"],
      ["INVALID_INPUT", "readCommit", 7],
      ["INVALID_INPUT", "readFile", { ref: "", path: "a" }],
      ["INVALID_INPUT", "readFile", { ref: "main", path: "" }],
      ["INVALID_INPUT", "readFile", undefined],
    ] as const) {
      assert.equal((await caller.failed("follow", ["get", name], step)).code, code, JSON.stringify(step));
    }
  } finally {
    shop.remove();
  }
});

test("a handle is for its own repo, whatever it is called with", async () => {
  const [name, other] = [freshName("forged"), freshName("forged")];
  await caller.follow(["create", name]);
  await caller.follow(["create", other]);
  const { names, tokens } = await caller.run<{ names: string[]; tokens: string[] }>("forged", name, other);
  assert.deepEqual(names, [name, name, name]);
  for (const token of tokens) {
    const url = (repo: string) => `${bound.origin}/git/default/${repo}.git/info/refs?service=git-upload-pack`;
    const status = async (repo: string) => (await fetch(url(repo), { headers: { Authorization: `Bearer ${token}` } })).status;
    assert.deepEqual([await status(name), await status(other)], [200, 401]);
  }
});

test("a bound Worker reaches nothing of the engine, nor REST or Git without a token", async () => {
  const wasm = new WebAssembly.Module(readFileSync(`${projectDir}build/index_bg.wasm`));
  const exported = WebAssembly.Module.exports(wasm).filter(({ kind }) => kind === "function").map(({ name }) => name);
  assert.ok(exported.includes("answerBinding"));
  const names = [...exported.filter((name) => name !== "fetch"), "ctx", "env", "handle", "make", "call", "answer", "#handle", "#make", "#call", "#answer", "scheduled", "queue"];
  for (const worker of ["caller", "plain"]) {
    const reached = await new Caller(bound, worker).run<Record<string, string>>("reach", names);
    for (const [name, outcome] of Object.entries(reached)) assert.match(outcome, /does not implement|is a reserved method/, `${worker}: ${name}`);
  }
  const { message } = await caller.failed("fetch", "/client/v4/graphql");
  assert.match(message, /does not (implement|define|export)/i);
  const path = `/client/v4/accounts/${"0".repeat(32)}/artifacts/namespaces/default/repos`;
  const refused = await new Caller(bound, "plain").run<{ status: number }>("fetch", path);
  assert.notEqual(refused.status, 200);
});
