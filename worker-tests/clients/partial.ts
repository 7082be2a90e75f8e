/** Clones that lack blobs or trees, and get one when it is asked for. */
import assert from "node:assert/strict";
import { assertSame, assertSound, held } from "./held.ts";
import type { Mark } from "./operations.ts";
import type { Row } from "./row.ts";

export async function partial(row: Row, filter: string, path: string): Promise<Mark> {
  const { fixture, shop } = row;
  const folder = row.folder(filter.replace(/\W/g, "-"));
  await row.must("clone", fixture.repo.url, row.path(folder), `--filter=${filter}`);
  await assertSound(shop, folder, true);
  const before = await held(shop, folder);
  assertSame(before, await fixture.reference(fixture.origin, `--filter=${filter}`));
  const { stdout: content } = await shop.gitWith({ cwd: fixture.origin }, "cat-file", "blob", `main:${path}`);
  assert.ok(!before.objects.includes(await shop.git(fixture.origin, "rev-parse", `main:${path}`)));
  assert.equal(await row.must("read", row.path(folder), `main:${path}`), content);
  await assertSound(shop, folder, true);
  return "✓";
}
