/** Every error of the Workers binding that is documented, provoked, and as it reaches callers of either kind. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Caller, type Thrown } from "./binding/call.ts";
import { freshName } from "./lib/api.ts";
import { Backend } from "./lib/backend.ts";
import { Bound } from "./lib/bound.ts";
import { Workshop } from "./lib/git.ts";
import { Upstream } from "./lib/upstream.ts";

const binding = { source: "worker-tests/binding/caller.ts", entrypoint: "Artifacts", props: { namespace: "default" } };
const callers = { today: binding, earlier: { ...binding, compatibilityDate: "2025-01-01" } };
/** Callers that use up what their namespaces may ask. */
const busy = {
  "busy today": { ...callers.today, props: { namespace: "busy-today" } },
  "busy earlier": { ...callers.earlier, props: { namespace: "busy-earlier" } },
};
const vars = { ALLOW_INSECURE_IMPORT: "on", DEBUG_TRIGGERS: "on" };
const [bound, full] = await Promise.all([
  Bound.start({ callers, vars }),
  Bound.start({ callers: { ...callers, ...busy }, vars: { ACCOUNT_STORAGE_MAX_BYTES: "0" }, controlRate: 20 }),
]);
const shop = new Workshop();
const backend = await Backend.start(shop);
const upstream = await Upstream.start(new URL(await backend.create("empty.git")).origin);
after(async () => {
  upstream.stop();
  backend.stop();
  shop.remove();
  await Promise.all([bound.stop(), full.stop()]);
});
await shop.newRepo("work", 3);
await shop.commit("work", "noise", randomBytes(1_000_000));
await shop.git(".", "clone", "--quiet", "--mirror", "work", "upstream.git");

const caller = new Caller(bound, "today");
await caller.follow(["create", "there"]);

const imported = (url: string, name = freshName("import"), more: object = {}) => ({ source: { url, ...more }, target: { name } });
const url = (fault: string, repo = "upstream.git") => `${upstream.origin}/${fault}/${repo}`;

// Half of its pack comes and no more.
const stalled = freshName("stalled");
await caller.follow(["import", imported(url("stalls"), stalled)]);

type Steps = [method: string, ...args: unknown[]][];

interface Row {
  /** The method that throws. */
  method: string;
  code: string;
  numericCode: number;
  /** Words of the message after the code. */
  says: RegExp;
  steps: Steps;
  on?: Bound;
}

const row = (method: string, code: string, numericCode: number, says: RegExp, steps: Steps, on: Bound = bound): Row => ({
  method,
  code,
  numericCode,
  says,
  steps,
  on,
});
const there: Steps[number] = ["get", "there"];
const invalid = "0".repeat(300);

const table: Row[] = [
  row("create", "INVALID_REPO_NAME", 10101, /^Invalid repo name\.$/, [["create", "a..b"]]),
  row("create", "ALREADY_EXISTS", 10201, /^repo already exists: THERE$/, [["create", "THERE"]]),
  row("create", "INVALID_INPUT", 10100, /^Invalid setDefaultBranch: /, [["create", "new", { setDefaultBranch: "a b" }]]),
  row("create", "INVALID_INPUT", 10100, /^Invalid arguments: longer than 65536 characters as JSON\.$/, [["create", "\u0001".repeat(20_000)]]),
  row("create", "INVALID_INPUT", 10100, /^Invalid arguments: longer than 65536 characters as JSON\.$/, [["create", "\u0001".repeat(3_000_000)]]),
  row("create", "STORAGE_LIMIT", 10507, /^Storage limit reached/, [["create", "new"]], full),
  row("get", "NOT_FOUND", 10200, /^Repository not found: nowhere\.$/, [["get", "nowhere"]]),
  row("get", "IMPORT_IN_PROGRESS", 10302, /^Repository is being imported: stalled/, [["get", stalled]]),
  row("import", "INVALID_REPO_NAME", 10101, /^Invalid repo name\.$/, [["import", imported(url("plain"), "a b")]]),
  row("import", "INVALID_INPUT", 10100, /^Invalid source\.url: /, [["import", imported("ssh://example.com/r")]]),
  row("import", "INVALID_INPUT", 10100, /^Invalid source\.url: /, [["import", imported("no url")]]),
  row("import", "INVALID_INPUT", 10100, /^Invalid source\.depth: /, [["import", imported(url("plain"), "new", { depth: -1 })]]),
  row("import", "INVALID_URL", 10104, /./, [["import", imported(url("html"))]]),
  row("import", "REMOTE_AUTH_REQUIRED", 10106, /./, [["import", imported(url("401"))]]),
  row("import", "NOT_FOUND", 10200, /./, [["import", imported(url("plain", "nowhere.git"))]]),
  row("import", "NOT_FOUND", 10200, /nowhere/, [["import", imported(url("plain"), "new", { branch: "nowhere" })]]),
  row("import", "UPSTREAM_UNAVAILABLE", 10401, /503/, [["import", imported(url("503"))]]),
  row("import", "ALREADY_EXISTS", 10201, /^repo already exists: there$/, [["import", imported(url("plain"), "there")]]),
  row("list", "INVALID_INPUT", 10100, /^Invalid limit: must be between 1 and 200\.$/, [["list", { limit: 201 }]]),
  row("list", "INVALID_INPUT", 10100, /^Invalid cursor: /, [["list", { cursor: "elsewhere" }]]),
  row("delete", "INVALID_REPO_NAME", 10101, /^Invalid repo name\.$/, [["delete", invalid]]),
  row("createToken", "INVALID_TTL", 10103, /^Invalid TTL 59: must be between 60 and 31536000 seconds\.$/, [there, ["createToken", "read", 59]]),
  row("createToken", "INVALID_TTL", 10103, /^Invalid TTL 31536001: /, [there, ["createToken", "read", 31_536_001]]),
  row("createToken", "INVALID_INPUT", 10100, /^Invalid scope: must be read or write\.$/, [there, ["createToken", "admin"]]),
  row("revokeToken", "INVALID_INPUT", 10100, /^Invalid tokenOrId: must not be empty\.$/, [there, ["revokeToken", ""]]),
  row("fork", "INVALID_REPO_NAME", 10101, /^Invalid repo name\.$/, [there, ["fork", "a/b"]]),
  row("fork", "ALREADY_EXISTS", 10201, /^repo already exists: there$/, [there, ["fork", "there"]]),
];

/** What a caller of today catches, and what is left of it for one of before. */
function assertThrown(thrown: Thrown, { code, numericCode, says }: Pick<Row, "code" | "numericCode" | "says">): void {
  const { name, message } = thrown;
  const start = `${name === "ArtifactsError" ? "" : "ArtifactsError: "}${code} (${numericCode}): `;
  assert.deepEqual([message.slice(0, start.length), thrown.code ?? code, thrown.numericCode ?? numericCode], [start, code, numericCode]);
  assert.match(message.slice(start.length), says);
}

for (const kind of ["today", "earlier"]) {
  test(`each documented error reaches a caller of ${kind}`, async () => {
    for (const { on = bound, steps, ...wanted } of table) {
      const thrown = await new Caller(on, kind).failed("follow", ...steps);
      assert.equal(thrown.name, kind === "today" ? "ArtifactsError" : "Error", wanted.method);
      assert.equal(thrown.code, kind === "today" ? wanted.code : undefined);
      assertThrown(thrown, wanted);
    }
  });

  test(`what is being made says so to a caller of ${kind}`, async () => {
    const worker = new Caller(bound, kind);
    const created = await worker.failed("whileMade", freshName("made"), null, "CREATE_IN_PROGRESS");
    assertThrown(created, { code: "CREATE_IN_PROGRESS", numericCode: 10301, says: /^Repository is being created: made-/ });
    const forked = await worker.failed("whileMade", freshName("forked"), "there", "FORK_IN_PROGRESS");
    assertThrown(forked, { code: "FORK_IN_PROGRESS", numericCode: 10303, says: /^Repository is being forked: forked-/ });
    const twice = await worker.failed("forkedTwice", "there", freshName("twice"));
    assertThrown(twice, { code: "FORK_IN_PROGRESS", numericCode: 10303, says: /^Repository is being forked: twice-/ });
  });

  test(`too many calls are refused to a caller of ${kind}`, async () => {
    const worker = new Caller(full, `busy ${kind}`);
    const outcomes = await Promise.all(Array.from({ length: 60 }, () => worker.tried("follow", ["list"])));
    const refused = outcomes.flatMap(({ error }) => (error === undefined ? [] : [error]));
    assert.ok(refused.length >= 20, `${refused.length} of 60 were refused`);
    for (const thrown of refused) assertThrown(thrown, { code: "RATE_LIMITED", numericCode: 10429, says: /^Too many requests: wait 10 seconds\.$/ });
  });

  test(`a trap is answered to a caller of ${kind} that is inside, and the next calls as if nothing had been`, async () => {
    const worker = new Caller(bound, kind);
    for (let round = 0; round < 3; round += 1) {
      const inside = Array.from({ length: 10 }, () => worker.failed("follow", ["import", imported(url("silent"))]));
      await sleep(500);
      const trap = await fetch(`${bound.origin}/__debug/trap`, { method: "POST" });
      assert.equal(trap.status, 500);
      for (const thrown of await Promise.all(inside)) {
        assertThrown(thrown, { code: "INTERNAL_ERROR", numericCode: 10400, says: /^Internal error\.$/ });
      }
      assert.equal(await worker.follow<{ name: string }>(["get", "there"], ["info"]).then(({ name }) => name), "there");
    }
  });
}

test("a remote that does not answer is unavailable", async () => {
  const thrown = await caller.failed("follow", ["import", imported(url("silent"))]);
  assertThrown(thrown, { code: "UPSTREAM_UNAVAILABLE", numericCode: 10401, says: /./ });
});

test("the handle of an import says that it is under way until it is there, and of one that failed, why", async () => {
  const name = freshName("handle");
  type Handle = { status: string; codes: Record<string, string>; info: Record<string, unknown> };
  const params = { ...imported(url("slow"), name, { allRefs: true }), target: { name, opts: { description: "d", readOnly: true } } };
  const { status, codes, info } = await caller.run<Handle>("handleOfImport", params);
  assert.equal(status, "importing");
  assert.deepEqual(new Set(Object.values(codes)), new Set(["IMPORT_IN_PROGRESS"]));
  const { source, ...told } = Object.fromEntries(["name", "status", "description", "readOnly", "source"].map((field) => [field, info[field]]));
  assert.deepEqual(told, { name, status: "ready", description: "d", readOnly: true });
  assert.equal(source, `git:${url("slow")}`);
  const failed = await caller.failed("handleOfImport", imported(url("flips")));
  assertThrown(failed, { code: "NOT_FOUND", numericCode: 10200, says: /Its import failed: / });
});
