/** Tries to get at what a fork must not show, in each way in which a repo tells what it has. Sources: gitprotocol-v2(5), gitprotocol-pack(5). */
import assert from "node:assert/strict";
import { appendingDelta, commit, object, pack, refDelta, tree, whole, type GitObject } from "../lib/pack.ts";
import { delim, flush, lines, packets, pkt } from "../lib/pkt.ts";
import { fetchPack, pushPack, serviceRequest } from "../lib/wire.ts";
import type { Member } from "./model.ts";
import type { World } from "./world.ts";

const wantsMax = 8;
const namedMax = 500;
const thiefRef = "refs/heads/thief";
/** Every git has it, and asks nobody for it. */
const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/** Everything is refused as if it did not exist. `clone` is a folder in which git has all that the repo may show. */
export async function assertHidden(world: World, member: Member, clone: string): Promise<void> {
  const { name, repo } = member;
  const hidden = world.random.sample([...member.hidden], namedMax);
  if (hidden.length === 0) return;
  const one = hidden.find((id) => id !== emptyTree);
  if (one !== undefined) {
    const { code, stderr } = await world.shop.attempt({ cwd: clone }, "fetch", "--quiet", repo.url, one);
    assert.match(`${code} ${stderr}`, /128 .*not our ref/s, `${name}: ${one} is fetched`);
  }
  for (const id of hidden.slice(0, wantsMax)) {
    await assert.rejects(fetchPack(repo, [id], [], ["ofs-delta"]), /not our ref/, `${name}: ${id} is sent`);
  }
  await assertUnknown(member, hidden);
  const objects = hidden.map((id) => world.commits.objects.get(id));
  await assertNoBuildingOn(member, objects);
  world.counts.thefts += 1;
}

/** Who says to have these is not believed, and is not told how large they are. */
async function assertUnknown({ name, repo, refs }: Member, hidden: string[]): Promise<void> {
  const ask = (command: string, args: string[]) => {
    const body = Buffer.concat([pkt(`command=${command}\n`), delim, ...args.map((line) => pkt(`${line}\n`)), flush]);
    return serviceRequest(repo, "git-upload-pack", body, { headers: { "Git-Protocol": "version=2" } });
  };
  const [tip] = refs.values();
  const told = await ask("object-info", ["size", ...[...hidden, ...(tip === undefined ? [] : [tip])].map((id) => `oid ${id}`)]);
  const known = lines(packets(told.body)).filter((line) => / \d+$/.test(line)).map((line) => line.split(" ")[0]);
  assert.deepEqual(known, tip === undefined ? [] : [tip], `${name}: whose size is told`);
  if (tip === undefined) return;
  const { text } = await ask("fetch", [`want ${tip}`, ...hidden.map((id) => `have ${id}`)]);
  assert.match(text, /NAK/, `${name}: ${text}`);
  assert.doesNotMatch(text, /ACK [0-9a-f]{40}/, `${name}: something is common`);
}

/** No push brings in what refers to these without bringing them. */
async function assertNoBuildingOn(member: Member, hidden: GitObject[]): Promise<void> {
  const first = (type: GitObject["type"], fits = (_: Buffer) => true) => hidden.find((found) => found.type === type && fits(found.data));
  const theirCommit = first("commit");
  if (theirCommit) await assertRefused(member, theirCommit.id, [], "a ref at a commit");
  const theirTree = first("tree");
  if (theirTree) {
    const made = commit(theirTree.id);
    await assertRefused(member, made.id, [whole(made)], "a commit of a tree");
  }
  const theirBlob = first("blob", ({ length }) => length > 0 && length < 0xffff);
  if (theirBlob) {
    const file = object("blob", Buffer.concat([theirBlob.data, Buffer.from("x")]));
    const files = tree([{ name: "file", id: file.id }]);
    const made = commit(files.id);
    const delta = refDelta(theirBlob.id, appendingDelta(theirBlob.data.length, "x"));
    await assertRefused(member, made.id, [delta, whole(files), whole(made)], "a delta of a blob");
  }
}

async function assertRefused({ name, repo }: Member, id: string, entries: Buffer[], what: string): Promise<void> {
  const report = await pushPack(repo, [{ name: thiefRef, new_id: id }], pack(entries));
  assert.match(`${report.unpack} ${report.refs.get(thiefRef)}`, /missing/, `${name}: ${what} that it must not have: ${report.text}`);
}
