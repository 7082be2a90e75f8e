/** Pushes at the same time, and a server that dies: what was acknowledged is there, and nothing is half there. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { change } from "./lib/pack.ts";
import { setUp } from "./lib/setup.ts";
import { advertisement, pushPack } from "./lib/wire.ts";

const { server, shop, api } = await setUp();

test("of two pushes to the same ref at once, exactly one wins and the other is told why", async () => {
  const repo = await api.createRepo();
  const name = "refs/heads/main";
  let old_id: string | undefined;
  for (let round = 0; round < 10; round += 1) {
    const parents = old_id === undefined ? [] : [old_id];
    const rivals = [change(`left ${round}\n`, parents), change(`right ${round}\n`, parents)];
    const reports = await Promise.all(rivals.map(({ tip, pack: bytes }) => pushPack(repo, [{ name, old_id, new_id: tip }], bytes)));
    const outcomes = reports.map((report) => report.refs.get(name) ?? assert.fail(report.text));
    const winner = outcomes.indexOf("ok");
    assert.equal(outcomes.filter((outcome) => outcome === "ok").length, 1, outcomes.join(" | "));
    assert.match(outcomes[1 - winner] ?? "", /\S+ \S+/);
    old_id = rivals[winner]?.tip;
    assert.equal((await advertisement(repo, "git-upload-pack")).refs.get(name), old_id);
  }
  await shop.git(".", "clone", "--quiet", "--mirror", repo.url, "rivals");
  await shop.fingerprint("rivals");
});

test("of eight gits that push to the same branch at once, one wins and the others can follow", async () => {
  const repo = await api.createRepo();
  await shop.newRepo("seed", 1);
  await shop.git("seed", "push", "--quiet", repo.url, "main");
  const clones = Array.from({ length: 8 }, (_, n) => `racer-${n}`);
  for (const clone of clones) {
    await shop.git(".", "clone", "--quiet", repo.url, clone);
    await shop.commit(clone, `${clone}.txt`, `${clone}\n`);
  }
  let waiting = clones;
  for (let round = 0; waiting.length > 0; round += 1) {
    assert.ok(round < clones.length, `${waiting.length} of ${clones.length} never won`);
    const results = await Promise.all(waiting.map((clone) => shop.attempt({ cwd: clone }, "push", "origin", "main")));
    const losers = waiting.filter((_, n) => results[n]?.code !== 0);
    assert.ok(losers.length < waiting.length, "nobody won");
    for (const { code, stderr } of results) if (code !== 0) assert.match(stderr, /\[(remote )?rejected\] +main -> main \(.+\)/);
    for (const clone of losers) await shop.git(clone, "pull", "--quiet", "--rebase", "origin", "main");
    waiting = losers;
  }
  await shop.git(".", "clone", "--quiet", repo.url, "finish");
  assert.equal(await shop.git("finish", "rev-list", "--count", "HEAD"), String(clones.length + 1));
});

test("pushes to different refs at once all land", async () => {
  const repo = await api.createRepo();
  const changes = Array.from({ length: 8 }, (_, n) => ({ name: `refs/heads/branch-${n}`, ...change(`branch ${n}\n`) }));
  const reports = await Promise.all(changes.map(({ name, tip, pack: bytes }) => pushPack(repo, [{ name, new_id: tip }], bytes)));
  assert.deepEqual(reports.map((report, n) => report.refs.get(`refs/heads/branch-${n}`)), changes.map(() => "ok"));
  const { refs } = await advertisement(repo, "git-upload-pack");
  for (const { name, tip } of changes) assert.equal(refs.get(name), tip);
  await shop.git(".", "clone", "--quiet", "--mirror", repo.url, "side-by-side");
  await shop.fingerprint("side-by-side");
});

test("a ref is moved from nothing but the value that the client named", async () => {
  const repo = await api.createRepo();
  const name = "refs/heads/main";
  const first = change("first\n");
  await pushPack(repo, [{ name, new_id: first.tip }], first.pack);
  const second = change("second\n", [first.tip]);
  for (const old_id of [undefined, second.tip, "1".repeat(40)]) {
    const report = await pushPack(repo, [{ name, old_id, new_id: second.tip }], second.pack);
    assert.match(report.refs.get(name) ?? report.text, /\S+ \S+/, `from ${old_id}`);
    assert.equal((await advertisement(repo, "git-upload-pack")).refs.get(name), first.tip);
  }
  const deleted = await pushPack(repo, [{ name, old_id: second.tip }], Buffer.alloc(0), "report-status delete-refs");
  assert.notEqual(deleted.refs.get(name), "ok");
  assert.equal((await advertisement(repo, "git-upload-pack")).refs.get(name), first.tip);
});

test("clones that run while pushes land are each a whole", async () => {
  const repo = await api.createRepo();
  await shop.newRepo("writer", 1);
  await shop.git("writer", "config", "remote.origin.url", repo.url);
  await shop.git("writer", "push", "--quiet", "origin", "main");
  const writes = (async () => {
    for (let n = 0; n < 10; n += 1) {
      await shop.commit("writer", "file.txt", `content ${n}\n`);
      await shop.git("writer", "push", "--quiet", "origin", "main");
    }
  })();
  const reads = (async () => {
    for (let n = 0; n < 10; n += 1) {
      await shop.git(".", "clone", "--quiet", "--mirror", repo.url, `reader-${n}`);
      await shop.fingerprint(`reader-${n}`);
    }
  })();
  await Promise.all([writes, reads]);
});

test("a server that is killed after pushes were acknowledged finds them all", async () => {
  const [repo, other] = [await api.createRepo(), await api.createRepo({ default_branch: "trunk" })];
  const name = "refs/heads/main";
  let tip: string | undefined;
  for (let n = 0; n < 5; n += 1) {
    const next = change(`push ${n}\n`, tip === undefined ? [] : [tip]);
    const report = await pushPack(repo, [{ name, old_id: tip, new_id: next.tip }], next.pack);
    assert.equal(report.refs.get(name), "ok", report.text);
    tip = next.tip;
  }
  const large = change(randomBytes(12_000_000));
  const pushed = await pushPack(other, [{ name, new_id: large.tip }], large.pack);
  assert.equal(pushed.refs.get(name), "ok", pushed.text);
  await server.kill();
  await server.restart();
  assert.equal((await advertisement(repo, "git-upload-pack")).refs.get(name), tip);
  assert.equal((await api.repoInfo(other)).default_branch, "trunk");
  for (const [folder, { url }] of [["survivor", repo], ["large-survivor", other]] as const) {
    await shop.git(".", "clone", "--quiet", "--mirror", url, folder);
    await shop.fingerprint(folder);
  }
  assert.equal(await shop.git("survivor", "rev-list", "--count", "main"), "5");
  const next = change("after the restart\n", tip === undefined ? [] : [tip]);
  const again = await pushPack(repo, [{ name, old_id: tip, new_id: next.tip }], next.pack);
  assert.equal(again.refs.get(name), "ok", again.text);
});

test("a server that is killed during a push is as before it or as after it", async () => {
  const repo = await api.createRepo();
  const name = "refs/heads/main";
  const before = change("before\n");
  await pushPack(repo, [{ name, new_id: before.tip }], before.pack);
  for (const wait of [100, 400]) {
    const large = change(randomBytes(10_000_000), [before.tip]);
    const cut = pushPack(repo, [{ name: `refs/heads/after-${wait}`, new_id: large.tip }], large.pack).catch(() => undefined);
    await sleep(wait);
    await server.kill();
    const report = await cut;
    await server.restart();
    const { refs } = await advertisement(repo, "git-upload-pack");
    assert.equal(refs.get(name), before.tip);
    const landed = refs.get(`refs/heads/after-${wait}`);
    assert.ok(landed === large.tip || (landed === undefined && report?.refs.size !== 1), `${landed} after ${report?.text}`);
    await shop.git(".", "clone", "--quiet", "--mirror", repo.url, `killed-${wait}`);
    await shop.fingerprint(`killed-${wait}`);
  }
});
