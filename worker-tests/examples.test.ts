/** The Workers in examples/, each bound to the built one as its own wrangler.toml says. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { bundled } from "../scripts/bundle.mjs";
import { Api, freshName, secretOf, withPassword } from "./lib/api.ts";
import { Bound } from "./lib/bound.ts";
import { Workshop } from "./lib/git.ts";
import { projectDir } from "./lib/server.ts";

const secret = "an open secret";
const namespaces = { "create-route": "default", "best-practices": "agents", "isomorphic-git": "default", sandbox: "sandboxes" };
type Example = keyof typeof namespaces;
const examples = Object.keys(namespaces) as Example[];

// Where wrangler looks for the secrets that a configuration names.
process.env["ROUTE_SECRET"] = secret;
const configured = Object.fromEntries(
  examples.map((name) => {
    const alias: Record<string, string> = name === "sandbox" ? { "@cloudflare/sandbox": "worker-tests/examples/sandbox.js" } : {};
    return [name, { config: `examples/${name}/wrangler.toml`, alias }];
  }),
);
const unset = { source: "examples/create-route/src/index.ts", entrypoint: "Artifacts", props: { namespace: "default" } };
const bound = await Bound.start({ callers: { ...configured, unset } });
const shop = new Workshop();
const api = new Api(bound.origin);
after(async () => {
  shop.remove();
  await bound.stop();
});

type Fields = Record<string, string>;

/** What a route answers: status and JSON. */
async function ask(example: Example, route: string, body?: unknown, authorization = `Bearer ${secret}`): Promise<[number, Fields]> {
  const [method = "", path = ""] = route.split(" ");
  const headers: Record<string, string> = authorization === "" ? {} : { Authorization: authorization };
  const init = { method, headers, ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }) };
  const answer = await bound.fetch(example, path, init);
  const text = await answer.text();
  assert.match(text, /^\{/, `${route}: ${answer.status} ${text} ${bound.log.join("\n")}`);
  return [answer.status, JSON.parse(text) as Fields];
}

/** What a route answers that succeeds. */
async function succeed(example: Example, route: string, status: number, body?: unknown): Promise<Fields> {
  const [seen, answer] = await ask(example, route, body);
  assert.equal(seen, status, `${route}: ${JSON.stringify(answer)}`);
  return answer;
}

/** Status and code of a refusal. */
async function refusal(example: Example, route: string, body?: unknown): Promise<[number, string | undefined]> {
  const [status, { code }] = await ask(example, route, body);
  return [status, code];
}

const remoteOf = (example: Example, name: string) => `${bound.origin}/git/${namespaces[example]}/${name}.git`;
const push = (repo: string, url: string, branch = "main") => shop.attempt({ cwd: repo }, "push", "--quiet", url, branch);
const urlOf = ({ remote = "", token = "" }: Fields) => withPassword(remote, secretOf(token));

/** Clones and returns the folder. */
async function clone(url: string): Promise<string> {
  const folder = freshName("clone");
  await shop.git(".", "clone", "--quiet", url, folder);
  await shop.git(folder, "fsck", "--strict");
  return folder;
}

test("no example does anything for those who do not know its secret, or for anybody when it has none", async () => {
  const routes: Record<Example, string> = {
    ...{ "create-route": "POST /repos", "best-practices": "POST /repos" },
    ...{ "isomorphic-git": "POST /commits", sandbox: "PUT /sandboxes/a" },
  };
  for (const example of examples) {
    for (const authorization of ["", "Bearer", "Bearer ", "Bearer undefined", `Bearer ${secret}.`, `Basic ${secret}`, secret]) {
      const [status, { message }] = await ask(example, routes[example], { name: "secret" }, authorization);
      assert.deepEqual([status, message], [401, "Send the secret as Authorization: Bearer."], `${example}: ${authorization}`);
    }
  }
  const headers = { Authorization: "Bearer undefined" };
  assert.equal((await bound.fetch("unset", "/repos", { method: "POST", headers, body: '{"name":"secret"}' })).status, 401);
  assert.deepEqual((await api.request("GET", "/default/repos")).envelope.result, []);
});

test("other routes are told which there are", async () => {
  for (const example of examples) {
    const [status, { message }] = await ask(example, "DELETE /");
    assert.deepEqual([status, message?.startsWith("Use P")], [404, true], example);
  }
});

test("create-route makes a repo that is pushed to, shows it, and lets others read it", async () => {
  const name = freshName("starter");
  const created = await succeed("create-route", "POST /repos", 201, { name });
  assert.deepEqual([created["name"], created["remote"]], [name, remoteOf("create-route", name)]);
  await shop.newRepo("work", 2);
  assert.equal((await push("work", urlOf(created))).code, 0);
  const { id = "", ...shown } = await succeed("create-route", `GET /repos/${name}`, 200);
  assert.match(id, /^[0-9a-z]{16}$/);
  assert.deepEqual(shown, { name, remote: created["remote"], defaultBranch: "main" });
  const { scope, plaintext, expiresAt = "" } = await succeed("create-route", "POST /tokens", 201, { repo: name });
  assert.equal(scope, "read");
  assert.ok(Math.abs(Date.parse(expiresAt) - Date.now() - 3_600_000) < 60_000, expiresAt);
  const url = urlOf({ remote: shown["remote"] ?? "", token: plaintext ?? "" });
  const copy = await clone(url);
  assert.deepEqual(await shop.git(copy, "rev-parse", "HEAD"), await shop.git("work", "rev-parse", "HEAD"));
  await shop.commit(copy, "a", "a");
  const { code, stderr } = await push(copy, url);
  assert.deepEqual([code, /403/.test(stderr)], [128, true], stderr);
});

test("create-route tells what is wrong with a request", async () => {
  const name = freshName("starter");
  await succeed("create-route", "POST /repos", 201, { name });
  assert.deepEqual(await refusal("create-route", "POST /repos", { name }), [409, "ALREADY_EXISTS"]);
  assert.deepEqual(await refusal("create-route", "POST /repos", { name: "a/b" }), [400, "INVALID_REPO_NAME"]);
  assert.deepEqual(await refusal("create-route", "GET /repos/nowhere"), [404, "NOT_FOUND"]);
  assert.deepEqual(await refusal("create-route", "POST /tokens", { repo: "nowhere" }), [404, "NOT_FOUND"]);
  for (const body of ["", "{", "null", "[]", "{}", '{"name":""}', '{"name":7}']) {
    assert.deepEqual(await refusal("create-route", "POST /repos", body), [400, undefined], body);
  }
});

test("best-practices gives each session of an agent an empty repo of its own", async () => {
  const names = [];
  for (const [agent, session] of [["writer", "1"], ["writer", "2"], ["tester", "1"]]) {
    const { name = "", remote, ...rest } = await succeed("best-practices", "POST /repos", 201, { agent, session, repo: "docs-site" });
    assert.deepEqual([remote, rest], [remoteOf("best-practices", name), {}]);
    names.push(name);
  }
  assert.deepEqual(names, ["writer-1-docs-site", "writer-2-docs-site", "tester-1-docs-site"]);
  const again = { agent: "writer", session: "1", repo: "docs-site" };
  assert.deepEqual(await refusal("best-practices", "POST /repos", again), [409, "ALREADY_EXISTS"]);
  assert.deepEqual(await refusal("best-practices", "POST /repos", { agent: "writer", session: "1" }), [400, undefined]);
});

test("best-practices forks the baseline for a session, once, and nobody changes the baseline", async () => {
  assert.deepEqual(await refusal("best-practices", "POST /forks", { session: "s1" }), [404, "NOT_FOUND"]);
  const { token = "" } = (await api.createRepo({ name: "starter-repo" }, "agents")) as unknown as Fields;
  await shop.newRepo("baseline", 3);
  const baseline = remoteOf("best-practices", "starter-repo");
  await shop.git("baseline", "push", "--quiet", urlOf({ remote: baseline, token }), "main", "main:refs/heads/draft");

  const forked = await succeed("best-practices", "POST /forks", 201, { session: "s1" });
  assert.deepEqual(forked, { name: "starter-repo-s1", remote: remoteOf("best-practices", "starter-repo-s1") });
  assert.deepEqual(await succeed("best-practices", "POST /forks", 200, { session: "s1" }), forked);

  const reader = await succeed("best-practices", "POST /tokens", 201, { repo: forked["name"] });
  const readUrl = urlOf({ ...forked, token: reader["token"] ?? "" });
  assert.equal(reader["scope"], "read");
  const lastsMs = Date.parse(reader["expiresAt"] ?? "") - Date.now();
  assert.ok(lastsMs > 840_000 && lastsMs <= 900_000, `${lastsMs} ms`);
  const head = await shop.git("baseline", "rev-parse", "HEAD");
  assert.equal(await shop.git(".", "ls-remote", "--branches", readUrl), `${head}\trefs/heads/main`);
  const copy = await clone(readUrl);
  await shop.commit(copy, "result.txt", "done\n");
  assert.match((await push(copy, readUrl)).stderr, /403/);

  const writer = await succeed("best-practices", "POST /tokens", 201, { repo: forked["name"], scope: "write" });
  assert.equal((await push(copy, urlOf({ ...forked, token: writer["token"] ?? "" }))).code, 0);
  assert.match(await shop.git(".", "ls-remote", readUrl, "main"), new RegExp(`^${await shop.git(copy, "rev-parse", "HEAD")}\t`));
  assert.match(await shop.git(".", "ls-remote", urlOf({ remote: baseline, token }), "main"), new RegExp(`^${head}\t`));
  // A token is for one repo, and the baseline's are to read.
  assert.notEqual((await push(copy, urlOf({ remote: baseline, token: writer["token"] ?? "" }))).code, 0);
  for (const repo of ["starter-repo", "Starter-Repo"]) {
    assert.deepEqual(await refusal("best-practices", "POST /tokens", { repo, scope: "write" }), [403, undefined], repo);
  }
  assert.equal((await succeed("best-practices", "POST /tokens", 201, { repo: "starter-repo" }))["scope"], "read");
  assert.deepEqual(await refusal("best-practices", "POST /tokens", { repo: "starter-repo", scope: "admin" }), [400, undefined]);
});

/** A repo's remote with a token that REST has made. */
async function openedBy(scope: "read" | "write", example: Example, repo: string): Promise<string> {
  const minted = await api.request<{ plaintext: string }>("POST", `/${namespaces[example]}/tokens`, { json: { repo, scope } });
  return urlOf({ remote: remoteOf(example, repo), token: minted.envelope.result.plaintext });
}

test("isomorphic-git commits files to a new repo, and to what others have pushed since", async () => {
  const repo = freshName("committed");
  const commit = (message: string, files: Fields) => succeed("isomorphic-git", "POST /commits", 201, { repo, message, files });
  const first = await commit("Create starter files", { "README.md": "# A repo\n", "src/deep/index.ts": "export {};\n", empty: "" });
  assert.deepEqual([first["repo"], first["remote"]], [repo, remoteOf("isomorphic-git", repo)]);
  assert.deepEqual(first["refs"], { "refs/heads/main": { ok: true, error: "" } });
  const copy = await clone(await openedBy("read", "isomorphic-git", repo));
  assert.equal(await shop.git(copy, "rev-parse", "HEAD"), first["commit"]);
  assert.equal(await shop.git(copy, "ls-files"), "README.md\nempty\nsrc/deep/index.ts");
  assert.equal(await shop.git(copy, "show", "HEAD:README.md"), "# A repo");

  // A program and a link stay what they are, when they are changed and when they are not.
  shop.write(`${copy}/run.sh`, "#!/bin/sh\n");
  await shop.git(copy, "update-index", "--add", "--chmod=+x", "run.sh");
  const target = (await shop.gitWith({ cwd: copy, input: "README.md" }, "hash-object", "-w", "--stdin")).stdout.trim();
  await shop.git(copy, "update-index", "--add", "--cacheinfo", `120000,${target},link`);
  await shop.git(copy, "commit", "--quiet", "--message", "Add a program and a link");
  assert.equal((await push(copy, await openedBy("write", "isomorphic-git", repo))).code, 0);
  const modes = async (folder: string) => (await shop.git(folder, "ls-tree", "-r", "--format=%(objectmode) %(path)", "HEAD")).split("\n");
  const before = await modes(copy);
  const second = await commit("Change the program", { "run.sh": "#!/bin/sh\necho hello\n" });
  const later = await clone(await openedBy("read", "isomorphic-git", repo));
  assert.deepEqual(await modes(later), before);
  assert.deepEqual(before.filter((line) => !line.startsWith("100644")), ["120000 link", "100755 run.sh"]);
  assert.equal(await shop.git(later, "show", "HEAD:run.sh"), "#!/bin/sh\necho hello");
  const commits = [second["commit"], await shop.git(copy, "rev-parse", "HEAD"), first["commit"]];
  assert.deepEqual((await shop.git(later, "rev-list", "HEAD")).split("\n"), commits);
});

test("isomorphic-git loses no commit of requests that come at once", async () => {
  const repo = freshName("at-once");
  const request = (n: number) => ask("isomorphic-git", "POST /commits", { repo, message: `Commit ${n}`, files: { [`${n}.txt`]: `${n}\n` } });
  const answers = [await request(0), ...(await Promise.all([1, 2, 3, 4].map(request)))];
  assert.deepEqual(answers.map(([status]) => status).filter((status) => ![201, 409].includes(status)), [], JSON.stringify(answers));
  const committed = answers.flatMap(([status, { commit = "" }]) => (status === 201 ? [commit] : []));
  const copy = await clone(await openedBy("read", "isomorphic-git", repo));
  assert.ok(committed.length >= 2);
  assert.deepEqual((await shop.git(copy, "rev-list", "HEAD")).split("\n").sort(), committed.sort());
});

test("isomorphic-git reaches no file of Git's own, and what the server refuses is told", async () => {
  const repo = freshName("refused");
  await succeed("isomorphic-git", "POST /commits", 201, { repo, message: "Begin", files: { a: "a\n" } });
  const config = "[http]\ncorsProxy = http://127.0.0.1:1\n";
  for (const path of [".git/config", "git~1/config", "a/b"]) {
    const [status, { message }] = await ask("isomorphic-git", "POST /commits", { repo, message: "Reach", files: { [path]: config } });
    assert.deepEqual([path, status], [path, 422], message);
  }
  const { name: readOnly } = await api.createRepo({ read_only: true });
  assert.deepEqual(await refusal("isomorphic-git", "POST /commits", { repo: readOnly, message: "m", files: { a: "" } }), [403, undefined]);
  assert.deepEqual(await refusal("isomorphic-git", "POST /commits", { repo: "a/b", message: "m", files: { a: "" } }), [400, "INVALID_REPO_NAME"]);
  for (const files of [undefined, null, [], {}, { a: 1 }, { "../git/config": config }, { "/a": "" }, { "": "" }, { "b/./c": "" }]) {
    assert.deepEqual(await refusal("isomorphic-git", "POST /commits", { repo, message: "m", files }), [400, undefined], JSON.stringify(files));
  }
  const copy = await clone(await openedBy("read", "isomorphic-git", repo));
  assert.equal(await shop.git(copy, "rev-list", "--count", "HEAD"), "1");
});

test("sandbox is bundled with the real package too, whose version its image has", () => {
  const config = join(projectDir, "examples/sandbox/wrangler.toml");
  const { durableObjects } = bundled(config, shop.path("sandbox-bundle")) as { durableObjects?: object };
  assert.deepEqual(Object.keys(durableObjects ?? {}), ["Sandbox"]);
  assert.match(readFileSync(shop.path("sandbox-bundle", "index.js"), "utf8"), /ContainerControlClient/);
  const { devDependencies } = JSON.parse(readFileSync(join(projectDir, "package.json"), "utf8")) as { devDependencies: Record<string, string> };
  const image = /^image = "(.*)"$/m.exec(readFileSync(config, "utf8"))?.[1];
  assert.equal(image, `docker.io/cloudflare/sandbox:${devDependencies["@cloudflare/sandbox"]}`);
});

test("sandbox: what runs in it clones and pushes with the remote that it is given, and finds it again", async () => {
  const name = freshName("sandbox");
  const connected = await succeed("sandbox", `PUT /sandboxes/${name}`, 200);
  const { expiresAt = "", ...rest } = connected;
  assert.deepEqual(rest, { sandbox: name, remote: remoteOf("sandbox", name), defaultBranch: "main" });
  assert.ok(Math.abs(Date.parse(expiresAt) - Date.now() - 3_600_000) < 60_000, expiresAt);
  const inside = async (script: string) => {
    const env = (await (await bound.fetchObject("sandbox", "Sandbox", name)).json()) as Record<string, string>;
    assert.deepEqual(Object.keys(env), ["ARTIFACTS_GIT_REMOTE"]);
    const { code, stdout, stderr } = await shop.run("sh", { env }, "-euc", script);
    assert.equal(code, 0, stderr);
    return { stdout, remote: env["ARTIFACTS_GIT_REMOTE"] };
  };
  const first = await inside(`git clone --quiet "$ARTIFACTS_GIT_REMOTE" ${name} && cd ${name}
    echo begun > work.txt && git add work.txt && git commit --quiet --message Begin && git push --quiet origin main`);
  // By another spelling too it is this sandbox, with a token of its own.
  assert.equal((await succeed("sandbox", `PUT /sandboxes/${name.toUpperCase()}`, 200))["sandbox"], name);
  const again = await inside(`git clone --quiet "$ARTIFACTS_GIT_REMOTE" ${name}-again && cat ${name}-again/work.txt`);
  assert.equal(again.stdout, "begun\n");
  assert.notEqual(again.remote, first.remote);
  assert.deepEqual(await refusal("sandbox", "PUT /sandboxes/a..b"), [400, "INVALID_REPO_NAME"]);
});
