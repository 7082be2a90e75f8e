/**
 * Objects that are wrong in themselves: refused in the words of a `git receive-pack` that checks what it gets, with nothing
 * left behind; and those faults that old histories have and that are let pass.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { setUp } from "./lib/setup.ts";
import { storedKeys } from "./lib/stored.ts";

const { server, shop, api } = await setUp();

const who = "A U Thor <author@example.com> 1700000000 +0000";
const persons = `author ${who}\ncommitter ${who}\n`;

let n_folders = 0;

/** A repository with two commits on `main`. */
async function newLocal(): Promise<string> {
  n_folders += 1;
  const local = `local-${n_folders}`;
  await shop.newRepo(local, 2);
  return local;
}

/** Writes an object as it stands, whatever it is. */
async function write(local: string, type: string, content: string | Buffer): Promise<string> {
  const args = ["hash-object", "-t", type, "-w", "--stdin", "--literally"];
  return (await shop.gitWith({ cwd: local, input: content }, ...args)).stdout.trim();
}

async function writeTree(local: string, entries: [mode: string, name: string, id: string][]): Promise<string> {
  const parts = entries.map(([mode, name, id]) => Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(id, "hex")]));
  return write(local, "tree", Buffer.concat(parts));
}

/** A commit of a tree on top of `main`. */
async function commitOf(local: string, tree: string): Promise<string> {
  const parent = await shop.git(local, "rev-parse", "main");
  return write(local, "commit", `tree ${tree}\nparent ${parent}\n${persons}\nMade by hand\n`);
}

async function commitWith(local: string, lines: string): Promise<string> {
  const tree = await shop.git(local, "rev-parse", "main^{tree}");
  return write(local, "commit", `tree ${tree}\n${lines}\nMade by hand\n`);
}

async function withFile(local: string, mode: string, name: string, content: string): Promise<string> {
  return commitOf(local, await writeTree(local, [[mode, name, await write(local, "blob", content)]]));
}

async function tagOf(local: string, tagger: string): Promise<string> {
  const target = await shop.git(local, "rev-parse", "main");
  return write(local, "tag", `object ${target}\ntype commit\ntag v1\ntagger ${tagger}\n\nwords\n`);
}

/** What is wrong, and the object that a ref is to point at. */
const faults: Record<string, (local: string) => Promise<string>> = {
  missingEmail: (local) => commitWith(local, `author A U Thor\ncommitter ${who}\n`),
  badDateOverflow: (local) => commitWith(local, `author ${who}\ncommitter A <a@b> 99999999999999999999 +0000\n`),
  multipleAuthors: (local) => commitWith(local, `author ${who}\n${persons}`),
  nulInCommit: (local) => commitWith(local, `${persons}\nwords\0`),
  missingSpaceBeforeEmail: (local) => tagOf(local, "A<a@b> 1700000000 +0000"),
  zeroPaddedDate: (local) => tagOf(local, "A <a@b> 017 +0000"),
  hasDotgit: (local) => withFile(local, "100644", ".GIT", "x"),
  gitmodulesSymlink: (local) => withFile(local, "120000", ".gitmodules", "elsewhere"),
  gitmodulesUrl: (local) => withFile(local, "100644", ".gitmodules", '[submodule "a"]\n\turl = -u./payload\n'),
  gitmodulesName: (local) => withFile(local, "100644", "gitmod~1", '[submodule "../../hooks"]\n\tpath = a\n'),
  gitattributesLineLength: (local) => withFile(local, "100644", ".gitattributes", `${"x".repeat(3000)}\n`),
};

/** The fault that a push is refused for, in git's own words. */
function faultIn(said: string): string | undefined {
  return /object [0-9a-f]{40}: \w+: [^\n]*/.exec(said)?.[0]?.trim();
}

for (const [fault, make] of Object.entries(faults)) {
  test(`a push is refused as git refuses it: ${fault}`, async () => {
    const local = await newLocal();
    const repo = await api.createRepo();
    const judge = `${local}-judge.git`;
    await shop.git(".", "init", "--quiet", "--bare", judge);
    await shop.git(judge, "config", "receive.fsckObjects", "true");
    for (const url of [repo.url, shop.path(judge)]) await shop.git(local, "push", "--quiet", url, "main");
    const refs = await shop.git(".", "ls-remote", repo.url);
    const before = storedKeys(server.stateDir);
    const tip = await make(local);
    const refspecs = [`${tip}:refs/odd/new`, "main:refs/heads/beside"];
    const theirs = await shop.attempt({ cwd: local }, "push", shop.path(judge), ...refspecs);
    const ours = await shop.attempt({ cwd: local }, "push", repo.url, ...refspecs);
    assert.deepEqual([ours.code, theirs.code], [1, 1], ours.stderr);
    assert.match(ours.stderr, new RegExp(`: ${fault}: `), ours.stderr);
    assert.equal(faultIn(ours.stderr), faultIn(theirs.stderr));
    assert.match(ours.stderr, /remote unpack failed: object [0-9a-f]{40}: /);
    assert.match(ours.stderr, /! \[remote rejected\] .* -> refs\/odd\/new \(unpacker error\)/);
    assert.equal(await shop.git(".", "ls-remote", repo.url), refs);
    assert.deepEqual(storedKeys(server.stateDir), before);
    await shop.commit(local, "file", "good\n");
    await shop.git(local, "push", "--quiet", repo.url, "main");
  });
}

test("a blob of an older push is read when a tree calls it .gitmodules", async () => {
  const local = await newLocal();
  const repo = await api.createRepo();
  await shop.commit(local, "harmless", '[submodule "a"]\n\turl = -u./payload\n');
  await shop.git(local, "push", "--quiet", repo.url, "main");
  await shop.git(local, "mv", "harmless", ".gitmodules");
  await shop.git(local, "commit", "--quiet", "--message", "Rename");
  const refused = await shop.attempt({ cwd: local }, "push", repo.url, "main");
  const id = await shop.git(local, "rev-parse", "HEAD:.gitmodules");
  assert.match(refused.stderr, new RegExp(`object ${id}: gitmodulesUrl: disallowed submodule url: -u./payload`));
  await shop.git(local, "mv", ".gitmodules", "harmless-again");
  await shop.git(local, "commit", "--quiet", "--amend", "--message", "Rename otherwise");
  await shop.git(local, "push", "--quiet", repo.url, "main");
});

test("submodules and attributes that git reads are taken, pushed at once or little by little", async () => {
  const local = await newLocal();
  const [whole, steps] = [await api.createRepo(), await api.createRepo()];
  for (let n = 0; n < 4; n += 1) {
    await shop.commit(local, ".gitmodules", `[submodule "a"]\n\tpath = a\n\turl = ../a-${n}.git\n`);
    await shop.commit(local, "deep/.gitattributes", "* text\n".repeat(n + 1));
    await shop.git(local, "push", "--quiet", steps.url, "main");
  }
  await shop.git(local, "push", "--quiet", whole.url, "main");
  for (const [name, { url }] of Object.entries({ whole, steps })) {
    const copy = `${local}-${name}`;
    await shop.git(".", "-c", "transfer.fsckObjects=true", "clone", "--quiet", "--bare", url, copy);
    assert.deepEqual(await shop.fingerprint(copy), await shop.fingerprint(local));
  }
});

test("faults that old histories have are let pass, and come back as they went", async () => {
  const local = await newLocal();
  const repo = await api.createRepo();
  const blob = await write(local, "blob", "x");
  const below = await writeTree(local, [["0100644", "file", blob]]);
  const padded = await commitOf(local, await writeTree(local, [["040000", "folder", below]]));
  const spaceless = await commitWith(local, `author A U Thor <author@example.com>\ncommitter A <a@b>1700000000 +0000\n`);
  const zone = await commitWith(local, `author A <a@b> 1313584730 +051800\ncommitter A <a@b> 1313584730 +051800\n`);
  const odd = { padded, spaceless, zone };
  for (const [name, id] of Object.entries(odd)) await shop.git(local, "update-ref", `refs/heads/${name}`, id);
  await shop.git(local, "push", "--quiet", repo.url, "refs/heads/*:refs/heads/*");
  const copy = `${local}-copy`;
  await shop.git(".", "clone", "--quiet", "--mirror", repo.url, copy);
  const objects = ["rev-list", "--objects", "--no-object-names", "--all"];
  assert.deepEqual(
    (await shop.git(copy, ...objects)).split("\n").sort(),
    (await shop.git(local, ...objects)).split("\n").sort(),
  );
  for (const [name, id] of Object.entries(odd)) assert.equal(await shop.git(copy, "rev-parse", name), id);
});
