/**
 * Reads a pack as gitformat-pack(5) describes it, believing nothing: every delta is applied, every object hashed and looked for
 * among those that there are.
 */
import { createHash } from "node:crypto";
import { inflateSync } from "node:zlib";
import { object, type ObjectType } from "../lib/pack.ts";
import type { Objects } from "./objects.ts";

export interface PackEntry {
  id: string;
  type: ObjectType;
  /** Bytes that the entry takes in the pack. */
  length: number;
  base?: { id: string; how: "distance" | "id in the pack" | "id outside" };
}

const types: Record<number, ObjectType> = { 1: "commit", 2: "tree", 3: "blob", 4: "tag" };

/** The entries in their order; throws if something is wrong with the pack. */
export function readPack(pack: Buffer, objects: Objects): PackEntry[] {
  if (pack.toString("latin1", 0, 4) !== "PACK" || pack.readUInt32BE(4) !== 2) throw new Error("no pack of version 2");
  const end = pack.length - 20;
  if (!createHash("sha1").update(pack.subarray(0, end)).digest().equals(pack.subarray(end))) throw new Error("a wrong trailer");
  const entries: PackEntry[] = [];
  const by_offset = new Map<number, string>();
  const in_pack = new Set<string>();
  let at = 12;
  for (let n = pack.readUInt32BE(8); n > 0; n -= 1) {
    const offset = at;
    let byte = pack.readUInt8(at++);
    const type = (byte >> 4) & 7;
    while (byte & 0x80) byte = pack.readUInt8(at++);
    let base: PackEntry["base"];
    if (type === 6) {
      byte = pack.readUInt8(at++);
      let distance = byte & 0x7f;
      while (byte & 0x80) {
        byte = pack.readUInt8(at++);
        distance = (distance + 1) * 128 + (byte & 0x7f);
      }
      const id = by_offset.get(offset - distance);
      if (id === undefined) throw new Error(`the entry at ${offset} has its base at ${offset - distance}, where none begins`);
      base = { id, how: "distance" };
    } else if (type === 7) {
      const id = pack.toString("hex", at, at + 20);
      at += 20;
      base = { id, how: in_pack.has(id) ? "id in the pack" : "id outside" };
    }
    const { data, used } = inflated(pack.subarray(at, end));
    at += used;
    const made = base ? patched(objects.get(base.id), data) : object(typeOf(type), data);
    if (!objects.find(made.id)) throw new Error(`the entry at ${offset} is ${made.type} ${made.id}, which nobody has pushed`);
    if (in_pack.has(made.id)) throw new Error(`${made.id} comes twice`);
    in_pack.add(made.id);
    by_offset.set(offset, made.id);
    entries.push({ id: made.id, type: made.type, length: at - offset, ...(base ? { base } : {}) });
  }
  if (at !== end) throw new Error(`${end - at} bytes between the last entry and the trailer`);
  return entries;
}

function typeOf(number: number): ObjectType {
  const type = types[number];
  if (!type) throw new Error(`entry type ${number}`);
  return type;
}

function inflated(bytes: Buffer): { data: Buffer; used: number } {
  // @types/node gives the result without `info` only.
  const { buffer, engine } = inflateSync(bytes, { info: true }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
  return { data: buffer, used: engine.bytesWritten };
}

/** What a delta makes of its base. */
function patched(base: { type: ObjectType; data: Buffer }, delta: Buffer) {
  let at = 0;
  const size = () => {
    let [value, shift, byte] = [0, 1, 0x80];
    while (byte & 0x80) {
      byte = delta.readUInt8(at++);
      value += (byte & 0x7f) * shift;
      shift *= 128;
    }
    return value;
  };
  if (size() !== base.data.length) throw new Error("a delta for a base of another length");
  const length = size();
  const parts: Buffer[] = [];
  while (at < delta.length) {
    const instruction = delta.readUInt8(at++);
    if (instruction & 0x80) {
      let [offset, count] = [0, 0];
      for (let n = 0; n < 4; n += 1) if (instruction & (1 << n)) offset += delta.readUInt8(at++) * 2 ** (8 * n);
      for (let n = 0; n < 3; n += 1) if (instruction & (0x10 << n)) count += delta.readUInt8(at++) * 2 ** (8 * n);
      parts.push(base.data.subarray(offset, offset + (count || 0x10000)));
    } else {
      parts.push(delta.subarray(at, at + instruction));
      at += instruction;
    }
  }
  const data = Buffer.concat(parts);
  if (data.length !== length) throw new Error(`a delta that makes ${data.length} bytes and says ${length}`);
  return object(base.type, data);
}
