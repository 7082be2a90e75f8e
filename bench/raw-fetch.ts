/**
 * A fetch in protocol version 2 by a client that indexes nothing: what it measures is the server, and little of itself.
 * Source: gitprotocol-v2(5).
 */
import { createHash } from "node:crypto";
import { delim, flush, lines, pkt, upToFlush } from "../worker-tests/lib/pkt.ts";
import { PackReader } from "./pack-reader.ts";
import { infoRefs, post, whole } from "./post.ts";
import type { Remote } from "./target.ts";

const uploadPack = "git-upload-pack";
const version2 = { "Git-Protocol": "version=2" };

export interface Wanted {
  wants: string[];
  haves?: string[];
  /** More lines of the request: `deepen 1`, `filter blob:none`. */
  lines?: string[];
}

/** A fetch as its client saw it: seconds since it began to connect. */
export interface Fetched {
  /** Until the first byte of `PACK`. */
  first: number;
  wall: number;
  /** Bytes of pack. */
  bytes: number;
  n_objects: number;
}

/** Fetches, and then looks whether the pack came whole: by its checksum, or that nothing broke off, which keeps nothing. */
export async function rawFetch(remote: Remote, wanted: Wanted, check: "checksum" | "end" = "checksum"): Promise<Fetched> {
  const body = fetchBody(wanted);
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  const reader = new PackReader(check === "checksum");
  let first: number | undefined;
  for await (const chunk of await post(remote, uploadPack, body, version2)) {
    reader.add(chunk as Buffer);
    if (reader.n_bytes > 0) first ??= seconds();
  }
  const wall = seconds();
  const n_objects = reader.finish();
  if (check === "checksum") checkTrailer(reader.pieces);
  return { first: first ?? wall, wall, bytes: reader.n_bytes, n_objects };
}

/** What the server can do for a fetch: the words after `fetch=`. */
export async function fetchFeatures(remote: Remote): Promise<string[]> {
  const advertised = lines(upToFlush(await infoRefs(remote, uploadPack, "version=2")).packets);
  return advertised.find((line) => line.startsWith("fetch="))?.slice("fetch=".length).split(" ") ?? [];
}

export async function lsRefs(remote: Remote): Promise<string[]> {
  const body = Buffer.concat([pkt("command=ls-refs\n"), delim, pkt("peel\n"), pkt("symrefs\n"), flush]);
  return lines(upToFlush(await whole(await post(remote, uploadPack, body, version2))).packets);
}

function fetchBody({ wants, haves = [], lines: more = [] }: Wanted): Buffer {
  const options = ["thin-pack", "ofs-delta", "no-progress", ...more];
  const asked = [...wants.map((id) => `want ${id}`), ...haves.map((id) => `have ${id}`), "done"];
  const args = [...options, ...asked].map((line) => pkt(`${line}\n`));
  return Buffer.concat([pkt("command=fetch\n"), pkt("object-format=sha1\n"), delim, ...args, flush]);
}

function checkTrailer(pieces: Buffer[]): void {
  const pack = Buffer.concat(pieces);
  const trailer = pack.subarray(-20);
  const sha1 = createHash("sha1").update(pack.subarray(0, -20)).digest();
  if (!sha1.equals(trailer)) throw new Error(`a pack of ${pack.length} bytes with a wrong checksum`);
}
