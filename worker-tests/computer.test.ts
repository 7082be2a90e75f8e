/** `@cloudflare/computer`, whose clients are made for the binding Artifacts. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Api, secretOf, withPassword } from "./lib/api.ts";
import { Backend } from "./lib/backend.ts";
import { Bound } from "./lib/bound.ts";
import { Workshop } from "./lib/git.ts";

const bound = await Bound.start({
  vars: { ALLOW_INSECURE_IMPORT: "on" },
  callers: { computer: { source: "worker-tests/binding/computer.ts", entrypoint: "Artifacts", props: { namespace: "computer" } } },
});
const api = new Api(bound.origin);
const shop = new Workshop();
const backend = await Backend.start(shop);
await shop.newRepo("work", 3);
const url = await backend.create("upstream.git");
await shop.git("work", "push", "--quiet", url, "main");
after(async () => {
  backend.stop();
  shop.remove();
  await bound.stop();
});

interface Told {
  names: { created: string; imported: string; info: string; listed: string[] };
  remote: string;
  token: string;
  shell: { exitCode: number; stdout: string; stderr: string };
}

/** Has a client, of a session or of none, do all that it can with a repo of this name. */
async function use(name: string, sessionId?: string): Promise<Told> {
  const answer = await bound.fetch("computer", "/", { method: "POST", body: JSON.stringify({ sessionId, name, url }) });
  assert.equal(answer.status, 200, bound.log.join("\n"));
  const { names, remote, token, shell, ...rest } = (await answer.json()) as Told;
  const expected = { total: 2, state: "active", stateAfter: "revoked", revoked: [true, false], missed: true, deleted: [true, false], gone: "NOT_FOUND" };
  assert.deepEqual(rest, expected);
  assert.deepEqual([shell.exitCode, shell.stderr], [0, ""]);
  return { names, remote, token, shell };
}

/** What was imported can be cloned, a little later. */
async function assertCloned(repo: string, token: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  while ((await api.request("GET", `/computer/repos/${repo}`)).status === 409 && Date.now() < deadline) await sleep(100);
  const remote = withPassword(`${bound.origin}/git/computer/${repo}.git`, secretOf(token));
  await shop.git(".", "clone", "--quiet", "--depth", "1", remote, `clone-of-${repo}`);
  assert.equal(await shop.git(`clone-of-${repo}`, "rev-parse", "HEAD"), await shop.git("work", "rev-parse", "HEAD"));
}

test("a client of the namespace makes, imports, lists and deletes, with tokens", async () => {
  const { names, remote, token, shell } = await use("whole");
  assert.deepEqual(names, { created: "whole", imported: "whole-imported", info: "whole", listed: ["whole", "whole-imported"] });
  assert.equal(remote, `${bound.origin}/git/computer/whole.git`);
  assert.match(shell.stdout, /whole-imported/);
  await assertCloned("whole-imported", token);
});

test("a client of a session has its own repos and sees no others", async () => {
  const { names, remote, token } = await use("mine", "session-1");
  assert.deepEqual(names, { created: "mine", imported: "mine-imported", info: "mine", listed: ["mine", "mine-imported"] });
  const stored = remote.slice(`${bound.origin}/git/computer/`.length, -".git".length);
  assert.notEqual(stored, "mine");
  await assertCloned(`${stored}-imported`, token);
});
