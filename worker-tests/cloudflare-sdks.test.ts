/** The official libraries of Cloudflare's API, npm's and PyPI's: what they ask for, how they page, and their errors. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { npmSdk, pypiIsThere, pypiSdk, type Outcome, type Request, type Sdk } from "./cloudflare-sdks/sdk.ts";
import {
  accountId,
  editToken,
  freshName,
  readToken,
  type ApiError,
  type CreatedRepo,
  type CreatedToken,
  type Envelope,
  type RepoInfo,
  type TokenInfo,
} from "./lib/api.ts";
import { Server } from "./lib/server.ts";

const server = await Server.start();
after(() => server.stop());
const baseURL = `${server.origin}/client/v4`;

type Rest = Partial<Omit<Request, "verb" | "path">>;

/** Requests to paths below `…/artifacts/namespaces` that one of the libraries makes. */
class Caller {
  readonly #sdk: Sdk;

  constructor(sdk: Sdk) {
    this.#sdk = sdk;
  }

  ask(verb: Request["verb"], path: string, rest: Rest = {}): Promise<Outcome> {
    return this.#sdk.ask({ verb, path: `/accounts/${accountId}/artifacts/namespaces${path}`, token: editToken, ...rest });
  }

  async answer<T>(verb: Request["verb"], path: string, rest: Rest = {}): Promise<T> {
    const { answer, error } = await this.ask(verb, path, rest);
    assert.equal(error, undefined);
    return answer as T;
  }

  /** The result in an answer's envelope. */
  async result<T>(verb: Request["verb"], path: string, rest: Rest = {}): Promise<T> {
    const envelope = await this.answer<Envelope<T>>(verb, path, rest);
    assert.equal(envelope.success, true);
    return envelope.result;
  }

  create(namespace: string, name = freshName()): Promise<CreatedRepo> {
    return this.result("post", `/${namespace}/repos`, { body: { name } });
  }

  async refuses(verb: Request["verb"], path: string, rest: Rest, type: string, status: number, refusal: ApiError): Promise<void> {
    assert.deepEqual((await this.ask(verb, path, rest)).error, { type, status, errors: [refusal] });
  }
}

function testAll(makeSdk: (baseURL: string) => Sdk): void {
  const sdk = makeSdk(baseURL);
  after(() => sdk.end());
  const caller = new Caller(sdk);

  test("repos are created, shown, changed and deleted", async () => {
    const { id, name } = await caller.create("default");
    const path = `/default/repos/${name}`;
    assert.equal((await caller.result<RepoInfo>("get", path)).description, null);
    assert.equal((await caller.result<RepoInfo>("patch", path, { body: { description: "changed" } })).description, "changed");
    assert.equal((await caller.result<RepoInfo>("get", path)).description, "changed");
    assert.deepEqual(await caller.result("delete", path), { id });
    assert.equal((await caller.ask("get", path)).error?.status, 404);
  });

  test("repos are listed by a cursor, page by page or all at once", async () => {
    const namespace = freshName("listed");
    const names = ["a", "b", "c", "d", "e"];
    for (const name of names) await caller.create(namespace, name);
    const query = { limit: 2, sort: "name", direction: "asc" };
    const first = await caller.answer<Envelope<RepoInfo[]>>("get", `/${namespace}/repos`, { query });
    const cursor = first.result_info?.["cursor"];
    const second = await caller.result<RepoInfo[]>("get", `/${namespace}/repos`, { query: { ...query, cursor } });
    assert.deepEqual([...first.result, ...second].map(({ name }) => name), names.slice(0, 4));
    const all = await caller.answer<RepoInfo[]>("list", `/${namespace}/repos`, { query, pages: "cursor" });
    assert.deepEqual(all.map(({ name }) => name), names);
  });

  test("tokens are created, listed by pages and revoked", async () => {
    const { name } = await caller.create("default");
    const body = { repo: name, scope: "read", ttl: 3600 };
    const { id, scope } = await caller.result<CreatedToken>("post", "/default/tokens", { body });
    assert.equal(scope, "read");
    const list = (state: string) =>
      caller.answer<TokenInfo[]>("list", `/default/repos/${name}/tokens`, { query: { state, per_page: 1 }, pages: "number" });
    assert.deepEqual((await list("active")).map(({ scope }) => scope).sort(), ["read", "write"]);
    assert.deepEqual(await caller.result("delete", `/default/tokens/${id}`), { id });
    assert.deepEqual((await list("revoked")).map(({ id }) => id), [id]);
  });

  test("namespaces are created, shown, listed and deleted", async () => {
    const namespace = freshName("made");
    assert.equal((await caller.result<{ namespace: string }>("post", "", { body: { namespace } })).namespace, namespace);
    const shown = await caller.result<{ repo_count: number }>("get", `/${namespace}`);
    assert.equal(shown.repo_count, 0);
    const all = await caller.answer<{ namespace: string }[]>("list", "", { query: { limit: 1 }, pages: "cursor" });
    assert.deepEqual(all.find((listed) => listed.namespace === namespace), shown);
    await caller.answer("delete", `/${namespace}`);
    assert.equal((await caller.ask("get", `/${namespace}`)).error?.status, 404);
  });

  test("each refusal is an error of its class, with our code and message", async () => {
    const { name } = await caller.create("default");
    const repo = (name: string) => ({ body: { name } });
    const badName = { code: 10101, message: "Invalid repo name.", source: { pointer: "/name" } };
    await caller.refuses("post", "/default/repos", repo("a..b"), "BadRequestError", 400, badName);
    const unknown = { code: 10000, message: "Authentication error" };
    await caller.refuses("get", "/default/repos", { token: "unknown" }, "AuthenticationError", 401, unknown);
    const reader = { code: 10000, message: "Authentication error: the API token may only read." };
    await caller.refuses("delete", `/default/repos/${name}`, { token: readToken }, "PermissionDeniedError", 403, reader);
    const nowhere = { code: 10200, message: "Repository not found: nowhere." };
    await caller.refuses("get", "/default/repos/nowhere", {}, "NotFoundError", 404, nowhere);
    const taken = { code: 10201, message: `repo already exists: ${name}` };
    await caller.refuses("post", "/default/repos", repo(name), "ConflictError", 409, taken);
  });
}

describe("cloudflare of npm", () => testAll(npmSdk));
const skip = !pypiIsThere && "not installed: npm test does, where there is a python3 with venv";
describe("cloudflare of PyPI", { skip }, () => testAll(pypiSdk));
