/** Pushes, clones and fetches of the real `git`, over every protocol version. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { blob, commit, object, pack, refDelta, appendingDelta, tree, whole } from "./lib/pack.ts";
import { setUp } from "./lib/setup.ts";
import { pushPack } from "./lib/wire.ts";

const { shop, api } = await setUp();

let n_folders = 0;

function folder(): string {
  n_folders += 1;
  return `folder-${n_folders}`;
}

/** A repository on disk with some commits, its remote `origin` being a new repo on the server. */
async function localAndRemote(n_commits: number, fields: Record<string, unknown> = {}) {
  const repo = await api.createRepo(fields);
  const local = folder();
  await shop.newRepo(local, n_commits);
  // Without a refspec for fetches there are no remote-tracking refs to push along with --mirror.
  await shop.git(local, "config", "remote.origin.url", repo.url);
  return { repo, local };
}

/** Clones all refs of a remote and asserts that they and their objects equal those of a local repository. */
async function assertIdentical(local: string, url: string): Promise<void> {
  const copy = folder();
  await shop.git(".", "clone", "--quiet", "--mirror", url, copy);
  const [ours, theirs] = [await shop.fingerprint(local), await shop.fingerprint(copy)];
  assert.deepEqual(theirs, ours);
}

async function remoteRefs(url: string): Promise<Map<string, string>> {
  const listed = await shop.git(".", "ls-remote", url);
  return new Map(listed.split("\n").filter(Boolean).map((line) => line.split("\t").reverse() as [string, string]));
}

/** How many objects a repository holds that came one by one or in small packs. */
async function looseObjects(local: string): Promise<number> {
  return Number.parseInt(await shop.git(local, "count-objects"), 10);
}

for (const version of [0, 1, 2]) {
  const protocol = ["-c", `protocol.version=${version}`];

  test(`protocol v${version}: what is pushed is cloned back identical`, async () => {
    const { repo, local } = await localAndRemote(12);
    await shop.git(local, "tag", "light");
    await shop.git(local, "tag", "-a", "-m", "annotated", "v1", "HEAD~3");
    await shop.git(local, "branch", "side", "HEAD~5");
    await shop.git(local, ...protocol, "push", "--quiet", "--mirror", "origin");
    const copy = folder();
    await shop.git(".", ...protocol, "clone", "--quiet", "--mirror", repo.url, copy);
    assert.deepEqual(await shop.fingerprint(copy), await shop.fingerprint(local));
  });

  test(`protocol v${version}: a clone of a clone's push is what a working copy shows`, async () => {
    const { repo, local } = await localAndRemote(3);
    await shop.git(local, "push", "--quiet", "origin", "main");
    const copy = folder();
    await shop.git(".", ...protocol, "clone", "--quiet", repo.url, copy);
    assert.equal(await shop.git(copy, "rev-parse", "HEAD"), await shop.git(local, "rev-parse", "HEAD"));
    assert.equal(await shop.git(copy, "status", "--porcelain"), "");
  });

  test(`protocol v${version}: an empty repo is cloned and then pushed to`, async () => {
    const repo = await api.createRepo();
    const copy = folder();
    const cloned = await shop.gitWith({}, ...protocol, "clone", repo.url, copy);
    assert.match(cloned.stderr, /empty repository/);
    assert.equal(await shop.git(copy, ...protocol, "ls-remote", "origin"), "");
    await shop.commit(copy, "first.txt", "first\n");
    await shop.git(copy, ...protocol, "push", "--quiet", "origin", "HEAD:main");
    await shop.git(copy, ...protocol, "fetch", "--quiet", "origin");
    assert.equal(await shop.git(copy, "rev-parse", "origin/main"), await shop.git(copy, "rev-parse", "HEAD"));
  });

  test(`protocol v${version}: a client with many commits of its own finds what it shares`, async () => {
    const { repo, local } = await localAndRemote(3);
    await shop.git(local, "push", "--quiet", "origin", "main");
    const copy = folder();
    await shop.git(".", "clone", "--quiet", repo.url, copy);
    for (let n = 0; n < 70; n += 1) await shop.git(copy, "commit", "--quiet", "--allow-empty", "-m", `Own ${n}`);
    const wanted = await shop.commit(local, "new.txt", "new\n");
    await shop.git(local, "push", "--quiet", "origin", "main");
    const n_before = await looseObjects(copy);
    await shop.git(copy, ...protocol, "fetch", "--quiet", "origin");
    assert.equal(await shop.git(copy, "rev-parse", "origin/main"), wanted);
    assert.equal((await looseObjects(copy)) - n_before, 3);
    await shop.git(copy, "fsck", "--strict");
  });

  test(`protocol v${version}: tags come along with the branch they are on`, async () => {
    const { repo, local } = await localAndRemote(1);
    await shop.git(local, "push", "--quiet", "origin", "main");
    const copy = folder();
    await shop.git(".", "clone", "--quiet", repo.url, copy);
    await shop.commit(local, "tagged.txt", "tagged\n");
    await shop.git(local, "tag", "-a", "-m", "annotated", "v1");
    await shop.git(local, "tag", "light");
    await shop.git(local, "push", "--quiet", "--tags", "origin", "main");
    await shop.git(copy, ...protocol, "fetch", "--quiet", "origin");
    assert.equal(await shop.git(copy, "rev-parse", "v1", "light"), await shop.git(local, "rev-parse", "v1", "light"));
  });

  test(`protocol v${version}: ten commits pushed one by one are fetched one by one`, async () => {
    const { repo, local } = await localAndRemote(1);
    await shop.git(local, ...protocol, "push", "--quiet", "origin", "main");
    const copy = folder();
    await shop.git(".", ...protocol, "clone", "--quiet", "--mirror", repo.url, copy);
    for (let n = 0; n < 10; n += 1) {
      const pushed = await shop.commit(local, `file-${n % 2}.txt`, `content ${n}\n`);
      await shop.git(local, ...protocol, "push", "--quiet", "origin", "main");
      await shop.git(copy, ...protocol, "fetch", "--quiet", "origin");
      assert.equal(await shop.git(copy, "rev-parse", "main"), pushed);
    }
    assert.deepEqual(await shop.fingerprint(copy), await shop.fingerprint(local));
  });
}

test("refs are created, updated, forced back and deleted", async () => {
  const { repo, local } = await localAndRemote(4);
  const at = (revision: string) => shop.git(local, "rev-parse", revision);
  await shop.git(local, "push", "--quiet", "origin", "HEAD~2:refs/heads/topic");
  assert.equal((await remoteRefs(repo.url)).get("refs/heads/topic"), await at("HEAD~2"));
  await shop.git(local, "push", "--quiet", "origin", "HEAD:topic");
  assert.equal((await remoteRefs(repo.url)).get("refs/heads/topic"), await at("HEAD"));
  const refused = await shop.attempt({ cwd: local }, "push", "origin", "HEAD~3:topic");
  assert.match(refused.stderr, /non-fast-forward/);
  await shop.git(local, "push", "--quiet", "--force", "origin", "HEAD~3:topic");
  assert.equal((await remoteRefs(repo.url)).get("refs/heads/topic"), await at("HEAD~3"));
  await shop.git(local, "push", "--quiet", "origin", ":topic");
  assert.deepEqual([...(await remoteRefs(repo.url)).keys()], []);
});

test("one push creates, updates and deletes", async () => {
  const { repo, local } = await localAndRemote(3);
  await shop.git(local, "push", "--quiet", "origin", "HEAD~1:refs/heads/a", "HEAD~1:refs/heads/b");
  await shop.git(local, "push", "--quiet", "origin", ":a", "HEAD:b", "HEAD:refs/heads/c");
  const head = await shop.git(local, "rev-parse", "HEAD");
  assert.deepEqual(await remoteRefs(repo.url), new Map([["refs/heads/b", head], ["refs/heads/c", head]]));
});

test("a branch at a commit that is already there needs no objects", async () => {
  const { repo, local } = await localAndRemote(2);
  await shop.git(local, "push", "--quiet", "origin", "main");
  await shop.git(local, "push", "--quiet", "origin", "HEAD~1:refs/heads/older");
  assert.equal((await remoteRefs(repo.url)).get("refs/heads/older"), await shop.git(local, "rev-parse", "HEAD~1"));
});

test("tags of commits, tags, trees and blobs, and notes, survive and are listed peeled", async () => {
  const { repo, local } = await localAndRemote(2);
  await shop.git(local, "tag", "light");
  await shop.git(local, "tag", "-a", "-m", "of a commit", "on-commit");
  await shop.git(local, "tag", "-a", "-m", "of a tag", "on-tag", "on-commit");
  await shop.git(local, "tag", "-a", "-m", "of a tag of a tag", "on-tag-2", "on-tag");
  await shop.git(local, "tag", "-a", "-m", "of a tree", "on-tree", "HEAD^{tree}");
  const lone = (await shop.gitWith({ cwd: local, input: "lone\n" }, "hash-object", "-w", "--stdin")).stdout.trim();
  await shop.git(local, "tag", "-a", "-m", "of a blob", "on-blob", lone);
  await shop.git(local, "tag", "light-blob", lone);
  await shop.git(local, "tag", "light-tree", "HEAD~1^{tree}");
  await shop.git(local, "notes", "add", "-m", "noted", "HEAD");
  await shop.git(local, "push", "--quiet", "--mirror", "origin");
  await assertIdentical(local, repo.url);
  for (const version of [0, 2]) {
    const listed = await shop.git(local, "-c", `protocol.version=${version}`, "ls-remote", "origin");
    const shown = await shop.git(local, "show-ref", "--head", "--dereference");
    assert.deepEqual(listed.replaceAll("\t", " ").split("\n"), shown.split("\n"));
  }
});

test("refs of any kind under refs/ are kept", async () => {
  const { repo, local } = await localAndRemote(1);
  await shop.git(local, "push", "--quiet", "origin", "HEAD:refs/changes/01/1/head", "HEAD:refs/custom/ünï");
  assert.deepEqual([...(await remoteRefs(repo.url)).keys()], ["refs/changes/01/1/head", "refs/custom/ünï"]);
});

test("HEAD is the default branch, whatever it is called and whatever else there is", async () => {
  const { repo, local } = await localAndRemote(2, { default_branch: "release/trunk" });
  await shop.git(local, "push", "--quiet", "origin", "main", "HEAD~1:refs/heads/release/trunk");
  for (const version of [0, 2]) {
    const listed = await shop.git(local, "-c", `protocol.version=${version}`, "ls-remote", "--symref", "origin", "HEAD");
    assert.match(listed, /^ref: refs\/heads\/release\/trunk\tHEAD\n/);
    const copy = folder();
    await shop.git(".", "-c", `protocol.version=${version}`, "clone", "--quiet", repo.url, copy);
    assert.equal(await shop.git(copy, "symbolic-ref", "HEAD"), "refs/heads/release/trunk");
    assert.equal(await shop.git(copy, "rev-parse", "HEAD"), await shop.git(local, "rev-parse", "HEAD~1"));
  }
});

test("a clone of an empty repo starts on its default branch", async () => {
  const repo = await api.createRepo({ default_branch: "trunk" });
  const copy = folder();
  await shop.git(".", "-c", "protocol.version=2", "clone", "--quiet", repo.url, copy);
  assert.equal(await shop.git(copy, "symbolic-ref", "HEAD"), "refs/heads/trunk");
});

test("the default branch can be deleted and pushed again", async () => {
  const { repo, local } = await localAndRemote(1);
  await shop.git(local, "push", "--quiet", "origin", "main", "HEAD:other");
  await shop.git(local, "push", "--quiet", "origin", ":main");
  assert.deepEqual([...(await remoteRefs(repo.url)).keys()], ["refs/heads/other"]);
  await shop.git(local, "push", "--quiet", "origin", "main");
  assert.ok((await remoteRefs(repo.url)).has("HEAD"));
});

test("a branch and a folder of branches cannot share a name", async () => {
  const { repo, local } = await localAndRemote(1);
  await shop.git(local, "push", "--quiet", "origin", "HEAD:refs/heads/a");
  const refused = await shop.attempt({ cwd: local }, "push", "origin", "HEAD:refs/heads/a/b", "HEAD:refs/heads/c");
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /\[remote rejected\] HEAD -> a\/b \(.+\)/);
  assert.deepEqual([...(await remoteRefs(repo.url)).keys()], ["refs/heads/a", "refs/heads/c"]);
});

test("an atomic push that is refused in part changes nothing", async () => {
  const { repo, local } = await localAndRemote(1);
  await shop.git(local, "push", "--quiet", "origin", "HEAD:refs/heads/a");
  const names = ["HEAD:refs/heads/a/b", "HEAD:refs/heads/c"];
  const refused = await shop.attempt({ cwd: local }, "push", "--atomic", "origin", ...names);
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /\[remote rejected\] HEAD -> c \(.+\)/);
  assert.deepEqual([...(await remoteRefs(repo.url)).keys()], ["refs/heads/a"]);
  await shop.git(local, "push", "--quiet", "--atomic", "origin", "HEAD:refs/heads/c", "HEAD:refs/heads/d", ":a");
  assert.deepEqual([...(await remoteRefs(repo.url)).keys()], ["refs/heads/c", "refs/heads/d"]);
});

test("a push may be quiet", async () => {
  const { repo, local } = await localAndRemote(1);
  await shop.git(local, "push", "--quiet", "origin", "main");
  assert.ok((await remoteRefs(repo.url)).has("refs/heads/main"));
});

test("two thousand refs arrive in one push and leave in one clone", async () => {
  const { repo, local } = await localAndRemote(5);
  const commits = (await shop.git(local, "rev-list", "HEAD")).split("\n");
  const names = Array.from({ length: 2000 }, (_, n) => `refs/${n % 2 ? "heads" : "tags"}/group-${n % 7}/ref-${n}`);
  const input = names.map((name, n) => `create ${name} ${commits[n % commits.length]}\n`).join("");
  await shop.gitWith({ cwd: local, input }, "update-ref", "--stdin");
  await shop.git(local, "push", "--quiet", "--mirror", "origin");
  await assertIdentical(local, repo.url);
  const listed = await shop.git(local, "ls-remote", "origin", "refs/heads/group-3/*");
  assert.equal(listed.split("\n").length, names.filter((name) => name.startsWith("refs/heads/group-3/")).length);
});

test("a commit is fetched by its id", async () => {
  const { repo, local } = await localAndRemote(4);
  await shop.git(local, "push", "--quiet", "origin", "main");
  const wanted = await shop.git(local, "rev-parse", "HEAD~2");
  for (const version of [0, 2]) {
    const copy = folder();
    await shop.git(".", "init", "--quiet", copy);
    await shop.git(copy, "-c", `protocol.version=${version}`, "fetch", "--quiet", repo.url, wanted);
    assert.equal(await shop.git(copy, "rev-parse", "FETCH_HEAD"), wanted);
    assert.equal(await shop.git(copy, "rev-list", "--count", "FETCH_HEAD"), "2");
    await shop.git(copy, "fsck", "--strict");
  }
});

test("merges and unrelated histories travel like any other", async () => {
  const { repo, local } = await localAndRemote(3);
  await shop.git(local, "push", "--quiet", "origin", "main");
  await shop.git(local, "checkout", "--quiet", "-b", "side", "HEAD~1");
  await shop.commit(local, "side.txt", "side\n");
  await shop.git(local, "checkout", "--quiet", "main");
  await shop.git(local, "merge", "--quiet", "-m", "Merge side", "side");
  await shop.git(local, "checkout", "--quiet", "--orphan", "island");
  await shop.commit(local, "island.txt", "island\n");
  await shop.git(local, "merge", "--quiet", "--allow-unrelated-histories", "-m", "Merge main", "main");
  await shop.git(local, "push", "--quiet", "--mirror", "origin");
  await assertIdentical(local, repo.url);
});

test("a change that was taken back brings old trees and blobs to a new commit", async () => {
  const { repo, local } = await localAndRemote(2);
  const copy = folder();
  for (const content of ["one\n", "two\n", "one\n"]) {
    await shop.commit(local, "flip.txt", content);
    await shop.git(local, "push", "--quiet", "origin", "main");
  }
  await shop.git(".", "clone", "--quiet", "--mirror", repo.url, copy);
  await shop.commit(local, "flip.txt", "two\n");
  await shop.git(local, "push", "--quiet", "origin", "main");
  await shop.git(copy, "fetch", "--quiet", "origin");
  assert.deepEqual(await shop.fingerprint(copy), await shop.fingerprint(local));
});

test("names, modes and contents of every kind survive", async () => {
  const { repo, local } = await localAndRemote(1);
  shop.write(`${local}/run.sh`, "#!/bin/sh\n");
  await shop.git(local, "add", "--chmod=+x", "run.sh");
  const link = (await shop.gitWith({ cwd: local, input: "run.sh" }, "hash-object", "-w", "--stdin")).stdout.trim();
  await shop.git(local, "update-index", "--add", "--cacheinfo", `120000,${link},link`);
  const elsewhere = await shop.git(local, "rev-parse", "HEAD");
  await shop.git(local, "update-index", "--add", "--cacheinfo", `160000,${elsewhere},module`);
  shop.write(`${local}/empty`, "");
  shop.write(`${local}/bytes`, Buffer.from(Array.from({ length: 256 }, (_, n) => n)));
  shop.write(`${local}/deep/er/and/deep/er/name with spaces ünï`, "x");
  await shop.git(local, "add", "empty", "bytes", "deep");
  await shop.git(local, "commit", "--quiet", "--message", "Every kind\n\nünï");
  await shop.git(local, "push", "--quiet", "--mirror", "origin");
  await assertIdentical(local, repo.url);
});

test("a thin pack's base may be an object of an earlier push", async () => {
  const repo = await api.createRepo();
  const base = blob("a line of text\n".repeat(50));
  const first = tree([{ name: "file", id: base.id }]);
  const one = commit(first.id);
  const pushed = await pushPack(repo, [{ name: "refs/heads/main", new_id: one.id }], pack([base, first, one].map(whole)));
  assert.deepEqual([pushed.unpack, pushed.refs.get("refs/heads/main")], ["ok", "ok"], pushed.text);
  const changed = blob(`${base.data}one more line\n`);
  const second = tree([{ name: "file", id: changed.id }]);
  const two = commit(second.id, [one.id]);
  const thin = pack([whole(two), whole(second), refDelta(base.id, appendingDelta(base.data.length, "one more line\n"))]);
  const update = { name: "refs/heads/main", old_id: one.id, new_id: two.id };
  const updated = await pushPack(repo, [update], thin);
  assert.deepEqual([updated.unpack, updated.refs.get("refs/heads/main")], ["ok", "ok"], updated.text);
  const copy = folder();
  await shop.git(".", "clone", "--quiet", "--mirror", repo.url, copy);
  await shop.fingerprint(copy);
  assert.equal(await shop.git(copy, "rev-parse", "main:file"), changed.id);
});

test("an object that stands twice in a pack, or was pushed before, does no harm", async () => {
  const repo = await api.createRepo();
  const file = blob("twice\n");
  const files = tree([{ name: "file", id: file.id }]);
  const one = commit(files.id);
  const two = commit(files.id, [one.id], "Again\n");
  const first = pack([file, files, one].map(whole));
  await pushPack(repo, [{ name: "refs/heads/main", new_id: one.id }], first);
  const again = pack([file, files, one, two].map(whole));
  const pushed = await pushPack(repo, [{ name: "refs/heads/main", old_id: one.id, new_id: two.id }], again);
  assert.equal(pushed.refs.get("refs/heads/main"), "ok", pushed.text);
  const copy = folder();
  await shop.git(".", "clone", "--quiet", "--mirror", repo.url, copy);
  assert.equal((await shop.fingerprint(copy)).objects.length, 4);
});

test("a push moves updated_at and last_push_at", async () => {
  const { repo, local } = await localAndRemote(1);
  const before = await api.repoInfo(repo);
  await shop.git(local, "push", "--quiet", "origin", "main");
  const pushed = await api.repoInfo(repo);
  assert.ok(pushed.last_push_at !== null && pushed.last_push_at > before.created_at, pushed.last_push_at ?? "none");
  assert.ok(pushed.updated_at >= pushed.last_push_at);
});

test("a tag object that names its target wrongly is refused in words", async () => {
  const repo = await api.createRepo();
  const files = tree([]);
  const one = commit(files.id);
  const wrong = object("tag", `object ${one.id}\ntype blob\ntag v1\ntagger T <t@example.com> 1700000000 +0000\n\nwrong\n`);
  const commands = [{ name: "refs/tags/v1", new_id: wrong.id }];
  const pushed = await pushPack(repo, commands, pack([files, one, wrong].map(whole)));
  assert.notEqual(pushed.refs.get("refs/tags/v1"), "ok");
  assert.deepEqual([...(await remoteRefs(repo.url)).keys()], []);
});
