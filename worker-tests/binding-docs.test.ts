/** The programs that the documentation prints for the binding, as they are printed: they compile, and do what their pages say. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Examples, type Language } from "./binding/examples.ts";
import { Walk } from "./documentation/walk.ts";
import { secretOf, withPassword } from "./lib/api.ts";
import { Backend } from "./lib/backend.ts";
import { Bound, type CallerOptions } from "./lib/bound.ts";
import { Workshop } from "./lib/git.ts";
import { projectDir } from "./lib/server.ts";

const languages: Language[] = ["js", "ts"];
const shop = new Workshop();
const backend = await Backend.start(shop);
await shop.newRepo("work", 3);
const upstream = await backend.create("workers-sdk.git");
await shop.git("work", "push", "--quiet", upstream, "main");

/** The functions of the pages: those of the reference are given the binding, those of the best practices all that is bound. */
const ofReference = [
  ...["createRepo", "getRepoHandle", "listRepos", "importFromGitHub", "deleteRepo", "getRemoteUrl", "mintReadToken"],
  ...["listRepoTokens", "revokeToken", "forkRepo"],
];
const ofPractices = ["createRepoCopy", "forkFromBaseline"];

/** Written for each language: the programs, and a Worker that calls one function for each path. */
const callers: Record<string, CallerOptions> = {};
const folders = new Map<Language, string>();
for (const language of languages) {
  const folder = shop.path(language);
  mkdirSync(folder);
  folders.set(language, folder);
  const there = "https://github.com/cloudflare/workers-sdk";
  const reference = new Examples("api-workers-binding", language, folder);
  for (const name of ofReference) reference.takeFunction(name, name === "importFromGitHub" ? { [there]: upstream } : {});
  const practices = new Examples("concepts-best-practices", language, folder);
  for (const name of ofPractices) practices.takeFunction(name);
  const started = new Examples("get-started-workers", language, folder);
  const bound = { entrypoint: "Artifacts", props: { namespace: `docs-${language}` } };
  callers[`started ${language}`] = { ...bound, source: started.take("export default", "started"), serves: true };
  callers[`reference ${language}`] = { ...bound, source: reference.take("export default", "reference") };
  callers[`practices ${language}`] = { ...bound, source: practices.take("export default", "practices") };
  callers[`functions ${language}`] = { ...bound, source: writeCaller(folder, language) };
  // Of the reference one more is a declaration, which a program of its own would repeat.
  if (language === "ts") reference.take("export interface Env", "env");
  assert.deepEqual([reference.n_left, practices.n_left, started.n_left], [0, 0, 0]);
}
// It is said to be TypeScript, but its comment is none.
const changelog = new Examples("platform-changelog", "ts", folders.get("ts") ?? "");
const announced = changelog.take("created.repo.info()", "announced", { "# Create": "// Create" }, (program) => {
  const body = program.replaceAll(/^/gm, "  ");
  return `export async function announced(env: { PROD_ARTIFACTS: Artifacts }) {\n${body}\n  return remote;\n}
export default { fetch: async (_request, env) => Response.json(await announced(env)) } satisfies ExportedHandler<{ PROD_ARTIFACTS: Artifacts }>;\n`;
});
callers["announced"] = { source: announced, entrypoint: "Artifacts", props: { namespace: "prod" }, binding: "PROD_ARTIFACTS" };

const bound = await Bound.start({ callers, vars: { ALLOW_INSECURE_IMPORT: "on" }, protocol: "https" });
after(async () => {
  backend.stop();
  shop.remove();
  await bound.stop();
});

/** A Worker that calls the function which its path names, with the arguments of the body. */
function writeCaller(folder: string, language: Language): string {
  const imports = [...ofReference, ...ofPractices].map((name) => `import ${name} from "./${name}.${language}";`);
  const path = join(folder, "caller.js");
  const text = `${imports.join("\n")}
const given = { ofBinding: { ${ofReference.join(", ")} }, ofEnv: { ${ofPractices.join(", ")} } };
export default {
  async fetch(request, env) {
    const name = new URL(request.url).pathname.slice(1);
    const args = await request.json();
    const { [name]: ofBinding } = given.ofBinding;
    return Response.json((await (ofBinding ? ofBinding(env.ARTIFACTS, ...args) : given.ofEnv[name](env, ...args))) ?? null);
  },
};
`;
  writeFileSync(path, text);
  return path;
}

type Fields = Record<string, unknown>;

/** What a function of the pages returns. */
async function call<T = Fields>(language: Language, name: string, ...args: unknown[]): Promise<T> {
  const answer = await bound.fetch(`functions ${language}`, `/${name}`, { method: "POST", body: JSON.stringify(args) });
  assert.equal(answer.status, 200, `${name}: ${await answer.clone().text()}`);
  return (await answer.json()) as T;
}

test("the programs in TypeScript compile with the types that are published here", () => {
  const folder = folders.get("ts") ?? "";
  const compilerOptions = {
    ...{ target: "ES2024", lib: ["ES2024", "ESNext.Disposable"], module: "ESNext", moduleResolution: "bundler", strict: true, noEmit: true },
    types: [join(projectDir, "node_modules", "@cloudflare", "workers-types"), join(projectDir, "types")],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["*.ts"] }));
  const tsc = join(projectDir, "node_modules", "typescript", "bin", "tsc");
  const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" });
  assert.deepEqual([status, stdout], [0, ""]);
});

for (const language of languages) {
  const remote = (name: string) => `${bound.origin}/git/docs-${language}/${name}.git`;
  const token = /^art_v1_[0-9a-f]{40}\?expires=\d+$/;

  test(`the functions of the reference, in ${language}`, async () => {
    const { initialToken, ...created } = await call(language, "createRepo");
    assert.deepEqual(created, { defaultBranch: "main", name: "starter-repo", remote: remote("starter-repo") });
    assert.match(String(initialToken), token);
    const repo = await call(language, "getRepoHandle");
    assert.deepEqual([repo["name"], repo["description"]], ["starter-repo", "Repository for automation experiments"]);
    assert.equal(await call(language, "getRemoteUrl"), remote("starter-repo"));
    assert.deepEqual(await call(language, "listRepos"), { repos: [{ name: "starter-repo", status: "ready" }], nextCursor: null });
    const minted = await call(language, "mintReadToken");
    assert.deepEqual(Object.keys(minted).sort(), ["expiresAt", "id", "plaintext", "scope"]);
    assert.equal(minted["scope"], "read");
    const { total, tokens } = await call<{ total: number; tokens: Fields[] }>(language, "listRepoTokens");
    assert.deepEqual([total, tokens[0]?.["id"], tokens[0]?.["state"]], [2, minted["id"], "active"]);
    assert.deepEqual([await call(language, "revokeToken", minted["plaintext"]), await call(language, "revokeToken", "no-token")], [true, false]);
    assert.equal(await call(language, "forkRepo"), remote("starter-repo-copy"));
    assert.deepEqual([await call(language, "deleteRepo"), await call(language, "deleteRepo")], [true, false]);
  });

  test(`the import of the reference, in ${language}, can be cloned when it is ready`, async () => {
    const imported = await call<Record<"name" | "remote" | "token", string>>(language, "importFromGitHub");
    assert.deepEqual([imported.name, imported.remote], ["workers-sdk", remote("workers-sdk")]);
    const clone = `clone-${language}`;
    const url = withPassword(imported.remote, secretOf(imported.token));
    const env = { GIT_SSL_NO_VERIFY: "1" };
    for (const deadline = Date.now() + 30_000; Date.now() < deadline; await sleep(200)) {
      if ((await shop.attempt({ env }, "clone", "--quiet", url, clone)).code === 0) break;
    }
    assert.equal(await shop.git(clone, "rev-parse", "HEAD"), await shop.git("work", "rev-parse", "HEAD"));
  });

  test(`the Worker of the reference, in ${language}`, async () => {
    const ask = async (method: string, path: string) => (await bound.fetch(`reference ${language}`, path, { method })).json() as Promise<Fields>;
    assert.deepEqual(await ask("POST", "/repos"), { name: "starter-repo", remote: remote("starter-repo") });
    const { id, ...got } = await ask("GET", "/repos/starter-repo");
    assert.deepEqual(got, { name: "starter-repo", remote: remote("starter-repo"), defaultBranch: "main" });
    assert.match(String(id), /^[0-9a-z]{16}$/);
    const { plaintext, scope } = await ask("POST", "/tokens");
    assert.deepEqual([scope, token.test(String(plaintext))], ["read", true]);
    assert.deepEqual(await ask("GET", "/"), { message: "Use POST /repos, GET /repos/starter-repo, or POST /tokens." });
  });

  test(`the best practices, in ${language}`, async () => {
    const copy = await call(language, "createRepoCopy", "agent", "session-1", "docs-site");
    assert.deepEqual([copy["name"], copy["remote"]], ["agent-session-1-docs-site", remote("agent-session-1-docs-site")]);
    const forked = await call(language, "forkFromBaseline", "session-1");
    assert.deepEqual(forked, { name: "starter-repo-session-1", remote: remote("starter-repo-session-1") });
    const answer = await bound.fetch(`practices ${language}`, "/?repo=starter-repo-session-1");
    const minted = (await answer.json()) as Record<"repo" | "scope" | "expiresAt" | "token", string>;
    assert.deepEqual([minted.repo, minted.scope], ["starter-repo-session-1", "read"]);
    const lastsMs = Date.parse(minted.expiresAt) - Date.now();
    assert.ok(lastsMs > 800_000 && lastsMs <= 900_000, `${lastsMs} ms`);
    const url = withPassword(remote("starter-repo-session-1"), secretOf(minted.token));
    await shop.gitWith({ env: { GIT_SSL_NO_VERIFY: "1" } }, "ls-remote", url);
  });

  for (const [way, isByHand] of [["pasting from the answer", true], ["with jq", false]] as const) {
    const absent = ["curl", "jq"].filter((program) => spawnSync(program, ["--version"]).status !== 0);
    const skip = absent.length > 0 && `not on this machine: ${absent.join(", ")}`;
    test(`get started with the Worker in ${language}, ${way}`, { skip }, async () => {
      const folder = `started-${language}-${isByHand}`;
      const walk = new Walk("get-started-workers", shop, folder);
      const here = { "http://localhost:8787": bound.originOf(`started ${language}`), "starter-repo": folder };
      try {
        if (isByHand) {
          const created = JSON.parse(await walk.run("curl http://localhost:8787/repos", here)) as Record<"name" | "remote" | "token", string>;
          assert.deepEqual([created.name, created.remote, Object.keys(created).length], [folder, remote(folder), 3]);
          await walk.run("export ARTIFACTS_REMOTE=", { "<PASTE_REMOTE_FROM_RESPONSE>": created.remote, "<PASTE_TOKEN_FROM_RESPONSE>": created.token });
          walk.leaveOut("RESPONSE=");
        } else {
          walk.leaveOut("curl http://localhost:8787/repos");
          walk.leaveOut("export ARTIFACTS_REMOTE=");
          await walk.run("RESPONSE=", here);
        }
        await walk.run("mkdir artifacts-demo");
        await walk.run("export ARTIFACTS_TOKEN_SECRET=");
        const pushed = await shop.git(`${folder}/artifacts-demo`, "rev-parse", "HEAD");
        assert.match(await walk.run("cd ..\n"), new RegExp(`^${pushed.slice(0, 7)} Initial commit$`, "m"));
        await walk.between("rm -r artifacts-clone");
        await walk.run("git clone");
        assert.equal(await shop.git(`${folder}/artifacts-clone`, "rev-parse", "HEAD"), pushed);
        assert.deepEqual(walk.left, []);
      } finally {
        await walk.end();
      }
    });
  }
}

test("the binding of the first announcement", async () => {
  const answer = await bound.fetch("announced", "/");
  assert.equal(await answer.json(), `${bound.origin}/git/prod/agent-007.git`);
});
