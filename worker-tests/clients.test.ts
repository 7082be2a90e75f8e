/** Clients of Git that were not written for us, and what each of them does here: the matrix in README.md. */
import assert from "node:assert/strict";
import { after, describe, test, type TestContext } from "node:test";
import { clientsOf } from "./clients/all.ts";
import { Lacks, type Client } from "./clients/client.ts";
import { Fixture } from "./clients/fixture.ts";
import { askWorker, stopWorker } from "./clients/in-worker.ts";
import { Matrix, readmeTable } from "./clients/matrix.ts";
import { operations, type Mark } from "./clients/operations.ts";
import { Row } from "./clients/row.ts";
import { setUp } from "./lib/setup.ts";

const { shop, api } = await setUp();
after(stopWorker);
const fixture = await Fixture.make(shop, api);
const clients = clientsOf(shop);
const matrix = new Matrix();

/** What a client lacks is no failure, but has to be seen to be missing, and stands in the matrix. */
async function markOf(t: TestContext, run: () => Promise<Mark>): Promise<Mark> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof Lacks)) throw error;
    t.diagnostic(error.message);
    return "–";
  }
}

async function tryAll(t: TestContext, client: Client): Promise<void> {
  const row = await Row.make(client, fixture);
  const note = matrix.row(client.row, client.version);
  for (const { name, run } of operations) {
    note(name, "✗");
    await t.test(name, async (t) => note(name, await markOf(t, () => run(row))));
  }
}

// Two at once: they mostly wait for one another.
describe("clients", { concurrency: 2 }, () => {
  for (const client of clients) {
    if ("absent" in client) test(client.row, { skip: client.absent });
    else test(`${client.row} (${client.version})`, (t) => tryAll(t, client));
  }
});

test("a repo may begin in a Worker, as the documentation shows", async () => {
  const repo = await api.createRepo();
  const { commit, refs } = await askWorker<{ commit: string; refs: Record<string, { ok: boolean }> }>("/example", repo);
  assert.deepEqual(refs, { "refs/heads/main": { ok: true, error: "" } });
  await shop.git(".", "clone", "--quiet", repo.url, "example");
  assert.equal(await shop.git("example", "rev-parse", "HEAD"), commit);
  assert.equal(await shop.git("example", "ls-files"), "README.md\nsrc/index.ts");
  await shop.git("example", "fsck", "--strict");
});

test("the matrix in README.md is the one that was seen", () => {
  console.log(matrix.text());
  const table = readmeTable();
  assert.deepEqual([...table.keys()], [...new Set(clients.map(({ row }) => row))]);
  assert.deepEqual(matrix.differences(table), []);
});
