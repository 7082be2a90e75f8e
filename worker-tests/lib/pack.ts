/** Objects and packs made by hand, as gitformat-pack(5) describes them: sound ones, and ones that are wrong on purpose. */
import { createHash } from "node:crypto";
import { deflateSync, inflateSync } from "node:zlib";

export type ObjectType = "commit" | "tree" | "blob" | "tag";

export interface GitObject {
  type: ObjectType;
  data: Buffer;
  id: string;
}

const typeNumbers = { commit: 1, tree: 2, blob: 3, tag: 4, ofsDelta: 6, refDelta: 7 } as const;

export function object(type: ObjectType, content: string | Buffer): GitObject {
  const data = Buffer.from(content);
  return { type, data, id: sha1(Buffer.from(`${type} ${data.length}\0`), data).toString("hex") };
}

export function blob(content: string | Buffer): GitObject {
  return object("blob", content);
}

/** A tree of files and trees, in the order given. */
export function tree(entries: { name: string; id: string; mode?: string }[]): GitObject {
  const parts = entries.map(({ name, id, mode = "100644" }) =>
    Buffer.concat([Buffer.from(`${mode} ${name}\0`), Buffer.from(id, "hex")]),
  );
  return object("tree", Buffer.concat(parts));
}

export function commit(treeId: string, parents: string[] = [], message = "Made by hand\n"): GitObject {
  const who = "A U Thor <author@example.com> 1700000000 +0000";
  const lines = [`tree ${treeId}`, ...parents.map((id) => `parent ${id}`), `author ${who}`, `committer ${who}`, "", message];
  return object("commit", lines.join("\n"));
}

/** A pack entry: type, size and compressed data, with the delta's base between them. */
export type Entry = Buffer;

export function whole({ type, data }: GitObject): Entry {
  return Buffer.concat([entryHead(typeNumbers[type], data.length), deflateSync(data)]);
}

/** An entry that says of itself what it likes. */
export function rawEntry(typeNumber: number, size: number, data: Buffer): Entry {
  return Buffer.concat([entryHead(typeNumber, size), deflateSync(data)]);
}

/** A delta on the object `baseId`, wherever that is. */
export function refDelta(baseId: string, delta: Buffer): Entry {
  return Buffer.concat([entryHead(typeNumbers.refDelta, delta.length), Buffer.from(baseId, "hex"), deflateSync(delta)]);
}

/** A delta on the entry that starts `distance` bytes before this one. */
export function ofsDelta(distance: number, delta: Buffer): Entry {
  return Buffer.concat([entryHead(typeNumbers.ofsDelta, delta.length), ofsDistance(distance), deflateSync(delta)]);
}

/** A delta that copies all of a base of `baseLength` bytes and appends `added` (1 … 127 bytes). */
export function appendingDelta(baseLength: number, added: string): Buffer {
  const insert = Buffer.from(added);
  const copy = Buffer.from([0b1011_0000, baseLength & 0xff, baseLength >> 8]);
  return Buffer.concat([varint(baseLength), varint(baseLength + insert.length), copy, Buffer.from([insert.length]), insert]);
}

/** A delta that copies what two objects begin with alike, and has the rest of the result in itself. */
export function prefixDelta(base: GitObject, result: GitObject): Buffer {
  let common = 0;
  while (common < Math.min(base.data.length, result.data.length, 0xffff) && base.data[common] === result.data[common]) common += 1;
  const parts = [varint(base.data.length), varint(result.data.length)];
  if (common > 0) parts.push(Buffer.from([0b1011_0000, common & 0xff, common >> 8]));
  for (let at = common; at < result.data.length; at += 127) {
    const insert = result.data.subarray(at, at + 127);
    parts.push(Buffer.from([insert.length]), insert);
  }
  return Buffer.concat(parts);
}

export interface PackFaults {
  /** What the header says instead of the number of entries. */
  n_objects?: number;
  version?: number;
  trailer?: Buffer;
}

export function pack(entries: Entry[], faults: PackFaults = {}): Buffer {
  const head = Buffer.alloc(12);
  head.write("PACK", "latin1");
  head.writeUInt32BE(faults.version ?? 2, 4);
  head.writeUInt32BE(faults.n_objects ?? entries.length, 8);
  const body = Buffer.concat([head, ...entries]);
  return Buffer.concat([body, faults.trailer ?? sha1(body)]);
}

/** A commit on top of others with one file of its own, and the pack that brings it. */
export function change(content: string | Buffer, parents: string[] = []): { tip: string; pack: Buffer } {
  const file = blob(content);
  const files = tree([{ name: "file", id: file.id }]);
  const made = commit(files.id, parents);
  return { tip: made.id, pack: pack([file, files, made].map(whole)) };
}

/** The kinds of a pack's entries, in their order. */
export function entryKinds(bytes: Buffer): (keyof typeof typeNumbers)[] {
  const kinds: (keyof typeof typeNumbers)[] = [];
  let at = 12;
  for (let n = bytes.readUInt32BE(8); n > 0; n -= 1) {
    const typeNumber = (bytes.readUInt8(at) >> 4) & 7;
    const kind = Object.entries(typeNumbers).find(([, number]) => number === typeNumber)?.[0];
    if (!kind) throw new Error(`entry type ${typeNumber} at ${at}`);
    kinds.push(kind as keyof typeof typeNumbers);
    at = afterVarint(bytes, at);
    if (kind === "ofsDelta") at = afterVarint(bytes, at);
    if (kind === "refDelta") at += 20;
    at += compressedLength(bytes.subarray(at));
  }
  return kinds;
}

function afterVarint(bytes: Buffer, at: number): number {
  let end = at;
  while (bytes.readUInt8(end) & 0x80) end += 1;
  return end + 1;
}

/** How many bytes the zlib stream at the beginning of `bytes` takes. */
function compressedLength(bytes: Buffer): number {
  // @types/node gives the result without `info` only.
  const { engine } = inflateSync(bytes, { info: true }) as unknown as { engine: { bytesWritten: number } };
  return engine.bytesWritten;
}

/** A copy with one byte turned over and, if asked, a trailer that fits the damage. */
export function flipByte(bytes: Buffer, at: number, fitTrailer = false): Buffer {
  const flipped = Buffer.from(bytes);
  flipped.writeUInt8(flipped.readUInt8(at) ^ 0xff, at);
  if (fitTrailer) sha1(flipped.subarray(0, -20)).copy(flipped, flipped.length - 20);
  return flipped;
}

function sha1(...parts: Buffer[]): Buffer {
  const hash = createHash("sha1");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function entryHead(typeNumber: number, size: number): Buffer {
  const bytes = [(typeNumber << 4) | (size % 16)];
  // Divided, not shifted: sizes may have more than 32 bits.
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes.push((bytes.pop() ?? 0) | 0x80, rest % 128);
  }
  return Buffer.from(bytes);
}

function varint(value: number): Buffer {
  const bytes = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) {
    bytes.push((bytes.pop() ?? 0) | 0x80, rest & 0x7f);
  }
  return Buffer.from(bytes);
}

function ofsDistance(distance: number): Buffer {
  const bytes = [distance & 0x7f];
  for (let rest = distance >>> 7; rest > 0; rest >>>= 7) {
    rest -= 1;
    bytes.unshift(0x80 | (rest & 0x7f));
  }
  return Buffer.from(bytes);
}
