/** Who may fetch and who may push: tokens, their forms, scopes and ends. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { editToken, secretOf, withPassword, type Repo } from "./lib/api.ts";
import { type GitResult } from "./lib/git.ts";
import { setUp } from "./lib/setup.ts";
import { wire } from "./lib/wire.ts";

const { shop, api } = await setUp();
await shop.newRepo("local", 2);

// The shortest life that a token can have; the test of its end comes last in this file, so that little is left to wait.
const shortLived = await api.createRepo();
const shortToken = await api.createToken(shortLived, { ttl: 60 });

function basic(password: string, user = "x"): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

async function statusWith(repo: Repo, authorization: string | null, service = "git-upload-pack"): Promise<number> {
  return (await wire(repo, `/info/refs?service=${service}`, { authorization })).status;
}

function push(url: string): Promise<GitResult> {
  return shop.attempt({ cwd: "local" }, "push", url, "main");
}

test("a request without credentials is told how to authenticate", async () => {
  const repo = await api.createRepo();
  for (const path of ["/info/refs?service=git-upload-pack", "/info/refs?service=git-receive-pack"]) {
    const answer = await wire(repo, path, { authorization: null });
    assert.equal(answer.status, 401);
    assert.equal(answer.headers.get("www-authenticate"), 'Basic realm="artifacts"');
    assert.match(answer.headers.get("content-type") ?? "", /^text\/plain/);
    assert.match(answer.text, /^[^\n]+\n?$/);
  }
});

test("tokens that are unknown, revoked or another repo's and repos that do not exist get one and the same answer", async () => {
  const [repo, other] = [await api.createRepo(), await api.createRepo()];
  const revoked = await api.createToken(repo);
  await api.revokeToken(repo, revoked.id);
  const nowhere = { ...repo, remote: repo.remote.replace(repo.name, "nowhere") };
  const unknown = `Bearer art_v1_${"0".repeat(40)}`;
  const asked: [Repo, string][] = [
    [repo, unknown],
    [repo, `Bearer ${revoked.plaintext}`],
    [repo, `Bearer ${other.token}`],
    [repo, basic("guess")],
    [nowhere, unknown],
    [nowhere, `Bearer ${repo.token}`],
  ];
  const answers = [];
  for (const [target, authorization] of asked) {
    for (const service of ["git-upload-pack", "git-receive-pack"]) {
      const answer = await wire(target, `/info/refs?service=${service}`, { authorization });
      answers.push(`${answer.status} ${answer.text}`);
    }
  }
  assert.equal(new Set(answers).size, 1, answers.join(""));
  assert.match(answers[0] ?? "", /^401 \S/);
});

test("an API token opens no repo", async () => {
  const repo = await api.createRepo();
  for (const authorization of [`Bearer ${editToken}`, basic(editToken)]) {
    assert.equal(await statusWith(repo, authorization), 401);
  }
});

test("a token is accepted in every form that clients send", async () => {
  const repo = await api.createRepo();
  const secret = secretOf(repo.token);
  const encoded = encodeURIComponent(repo.token);
  assert.notEqual(encoded, repo.token);
  for (const authorization of [
    `Bearer ${repo.token}`,
    `Bearer ${secret}`,
    basic(secret),
    basic(repo.token),
    basic(encoded),
    basic(secret, "anyone"),
  ]) {
    assert.equal(await statusWith(repo, authorization), 200, authorization);
    assert.equal(await statusWith(repo, authorization, "git-receive-pack"), 200, authorization);
  }
});

test("git pushes and clones with a Bearer header and with a password in the remote", async () => {
  const repo = await api.createRepo();
  const header = ["-c", `http.extraHeader=Authorization: Bearer ${repo.token}`];
  await shop.git("local", ...header, "push", "--quiet", repo.remote, "main");
  await shop.git(".", ...header, "clone", "--quiet", repo.remote, "by-header");
  for (const [n, password] of [secretOf(repo.token), repo.token].entries()) {
    await shop.git(".", "clone", "--quiet", withPassword(repo.remote, password), `by-password-${n}`);
    await shop.git(`by-password-${n}`, "push", "--quiet", "origin", `HEAD:refs/heads/branch-${n}`);
  }
});

test("git without a token, or with a wrong one, is told so", async () => {
  const repo = await api.createRepo();
  const without = await push(repo.remote);
  assert.match(without.stderr, /could not read Username/);
  const wrong = await push(withPassword(repo.remote, `art_v1_${"0".repeat(40)}`));
  assert.match(wrong.stderr, /Authentication failed/);
});

test("a read token clones and is refused a push in words", async () => {
  const repo = await api.createRepo();
  assert.equal((await push(repo.url)).code, 0);
  const { plaintext } = await api.createToken(repo, { scope: "read" });
  const url = withPassword(repo.remote, secretOf(plaintext));
  await shop.git(".", "clone", "--quiet", url, "by-reader");
  const refused = await push(url);
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /^remote: .*(read|write)/m);
  assert.match(refused.stderr, /error: 403/);
  const body = await wire(repo, "/git-receive-pack", { authorization: basic(plaintext), body: Buffer.from("0000") });
  assert.equal(body.status, 403);
});

test("a read-only repo is refused a push in words, even with a write token", async () => {
  const repo = await api.createRepo({ read_only: true });
  const refused = await push(repo.url);
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /^remote: .*read-only/m);
  assert.match(refused.stderr, /error: 403/);
  assert.equal(await shop.git(".", "ls-remote", repo.url), "");
});

test("a revoked token ends at once, the others go on", async () => {
  const repo = await api.createRepo();
  const token = await api.createToken(repo);
  assert.equal(await statusWith(repo, `Bearer ${token.plaintext}`), 200);
  await api.revokeToken(repo, token.id);
  assert.equal(await statusWith(repo, `Bearer ${token.plaintext}`), 401);
  assert.equal(await statusWith(repo, `Bearer ${repo.token}`), 200);
});

test("a token ends when its time is over, whatever its suffix says", async () => {
  const expires = Date.parse(shortToken.expires_at);
  assert.equal(await statusWith(shortLived, `Bearer ${shortToken.plaintext}`), 200);
  await sleep(Math.max(0, expires - Date.now()) + 1000);
  const later = `${secretOf(shortToken.plaintext)}?expires=${Math.floor(expires / 1000) + 3600}`;
  for (const token of [shortToken.plaintext, secretOf(shortToken.plaintext), later]) {
    assert.equal(await statusWith(shortLived, `Bearer ${token}`), 401);
  }
  const listed = await api.request<{ id: string }[]>("GET", `/default/repos/${shortLived.name}/tokens?state=expired`);
  assert.deepEqual(listed.envelope.result.map((token) => token.id), [shortToken.id]);
});
