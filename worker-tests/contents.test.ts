/** Contents over HTTP: what is said of them, how bytes are sent, and what is refused. */
import assert from "node:assert/strict";
import { randomFillSync } from "node:crypto";
import { after, test } from "node:test";
import { compareContents } from "./contents/compare.ts";
import { Api, editToken, readToken, type Repo } from "./lib/api.ts";
import { Workshop } from "./lib/git.ts";
import { assertDescribed } from "./lib/openapi.ts";
import { Server } from "./lib/server.ts";

const server = await Server.start();
const shop = new Workshop();
const api = new Api(server.origin);
after(async () => {
  shop.remove();
  await server.stop();
});

const png = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");
const large = randomFillSync(Buffer.alloc(9_000_000));
const repo = await pushed();

/** A repo with files of several kinds, a branch with a slash in its name and a tag. */
async function pushed(): Promise<Repo> {
  await shop.newRepo("work", 5);
  for (const [file, content] of [
    ["page.html", "<!doctype html><script>alert(1)</script>\n"],
    ["image.svg", "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"],
    ["image.png", png],
    ["empty", ""],
    ["folder/ä %.txt", "seven b"],
    ["large.bin", large],
  ] as const) {
    await shop.commit("work", file, content);
  }
  await shop.git("work", "tag", "-a", "-m", "one", "v1");
  await shop.git("work", "tag", "feature");
  await shop.git("work", "checkout", "--quiet", "-b", "feature/a");
  await shop.commit("work", "folder/a.txt", "on a branch\n");
  const made = await api.createRepo();
  await shop.git("work", "push", "--quiet", made.url, "main", "feature/a", "v1", "feature");
  return made;
}

const path = (rest: string) => `/default/repos/${repo.name}/${rest}`;
const idOf = (name: string) => shop.git("work", "rev-parse", name);

interface Fetched {
  status: number;
  headers: Headers;
  bytes: Buffer;
}

/** A request whose answer is bytes. */
async function get(rest: string, headers: Record<string, string> = {}, method = "GET"): Promise<Fetched> {
  const url = `${server.origin}/v1/api/namespaces${path(rest)}`;
  const response = await fetch(url, { method, headers: { Authorization: `Bearer ${readToken}`, ...headers } });
  const bytes = Buffer.from(await response.arrayBuffer());
  assertDescribed({ method, url }, { status: response.status, headers: response.headers, text: bytes.toString() });
  return { status: response.status, headers: response.headers, bytes };
}

test("commits, trees and files are what git says they are", async () => {
  await compareContents({ api, shop, repo, original: "work", branch: "feature/a", n_commits: 20, seed: 7 });
});

test("a browser is told types that it does not run, and to take nothing for another", async () => {
  const types = async (...files: string[]) => {
    const answers = await Promise.all(files.map((file) => get(`raw/main/${file}`)));
    for (const { headers } of answers) {
      assert.deepEqual(
        [headers.get("x-content-type-options"), headers.get("content-security-policy")],
        ["nosniff", "default-src 'none'; sandbox"],
      );
    }
    return answers.map(({ headers }) => headers.get("content-type"));
  };
  assert.deepEqual(await types("page.html", "image.svg", "image.png", "empty", "large.bin"), [
    "text/plain; charset=utf-8",
    "text/plain; charset=utf-8",
    "image/png",
    "text/plain; charset=utf-8",
    "application/octet-stream",
  ]);
  const file = await get("file?ref=v1&path=page.html");
  assert.equal(file.headers.get("content-type"), "application/octet-stream");
});

test("a ref may have slashes, and a path anything", async () => {
  const text = async (rest: string) => (await get(rest)).bytes.toString();
  assert.equal(await text("raw/feature/a/folder/a.txt"), "on a branch\n");
  assert.equal(await text("raw/feature%2Fa/folder%2Fa.txt"), "on a branch\n");
  // There is a tag `feature`, too, and no such file in it.
  assert.equal(await text("raw/feature/page.html"), "<!doctype html><script>alert(1)</script>\n");
  assert.equal(await text(`raw/refs/heads/main/folder/${encodeURIComponent("ä %.txt")}`), "seven b");
  assert.equal(await text(`file?ref=HEAD&path=${encodeURIComponent("folder/ä %.txt")}`), "seven b");
  assert.equal(await text(`raw/${await idOf("v1^{commit}")}/folder/${encodeURIComponent("ä %.txt")}`), "seven b");
});

test("who has a file is not sent it again, and a part can be had of any", async () => {
  for (const [file, content] of [
    ["folder/%C3%A4%20%25.txt", Buffer.from("seven b")],
    ["large.bin", large],
  ] as const) {
    const whole = await get(`raw/main/${file}`, { "Accept-Encoding": "identity" });
    const etag = whole.headers.get("etag") ?? "";
    assert.equal(etag, `"${await idOf(`main:${decodeURIComponent(file)}`)}"`);
    assert.equal(whole.headers.get("content-length"), String(content.length));
    assert.ok(whole.bytes.equals(content));
    const known = await get(`raw/main/${file}`, { "If-None-Match": etag });
    assert.deepEqual([known.status, known.bytes.length, known.headers.get("etag")], [304, 0, etag]);
    const part = await get(`raw/main/${file}`, { Range: "bytes=2-4", "If-Range": etag });
    assert.deepEqual([part.status, part.headers.get("content-range")], [206, `bytes 2-4/${content.length}`]);
    assert.ok(part.bytes.equals(content.subarray(2, 5)));
    for (const range of ["bytes=0-", `bytes=0-${content.length - 1}`, `bytes=-${content.length}`, "bytes=0-18446744073709551616"]) {
      const all = await get(`raw/main/${file}`, { Range: range });
      const contentRange = `bytes 0-${content.length - 1}/${content.length}`;
      assert.deepEqual([all.status, all.headers.get("content-range"), all.bytes.length], [206, contentRange, content.length], range);
    }
    const end = await get(`blob/${etag.slice(1, -1)}`, { Range: "bytes=-3" });
    assert.ok(end.bytes.equals(content.subarray(-3)));
    const behind = await get(`raw/main/${file}`, { Range: `bytes=${content.length}-` });
    assert.deepEqual([behind.status, behind.headers.get("content-range")], [416, `bytes */${content.length}`]);
    assert.equal(behind.headers.get("x-content-type-options"), "nosniff");
    for (const headers of [{}, { Range: "bytes=2-4" }, { Range: `bytes=${content.length}-` }] as Record<string, string>[]) {
      const head = await get(`raw/main/${file}`, headers, "HEAD");
      assert.deepEqual([head.status, head.headers.get("etag"), head.bytes.length], [200, etag, 0]);
      assert.equal(head.headers.get("content-type"), whole.headers.get("content-type"));
    }
    const wanted = await get(`raw/main/${file}`, { "If-Match": etag });
    const other = await get(`raw/main/${file}`, { "If-Match": '"0"' });
    assert.deepEqual([wanted.status, other.status, other.headers.get("etag")], [200, 412, etag]);
  }
});

test("what is not there is told, and so is what cannot be", async () => {
  const blob = await idOf("main:empty");
  const nothing = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";
  const table = [
    [`commit/${nothing}`, 404, 10200, `Object not found: ${nothing}.`],
    [`tree/${nothing}`, 404, 10200, `Object not found: ${nothing}.`],
    [`blob/${nothing}`, 404, 10200, `Object not found: ${nothing}.`],
    [`blob/${await idOf("main")}`, 404, 10200, `Object not found: ${await idOf("main")}.`],
    [`commit/${blob}`, 400, 10100, `Object ${blob} is a blob, not a commit.`],
    [`tree/${blob}`, 400, 10100, `Object ${blob} is a blob, not a tree.`],
    ["commit/main", 400, 10100, "Invalid hash: expected a 40-character SHA-1 hex hash."],
    [`tree/${nothing}0`, 400, 10100, "Invalid hash: expected a 40-character SHA-1 hex hash."],
    ["log?ref=none", 404, 10200, "Revision not found: none."],
    ["log?ref=", 400, 10100, "Invalid ref: must be of 1 to 1024 bytes."],
    ["log?limit=%2B5", 400, 10100, "Invalid limit: must be between 1 and 1000."],
    ["log?limit=1001", 400, 10100, "Invalid limit: must be between 1 and 1000."],
    ["file?ref=main", 400, 10100, "Invalid path: is required."],
    ["file?ref=main&path=folder", 404, 10200, "File not found: folder at main."],
    ["raw/none/empty", 404, 10200, "Revision not found: none."],
    [`raw/${"main/".repeat(16)}x`, 404, 10200, `File not found: ${"main/".repeat(15)}x at main.`],
    ["raw/main/caf%E9", 400, 10100, "Invalid path: expected UTF-8."],
    ["raw/caf%E9/empty", 400, 10100, "Invalid path: expected UTF-8."],
    ["raw/main/none/at/all", 404, 10200, "File not found: none/at/all at main."],
  ] as const;
  for (const [rest, status, code, message] of table) {
    const answer = await api.request("GET", path(rest), { token: readToken });
    const [error] = answer.envelope.errors;
    assert.deepEqual([answer.status, error?.code, error?.message], [status, code, message], rest);
  }
  const elsewhere = await api.request("GET", "/default/repos/none/log", { token: editToken });
  assert.deepEqual([elsewhere.status, elsewhere.envelope.errors[0]?.message], [404, "Repository not found: none."]);
  assert.equal((await api.request("GET", path("log"), { token: null })).status, 401);
});

test("a ref may have sixteen parts in an address, and more when its slashes are escaped", async () => {
  const names = [16, 17].map((n) => Array<string>(n).fill("part").join("/").replace(/^part/, `p${n}`));
  const other = await api.createRepo();
  await shop.git("work", "push", "--quiet", other.url, ...names.map((name) => `main:refs/heads/${name}`));
  const status = async (rest: string) => (await api.request("GET", `/default/repos/${other.name}/raw/${rest}`)).status;
  const raw = (name = "") => `${server.origin}/v1/api/namespaces/default/repos/${other.name}/raw/${name}/empty`;
  const fetched = (name?: string) => fetch(raw(name), { headers: { Authorization: `Bearer ${readToken}` } });
  assert.equal((await fetched(names[0])).status, 200);
  assert.equal(await status(`${names[1]}/empty`), 404);
  assert.equal((await fetched(encodeURIComponent(names[1] ?? ""))).status, 200);
});

test("a file that a delta takes from its base backwards is sent, or refused before a byte of it is", async () => {
  const other = await api.createRepo();
  await shop.newRepo("backwards", 1);
  for (const [name, length, block, status] of [
    ["held", 12 * 1024 * 1024, 16_384, 200],
    ["too large", 33 * 1024 * 1024, 131_072, 413],
  ] as const) {
    const content = randomFillSync(Buffer.alloc(length));
    const blocks = Array.from({ length: length / block }, (_, n) => content.subarray(n * block, (n + 1) * block));
    await shop.commit("backwards", name, content);
    await shop.commit("backwards", name, Buffer.concat(blocks.reverse()));
    await shop.git("backwards", "push", "--quiet", other.url, "main");
    const id = await shop.git("backwards", "rev-parse", `HEAD~1:${name}`);
    const url = `${server.origin}/v1/api/namespaces/default/repos/${other.name}/blob/${id}`;
    const answer = await fetch(url, { headers: { Authorization: `Bearer ${readToken}` } });
    assert.equal(answer.status, status, name);
    const bytes = Buffer.from(await answer.arrayBuffer());
    if (status === 200) assert.ok(bytes.equals(content));
    else assert.match(bytes.toString(), /"code":10402,"message":"Object \w+ is stored as a delta that copies in no order/);
  }
});

test("an empty repo has an empty log", async () => {
  const empty = await api.createRepo();
  for (const query of ["", "?ref=HEAD", "?ref=main"]) {
    const { status, envelope } = await api.request<unknown[]>("GET", `/default/repos/${empty.name}/log${query}`);
    assert.deepEqual([status, envelope.result], [200, []]);
  }
});

test("a fork shows nothing that only other branches of its source reach", async () => {
  const fork = await api.forkRepo(repo, { default_branch_only: true });
  const status = async (rest: string) => (await api.request("GET", `/default/repos/${fork.name}/${rest}`)).status;
  const [commit, tree, blob] = [await idOf("feature/a"), await idOf("feature/a:folder"), await idOf("feature/a:folder/a.txt")];
  for (const rest of [`commit/${commit}`, `tree/${tree}`, `blob/${blob}`, `log?ref=${commit}`, `file?ref=${commit}&path=empty`]) {
    assert.equal(await status(rest), 404, rest);
  }
  assert.equal(await status(`commit/${await idOf("main")}`), 200);
});
