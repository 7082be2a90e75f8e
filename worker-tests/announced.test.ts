/** Events that go into a queue: their form is that of the product's event subscriptions. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { accountId, Api, freshName, type CreatedRepo, type Repo } from "./lib/api.ts";
import { Backend } from "./lib/backend.ts";
import { Bound } from "./lib/bound.ts";
import { Workshop } from "./lib/git.ts";

interface Message {
  type: string;
  source: { type: string; namespace: string; repoName: string };
  payload: Record<string, unknown>;
  metadata: Record<string, unknown>;
}

const bound = await Bound.start({
  callers: { consumer: { source: "worker-tests/announced/consumer.ts", consumes: "events" } },
  queue: "events",
  dataset: "consumer",
  vars: { ALLOW_INSECURE_IMPORT: "on" },
});
const shop = new Workshop();
const api = new Api(bound.origin);
after(async () => {
  await bound.stop();
  shop.remove();
});

async function messagesOf(repo: string): Promise<Message[]> {
  const all = (await (await bound.fetch("consumer", "/")).json()) as Message[];
  return all.filter(({ source }) => source.repoName === repo);
}

/** The messages about a repo, when there are so many of them. They come in no order that could be relied on. */
async function messages(repo: string, n: number): Promise<Message[]> {
  for (let tries = 0; tries < 100; tries += 1) {
    const found = await messagesOf(repo);
    if (found.length >= n) return found;
    await sleep(100);
  }
  throw new Error(`${repo}: ${JSON.stringify(await messagesOf(repo))}`);
}

/** The only one of a type. */
function one(all: Message[], word: string): Message {
  const found = all.filter(({ type }) => type === `cf.artifacts.repo.${word}`);
  assert.equal(found.length, 1, `${word}: ${JSON.stringify(all)}`);
  return found[0] as Message;
}

/** A repo's metadata as a message has it. */
function told({ id, default_branch, description, read_only, created_at, updated_at, last_push_at }: Record<string, unknown>) {
  return { repoId: id, defaultBranch: default_branch, description, readOnly: read_only, createdAt: created_at, updatedAt: updated_at, lastPushAt: last_push_at };
}

let repo: Repo;
before(async () => {
  repo = await api.createRepo({ description: "A repo" });
});

test("a repo that is made is told with its metadata, and its first token by its id", async () => {
  const all = await messages(repo.name, 2);
  const info = (await api.request<Record<string, unknown>>("GET", `/default/repos/${repo.name}`)).envelope.result;
  const { metadata, ...rest } = one(all, "created");
  const source = { type: "artifacts", namespace: "default", repoName: repo.name };
  assert.deepEqual(rest, { type: "cf.artifacts.repo.created", source, payload: told(info) });
  const { eventSubscriptionId, eventTimestamp, ...fixed } = metadata;
  assert.deepEqual(fixed, { accountId, eventSchemaVersion: 1 });
  assert.match(String(eventSubscriptionId), /^[0-9a-f]{32}$/);
  assert.match(String(eventTimestamp), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const token = one(all, "token.created");
  assert.deepEqual(token.source, { ...source, type: "artifacts.repo" });
  assert.equal(token.payload["scope"], "write");
});

test("a push is told ref by ref, with the first twenty of its commits", async () => {
  await shop.newRepo("work", 25);
  await shop.git("work", "push", "--quiet", repo.url, "main", "main~20:refs/heads/other");
  const first = (await messages(repo.name, 4)).filter(({ type }) => type.endsWith(".pushed"));
  const main = first.find(({ payload }) => payload["ref"] === "refs/heads/main");
  const tip = await shop.git("work", "rev-parse", "main");
  assert.ok(main !== undefined && first.some(({ payload }) => payload["ref"] === "refs/heads/other"), JSON.stringify(first));
  assert.deepEqual([main.payload["before"], main.payload["after"]], ["0".repeat(40), tip]);
  assert.deepEqual([main.payload["totalCommitsCount"], main.payload["commitsTruncated"]], [25, true]);
  const listed = main.payload["commits"] as Record<string, unknown>[];
  const wanted = (await shop.git("work", "log", "--format=%H", "-20", "main")).split("\n");
  assert.deepEqual(
    listed.map(({ id }) => id),
    wanted,
  );
  const [name, email, seconds] = (await shop.git("work", "log", "-1", "--format=%an%n%ae%n%ct")).split("\n");
  const person = { name, email };
  const timestamp = new Date(Number(seconds) * 1000).toISOString();
  assert.deepEqual(listed[0], {
    id: tip, message: "Commit 25", messageTruncated: false, timestamp, author: person, committer: person, parents: [wanted[1]],
  });
});

test("of a branch that moves on only the new commits are told, and of one that is deleted none", async () => {
  const before_ = await shop.git("work", "rev-parse", "main");
  await shop.commit("work", "a", "a", `${"long ".repeat(500)}message`);
  await shop.git("work", "push", "--quiet", repo.url, "main", ":refs/heads/other");
  const pushed = (await messages(repo.name, 6)).filter(({ type }) => type.endsWith(".pushed")).map(({ payload }) => payload);
  const moved = pushed.find(({ before }) => before === before_);
  const [commit] = moved?.["commits"] as { message: string; messageTruncated: boolean }[];
  assert.deepEqual([moved?.["totalCommitsCount"], moved?.["commitsTruncated"], commit?.messageTruncated], [1, false, true]);
  assert.ok((commit?.message.length ?? 0) <= 1_000);
  const deleted = pushed.find(({ after: id }) => id === "0".repeat(40));
  assert.deepEqual([deleted?.["ref"], deleted?.["commits"], deleted?.["totalCommitsCount"]], ["refs/heads/other", [], 0]);
});

test("a clone is told apart from a fetch, and a look at the refs is neither", async () => {
  await shop.git(".", "clone", "--quiet", repo.url, "clone");
  await shop.commit("work", "b", "b", "Another");
  await shop.git("work", "push", "--quiet", repo.url, "main");
  await shop.git("clone", "fetch", "--quiet");
  await shop.git("clone", "fetch", "--quiet");
  await shop.git("clone", "ls-remote", "--quiet");
  const all = await messages(repo.name, 9);
  assert.deepEqual(one(all, "cloned").payload, {});
  assert.deepEqual(one(all, "fetched").payload, {});
});

test("tokens are told by their ids, and never what opens the repo", async () => {
  const created = await api.request<{ id: string; plaintext: string; expires_at: string }>("POST", "/default/tokens", {
    json: { repo: repo.name, scope: "read" },
  });
  const { id, plaintext, expires_at: expiresAt } = created.envelope.result;
  await api.request("DELETE", `/default/tokens/${id}`);
  const all = await messages(repo.name, 11);
  assert.deepEqual(one(all, "token.revoked").payload, { tokenId: id });
  const tokens = all.filter(({ type }) => type.endsWith("token.created")).map(({ payload }) => payload);
  assert.deepEqual(
    tokens.filter(({ tokenId }) => tokenId === id),
    [{ tokenId: id, scope: "read", expiresAt }],
  );
  assert.ok(!JSON.stringify(all).includes(plaintext.slice(0, 47)));
});

test("a fork is told of its source, and a deletion of what was deleted", async () => {
  const name = freshName("fork");
  const forked = await api.request<CreatedRepo>("POST", `/default/repos/${repo.name}/fork`, { json: { name, description: "f" } });
  const info = (await api.request<Record<string, unknown>>("GET", `/default/repos/${name}`)).envelope.result;
  await api.request("DELETE", `/default/repos/${name}`);
  const of_fork = await messages(name, 2);
  assert.deepEqual(one(of_fork, "deleted").payload["repoId"], forked.envelope.result.id);
  const { source, payload } = one(await messages(repo.name, 12), "forked");
  assert.deepEqual(source, { type: "artifacts", namespace: "default", repoName: repo.name });
  assert.deepEqual(payload, { namespace: "default", repoName: name, ...told(info) });
});

test("an import is told when it is over, with where it came from", async () => {
  const backend = await Backend.start(shop);
  try {
    const url = await backend.create("upstream.git");
    await shop.git("work", "push", "--quiet", url, "main");
    await shop.git("upstream.git", "symbolic-ref", "HEAD", "refs/heads/main");
    const name = freshName("import");
    const begun = await api.request("POST", `/default/repos/${name}/import`, { json: { url } });
    assert.equal(begun.status, 201, begun.text);
    const { payload, source } = one(await messages(name, 2), "imported");
    assert.deepEqual(source, { type: "artifacts", namespace: "default", repoName: name });
    assert.deepEqual([payload["sourceUrl"], payload["branch"], payload["defaultBranch"]], [url, "main", "main"]);
  } finally {
    backend.stop();
  }
});

test("events are written to a dataset, too", async () => {
  const made = await api.createRepo();
  await api.request("POST", "/default/repos", { json: { name: made.name } });
  await api.request("GET", `/default/repos/${made.name}-none`);
  await sleep(500);
  const points = (await (await bound.fetch("consumer", "/points")).json()) as { indexes: string[]; blobs: string[]; doubles: number[] }[];
  const of_repo = points.filter(({ blobs }) => blobs[1]?.startsWith(made.name));
  const none = `${made.name}-none`;
  assert.deepEqual(
    of_repo.map(({ indexes, blobs }) => [...indexes, ...blobs]),
    [
      ["default", "default", made.name, "action", "create", ""],
      ["default", "default", made.name, "error", "clientError", `repo already exists: ${made.name}`],
      ["default", "default", none, "error", "clientError", `Repository not found: ${none}.`],
    ],
  );
  assert.ok(of_repo.every(({ doubles: [ms] }) => ms !== undefined && ms >= 0));
});

test("a push that moves hundreds of refs is told of each", async () => {
  const many = await api.createRepo();
  await shop.git("work", "push", "--quiet", many.url, "main");
  const refs = Array.from({ length: 300 }, (_, n) => `main:refs/heads/b-${n}`);
  await shop.git("work", "push", "--quiet", many.url, ...refs);
  const all = await messages(many.name, 303);
  const pushed = all.filter(({ type }) => type.endsWith(".pushed"));
  assert.equal(new Set(pushed.map(({ payload }) => payload["ref"])).size, 301);
});

test("what was refused is not told", async () => {
  const before_ = (await messagesOf(repo.name)).length;
  assert.equal((await api.request("POST", "/default/repos", { json: { name: repo.name } })).status, 409);
  assert.equal((await api.request("DELETE", "/default/tokens/0000000000000000")).status, 404);
  await sleep(500);
  assert.equal((await messagesOf(repo.name)).length, before_);
});
