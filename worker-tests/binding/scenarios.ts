/** What the caller can be asked to do. */
type Scenario = (artifacts: Artifacts, ...args: any[]) => Promise<unknown>;

/** A method and its arguments. */
type Step = [method: string, ...args: unknown[]];

/** Calls each method of what the one before returned. */
async function follow(artifacts: Artifacts, ...steps: Step[]): Promise<unknown> {
  let value: any = artifacts;
  for (const [method, ...args] of steps) value = await value[method](...args);
  return value;
}

/** The code of what is thrown, or `undefined`. */
async function codeOf(called: Promise<unknown>): Promise<unknown> {
  return called.then(
    () => undefined,
    (error: ArtifactsError) => error.code,
  );
}

/** All methods of a handle. */
const allOf = (repo: Omit<ArtifactsRepo, keyof Disposable>): Record<string, () => Promise<unknown>> => ({
  info: () => repo.info(),
  createToken: () => repo.createToken(),
  listTokens: () => repo.listTokens(),
  revokeToken: () => repo.revokeToken("0123456789abcdef"),
  fork: () => repo.fork(`${repo.name}-fork`),
  readBlob: () => repo.readBlob("0".repeat(40)),
  readTree: () => repo.readTree("0".repeat(40)),
  readCommit: () => repo.readCommit("0".repeat(40)),
  readFile: () => repo.readFile({ ref: "HEAD", path: "a" }),
  log: () => repo.log(),
});

async function codesOf(repo: Omit<ArtifactsRepo, keyof Disposable>): Promise<Record<string, unknown>> {
  const codes = Object.entries(allOf(repo)).map(async ([method, call]) => [method, await codeOf(call())] as const);
  return Object.fromEntries(await Promise.all(codes));
}

/** Values that no argument may be, by a word for each. */
function strange(): Record<string, unknown> {
  const cyclic: Record<string, unknown> = {};
  cyclic["self"] = cyclic;
  const deep = JSON.parse(`${"[".repeat(500)}${"]".repeat(500)}`) as unknown;
  const values = { null: null, number: 5, boolean: true, array: [], function: () => "name", bigint: 5n, map: new Map(), date: new Date(0) };
  return { ...values, cyclic, deep, bytes: new Uint8Array(3), long: "x".repeat(100_000), NaN: Number.NaN };
}

async function codesWith(call: (value: any) => Promise<unknown>): Promise<Record<string, unknown>> {
  const codes = Object.entries(strange()).map(async ([word, value]) => [word, await codeOf(call(value))] as const);
  return Object.fromEntries(await Promise.all(codes));
}

/** What a caller makes of a blob. */
async function read(blob: Blob | null): Promise<unknown> {
  return blob === null ? null : { type: blob.type, size: blob.size, text: blob.size < 100 ? await blob.text() : undefined };
}

export const scenarios: Record<string, Scenario> = {
  /** Sizes of a file that is read so many times at the same time. */
  async readAtOnce(artifacts, name: string, path: string, n: number) {
    const repo = await artifacts.get(name);
    const blobs = Array.from({ length: n }, () => repo.readFile({ ref: "HEAD", path }));
    return (await Promise.all(blobs)).map((blob) => blob?.size);
  },

  follow,

  /** A repo's contents, from its last commit down to a file. */
  async contents(artifacts, name: string, path: string, large: string) {
    using repo = await artifacts.get(name);
    const log = await repo.log({ limit: 2 });
    const commit = await repo.readCommit(log[0]?.hash ?? "");
    const tree = (await repo.readTree(commit?.treeHash ?? "")) ?? [];
    const entry = tree.find(({ name }) => name === path);
    const bytes = await (await repo.readFile({ ref: "main", path: large }))?.arrayBuffer();
    return {
      log,
      commit,
      tree,
      blob: await read(await repo.readBlob(entry?.hash ?? "")),
      file: await read(await repo.readFile({ ref: "HEAD", path })),
      large: bytes?.byteLength,
      missing: [
        await repo.readBlob("0".repeat(40)),
        await repo.readBlob(log[0]?.hash ?? ""),
        await repo.readTree("0".repeat(40)),
        await repo.readCommit("0".repeat(40)),
        await repo.readFile({ ref: "none", path }),
        await repo.readFile({ ref: "main", path: "none" }),
        await repo.log({ ref: "none" }),
        await repo.log({ ref: entry?.hash ?? "" }),
      ],
    };
  },

  /** The call of a handle's method before the handle is there. */
  async pipelined(artifacts, name: string) {
    const pipelining = artifacts as unknown as { get(name: string): Pick<ArtifactsRepo, "info"> & Promise<ArtifactsRepo> };
    return pipelining.get(name).info();
  },

  /** What JSON makes of a handle, and of what `create` returns. */
  async json(artifacts, name: string) {
    const created = await artifacts.create(name);
    return [JSON.parse(JSON.stringify(created)), JSON.parse(JSON.stringify(await artifacts.get(name)))];
  },

  async handleOfCreated(artifacts, name: string) {
    const created = await artifacts.create(name);
    const { id, token } = created;
    return { id, token, codes: await codesOf(created.repo), info: await created.repo.info() };
  },

  async handleOfFork(artifacts, source: string, name: string) {
    const repo = await artifacts.get(source);
    const forked = await repo.fork(name);
    return { objects: forked.objects, source: forked.repo.source, info: await forked.repo.info() };
  },

  /** The methods of an import's handle at once, and when it has come to its end. */
  async handleOfImport(artifacts, params: Parameters<Artifacts["import"]>[0]) {
    const imported = await artifacts.import(params);
    const codes = await codesOf(imported.repo);
    while ((await codeOf(imported.repo.info())) === "IMPORT_IN_PROGRESS") await scheduler.wait(100);
    const { status } = imported.repo;
    return { status, codes, info: await imported.repo.info() };
  },

  /** What is left of a handle when it is disposed of, either way. */
  async disposed(artifacts, name: string) {
    using kept = await artifacts.get(name);
    const repo = await artifacts.get(name);
    const { remote } = repo;
    repo[Symbol.dispose]();
    const message = await repo.info().then(() => "it was called", (error: Error) => error.message);
    return { remote, message, info: (await kept.info()).remote };
  },

  /** The methods of the handle of a repo that is deleted, and those when its name is taken again. */
  async outlived(artifacts, name: string) {
    using repo = await artifacts.get(name);
    await artifacts.delete(name);
    const deleted = await codesOf(repo);
    const token = (await artifacts.create(name)).token;
    const taken = await codesOf(repo);
    return { deleted, taken, revoked: await codeOf(repo.revokeToken(token)), tokens: (await (await artifacts.get(name)).listTokens()).tokens };
  },

  async parallel(artifacts, name: string, n: number) {
    const created = await Promise.all(Array.from({ length: n }, (_, at) => artifacts.create(`${name}-${at}`)));
    return created.map((repo) => repo.remote);
  },

  /** Gets of repos that are being made, until one is told so. */
  async whileMade(artifacts, name: string, source: string | null, code: string) {
    const repo = source === null ? undefined : await artifacts.get(source);
    for (let attempt = 0; attempt < 50; attempt += 1) {
      const made = repo === undefined ? artifacts.create(`${name}-${attempt}`) : repo.fork(`${name}-${attempt}`);
      let isMade = false;
      const end = made.finally(() => (isMade = true));
      while (!isMade) {
        const error = await artifacts.get(`${name}-${attempt}`).then(() => undefined, (thrown: Error) => thrown);
        if (error?.message.includes(code) === true) throw error;
      }
      await end;
    }
    return "it was never seen";
  },

  /** Two forks under one name at once, until the second is told of the first. */
  async forkedTwice(artifacts, source: string, name: string) {
    using repo = await artifacts.get(source);
    for (let attempt = 0; attempt < 50; attempt += 1) {
      const forks = [repo.fork(`${name}-${attempt}`), repo.fork(`${name}-${attempt}`)];
      const settled = await Promise.allSettled(forks);
      const error = settled.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason as Error] : []))[0];
      if (error?.message.includes("FORK_IN_PROGRESS") === true) throw error;
    }
    return "it was never seen";
  },

  async strangeArguments(artifacts, name: string) {
    const repo = await artifacts.get(name);
    const source = { url: "https://example.com/r" };
    return {
      create: await codesWith((value) => artifacts.create(value)),
      "create's opts": await codesWith((value) => artifacts.create(`strange-${crypto.randomUUID()}`, value)),
      get: await codesWith((value) => artifacts.get(value)),
      list: await codesWith((value) => artifacts.list(value)),
      "list's limit": await codesWith((value) => artifacts.list({ limit: value })),
      import: await codesWith((value) => artifacts.import(value)),
      "import's target": await codesWith((target) => artifacts.import({ source, target })),
      delete: await codesWith((value) => artifacts.delete(value)),
      fork: await codesWith((value) => repo.fork(value)),
      "createToken's scope": await codesWith((value) => repo.createToken(value)),
      "createToken's ttl": await codesWith((value) => repo.createToken("read", value)),
      revokeToken: await codesWith((value) => repo.revokeToken(value)),
    };
  },

  /** Arguments beyond those that the methods have, in which another repo is named. */
  async forged(artifacts, name: string, other: string) {
    const repo: any = await artifacts.get(name);
    const { id } = await artifacts.get(other);
    const address = { repo: other, repoId: id, name: other };
    const infos = [await repo.info(address), await repo.info(other), await { ...repo, ...address }.info()];
    const tokens = [await repo.createToken("read", 60, address), await repo.createToken("read", 60, other)];
    await repo.listTokens(address);
    return { names: infos.map((info) => info.name), tokens: tokens.map((token) => token.plaintext) };
  },

  /** What comes of each of these names as a method, and of a request. */
  async reach(artifacts, methods: string[]) {
    const service = artifacts as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
    const called = methods.map(async (method) => {
      const outcome = Promise.resolve(service[method]?.("a", "b", "c", "{}"));
      return [method, await outcome.then((value) => `it returned ${String(value)}`, (error: Error) => error.message)] as const;
    });
    return Object.fromEntries(await Promise.all(called));
  },

  async fetch(artifacts, path: string) {
    const service = artifacts as unknown as Fetcher;
    const response = await service.fetch(`http://artifacts${path}`);
    return { status: response.status, text: await response.text() };
  },
};
