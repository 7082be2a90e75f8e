/**
 * What a client must not send: it gets an answer in words, no ref moves, nothing stays behind, and the next push works.
 *
 * Uploads are reclaimed after seconds here instead of an hour, so every push in this file is quick or meant to fail.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, test } from "node:test";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { Api, editToken, type Repo } from "./lib/api.ts";
import { change } from "./lib/pack.ts";
import { delim, flush, packets, pkt } from "./lib/pkt.ts";
import { Server, projectDir } from "./lib/server.ts";
import { setUp } from "./lib/setup.ts";
import { storedKeys, storedKeysWhen } from "./lib/stored.ts";
import {
  advertisement,
  hangUp,
  pushBody,
  pushPack,
  rawGet,
  readReport,
  serviceRequest,
  wire,
  zeroId,
  type WireAnswer,
} from "./lib/wire.ts";

const graceSeconds = 4;
const { server, shop, api } = await setUp({ vars: { UPLOAD_GRACE_SECONDS: String(graceSeconds) } });
const reclaimedWithinMs = 20_000;

const good = change("good\n");

/** Asserts that a repo still has no refs, and that it takes a good push now. */
async function assertUnharmed(repo: Repo): Promise<void> {
  assert.deepEqual([...(await advertisement(repo, "git-upload-pack")).refs], []);
  const pushed = await pushPack(repo, [{ name: "refs/heads/main", new_id: good.tip }], good.pack);
  assert.deepEqual([pushed.unpack, pushed.refs.get("refs/heads/main")], ["ok", "ok"], pushed.text);
  assert.equal((await advertisement(repo, "git-upload-pack")).refs.get("refs/heads/main"), good.tip);
}

/** Asserts that a refusal is one line that clients show. */
function assertInWords(answer: WireAnswer, words = /\S/): void {
  assert.ok(answer.status >= 400 && answer.status < 500, `${answer.status}: ${answer.text}`);
  assert.match(answer.headers.get("content-type") ?? "", /^text\/plain/);
  assert.match(answer.text, /^[^\n]+\n?$/);
  assert.match(answer.text, words);
}

function fixture(name: string): Buffer {
  return readFileSync(join(projectDir, "fixtures", "packs", `${name}.pack`));
}

const answersFile = join(projectDir, "fixtures", "packs", "answers.json");
const answers: { name: string; tip: string }[] = JSON.parse(readFileSync(answersFile, "utf8"));

/** What the report must say of each broken pack, after `unpack` or after `ng`. */
const complaints: Record<string, RegExp> = {
  "not-a-pack": /signature|not a pack/,
  "unknown-version": /version/,
  "truncated-header": /truncated|early|eof|ends|short/,
  "truncated-entry": /truncated|early|eof|ends|short/,
  "truncated-trailer": /truncated|early|eof|ends|short/,
  "flipped-byte": /inflate|zlib|corrupt|checksum|trailer/,
  "flipped-byte-and-fitting-trailer": /inflate|zlib|corrupt|checksum/,
  "wrong-trailer": /trailer|checksum|SHA-?1/,
  "count-too-high": /truncated|early|ends|short|objects|entry|type/,
  "count-too-low": /objects|trailer|checksum|SHA-?1|junk/,
  "count-of-four-billion": /objects|truncated|early|ends|short|many|entry|type|overflow/,
  "entry-of-type-0": /type/,
  "entry-of-type-5": /type/,
  "entry-shorter-than-it-says": /size|length|inflate|short|bytes/,
  "entry-longer-than-it-says": /size|length|inflate|long|bytes/,
  "entry-that-claims-a-terabyte": /size|length|inflate|large|short|bytes/,
  "delta-cycle": /delta/,
  "delta-on-itself": /delta/,
  "delta-base-nowhere": /delta|base/,
  "delta-offset-before-the-pack": /base/,
  "delta-offset-of-zero": /base/,
  "delta-offset-into-an-entry": /base|delta/,
  "delta-copies-beyond-its-base": /delta|copy|copies/,
  "delta-for-another-length": /delta|base/,
  "delta-with-a-reserved-instruction": /delta|instruction|opcode/,
  "delta-shorter-than-its-result": /delta|result/,
  "missing-tree": /missing|did not receive|unknown/,
  "missing-blob": /missing|did not receive|unknown/,
  "missing-parent": /missing|did not receive|unknown/,
  "missing-tip": /missing|did not receive|unknown/,
  "tree-with-dot-git": /hasDotgit/,
  "tree-with-dot-dot": /hasDotdot/,
  "tree-with-a-slash": /fullPathname/,
  "tree-unsorted": /treeNotSorted/,
  "tree-with-a-name-twice": /duplicateEntries/,
  "tree-cut-short": /badTree/,
  "commit-without-author": /missingAuthor/,
  "commit-without-tree": /missingTree/,
};

for (const { name, tip } of answers.filter((answer) => !answer.name.startsWith("sound-") && answer.name !== "object-twice")) {
  test(`a pack is refused in words: ${name.replaceAll("-", " ")}`, async () => {
    const words = complaints[name] ?? assert.fail(`nothing is expected of ${name}`);
    for (const capabilities of ["report-status side-band-64k", "report-status"]) {
      const repo = await api.createRepo();
      const report = await pushPack(repo, [{ name: "refs/heads/main", new_id: tip }], fixture(name), capabilities);
      assert.equal(report.status, 200, report.text);
      assert.notEqual(report.refs.get("refs/heads/main") ?? "no report", "ok");
      assert.match(`${report.unpack} ${[...report.refs.values()].join(" ")} ${report.text}`, words);
      await assertUnharmed(repo);
    }
  });
}

for (const { name, tip } of answers.filter((answer) => answer.name.startsWith("sound-"))) {
  test(`a pack is accepted and cloned back: ${name.replaceAll("-", " ")}`, async () => {
    const repo = await api.createRepo();
    const report = await pushPack(repo, [{ name: "refs/heads/main", new_id: tip }], fixture(name));
    assert.deepEqual([report.unpack, report.refs.get("refs/heads/main")], ["ok", "ok"], report.text);
    await shop.git(".", "-c", "fetch.fsckObjects=true", "clone", "--quiet", "--mirror", repo.url, name);
    assert.deepEqual((await shop.fingerprint(name)).refs, [`${tip} commit refs/heads/main`]);
  });
}

test("a pack that holds an object twice is refused, or cloned back with the object once", async () => {
  const tip = answers.find((answer) => answer.name === "object-twice")?.tip;
  const repo = await api.createRepo();
  const report = await pushPack(repo, [{ name: "refs/heads/main", new_id: tip }], fixture("object-twice"));
  if (report.refs.get("refs/heads/main") !== "ok") return assertUnharmed(repo);
  await shop.git(".", "-c", "fetch.fsckObjects=true", "-c", "fetch.unpackLimit=1", "clone", "--quiet", repo.url, "object-twice");
  return undefined;
});

test("commands without the pack they need are refused in words", async () => {
  const repo = await api.createRepo();
  const report = await pushPack(repo, [{ name: "refs/heads/main", new_id: good.tip }], Buffer.alloc(0));
  assert.notEqual(report.refs.get("refs/heads/main") ?? "no report", "ok", report.text);
  assert.match(report.text, /[a-z]{3}/);
  await assertUnharmed(repo);
});

const commandLine = `${zeroId} ${good.tip} refs/heads/main\0report-status`;
const brokenLines: Record<string, Buffer> = {
  "a length that is no number": Buffer.from("zzzz"),
  "a length below four": Buffer.concat([Buffer.from("0003"), flush, good.pack]),
  "a length beyond the end": Buffer.concat([Buffer.from("fff0"), Buffer.from(commandLine)]),
  "a line cut in half": pkt(commandLine).subarray(0, 60),
  "a line that is no command": Buffer.concat([pkt("hello\0report-status"), flush, good.pack]),
  "an id that is too short": Buffer.concat([pkt(commandLine.slice(1)), flush, good.pack]),
  "no flush after the commands": pkt(commandLine),
};

for (const [what, body] of Object.entries(brokenLines)) {
  test(`a push is refused in words: ${what}`, async () => {
    const repo = await api.createRepo();
    assertInWords(await serviceRequest(repo, "git-receive-pack", body));
    await assertUnharmed(repo);
  });
}

test("a fetch whose packets have bad lengths is refused in words, in every version", async () => {
  const repo = await api.createRepo();
  for (const version of [0, 1, 2]) {
    for (const body of ["zzzz", "0003", "fff0want"]) {
      const headers = { "Git-Protocol": `version=${version}` };
      assertInWords(await serviceRequest(repo, "git-upload-pack", Buffer.from(body), { headers }));
    }
  }
});

test("a fetch of an object that the repo does not have is answered with ERR", async () => {
  const repo = await api.createRepo();
  const wanted = "1".repeat(40);
  const v0 = Buffer.concat([pkt(`want ${wanted} side-band-64k\n`), flush, pkt("done\n")]);
  const v2 = Buffer.concat([pkt("command=fetch\n"), delim, pkt(`want ${wanted}\n`), pkt("done\n"), flush]);
  for (const [version, body] of [[0, v0], [2, v2]] as const) {
    const answer = await serviceRequest(repo, "git-upload-pack", body, { headers: { "Git-Protocol": `version=${version}` } });
    assert.equal(answer.status, 200);
    assert.match(packets(answer.body).join("\n"), new RegExp(`ERR .*not our ref ${wanted}`));
  }
});

test("a command that version 2 does not have is refused in words", async () => {
  const repo = await api.createRepo();
  const body = Buffer.concat([pkt("command=explode\n"), flush]);
  const answer = await serviceRequest(repo, "git-upload-pack", body, { headers: { "Git-Protocol": "version=2" } });
  assert.match(answer.text, /explode/);
});

test("a body that says gzip and is not, or breaks off, is refused in words", async () => {
  const repo = await api.createRepo();
  const headers = { "Content-Encoding": "gzip" };
  const body = pushBody([{ name: "refs/heads/main", new_id: good.tip }], good.pack, "report-status");
  for (const garbage of [Buffer.from("this is not gzip"), gzipSync(body).subarray(0, 100), body]) {
    const answer = await serviceRequest(repo, "git-receive-pack", garbage, { headers });
    const { refs } = readReport(answer, false);
    assert.notEqual(refs.get("refs/heads/main"), "ok");
    if (answer.status !== 200) assertInWords(answer);
    else assert.match(answer.text, /gzip|deflate|inflate|truncated|early|ends/);
  }
  await assertUnharmed(repo);
});

test("refs with names that git would refuse are refused one by one", async () => {
  const repo = await api.createRepo();
  const names = ["refs/heads/a..b", "refs/heads/.a", "refs/heads/a.lock", "refs/heads/a b", "HEAD", "main", "refs/heads/", "../x"];
  for (const name of names) {
    const report = await pushPack(repo, [{ name, new_id: good.tip }], good.pack);
    assert.notEqual(report.refs.get(name) ?? "no report", "ok", name);
    assert.match(report.text, /[a-z]{3}/, name);
  }
  await assertUnharmed(repo);
});

test("a repo name with .. leads nowhere", async () => {
  const repo = await api.createRepo();
  const { pathname } = new URL(repo.remote);
  for (const name of ["a..b", "..", "%2e%2e", "..%2f..%2fsecret", "x%00y"]) {
    const path = `/git/default/${name}.git/info/refs?service=git-upload-pack`;
    const { status = 0, text } = await rawGet(repo, path);
    assert.ok(status >= 400 && status < 500, `${path}: ${status}`);
    assert.match(text, /\S/, path);
  }
  const { status } = await rawGet(repo, `/git/../..${pathname}/../../etc/info/refs?service=git-upload-pack`);
  assert.ok(status !== undefined && status >= 400 && status < 500, String(status));
});

test("a large push with a wrong token is answered before or after its body, not cut off", async () => {
  const repo = await api.createRepo();
  const body = pushBody([{ name: "refs/heads/main", new_id: good.tip }], randomBytes(5_000_000), "report-status");
  for (const authorization of [`Bearer ${editToken}`, null]) {
    const answer = await serviceRequest(repo, "git-receive-pack", body, { authorization });
    assert.equal(answer.status, 401);
    assertInWords(answer);
  }
  await assertUnharmed(repo);
});

test("a large body that a deployment without configuration gets, or the API, is answered in words", async () => {
  const unset = await Server.start({ vars: { PUBLIC_URL: "https://artifacts.example" } });
  after(() => unset.stop());
  const repo = await api.createRepo();
  const elsewhere = { ...repo, remote: repo.remote.replace(server.origin, unset.origin) };
  const large = randomBytes(20_000_000);
  const push = await serviceRequest(elsewhere, "git-receive-pack", large);
  assert.deepEqual([push.status, /^not serving: .+\n$/.test(push.text)], [503, true], push.text);
  const text = large.toString("base64");
  const creation = await new Api(unset.origin).request("POST", "/default/repos", { text });
  assert.deepEqual([creation.status, creation.envelope.success], [503, false]);
  const long = await api.request("POST", "/default/repos", { text });
  assert.deepEqual([long.status, long.envelope.success], [413, false]);
});

for (const [what, promised] of [["of known length", "length"], ["in chunks", "chunked"]] as const) {
  test(`a body ${what} that stops midway moves no ref and is forgotten`, async () => {
    const repo = await api.createRepo();
    const body = pushBody([{ name: "refs/heads/main", new_id: good.tip }], good.pack, "report-status");
    for (const sent of [4, 60, body.length - good.pack.length, body.length - 30, body.length - 1]) {
      const length = promised === "chunked" ? promised : body.length;
      await hangUp(repo, "git-receive-pack", length, body.subarray(0, sent), () => sleep(200));
    }
    await assertUnharmed(repo);
  });
}

test("what a client sent before it hung up is stored for a while and then reclaimed", async () => {
  const repo = await api.createRepo();
  const before = storedKeys(server.stateDir);
  const { tip, pack: bytes } = change(randomBytes(24_000_000));
  const body = pushBody([{ name: "refs/heads/main", new_id: tip }], bytes, "report-status");
  let meanwhile: string[] = [];
  await hangUp(repo, "git-receive-pack", body.length, body.subarray(0, 20_000_000), async () => {
    meanwhile = await storedKeysWhen(server.stateDir, (keys) => keys.length > before.length, 10_000);
  });
  assert.ok(meanwhile.length > before.length, "nothing was stored, so nothing was reclaimed");
  const after_alarm = await storedKeysWhen(server.stateDir, (keys) => keys.length <= before.length, reclaimedWithinMs);
  assert.deepEqual(after_alarm, before);
  await assertUnharmed(repo);
});

test("what a refused push stored is reclaimed", async () => {
  const repo = await api.createRepo();
  const before = storedKeys(server.stateDir);
  const { tip, pack: bytes } = change(randomBytes(12_000_000));
  bytes.fill(0, bytes.length - 20);
  const report = await pushPack(repo, [{ name: "refs/heads/main", new_id: tip }], bytes);
  assert.notEqual(report.refs.get("refs/heads/main") ?? "no report", "ok", report.text);
  const after_alarm = await storedKeysWhen(server.stateDir, (keys) => keys.length <= before.length, reclaimedWithinMs);
  assert.deepEqual(after_alarm, before);
  await assertUnharmed(repo);
});

test("what an accepted push stored stays when its time as an upload is over", async () => {
  const repo = await api.createRepo();
  const before = storedKeys(server.stateDir);
  const { tip, pack: bytes } = change(randomBytes(12_000_000));
  const report = await pushPack(repo, [{ name: "refs/heads/main", new_id: tip }], bytes);
  assert.equal(report.refs.get("refs/heads/main"), "ok", report.text);
  const stored = storedKeys(server.stateDir);
  assert.ok(stored.length > before.length);
  await sleep((graceSeconds + 3) * 1000);
  assert.deepEqual(storedKeys(server.stateDir), stored);
  await shop.git(".", "clone", "--quiet", "--mirror", repo.url, "kept");
  await shop.fingerprint("kept");
});

test("a request that is no request of Git is answered in words", async () => {
  const repo = await api.createRepo();
  assertInWords(await wire(repo, "/git-receive-pack", { method: "GET" }));
  assertInWords(await wire(repo, "/info/refs?service=git-upload-pack", { method: "DELETE" }));
  assertInWords(await wire(repo, "/no/such/thing"));
});
