/** Git's HTTP as it stands on the wire: addresses, headers, encodings, and clients that ask for less than today's git does. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { freshName, type Repo } from "./lib/api.ts";
import { change, entryKinds } from "./lib/pack.ts";
import { delim, demultiplex, flush, lines, packets, pkt, upToFlush } from "./lib/pkt.ts";
import { setUp } from "./lib/setup.ts";
import { advertisement, pushBody, pushPack, readReport, serviceRequest, wire } from "./lib/wire.ts";

const { shop, api } = await setUp();

await shop.newRepo("local", 20);
const head = await shop.git("local", "rev-parse", "HEAD");
const n_objects = (await shop.fingerprint("local")).objects.length;
const full = await api.createRepo();
// Packed as deltas with offsets, so that a client that cannot read those is seen to get others.
await shop.git("local", "repack", "-adfq", "--depth=50");
await shop.git("local", "push", "--quiet", full.url, "main");

/** Has git index a pack and returns how many objects it holds. */
async function indexed(bytes: Buffer): Promise<number> {
  const folder = freshName("indexed");
  await shop.git(".", "init", "--quiet", "--bare", folder);
  await shop.gitWith({ cwd: folder, input: bytes }, "index-pack", "--strict", "--stdin");
  const counted = await shop.git(folder, "count-objects", "-v");
  return Number(/^in-pack: (\d+)$/m.exec(counted)?.[1]);
}

function want(capabilities: string): Buffer {
  return Buffer.concat([pkt(`want ${head} ${capabilities}\n`), flush, pkt("done\n")]);
}

test("an advertisement says what it is, lists refs and must not be cached", async () => {
  for (const service of ["git-upload-pack", "git-receive-pack"] as const) {
    const answer = await wire(full, `/info/refs?service=${service}`);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get("content-type"), `application/x-${service}-advertisement`);
    assert.match(answer.headers.get("cache-control") ?? "", /no-cache/);
    assert.deepEqual(lines(upToFlush(answer.body).packets), [`# service=${service}`]);
    const { refs } = await advertisement(full, service);
    assert.equal(refs.get("refs/heads/main"), head);
  }
});

test("version 1 is said on the first line, version 2 lists capabilities instead of refs", async () => {
  const ask = (version: number) =>
    wire(full, "/info/refs?service=git-upload-pack", { headers: { "Git-Protocol": `version=${version}` } });
  assert.match((await ask(1)).text, /000eversion 1\n/);
  const second = await ask(2);
  assert.match(second.text, /000eversion 2\n/);
  assert.ok(!second.text.includes(head));
  for (const capability of ["ls-refs", "fetch", "object-format=sha1"]) assert.ok(second.text.includes(capability), capability);
});

test("the suffix .git is optional, /git too, and a name's case does not matter", async () => {
  const { pathname } = new URL(full.remote);
  assert.match(pathname, /^\/git\/default\/.+\.git$/);
  for (const path of [
    pathname.replace(/\.git$/, ""),
    pathname.replace(/^\/git/, ""),
    pathname.replace(/^\/git/, "").replace(/\.git$/, ""),
    pathname.replace(full.name, full.name.toUpperCase()),
  ]) {
    const url = new URL(full.url);
    url.pathname = path;
    assert.match(await shop.git(".", "ls-remote", url.href), new RegExp(head), path);
  }
});

test("a fetch without side-band is a NAK and the bare pack", async () => {
  const answer = await serviceRequest(full, "git-upload-pack", want("ofs-delta"));
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("content-type"), "application/x-git-upload-pack-result");
  const nak = pkt("NAK\n");
  assert.ok(answer.body.subarray(0, nak.length).equals(nak));
  assert.equal(await indexed(answer.body.subarray(nak.length)), n_objects);
});

for (const [capability, packet_len_max] of [["side-band", 1000], ["side-band-64k", 65_520]] as const) {
  test(`a fetch with ${capability} has packets of at most ${packet_len_max} bytes`, async () => {
    const answer = await serviceRequest(full, "git-upload-pack", want(`${capability} ofs-delta`));
    const [nak, ...others] = packets(answer.body);
    assert.equal(nak?.toString(), "NAK\n");
    for (const packet of others) assert.ok(packet.length + 4 <= packet_len_max, `${packet.length + 4} bytes`);
    assert.equal(others.at(-1), "flush");
    const { data, error } = demultiplex(others);
    assert.equal(error, "");
    assert.equal(await indexed(data), n_objects);
  });
}

test("deltas name their base by offset only for a client that said ofs-delta", async () => {
  const kinds = async (capabilities: string) => {
    const answer = await serviceRequest(full, "git-upload-pack", want(capabilities));
    const bytes = answer.body.subarray(pkt("NAK\n").length);
    assert.equal(await indexed(bytes), n_objects);
    return entryKinds(bytes);
  };
  assert.ok((await kinds("ofs-delta")).includes("ofsDelta"));
  const without = await kinds("no-progress");
  assert.ok(!without.includes("ofsDelta"));
});

test("a push without side-band is reported in bare packets", async () => {
  const repo = await api.createRepo();
  const { tip, pack: bytes } = change("no side-band\n");
  const report = await pushPack(repo, [{ name: "refs/heads/main", new_id: tip }], bytes, "report-status");
  assert.deepEqual([report.status, report.unpack, [...report.refs]], [200, "ok", [["refs/heads/main", "ok"]]]);
  assert.equal((await advertisement(repo, "git-upload-pack")).refs.get("refs/heads/main"), tip);
});

test("a push that asks for no report gets none and lands", async () => {
  const repo = await api.createRepo();
  const { tip, pack: bytes } = change("no report\n");
  const body = pushBody([{ name: "refs/heads/main", new_id: tip }], bytes, "");
  const answer = await serviceRequest(repo, "git-receive-pack", body);
  assert.deepEqual([answer.status, answer.text], [200, ""]);
  assert.equal((await advertisement(repo, "git-upload-pack")).refs.get("refs/heads/main"), tip);
});

test("request bodies may be gzipped, of fetches and of pushes", async () => {
  const headers = { "Content-Encoding": "gzip" };
  const fetched = await serviceRequest(full, "git-upload-pack", gzipSync(want("ofs-delta")), { headers });
  assert.equal(await indexed(fetched.body.subarray(pkt("NAK\n").length)), n_objects);
  const repo = await api.createRepo();
  const { tip, pack: bytes } = change("gzipped\n");
  const body = gzipSync(pushBody([{ name: "refs/heads/main", new_id: tip }], bytes, "report-status"));
  const report = readReport(await serviceRequest(repo, "git-receive-pack", body, { headers }), false);
  assert.equal(report.refs.get("refs/heads/main"), "ok", report.text);
});

test("the empty request before a large push is answered with 200", async () => {
  const answer = await serviceRequest(full, "git-receive-pack", flush);
  assert.deepEqual([answer.status, answer.text], [200, ""]);
  assert.equal(answer.headers.get("content-type"), "application/x-git-receive-pack-result");
});

test("a push in chunks of unknown total length lands", async () => {
  const repo = await api.createRepo();
  await shop.newRepo("chunked", 1);
  await shop.commit("chunked", "noise", Buffer.from(Array.from({ length: 300_000 }, (_, n) => (n * n * 7919) >>> 8)));
  const trace = await shop.gitWith(
    { cwd: "chunked", env: { GIT_CURL_VERBOSE: "1" } },
    ...["-c", "http.postBuffer=65536", "push", repo.url, "main"],
  );
  assert.match(trace.stderr, /Transfer-Encoding: chunked/i);
  const pushed = (await advertisement(repo, "git-upload-pack")).refs.get("refs/heads/main");
  assert.equal(pushed, await shop.git("chunked", "rev-parse", "HEAD"));
});

test("version 2 lists refs by prefix, peeled and with the branch that HEAD names", async () => {
  const repo = await api.createRepo();
  await shop.git("local", "tag", "-a", "-m", "annotated", "v1", "HEAD~1");
  await shop.git("local", "push", "--quiet", repo.url, "main", "v1", "HEAD:refs/heads/side");
  const body = [pkt("command=ls-refs\n"), delim, pkt("peel\n"), pkt("symrefs\n"), pkt("ref-prefix HEAD\n"), pkt("ref-prefix refs/tags/\n"), flush];
  const answer = await serviceRequest(repo, "git-upload-pack", Buffer.concat(body), { headers: { "Git-Protocol": "version=2" } });
  const [tag, peeled] = (await shop.git("local", "rev-parse", "v1", "v1^{}")).split("\n");
  assert.deepEqual(lines(packets(answer.body)), [
    `${head} HEAD symref-target:refs/heads/main`,
    `${tag} refs/tags/v1 peeled:${peeled}`,
  ]);
});

async function refusedInWords(repo: Repo, path: string, body?: Buffer): Promise<string> {
  const answer = await wire(repo, path, body ? { body } : {});
  assert.ok(answer.status >= 400 && answer.status < 500, `${path}: ${answer.status}`);
  assert.match(answer.headers.get("content-type") ?? "", /^text\/plain/, path);
  assert.match(answer.text, /^[^\n]+\n?$/, path);
  return answer.text;
}

test("dumb HTTP is refused in words", async () => {
  assert.match(await refusedInWords(full, "/info/refs"), /dumb|smart/i);
  for (const path of ["/HEAD", "/objects/info/packs", `/objects/${head.slice(0, 2)}/${head.slice(2)}`]) {
    await refusedInWords(full, path);
  }
});

test("a service that does not exist is refused in words", async () => {
  assert.match(await refusedInWords(full, "/info/refs?service=git-upload-archive"), /git-upload-archive/);
  await refusedInWords(full, "/git-upload-archive", flush);
  await refusedInWords(full, "/info/refs?service=");
});
