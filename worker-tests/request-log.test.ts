/** The line that each request leaves in the log, and what it says of itself when it is asked. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Caller } from "./binding/call.ts";
import { Api, editToken, secretOf } from "./lib/api.ts";
import { Bound } from "./lib/bound.ts";
import { Workshop } from "./lib/git.ts";

interface Line {
  request_id: string;
  method: string;
  route: string;
  namespace?: string;
  repo?: string;
  status: number;
  ms: number;
  object_calls: number;
  r2_reads: number;
  r2_writes: number;
  bytes_in: number;
  bytes_out: number;
  error?: string;
  is_cut_off?: boolean;
}

const caller = { source: "worker-tests/binding/caller.ts", entrypoint: "Artifacts", props: { namespace: "default" } };
const bound = await Bound.start({ callers: { caller } });
const shop = new Workshop();
const api = new Api(bound.origin);
after(async () => {
  await bound.stop();
  shop.remove();
});

/** The lines that something leaves. */
async function linesOf(action: () => Promise<unknown>): Promise<Line[]> {
  const n_before = bound.log.length;
  await action();
  // A line is written when the answer has been sent, and passes through the runtime.
  await sleep(300);
  return bound.log.slice(n_before).filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as Line);
}

const repo = await api.createRepo();
await shop.newRepo("work");

test("a push and a clone leave a line for each of their requests", async () => {
  const lines = await linesOf(async () => {
    await shop.git("work", "push", "--quiet", repo.url, "main");
    await shop.git(".", "clone", "--quiet", repo.url, "clone");
  });
  const short = lines.map(({ method, route, namespace, repo: name, status }) => [method, route, `${namespace}/${name}`, status]);
  const about = `default/${repo.name}`;
  assert.deepEqual(short, [
    ["GET", "info/refs", about, 401],
    ["GET", "info/refs", about, 200],
    ["POST", "git-receive-pack", about, 200],
    ["GET", "info/refs", about, 401],
    ["GET", "info/refs", about, 200],
    ["POST", "git-upload-pack", about, 200],
    ["POST", "git-upload-pack", about, 200],
  ]);
  const push = lines.find(({ route }) => route === "git-receive-pack");
  assert.ok(push !== undefined && push.object_calls >= 2 && push.bytes_in > 200 && push.bytes_out > 20, JSON.stringify(push));
  const clone = lines.at(-1);
  assert.ok(clone !== undefined && clone.bytes_out > 200 && clone.object_calls === 1, JSON.stringify(clone));
});

test("each line has the id that the answer has", async () => {
  let id: string | null = null;
  const [line] = await linesOf(async () => {
    id = (await api.request("GET", `/default/repos/${repo.name}`)).headers.get("x-request-id");
  });
  assert.deepEqual([line?.request_id, line?.route, line?.status], [id, "getRepo", 200]);
});

test("a call of the binding leaves a line, too", async () => {
  const lines = await linesOf(() => new Caller(bound, "caller").follow(["get", repo.name], ["createToken", "read", 60]));
  const short = lines.map(({ method, route, repo: name, status, object_calls }) => [method, route, name, status, object_calls > 0]);
  assert.deepEqual(short, [
    ["binding", "get", repo.name, 200, true],
    ["binding", "createToken", repo.name, 200, true],
  ]);
});

test("no line holds a token, a password or anything of a body", async () => {
  const secret = secretOf(repo.token);
  const hidden = "a-word-that-nobody-else-writes";
  const { log } = bound;
  await linesOf(async () => {
    await api.request("DELETE", `/default/tokens/${secret}`);
    await api.request("DELETE", `/default/tokens/${secret.replaceAll("_", "%255F")}`);
    await api.request("GET", `/default/repos/art_api_${secret.slice(7)}`);
    await fetch(`${bound.origin}/git/default/${repo.name}.git/git-upload-pack`, {
      method: "POST",
      headers: { authorization: `Bearer ${secret}` },
      body: `0028${hidden.padEnd(36)}`,
    });
    await api.request("GET", `/default/repos/${secret}`);
    await api.request("POST", "/default/tokens", { json: { repo: secret } });
    await api.request("PATCH", `/default/repos/${repo.name}`, { json: { description: hidden } });
    await api.request("POST", "/default/repos/copy/import", { json: { url: `https://me:${hidden}@127.0.0.1/x` } });
    await shop.attempt({}, "clone", repo.url.replace(secret, `art_v1_${"0".repeat(40)}`), "refused");
    await fetch(`${bound.origin}/git/default/${repo.name}.git/info/refs?service=git-upload-pack&token=${secret}`, {
      headers: { authorization: `Bearer ${secret}` },
    });
    await shop.attempt({ cwd: "work" }, "push", `${bound.origin}/git/default/${secret}.git`, "main");
  });
  const all = log.join("\n");
  assert.ok(log.length > 10, "something was logged");
  for (const word of [secret, secret.slice(7), hidden, editToken]) assert.ok(!all.includes(word), word);
});

test("a client that goes away in the middle of a clone leaves a line that says so", async () => {
  const large = await api.createRepo();
  await shop.newRepo("large");
  await shop.commit("large", "noise", randomBytes(12_000_000));
  await shop.git("large", "push", "--quiet", large.url, "main");
  const tip = await shop.git("large", "rev-parse", "main");
  const lines = await linesOf(async () => {
    const body = `0032want ${tip}\n0000`.replace("0032", (9 + 40 + 1).toString(16).padStart(4, "0"));
    const leaving = new AbortController();
    const answer = await fetch(`${bound.origin}/git/default/${large.name}.git/git-upload-pack`, {
      method: "POST",
      headers: { authorization: `Bearer ${secretOf(large.token)}` },
      body: `${body}0009done\n`,
      signal: leaving.signal,
    });
    assert.equal(answer.status, 200);
    await answer.body?.getReader().read();
    leaving.abort();
    await sleep(2_000);
  });
  assert.deepEqual(lines.map(({ route, status, is_cut_off }) => [route, status, is_cut_off]), [["git-upload-pack", 200, true]]);
});

test("an answer says what it took, if it is asked", async () => {
  const path = `${bound.origin}/git/default/${repo.name}.git/info/refs?service=git-upload-pack`;
  const headers = { authorization: `Bearer ${secretOf(repo.token)}` };
  const plain = await fetch(path, { headers });
  assert.equal(plain.headers.get("server-timing"), null);
  const timed = await fetch(path, { headers: { ...headers, "server-timing": "1" } });
  assert.match(timed.headers.get("server-timing") ?? "", /^total;dur=\d+, objects;dur=\d+;desc="1 calls", r2;dur=\d+;desc="0 reads, 0 writes"$/);
});
