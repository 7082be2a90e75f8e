/** After a panic or a trap in one request, the next one is served. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Api } from "./lib/api.ts";
import { blob, commit, pack, tree, whole } from "./lib/pack.ts";
import { Server } from "./lib/server.ts";
import { advertisement, pushPack } from "./lib/wire.ts";

const server = await Server.start({ vars: { DEBUG_TRIGGERS: "on" } });
const ordinary = await Server.start();
after(async () => {
  await server.stop();
  await ordinary.stop();
});
const api = new Api(server.origin);

for (const trigger of ["panic", "trap"]) {
  test(`a ${trigger} is answered with 500 and the next request is served, ten times over`, async () => {
    const repo = await api.createRepo();
    for (let n = 0; n < 10; n += 1) {
      const answer = await fetch(`${server.origin}/__debug/${trigger}`, { method: "POST" });
      assert.equal(answer.status, 500, await answer.text());
      assert.equal((await api.repoInfo(repo)).id, repo.id);
    }
  });

  test(`a ${trigger} takes nothing from what was pushed, and the next push lands`, async () => {
    const repo = await api.createRepo();
    const file = blob(`${trigger}\n`);
    const files = tree([{ name: "file", id: file.id }]);
    const one = commit(files.id);
    const two = commit(files.id, [one.id], "Two\n");
    const name = "refs/heads/main";
    await pushPack(repo, [{ name, new_id: one.id }], pack([file, files, one].map(whole)));
    await fetch(`${server.origin}/__debug/${trigger}`, { method: "POST" });
    assert.equal((await advertisement(repo, "git-upload-pack")).refs.get(name), one.id);
    const pushed = await pushPack(repo, [{ name, old_id: one.id, new_id: two.id }], pack([whole(two)]));
    assert.equal(pushed.refs.get(name), "ok", pushed.text);
  });

  test(`requests that run beside a ${trigger} end, and work when they are tried again`, async () => {
    const repo = await api.createRepo();
    const beside = Array.from({ length: 10 }, () => api.request("GET", `/default/repos/${repo.name}`).catch(() => undefined));
    await fetch(`${server.origin}/__debug/${trigger}`, { method: "POST" });
    for (const answer of await Promise.all(beside)) assert.ok(answer === undefined || [200, 500].includes(answer.status));
    assert.equal((await api.repoInfo(repo)).id, repo.id);
  });

  test(`without its variable there is no ${trigger} to trigger`, async () => {
    const answer = await fetch(`${ordinary.origin}/__debug/${trigger}`, { method: "POST" });
    assert.equal(answer.status, 404);
  });
}
