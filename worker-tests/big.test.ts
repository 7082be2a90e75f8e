/** Repositories of some size: many objects, large files, a large file's small change, and this project's own history. */
import assert from "node:assert/strict";
import { createCipheriv } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { importHistory } from "../bench/history.ts";
import { projectDir } from "./lib/server.ts";
import { setUp } from "./lib/setup.ts";

const { shop, api } = await setUp();

/** Bytes that no one can compress, the same for the same seed. */
function noise(length: number, seed: number): Buffer {
  return createCipheriv("aes-128-ctr", Buffer.alloc(16, seed), Buffer.alloc(16)).update(Buffer.alloc(length));
}

/** Adds a commit with one file to the branch of a bare repository. */
async function commitFile(repo: string, branch: string, name: string, content: Buffer): Promise<void> {
  const env = { GIT_INDEX_FILE: shop.path("big-index") };
  const blob = (await shop.gitWith({ cwd: repo, input: content }, "hash-object", "-w", "--stdin")).stdout.trim();
  await shop.gitWith({ cwd: repo, env }, "read-tree", branch);
  await shop.gitWith({ cwd: repo, env }, "update-index", "--add", "--cacheinfo", `100644,${blob},${name}`);
  const tree = (await shop.gitWith({ cwd: repo, env }, "write-tree")).stdout.trim();
  await shop.git(repo, "update-ref", branch, await shop.git(repo, "commit-tree", tree, "-p", branch, "-m", name));
}

async function cloneBack(url: string, folder: string): Promise<void> {
  // Objects are checked on their way in, as a careful client does.
  await shop.git(".", "-c", "fetch.fsckObjects=true", "clone", "--quiet", "--mirror", url, folder);
}

test("ten thousand objects, among them a file of 12 MB, are cloned back identical", async () => {
  await shop.git(".", "init", "--quiet", "--bare", "many");
  await importHistory(shop.path("many"), { n_commits: 1150, n_files: 300, n_lines: 150, seed: 2 });
  await commitFile("many", "refs/heads/main", "noise-of-12-MB", noise(12_000_000, 1));
  const repo = await api.createRepo();
  await shop.git("many", "push", "--quiet", "--mirror", repo.url);
  await cloneBack(repo.url, "many-copy");
  const [ours, theirs] = [await shop.fingerprint("many"), await shop.fingerprint("many-copy")];
  assert.ok(ours.objects.length > 10_000, `${ours.objects.length} objects`);
  assert.deepEqual(theirs, ours);
});

test("a small change of a file of 24 MB travels as a small thin delta, there and back", async () => {
  await shop.newRepo("large", 1);
  await shop.git("large", "repack", "-adq");
  const content = noise(24_000_000, 2);
  await commitFile("large/.git", "refs/heads/main", "noise-of-24-MB", content);
  const repo = await api.createRepo();
  await shop.git("large", "push", "--quiet", repo.url, "main");
  await cloneBack(repo.url, "large-copy");
  content.fill(0, 10_000_000, 10_000_100);
  await commitFile("large/.git", "refs/heads/main", "noise-of-24-MB", content);
  const revisions = "main\n^main~1\n";
  const thin = await shop.gitWith({ cwd: "large", input: revisions }, "pack-objects", "--thin", "--revs", "--stdout", "-q");
  assert.ok(thin.stdout.length < 10_000, "git does not send a delta, so nothing is shown");
  await shop.git("large", "push", "--quiet", repo.url, "main");
  await shop.git("large-copy", "fetch", "--quiet", "origin");
  assert.deepEqual(await shop.fingerprint("large-copy"), await shop.fingerprint("large"));
  await cloneBack(repo.url, "large-copy-of-both");
  assert.deepEqual(await shop.fingerprint("large-copy-of-both"), await shop.fingerprint("large"));
});

test("a file of a few bytes repeated into megabytes costs no more than it travels as", async () => {
  await shop.newRepo("zeros", 1);
  await commitFile("zeros/.git", "refs/heads/main", "zeros", Buffer.alloc(40_000_000));
  const repo = await api.createRepo();
  await shop.git("zeros", "push", "--quiet", repo.url, "main");
  await cloneBack(repo.url, "zeros-copy");
  assert.deepEqual(await shop.fingerprint("zeros-copy"), await shop.fingerprint("zeros"));
});

const noHistory = await whyNoHistory();

test("this project's own repository is cloned back identical", { skip: noHistory }, async () => {
  // A copy, so that refs which only this checkout has do not count.
  await shop.git(".", "clone", "--quiet", "--bare", projectDir, "project");
  const repo = await api.createRepo();
  await shop.git("project", "push", "--quiet", "--mirror", repo.url);
  await cloneBack(repo.url, "project-copy");
  assert.deepEqual(await shop.fingerprint("project-copy"), await shop.fingerprint("project"));
});

/** Why this checkout's history cannot be pushed, or false. */
async function whyNoHistory(): Promise<string | false> {
  if (!existsSync(join(projectDir, ".git"))) return "this is no git checkout";
  const shallow = await shop.attempt({}, "-C", projectDir, "rev-parse", "--is-shallow-repository");
  if (shallow.code !== 0) return shallow.stderr;
  return shallow.stdout.trim() === "true" ? "this checkout is shallow" : false;
}
