/** Metrics: what is done to a server is what its GraphQL API tells, asked as the product's documentation asks. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { accountId, readToken, withPassword, type Repo } from "./lib/api.ts";
import { projectDir } from "./lib/server.ts";
import { setUp } from "./lib/setup.ts";

/** Requests that a namespace and a repo may have in ten seconds here. */
const rateLimit = 60;

const dir = mkdtempSync(join(tmpdir(), "artifacts-graphql-"));
after(() => rmSync(dir, { recursive: true }));
const { server, shop, api } = await setUp({ config: strictConfig(), vars: { REPO_STORAGE_MAX_BYTES: "500000" } });
const address = `${api.origin}/client/v4/graphql`;

/** The configuration of this Worker with lower rate limits. */
function strictConfig(): string {
  const config = join(dir, "wrangler.toml");
  const ours = readFileSync(join(projectDir, "wrangler.toml"), "utf8");
  const entry = JSON.stringify(join(projectDir, "src", "entry.js"));
  const strict = ours.replace(/\[build\][^[]*/, "").replace('"src/entry.js"', entry).replaceAll("limit = 2000", `limit = ${rateLimit}`);
  writeFileSync(config, strict);
  copyFileSync(join(projectDir, ".dev.vars.example"), join(dir, ".dev.vars.example"));
  return config;
}

interface GraphqlError {
  message: string;
  path?: (string | number)[];
  extensions: { code: string };
}

interface Group {
  count: number;
  sum: { durationMs: number };
  avg: { durationMs: number };
  dimensions: Record<string, string>;
}

interface Answer {
  data: { viewer: { accounts: Record<string, Group[]>[] } } | null;
  errors?: GraphqlError[];
}

function post(body: string, token: string | null = readToken): Promise<Response> {
  const headers = new Headers({ "Content-Type": "application/json" });
  if (token !== null) headers.set("Authorization", `Bearer ${token}`);
  return fetch(address, { method: "POST", headers, body });
}

async function ask(query: string, variables: Record<string, unknown>): Promise<Answer> {
  const answer = await post(JSON.stringify({ query, variables }));
  assert.equal(answer.status, 200, await answer.clone().text());
  return (await answer.json()) as Answer;
}

/** The groups that a field of the account has. */
async function groups(query: string, variables: Record<string, unknown> = {}): Promise<Group[]> {
  const { data, errors } = await ask(query, { accountTag: accountId, ...variables });
  assert.equal(errors, undefined, JSON.stringify(errors));
  return Object.values(data?.viewer.accounts[0] ?? {})[0] ?? [];
}

const ofAccount = (selection: string) =>
  `query ($accountTag: string!) { viewer { accounts(filter: { accountTag: $accountTag }) { ${selection} } } }`;

/** The queries of the documentation, by their names, as they are printed. */
const page = readFileSync(join(projectDir, "fixtures", "documentation", "observability-metrics.md"), "utf8");
const printed = new Map([...page.matchAll(/^```graphql\n(query (\w+)[^]*?)^```$/gm)].map(([, query = "", name = ""]) => [name, query]));

const began = new Date(Date.now() - 60_000).toISOString();

/** Waits until all that was done has been told: as many events twice, longer apart than they wait in the Worker. */
async function settled(): Promise<void> {
  const count = async () => JSON.stringify(await groups(ofAccount("artifactsEventsAdaptiveGroups { count }")));
  for (let last = "", now = await count(); now !== last; ) {
    last = now;
    await sleep(2_500);
    now = await count();
  }
}

async function status(method: string, path: string, json?: unknown): Promise<number> {
  return (await api.request(method, path, json === undefined ? {} : { json })).status;
}

let tokenOfOther = "";
let n_limited = 0;

/** Everything that is told below: what was done, and what went wrong. */
async function work(): Promise<void> {
  const one = await api.createRepo({ name: "one" }, "metrics");
  const two = await api.createRepo({ name: "two" }, "metrics");
  const elsewhere = await api.createRepo({ name: "one" }, "elsewhere");
  tokenOfOther = elsewhere.token;
  await shop.newRepo("work");
  const push = (repo: Repo) => shop.git("work", "push", "--quiet", repo.url, "main");
  await push(one);
  await push(two);
  await push(elsewhere);
  await shop.git(".", "clone", "--quiet", one.url, "clone");
  await shop.commit("work", "more", "more\n");
  await push(one);
  await shop.git("clone", "fetch", "--quiet");
  await api.forkRepo(one, { name: "fork" });
  await api.deleteRepo(two);
  await goWrong(one);
}

/** Loses all that R2 has stored: what a clone then needs is not there. */
async function losePacks(): Promise<void> {
  const repo = await api.createRepo({ name: "lost" }, "elsewhere");
  await shop.newRepo("lost");
  await shop.commit("lost", "noise", randomBytes(300_000));
  await shop.git("lost", "push", "--quiet", repo.url, "main");
  const stored = readdirSync(server.stateDir, { recursive: true, encoding: "utf8" }).filter((path) => /\/r2\/.*\/blobs\/./.test(`/${path}`));
  assert.notEqual(stored.length, 0);
  for (const path of stored) rmSync(join(server.stateDir, path));
  assert.notEqual((await shop.attempt({}, "clone", "--quiet", repo.url, "never")).code, 0);
}

/** One error of each class, and two of the caller's. */
async function goWrong(one: Repo): Promise<void> {
  assert.equal(await status("GET", "/metrics/repos/missing"), 404);
  assert.equal(await status("POST", "/metrics/repos", { name: "one" }), 409);
  shop.write("work/noise", randomBytes(600_000));
  await shop.git("work", "add", ".");
  await shop.git("work", "commit", "--quiet", "--message", "Too much");
  assert.equal((await shop.attempt({ cwd: "work" }, "push", one.url, "main")).code, 1);
  await losePacks();
  for (let n = 0; n < 2 * rateLimit; n += 1) if ((await status("GET", "/busy/repos")) === 429) n_limited += 1;
  assert.ok(n_limited > 0);
  // Without valid credentials: counted, and no events.
  assert.equal((await post("{}", null)).status, 401);
  assert.equal((await post("{}", "unknown")).status, 401);
  const stranger = await shop.attempt({}, "ls-remote", withPassword(one.remote, tokenOfOther));
  assert.notEqual(stranger.code, 0);
}

before(async () => {
  await work();
  await settled();
});

const range = () => ({ datetimeStart: began, datetimeEnd: new Date(Date.now() + 60_000).toISOString() });
const counts = (told: Group[]) => told.map(({ count, dimensions }): Record<string, string | number> => ({ count, ...dimensions }));

test("operations by repo within a namespace, as documented", async () => {
  const told = await groups(printed.get("ArtifactsOperationsByRepo") ?? "", { ...range(), repositoryNamespace: "metrics" });
  // Made, pushed to twice, cloned, fetched, forked; made, pushed to, deleted.
  const wanted = [
    { count: 6, repositoryName: "one" },
    { count: 3, repositoryName: "two" },
  ];
  assert.deepEqual(counts(told), wanted);
  const sums = await groups(
    ofAccount('artifactsEventsAdaptiveGroups(filter: { repositoryNamespace: "metrics", eventKind: "action" }, orderBy: [count_DESC]) { count sum { durationMs } dimensions { repositoryName } }'),
  );
  assert.deepEqual(told.map(({ avg }) => avg.durationMs), sums.map(({ count, sum }) => sum.durationMs / count));
});

test("errors by repo, as documented", async () => {
  const told = counts(await groups(printed.get("ArtifactsErrorsByRepo") ?? "", range()));
  const wanted = [
    { count: n_limited, repository: "busy/", eventType: "rateLimited" },
    { count: 1, repository: "metrics/missing", eventType: "clientError" },
    { count: 1, repository: "metrics/one", eventType: "storageLimitReached" },
    { count: 1, repository: "metrics/one", eventType: "clientError" },
    { count: 1, repository: "elsewhere/lost", eventType: "serverError" },
  ];
  const sorted = (list: object[]) => list.map((entry) => JSON.stringify(entry)).sort();
  assert.deepEqual(sorted(told), sorted(wanted));
  assert.deepEqual(told.map(({ count }) => count), [n_limited, 1, 1, 1, 1]);
});

test("repos by pushes, as documented", async () => {
  const told = await groups(printed.get("ArtifactsPushesByRepo") ?? "", range());
  const wanted = [
    { count: 2, repository: "metrics/one" },
    { count: 1, repository: "elsewhere/lost" },
    { count: 1, repository: "elsewhere/one" },
    { count: 1, repository: "metrics/two" },
  ];
  assert.deepEqual(counts(told), wanted);
});

test("every event type that was seen, and nothing of the queries themselves", async () => {
  const told = await groups(ofAccount("artifactsEventsAdaptiveGroups(orderBy: [eventType_ASC]) { count dimensions { eventType } }"));
  const seen = { clientError: 2, create: 4, delete: 1, fork: 1, pull: 2, push: 5, rateLimited: n_limited, serverError: 1, storageLimitReached: 1 };
  assert.deepEqual(Object.fromEntries(counts(told).map(({ count, eventType }) => [eventType, count])), seen);
});

test("requests without valid credentials are counted by where they came", async () => {
  const told = await groups(ofAccount("artifactsRejectedRequestsAdaptiveGroups(orderBy: [surface_ASC]) { count dimensions { surface } }"));
  const by = Object.fromEntries(counts(told).map(({ count, surface }) => [surface, count]));
  assert.equal(by["graphql"], 2);
  assert.ok(Number(by["git"]) >= 1, JSON.stringify(by));
});

test("sizes are those that the list of repos tells", async () => {
  const query = 'artifactsStorageAdaptiveGroups(filter: { repositoryNamespace: "metrics" }) { max { repositorySizeBytes } dimensions { repositoryName } }';
  const told = (await groups(ofAccount(query))) as unknown as { max: { repositorySizeBytes: number }; dimensions: { repositoryName: string } }[];
  const listed = await api.request<{ name: string; size: number }[]>("GET", "/metrics/repos?sort=name&direction=asc");
  const wanted = listed.envelope.result.map(({ name, size }) => ({ max: { repositorySizeBytes: size }, dimensions: { repositoryName: name } }));
  assert.deepEqual(told, wanted);
  assert.equal(told.length, 2);
});

test("what is wrong is told as GraphQL has it", async () => {
  const refused = async (answer: Response) => {
    const { data, errors } = (await answer.json()) as Answer;
    return [answer.status, data, errors?.[0]?.extensions.code, errors?.[0]?.path];
  };
  assert.deepEqual(await refused(await post("{}", null)), [401, null, "AUTHENTICATION_ERROR", undefined]);
  assert.deepEqual(await refused(await post("{")), [400, null, "INVALID_INPUT", undefined]);
  assert.deepEqual(await refused(await post('{"query":"{ nothing }"}')), [200, null, "INVALID_INPUT", undefined]);
  const other = await ask(ofAccount("artifactsEventsAdaptiveGroups { count }"), { accountTag: "other" });
  assert.deepEqual([other.data, other.errors?.[0]?.path], [null, ["viewer", "accounts"]]);
  const got = await fetch(address, { headers: { Authorization: `Bearer ${readToken}` } });
  assert.deepEqual([got.status, got.headers.get("allow")], [405, "POST, OPTIONS"]);
  assert.equal((await post(JSON.stringify({ query: `{ ${" ".repeat(70_000)}__typename }` }))).status, 413);
});

test("a query that is deep, wide or long is refused, and the next one is answered", async () => {
  for (const query of ["{a".repeat(3_000), `{${"...".repeat(5_000)}}`, `{ ${"viewer { __typename } ".repeat(1_000)} }`, "[".repeat(20_000)]) {
    const { errors } = (await (await post(JSON.stringify({ query }))).json()) as Answer;
    assert.ok(errors !== undefined && errors.length > 0 && errors.length <= 20);
  }
  assert.deepEqual((await ask("{ viewer { __typename } }", {})).errors, undefined);
});
