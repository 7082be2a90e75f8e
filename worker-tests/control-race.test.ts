/** Creations and deletions at the same time: a name has one owner, and what was deleted does not come back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { freshName, secretOf, withPassword, type CreatedRepo, type RepoInfo } from "./lib/api.ts";
import { change } from "./lib/pack.ts";
import { setUp } from "./lib/setup.ts";
import { advertisement, pushPack } from "./lib/wire.ts";

const { api } = await setUp();

test("of fifty creations of one name at once, one makes the repo and the others are told", async () => {
  const name = freshName("wanted");
  const creations = Array.from({ length: 50 }, () => api.request<CreatedRepo>("POST", "/default/repos", { json: { name } }));
  const answers = await Promise.all(creations);
  const [made, ...others] = answers.filter(({ status }) => status === 201);
  assert.deepEqual(others, []);
  const refusals = answers.filter(({ status }) => status === 409);
  assert.equal(refusals.length, 49, answers.map(({ status }) => status).join(" "));
  for (const { envelope, headers } of refusals) {
    const code = envelope.errors[0]?.code;
    assert.ok(code === 10201 || (code === 10301 && headers.get("retry-after") === "2"), JSON.stringify(envelope));
  }
  const { envelope } = await api.request<RepoInfo>("GET", `/default/repos/${name}`);
  assert.equal(envelope.result.id, made?.envelope.result.id);
});

test("a name that is deleted and taken again, over and over under load, never shows what was there before", async () => {
  const name = freshName("again");
  let repo = await api.createRepo({ name });
  const old: string[] = [];
  let isOver = false;
  // Those who ask all the while, with every token there has been.
  const asking = Array.from({ length: 4 }, async () => {
    while (!isOver) {
      const token = old.at(Math.floor(Math.random() * old.length)) ?? "art_v1_" + "0".repeat(40);
      const refs = await fetch(`${repo.remote}/info/refs?service=git-upload-pack`, { headers: { Authorization: `Bearer ${token}` } });
      assert.equal(refs.status, 401, await refs.text());
      const { status } = await api.request("GET", `/default/repos/${name}`);
      assert.ok([200, 404, 409].includes(status), `${status}`);
    }
  });
  for (let round = 0; round < 25; round += 1) {
    const { tip, pack } = change(`round ${round}\n`);
    const ref = "refs/heads/main";
    assert.deepEqual((await advertisement(repo, "git-upload-pack")).refs.size, 0, `round ${round}`);
    const report = await pushPack(repo, [{ name: ref, new_id: tip }], pack);
    assert.equal(report.refs.get(ref), "ok", report.text);
    const deleted = await api.request<{ id: string }>("DELETE", `/default/repos/${name}`);
    assert.deepEqual([deleted.status, deleted.envelope.result.id], [202, repo.id]);
    old.push(repo.token);
    const created = await api.request<CreatedRepo>("POST", "/default/repos", { json: { name } });
    assert.equal(created.status, 201, created.text);
    const { remote, token } = created.envelope.result;
    repo = { ...created.envelope.result, namespace: "default", url: withPassword(remote, secretOf(token)) };
  }
  isOver = true;
  await Promise.all(asking);
  const { envelope } = await api.request<RepoInfo[]>("GET", `/default/repos?search=${name}`);
  assert.deepEqual(envelope.result.map(({ id }) => id), [repo.id]);
});
