/** Imports of repositories that `git http-backend` serves, and of servers that fail, stall or lie. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { audit } from "../scripts/holdings.mjs";
import { Api, editToken, freshName, secretOf, withPassword, type CreatedRepo, type Repo, type RepoInfo } from "./lib/api.ts";
import { Backend } from "./lib/backend.ts";
import { Workshop } from "./lib/git.ts";
import { Server } from "./lib/server.ts";
import { storedKeys, storedKeysWhen } from "./lib/stored.ts";
import { Upstream } from "./lib/upstream.ts";

// Upstreams are on this machine, and are waited for longer otherwise.
const vars = { ALLOW_INSECURE_IMPORT: "on", IMPORT_PATIENCE_SECONDS: "2", UPLOAD_GRACE_SECONDS: "12" };
const server = await Server.start({ vars });
const shop = new Workshop();
const backend = await Backend.start(shop);
const api = new Api(server.origin);
await newUpstream();
const upstream = await Upstream.start(new URL(await backend.create("unused.git")).origin);
after(async () => {
  upstream.stop();
  backend.stop();
  shop.remove();
  await server.stop();
});

/** `upstream.git`: two branches, tags of both kinds on both, a note, and a few megabytes. */
async function newUpstream(): Promise<void> {
  await shop.newRepo("work", 6);
  await shop.commit("work", "noise", randomBytes(9_000_000));
  await shop.git("work", "tag", "light", "HEAD~1");
  await shop.git("work", "tag", "-a", "-m", "one", "v1", "HEAD~2");
  await shop.git("work", "checkout", "--quiet", "-b", "side", "HEAD~3");
  await shop.commit("work", "side.txt", "side\n");
  await shop.git("work", "tag", "-a", "-m", "side", "side-tag");
  await shop.git("work", "checkout", "--quiet", "main");
  await shop.git("work", "notes", "add", "-m", "a note");
  await shop.git(".", "clone", "--quiet", "--mirror", "work", "upstream.git");
}

const url = (fault: string) => `${upstream.origin}/${fault}/upstream.git`;

/** Asks for an import under a fresh name. */
async function begin(json: Record<string, unknown>): Promise<Repo> {
  const name = freshName("import");
  const answer = await api.request<CreatedRepo>("POST", `/default/repos/${name}/import`, { json });
  assert.equal(answer.status, 201, answer.text);
  const repo = answer.envelope.result;
  return { ...repo, namespace: "default", url: withPassword(repo.remote, secretOf(repo.token)) };
}

/** What the repo is told to be when it is no longer being imported. */
async function ended(repo: Repo, withinMs = 60_000): Promise<string> {
  for (const deadline = Date.now() + withinMs; ; await sleep(100)) {
    const { status, envelope, headers } = await api.request<{ status: string }>("GET", `/default/repos/${repo.name}`);
    if (status === 200) return envelope.result.status;
    if (status === 404) return envelope.errors[0]?.message ?? "";
    assert.deepEqual([status, envelope.errors[0]?.code, headers.get("retry-after")], [409, 10302, "2"]);
    if (Date.now() > deadline) throw new Error(`${repo.name} is still being imported\n${server.log()}`);
  }
}

/** The first answer that is not that the name is taken, within a fraction of the time that reports have otherwise. */
async function freedSoon<T extends { status: number }>(ask: () => Promise<T>): Promise<T> {
  for (const deadline = Date.now() + 500; ; await sleep(20)) {
    const answer = await ask();
    if (answer.status !== 409 || Date.now() > deadline) return answer;
  }
}

async function imported(json: Record<string, unknown>): Promise<Repo> {
  const repo = await begin(json);
  assert.equal(await ended(repo), "ready");
  return repo;
}

/** The refs of a mirror clone, which is checked, and its objects. */
async function cloned(remote: string): Promise<{ refs: string[]; objects: string[] }> {
  const clone = freshName("clone");
  await shop.git(".", "clone", "--quiet", "--mirror", remote, clone);
  return shop.fingerprint(clone);
}

const namesOf = ({ refs }: { refs: string[] }) => refs.map((ref) => ref.split(" ").at(-1)).sort();

test("every branch, tag and note comes when all are asked for, whatever the server speaks", async () => {
  const wanted = await cloned(shop.path("upstream.git"));
  for (const fault of ["plain", "old", "gzip", "moved"]) {
    const repo = await imported({ url: url(fault), all_refs: true });
    assert.deepEqual(await cloned(repo.url), wanted, fault);
    const info = await api.repoInfo(repo);
    assert.deepEqual([info.source, info.status, info.last_push_at, info.shallow], [`git:${url(fault)}`, "ready", null, false]);
  }
});

test("a branch comes with the tags that its history reaches, and can be pushed to", async () => {
  const main = await imported({ url: url("plain") });
  assert.deepEqual(namesOf(await cloned(main.url)), ["refs/heads/main", "refs/tags/light", "refs/tags/v1"]);
  const side = await imported({ url: url("plain"), branch: "side", read_only: true });
  assert.equal(side.default_branch, "side");
  assert.deepEqual(namesOf(await cloned(side.url)), ["refs/heads/side", "refs/tags/side-tag"]);
  await shop.git(".", "clone", "--quiet", main.url, "pushed-back");
  await shop.commit("pushed-back", "mine.txt", "mine\n");
  await shop.git("pushed-back", "push", "--quiet", "origin", "main");
  const { code, stderr } = await shop.attempt({ cwd: "pushed-back" }, "push", side.url, "main:mine");
  assert.match(`${code} ${stderr}`, /128 .*403/s);
  const fork = await api.forkRepo(main);
  assert.deepEqual(await cloned(fork.url), await cloned(main.url));
});

test("a depth makes a shallow repo, and an upstream without commits an empty one", async () => {
  for (const fault of ["plain", "old"]) {
    const repo = await imported({ url: url(fault), depth: 2 });
    assert.equal((await api.repoInfo(repo)).shallow, true);
    await shop.git(".", "clone", "--quiet", repo.url, `shallow-${fault}`);
    assert.equal(await shop.git(`shallow-${fault}`, "rev-list", "--count", "HEAD"), "2");
  }
  const empty = await imported({ url: await backend.create("empty.git") });
  assert.deepEqual(namesOf(await cloned(empty.url)), [""]);
});

test("what is wrong with a URL or its server is said at once, and nothing is left of it", async () => {
  const told = async (json: Record<string, unknown>) => {
    const { status, envelope } = await api.request("POST", "/nowhere/repos/r/import", { json });
    return `${status} ${envelope.errors[0]?.code} ${envelope.errors[0]?.message}`;
  };
  const table: [Record<string, unknown>, string][] = [
    [{}, "400 10100 Invalid url: is required."],
    [{ url: "ssh://example.com/a" }, "400 10104 Invalid URL: only https is allowed, not ssh."],
    [{ url: "https://me:secret@example.com/a" }, "400 10104 Invalid URL: must not hold credentials."],
    [{ url: url("plain"), branch: "a b" }, "400 10100 Invalid branch: "],
    [{ url: url("plain"), depth: 0 }, "400 10100 Invalid depth: must be between 1 and 2147483646."],
    [{ url: url("plain"), branch: "none" }, "404 10200 The remote has no branch 'none'."],
    [{ url: url("plain").replace("upstream", "other") }, "404 10200 The remote has no repository there."],
    [{ url: url("401") }, "400 10106 The remote requires authentication; only public remotes can be imported."],
    [{ url: url("503") }, "502 10401 The remote answered with status 503."],
    [{ url: url("html") }, "400 10104 The remote is no Git server: its answer begins with '<!doctype html>"],
    [{ url: url("around") }, "502 10401 The remote redirects more than 20 times."],
    [{ url: url("login") }, "400 10104 Invalid URL: leads elsewhere: "],
    [{ url: url("silent") }, "502 10401 The remote was silent for 10 seconds."],
    [{ url: url("drips") }, "502 10401 The remote took longer than 30 seconds to tell its refs."],
    [{ url: "http://127.0.0.1:9/a" }, "502 10401 The remote cannot be reached: "],
  ];
  for (const [json, begins] of table) {
    const said = await told(json);
    assert.ok(said.startsWith(begins), `${said}, not ${begins}`);
  }
  assert.equal((await api.request("GET", "/nowhere")).status, 404);
});

test("an import that fails later frees its name, tells why, and leaves nothing in R2", async () => {
  const before = storedKeys(server.stateDir).length;
  for (const [fault, why] of [["truncates", "ends too early"], ["flips", "the remote's pack is refused"], ["stalls", "silent for 2 seconds"]] as const) {
    const repo = await begin({ url: url(fault) });
    const message = await ended(repo, 90_000);
    assert.ok(message.startsWith(`Repository not found: ${repo.name}. Its import failed: `) && message.includes(why), message);
    const again = await freedSoon(() => api.request("POST", `/default/repos/${repo.name}/import`, { json: { url: url("plain"), depth: 1 } }));
    assert.equal(again.status, 201, again.text);
    assert.equal(await ended(repo), "ready");
    assert.equal((await api.request("DELETE", `/default/repos/${repo.name}`)).status, 202);
  }
  assert.equal((await storedKeysWhen(server.stateDir, (keys) => keys.length <= before, 90_000)).length, before);
});

test("an import that is deleted ends its download, and does not keep the next one of its name waiting", async () => {
  const repo = await begin({ url: url("trickles") });
  await sleep(1_000);
  const over = await api.request("POST", `/default/repos/${repo.name}/import`, { json: { url: url("plain") } });
  assert.deepEqual([over.status, over.envelope.errors[0]?.code, over.headers.get("retry-after")], [409, 10302, "2"]);
  await api.deleteRepo(repo);
  const again = await api.request<CreatedRepo>("POST", `/default/repos/${repo.name}/import`, { json: { url: url("plain") } });
  assert.equal(again.status, 201, again.text);
  assert.equal(await ended(repo, 30_000), "ready");
  const listed = await api.request<RepoInfo[]>("GET", `/default/repos?search=${repo.name}`);
  assert.deepEqual(listed.envelope.result.map(({ name, status }) => [name, status]).filter(([name]) => name === repo.name), [[repo.name, "ready"]]);
});

test("an import that is killed again and again goes on, and ends", async () => {
  const repo = await begin({ url: url("slow"), all_refs: true });
  for (const afterMs of [200, 1_500, 3_000, 300, 4_500]) {
    await sleep(afterMs);
    await server.kill();
    await server.restart();
  }
  assert.equal(await ended(repo, 120_000), "ready");
  assert.deepEqual(await cloned(repo.url), await cloned(shop.path("upstream.git")));
  const { unheld, missing } = await audit({ url: server.origin, token: editToken });
  assert.deepEqual({ unheld, missing }, { unheld: [], missing: [] });
});
