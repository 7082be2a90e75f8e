/** Takes the answer to a fetch apart. Source: gitprotocol-v2(5), gitprotocol-pack(5). */
import { lines, packets, type Pkt } from "../lib/pkt.ts";

export interface Answer {
  /** What stands after `ERR`, or on the band of errors. */
  error?: string;
  acknowledgements: string[];
  /** `shallow` and `unshallow` lines, in no order. */
  shallow_info: Set<string>;
  pack?: Buffer;
}

export function readAnswer(body: Buffer, version: 0 | 2, has_side_band: boolean): Answer {
  return version === 2 ? readSections(packets(body)) : readLines(body, has_side_band);
}

function readSections(found: Pkt[]): Answer {
  const answer: Answer = { acknowledgements: [], shallow_info: new Set() };
  let section = "";
  const bands = new Bands();
  for (const packet of found) {
    if (packet === "delim") section = "";
    if (!Buffer.isBuffer(packet)) continue;
    const [text = ""] = lines([packet]);
    if (text.startsWith("ERR ")) answer.error = text.slice(4);
    else if (section === "packfile") bands.add(packet);
    else if (section === "") section = text;
    else if (section === "acknowledgments") answer.acknowledgements.push(text);
    else if (section === "shallow-info") answer.shallow_info.add(text);
    else throw new Error(`${JSON.stringify(text)} in section ${section}`);
  }
  if (section === "packfile") bands.finish(answer);
  return answer;
}

/** Version 0: lines, then the pack, in bands or bare. */
function readLines(body: Buffer, has_side_band: boolean): Answer {
  const answer: Answer = { acknowledgements: [], shallow_info: new Set() };
  let at = 0;
  while (at < body.length && body.toString("latin1", at, at + 4) !== "PACK") {
    const length = Number.parseInt(body.toString("latin1", at, at + 4), 16);
    const packet = body.subarray(at + 4, at + Math.max(length, 4));
    if (has_side_band && length > 4 && (packet[0] ?? 0) <= 3) break;
    const [text = ""] = lines([packet]);
    if (/^(un)?shallow /.test(text)) answer.shallow_info.add(text);
    else if (/^(ACK |NAK$)/.test(text)) answer.acknowledgements.push(text);
    else if (text.startsWith("ERR ")) answer.error = text.slice(4);
    else if (length !== 0) throw new Error(`${JSON.stringify(text)} before the pack`);
    at += Math.max(length, 4);
  }
  if (at === body.length) return answer;
  if (!has_side_band) return { ...answer, pack: body.subarray(at) };
  const bands = new Bands();
  for (const packet of packets(body.subarray(at))) if (Buffer.isBuffer(packet)) bands.add(packet);
  bands.finish(answer);
  return answer;
}

class Bands {
  readonly #pack: Buffer[] = [];
  #error = "";

  add(packet: Buffer): void {
    const [band = 0, ...rest] = [packet[0], packet.subarray(1)] as [number, Buffer];
    if (band === 1) this.#pack.push(...rest);
    else if (band === 3) this.#error += rest.join("");
    else if (band !== 2) throw new Error(`side-band ${band} does not exist`);
  }

  finish(answer: Answer): void {
    if (this.#error === "") answer.pack = Buffer.concat(this.#pack);
    else answer.error = this.#error;
  }
}
