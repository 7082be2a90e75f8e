/** The REST API of repos and tokens: routes, envelope, codes and messages, and who may ask. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import {
  Api,
  accountId,
  freshName,
  readToken,
  type Answer,
  type CreatedRepo,
  type CreatedToken,
  type RepoInfo,
  type RequestOptions,
  type TokenInfo,
} from "./lib/api.ts";
import { Server } from "./lib/server.ts";

const server = await Server.start();
after(() => server.stop());
const api = new Api(server.origin);

const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const id = /^[0-9a-z]{16}$/;
const plainToken = /^art_v1_[0-9a-f]{40}\?expires=\d+$/;

interface Refusal {
  status: number;
  code: number;
  message?: string | RegExp;
  pointer?: string;
}

function assertRefused(answer: Answer<unknown>, expected: Refusal): void {
  assert.equal(answer.status, expected.status, answer.text);
  assert.match(answer.headers.get("content-type") ?? "", /^application\/json/);
  const { result, success, errors, messages } = answer.envelope;
  assert.deepEqual([result, success, messages], [null, false, []]);
  assert.equal(errors.length, 1);
  assert.equal(errors[0]?.code, expected.code, answer.text);
  const message = errors[0]?.message ?? "";
  if (expected.message instanceof RegExp) assert.match(message, expected.message);
  else if (expected.message !== undefined) assert.equal(message, expected.message);
  else assert.notEqual(message, "");
  if (expected.pointer !== undefined) assert.equal(errors[0]?.source?.pointer, expected.pointer);
}

async function refuses(method: string, path: string, options: RequestOptions, expected: Refusal): Promise<void> {
  assertRefused(await api.request(method, path, options), expected);
}

test("a created repo comes with its remote and a token that lasts a day", async () => {
  const name = freshName("Created");
  const json = { name, description: "for tests", default_branch: "trunk", read_only: false };
  const answer = await api.request<CreatedRepo>("POST", "/default/repos", { json });
  assert.equal(answer.status, 201, answer.text);
  const { id: repo_id, token, ...rest } = answer.envelope.result;
  assert.match(repo_id, id);
  assert.match(token, plainToken);
  const expires = Number(token.split("=")[1]);
  assert.ok(Math.abs(expires - Date.now() / 1000 - 86_400) < 60, token);
  assert.deepEqual(rest, {
    name,
    description: "for tests",
    default_branch: "trunk",
    remote: `${server.origin}/git/default/${name}.git`,
  });
  assert.deepEqual([answer.envelope.success, answer.envelope.errors, answer.envelope.messages], [true, [], []]);
});

test("a repo needs nothing but a name", async () => {
  const repo = await api.createRepo();
  assert.deepEqual([repo.description, repo.default_branch], [null, "main"]);
});

test("a repo can be got under any spelling of its name", async () => {
  const repo = await api.createRepo({ name: freshName("Spelling") });
  const answer = await api.request<RepoInfo>("GET", `/default/repos/${repo.name.toUpperCase()}`);
  assert.equal(answer.status, 200, answer.text);
  const { created_at, updated_at, ...rest } = answer.envelope.result;
  assert.match(created_at, timestamp);
  assert.match(updated_at, timestamp);
  assert.deepEqual(rest, {
    id: repo.id,
    name: repo.name,
    description: null,
    default_branch: "main",
    last_push_at: null,
    source: null,
    read_only: false,
    remote: repo.remote,
    status: "ready",
    size: 0,
    shallow: false,
  });
});

test("the path without an account is the same API", async () => {
  const repo = await api.createRepo();
  const answer = await api.requestUrl<RepoInfo>("GET", `${server.origin}/v1/api/namespaces/default/repos/${repo.name}`);
  assert.equal(answer.envelope.result.id, repo.id);
});

test("a name is taken in every spelling, but only in its namespace", async () => {
  const repo = await api.createRepo({ name: freshName("taken") });
  const name = repo.name.toUpperCase();
  const expected = { status: 409, code: 10201, message: `repo already exists: ${name}` };
  await refuses("POST", "/default/repos", { json: { name } }, expected);
  const namesake = await api.createRepo({ name: repo.name }, "elsewhere");
  assert.notEqual(namesake.id, repo.id);
});

test("a deleted repo is gone, its tokens with it, and its name is free", async () => {
  const repo = await api.createRepo();
  const deleted = await api.request("DELETE", `/default/repos/${repo.name}`);
  assert.equal(deleted.status, 202, deleted.text);
  assert.deepEqual(deleted.envelope.result, { id: repo.id });
  const gone = { status: 404, code: 10200, message: `Repository not found: ${repo.name}.` };
  await refuses("GET", `/default/repos/${repo.name}`, {}, gone);
  await refuses("DELETE", `/default/repos/${repo.name}`, {}, gone);
  const successor = await api.createRepo({ name: repo.name });
  assert.notEqual(successor.id, repo.id);
  const refs = await fetch(`${repo.remote}/info/refs?service=git-upload-pack`, {
    headers: { Authorization: `Bearer ${repo.token}` },
  });
  assert.equal(refs.status, 401);
});

test("a repo that was never made is not found, by any route", async () => {
  const expected = { status: 404, code: 10200, message: "Repository not found: nowhere." };
  await refuses("GET", "/default/repos/nowhere", {}, expected);
  await refuses("GET", "/untouched/repos/nowhere", {}, expected);
  await refuses("DELETE", "/default/repos/nowhere", {}, expected);
  await refuses("GET", "/default/repos/nowhere/tokens", {}, expected);
  await refuses("POST", "/default/tokens", { json: { repo: "nowhere" } }, expected);
});

for (const name of ["", "..", "a..b", ".hidden", "-dash", "a/b", "a b", "é", "a.git", "a.lock", "x".repeat(256)]) {
  test(`no repo can be named ${JSON.stringify(name.slice(0, 20))}`, () =>
    refuses("POST", "/default/repos", { json: { name } }, { status: 400, code: 10101, message: "Invalid repo name." }));
}

test("names of every allowed kind and length are accepted", async () => {
  for (const name of ["a", "0", "A.b_c-d", "a.gitx", `l${"x".repeat(254)}`]) {
    const repo = await api.createRepo({ name }, "names");
    assert.equal(repo.name, name);
  }
});

test("a name with .. in a path finds nothing", async () => {
  await refuses("GET", "/default/repos/a..b", {}, { status: 400, code: 10101, message: "Invalid repo name." });
  const escaped = await api.request("GET", "/default/repos/..%2f..%2fsecret");
  assert.ok([400, 404].includes(escaped.status), escaped.text);
  const namespace = await api.request("POST", "/a..b/repos", { json: { name: "x" } });
  assert.equal(namespace.status, 400, namespace.text);
});

test("a branch name that git would refuse is no default branch", async () => {
  for (const default_branch of ["a..b", "-x", "a b", "a.lock", "", "refs//x", "@{"]) {
    const json = { name: freshName(), default_branch };
    await refuses("POST", "/default/repos", { json }, { status: 400, code: 10100, pointer: "/default_branch" });
  }
});

test("a field of the wrong type is named in the answer", async () => {
  const name = freshName();
  const wrong: [string, unknown][] = [
    ["name", 7],
    ["name", undefined],
    ["description", 7],
    ["default_branch", []],
    ["read_only", "yes"],
  ];
  for (const [field, value] of wrong) {
    const json = { name, [field]: value };
    await refuses("POST", "/default/repos", { json }, { status: 400, code: 10100, pointer: `/${field}` });
  }
});

test("fields and query parameters that nobody knows are ignored", async () => {
  const repo = await api.createRepo({ colour: "blue" });
  const answer = await api.request("GET", `/default/repos/${repo.name}?page=1&colour=blue`);
  assert.equal(answer.status, 200);
});

for (const [what, text] of [["a missing body", undefined], ["broken JSON", "{"], ["a list", "[]"], ["null", "null"]] as const) {
  test(`${what} makes no repo`, () =>
    refuses("POST", "/default/repos", text === undefined ? {} : { text }, { status: 400, code: 10100 }));
}

test("pages follow each other by cursor, each repo once, whatever is added or deleted meanwhile", async () => {
  const namespace = "pages";
  const names = [];
  for (let n = 0; n < 7; n += 1) names.push((await api.createRepo({}, namespace)).name);
  const seen: string[] = [];
  let cursor: string | undefined;
  for (const expected of [3, 3]) {
    const query = `limit=3&direction=asc${cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`}`;
    const page = await api.request<RepoInfo[]>("GET", `/${namespace}/repos?${query}`);
    assert.equal(page.envelope.result.length, expected);
    assert.deepEqual([page.envelope.result_info?.["per_page"], page.envelope.result_info?.["count"]], [3, expected]);
    seen.push(...page.envelope.result.map((repo) => repo.name));
    cursor = String(page.envelope.result_info?.["cursor"]);
    assert.notEqual(cursor, "");
    await api.request("DELETE", `/${namespace}/repos/${seen[0]}`);
  }
  const late = (await api.createRepo({}, namespace)).name;
  const last = await api.request<RepoInfo[]>("GET", `/${namespace}/repos?limit=3&direction=asc&cursor=${encodeURIComponent(cursor ?? "")}`);
  seen.push(...last.envelope.result.map((repo) => repo.name));
  assert.equal(last.envelope.result_info?.["cursor"], "");
  assert.deepEqual(seen, [...names, late]);
});

test("the newest repo is listed first, with its remote", async () => {
  const [older, newer] = [await api.createRepo({}, "newest"), await api.createRepo({}, "newest")];
  const answer = await api.request<RepoInfo[]>("GET", "/newest/repos");
  assert.deepEqual(answer.envelope.result.map((repo) => repo.remote), [newer.remote, older.remote]);
  assert.deepEqual(answer.envelope.result_info, { cursor: "", per_page: 50, count: 2 });
});

test("repos can be searched and sorted by name", async () => {
  for (const name of ["Beta-one", "alpha-One", "gamma"]) await api.createRepo({ name }, "search");
  const answer = await api.request<RepoInfo[]>("GET", "/search/repos?search=ONE&sort=name&direction=asc");
  assert.deepEqual(answer.envelope.result.map((repo) => repo.name), ["alpha-One", "Beta-one"]);
});

test("a namespace that holds nothing lists nothing", async () => {
  const answer = await api.request<RepoInfo[]>("GET", "/nothing-here/repos");
  assert.deepEqual([answer.status, answer.envelope.result], [200, []]);
});

test("limits outside 1 to 200 are refused", async () => {
  const message = "Invalid limit: must be between 1 and 200.";
  for (const limit of ["0", "201", "-1", "many", ""]) {
    await refuses("GET", `/default/repos?limit=${limit}`, {}, { status: 400, code: 10100, message });
  }
});

test("a sort, a direction or a cursor that makes no sense is refused", async () => {
  for (const query of ["sort=size", "direction=up", "cursor=nonsense"]) {
    await refuses("GET", `/default/repos?${query}`, {}, { status: 400, code: 10100 });
  }
});

test("a token is made for a repo and shown once", async () => {
  const repo = await api.createRepo();
  const answer = await api.request<CreatedToken>("POST", "/default/tokens", {
    json: { repo: repo.name, scope: "read", ttl: 3600 },
  });
  assert.equal(answer.status, 201, answer.text);
  const token = answer.envelope.result;
  assert.deepEqual(Object.keys(token).sort(), ["expires_at", "id", "plaintext", "scope"]);
  assert.match(token.id, id);
  assert.match(token.plaintext, plainToken);
  assert.match(token.expires_at, timestamp);
  assert.equal(token.scope, "read");
  const lifetime = Date.parse(token.expires_at) / 1000;
  assert.equal(Math.floor(lifetime), Number(token.plaintext.split("=")[1]));
  assert.ok(Math.abs(lifetime - Date.now() / 1000 - 3600) < 60);
});

test("a token may write for a day unless the caller says otherwise", async () => {
  const token = await api.createToken(await api.createRepo());
  assert.equal(token.scope, "write");
  assert.ok(Math.abs(Date.parse(token.expires_at) - Date.now() - 86_400_000) < 60_000);
});

test("lifetimes outside 60 seconds to a year are refused", async () => {
  const repo = (await api.createRepo()).name;
  for (const ttl of [30, 0, -1, 31_536_001]) {
    const message = `Invalid TTL ${ttl}: must be between 60 and 31536000 seconds.`;
    await refuses("POST", "/default/tokens", { json: { repo, ttl } }, { status: 400, code: 10103, message });
  }
});

test("a token's fields have types", async () => {
  const repo = (await api.createRepo()).name;
  const wrong: [string, unknown][] = [["repo", 1], ["scope", "admin"], ["ttl", "long"]];
  for (const [field, value] of wrong) {
    const json = { repo, [field]: value };
    await refuses("POST", "/default/tokens", { json }, { status: 400, code: 10100, pointer: `/${field}` });
  }
});

test("tokens are listed by state and page, without their secrets", async () => {
  const repo = await api.createRepo();
  const revoked = await api.createToken(repo);
  const kept = await api.createToken(repo, { scope: "read" });
  await api.revokeToken(repo, revoked.id);
  const list = async (query: string) => {
    const answer = await api.request<TokenInfo[]>("GET", `/default/repos/${repo.name}/tokens${query}`);
    assert.equal(answer.status, 200, answer.text);
    assert.ok(!answer.text.includes("art_v1_"));
    return answer.envelope;
  };
  const active = await list("");
  assert.deepEqual(active.result_info, { page: 1, per_page: 30, total_pages: 1, count: 2, total_count: 2 });
  const { created_at, expires_at, ...rest } = active.result.find((token) => token.id === kept.id) ?? assert.fail("not listed");
  assert.match(created_at, timestamp);
  assert.equal(expires_at, kept.expires_at);
  assert.deepEqual(rest, { id: kept.id, scope: "read", state: "active" });
  assert.deepEqual((await list("?state=revoked")).result.map((token) => token.id), [revoked.id]);
  assert.deepEqual((await list("?state=expired")).result, []);
  const second = await list("?state=all&per_page=2&page=2");
  assert.deepEqual(second.result_info, { page: 2, per_page: 2, total_pages: 2, count: 1, total_count: 3 });
});

test("pages of tokens that make no sense are refused", async () => {
  const { name } = await api.createRepo();
  for (const query of ["per_page=0", "per_page=101", "page=0", "state=lost"]) {
    await refuses("GET", `/default/repos/${name}/tokens?${query}`, {}, { status: 400, code: 10100 });
  }
});

test("revoking answers with the id, twice as well as once, and an unknown token is not found", async () => {
  const token = await api.createToken(await api.createRepo());
  for (const _ of [1, 2]) {
    const answer = await api.request("DELETE", `/default/tokens/${token.id}`);
    assert.equal(answer.status, 200, answer.text);
    assert.deepEqual(answer.envelope.result, { id: token.id });
  }
  await refuses("DELETE", "/default/tokens/0123456789abcdef", {}, { status: 404, code: 10200 });
});

test("no API token, an unknown one and a repo's token are all unauthorized", async () => {
  const repo = await api.createRepo();
  for (const token of [null, "", "unknown", repo.token]) {
    for (const [method, path] of [["GET", "/default/repos"], ["POST", "/default/repos"], ["GET", "/default/repos/nowhere"]] as const) {
      const answer = await api.request(method, path, { token });
      assert.equal(answer.status, 401, `${method} ${path} with ${token}: ${answer.text}`);
      assert.equal(answer.envelope.success, false);
    }
  }
});

test("a read token reads and changes nothing", async () => {
  const repo = await api.createRepo();
  const made = await api.createToken(repo);
  for (const path of ["/default/repos", `/default/repos/${repo.name}`, `/default/repos/${repo.name}/tokens`]) {
    assert.equal((await api.request("GET", path, { token: readToken })).status, 200, path);
  }
  const writes: [string, string, unknown?][] = [
    ["POST", "/default/repos", { name: "not-made" }],
    ["DELETE", `/default/repos/${repo.name}`],
    ["POST", "/default/tokens", { repo: repo.name }],
    ["DELETE", `/default/tokens/${made.id}`],
  ];
  for (const [method, path, json] of writes) {
    const answer = await api.request(method, path, { token: readToken, json });
    assert.equal(answer.status, 403, `${method} ${path}: ${answer.text}`);
    assert.equal(answer.envelope.success, false);
  }
  assert.equal((await api.repoInfo(repo)).id, repo.id);
});

test("another account is refused", async () => {
  const url = `${server.origin}/client/v4/accounts/${"1".repeat(32)}/artifacts/namespaces/default/repos`;
  assertRefused(await api.requestUrl("GET", url), { status: 403, code: 10000, message: /authentication error/i });
  const ours = url.replace("1".repeat(32), accountId);
  assert.equal((await api.requestUrl("GET", ours)).status, 200);
});

test("a path that does not exist answers with an envelope", async () => {
  assert.equal((await api.request("GET", "/default/nonsense")).status, 404);
  const method = await api.request("PUT", "/default/repos");
  assert.ok([404, 405].includes(method.status), method.text);
});

test("nothing brings the Worker down unless a variable allows it", async () => {
  for (const trigger of ["panic", "trap"]) {
    assert.equal((await fetch(`${server.origin}/__debug/${trigger}`, { method: "POST" })).status, 404);
  }
});
