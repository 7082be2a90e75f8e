/** The entry: what a panic or a trap does to requests, and what a bound Worker can call. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { request, type ClientRequest } from "node:http";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Api, accountId, editToken, secretOf } from "./lib/api.ts";
import { commit, pack, tree, whole } from "./lib/pack.ts";
import { projectDir, Server } from "./lib/server.ts";
import { advertisement, pushPack } from "./lib/wire.ts";

const server = await Server.start({ vars: { DEBUG_TRIGGERS: "on" } });
after(() => server.stop());
const api = new Api(server.origin);

async function trigger(name: "panic" | "trap"): Promise<Response> {
  return fetch(`${server.origin}/__debug/${name}`, { method: "POST" });
}

/** A request whose body does not end: in flight until it is answered. */
function unfinished(url: string, headers: Record<string, string>, begin: string) {
  const sent: ClientRequest = request(url, { method: "POST", headers });
  const answer = new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
    sent.on("error", reject);
    sent.on("response", async (response) => {
      const text = Buffer.concat(await response.toArray()).toString();
      resolve({ status: response.statusCode, text });
    });
  });
  sent.write(begin);
  return answer.finally(() => sent.destroy());
}

for (const name of ["panic", "trap"] as const) {
  test(`a ${name} is answered with 500, and the next requests as if nothing had been`, async () => {
    const repo = await api.createRepo();
    for (let round = 0; round < 5; round += 1) {
      const answer = await trigger(name);
      assert.equal(answer.status, 500);
      assert.equal(await answer.text(), "internal error\n");
      assert.equal((await api.repoInfo(repo)).id, repo.id);
      assert.equal((await advertisement(repo, "git-upload-pack")).refs.size, 0);
    }
  });
}

test("requests in flight during a panic are told at once, each in its own way, and new ones are served", async () => {
  const repo = await api.createRepo();
  const rest = unfinished(
    `${server.origin}/client/v4/accounts/${accountId}/artifacts/namespaces/default/repos`,
    { Authorization: `Bearer ${editToken}`, "Content-Type": "application/json" },
    '{"name":',
  );
  const push = unfinished(
    `${repo.remote}/git-receive-pack`,
    { Authorization: `Bearer ${secretOf(repo.token)}`, "Content-Type": "application/x-git-receive-pack-request" },
    "00",
  );
  await sleep(500);
  assert.equal((await trigger("panic")).status, 500);
  assert.deepEqual(await push, { status: 500, text: "internal error\n" });
  const { status, text } = await rest;
  assert.equal(status, 500);
  const errors = [{ code: 10400, message: "internal error" }];
  assert.deepEqual(JSON.parse(text), { result: null, success: false, errors, messages: [] });
  assert.equal((await advertisement(repo, "git-receive-pack")).refs.size, 0);
  assert.equal((await api.repoInfo(await api.createRepo())).status, "ready");
});

test("a panic takes nothing from what was pushed, and the next push lands", async () => {
  const repo = await api.createRepo();
  const files = tree([]);
  const one = commit(files.id);
  const two = commit(files.id, [one.id], "Two\n");
  const name = "refs/heads/main";
  await pushPack(repo, [{ name, new_id: one.id }], pack([files, one].map(whole)));
  await trigger("panic");
  assert.equal((await advertisement(repo, "git-upload-pack")).refs.get(name), one.id);
  const pushed = await pushPack(repo, [{ name, old_id: one.id, new_id: two.id }], pack([whole(two)]));
  assert.equal(pushed.refs.get(name), "ok", pushed.text);
});

test("a bound Worker can fetch and call nothing else", async () => {
  const wasm = new WebAssembly.Module(readFileSync(`${projectDir}build/index_bg.wasm`));
  const exported = WebAssembly.Module.exports(wasm).filter(({ kind }) => kind === "function").map(({ name }) => name);
  assert.ok(exported.includes("fetch"));
  const methods = ["scheduled", "queue", "ctx", "env", ...exported].filter((name) => name !== "fetch");
  const bound = await Server.start({ front: "worker-tests/bound-worker/wrangler.toml" });
  after(() => bound.stop());
  // Behind another Worker this one has no variables; it says so in its envelope, which shows that `fetch` arrived.
  assert.equal((await new Api(bound.origin).request("GET", "/default/repos")).envelope.success, false);
  for (const method of methods) {
    const answer = await fetch(`${bound.origin}/?method=${encodeURIComponent(method)}`);
    const { refused } = (await answer.json()) as { refused?: string };
    assert.match(refused ?? "it was called", /does not implement|is a reserved method/, method);
  }
});
