/** Takes the pack out of a protocol v2 answer as it comes, wherever that is cut; looks into none of it. */

const packBand = 1;
const errorBand = 3;
const headLength = 12;

export class PackReader {
  n_bytes = 0;
  /** The pack, if it is kept. */
  readonly pieces: Buffer[] = [];
  readonly #keeps: boolean;
  #head = Buffer.alloc(0);
  #digits = "";
  /** Bytes of the packet that are still to come. */
  #left = 0;
  /** What has come of a packet that is not one of the pack's. */
  #text = "";
  /** The side-band of the packet; none yet, or a line before the pack. */
  #band: number | undefined;
  #in_pack = false;
  #ends_with_flush = false;

  constructor(keeps: boolean) {
    this.#keeps = keeps;
  }

  add(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) rest = rest.subarray(this.#left > 0 ? this.#addPayload(rest) : this.#addLength(rest));
  }

  /** Returns how many objects the pack says that it holds; throws unless the answer came to its end. */
  finish(): number {
    const is_whole = this.#in_pack && this.#ends_with_flush && this.#left === 0;
    if (!is_whole) throw new Error(`an answer that breaks off after ${this.n_bytes} bytes of pack`);
    if (this.#head.toString("latin1", 0, 4) !== "PACK") throw new Error("something that is no pack");
    return this.#head.readUInt32BE(8);
  }

  #addLength(bytes: Buffer): number {
    const n_taken = Math.min(4 - this.#digits.length, bytes.length);
    this.#digits += bytes.toString("latin1", 0, n_taken);
    if (this.#digits.length < 4) return n_taken;
    const length = Number.parseInt(this.#digits, 16);
    this.#ends_with_flush = length === 0;
    this.#left = Math.max(0, length - 4);
    this.#digits = this.#text = "";
    this.#band = undefined;
    return n_taken;
  }

  #addPayload(bytes: Buffer): number {
    let payload = bytes.subarray(0, this.#left);
    const n_taken = payload.length;
    this.#left -= n_taken;
    if (this.#in_pack && this.#band === undefined) {
      this.#band = payload[0];
      payload = payload.subarray(1);
    }
    if (this.#band === packBand) {
      this.#addPack(payload);
      return n_taken;
    }
    this.#text += payload.toString();
    if (this.#left === 0) this.#endLine();
    return n_taken;
  }

  #addPack(bytes: Buffer): void {
    this.n_bytes += bytes.length;
    if (this.#keeps) this.pieces.push(bytes);
    if (this.#head.length < headLength) this.#head = Buffer.concat([this.#head, bytes]).subarray(0, headLength);
  }

  #endLine(): void {
    if (this.#band === errorBand || this.#text.startsWith("ERR ")) throw new Error(`the server says: ${this.#text}`);
    if (!this.#in_pack && this.#text.trim() === "packfile") this.#in_pack = true;
  }
}
