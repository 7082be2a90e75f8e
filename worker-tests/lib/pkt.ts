/** pkt-lines and side-bands as gitprotocol-common(5) and gitprotocol-pack(5) describe them. */

export type Pkt = Buffer | "flush" | "delim" | "response-end";

export const flush = Buffer.from("0000");
export const delim = Buffer.from("0001");

/** One data packet; text gets no newline that it does not have. */
export function pkt(payload: string | Buffer): Buffer {
  const bytes = Buffer.from(payload);
  return Buffer.concat([Buffer.from((bytes.length + 4).toString(16).padStart(4, "0")), bytes]);
}

/** The packets of `bytes`, which must hold nothing else. */
export function packets(bytes: Buffer): Pkt[] {
  const found: Pkt[] = [];
  let at = 0;
  while (at < bytes.length) {
    const { packet, next } = packetAt(bytes, at);
    found.push(packet);
    at = next;
  }
  return found;
}

/** The packets up to the first flush, and the bytes after it. */
export function upToFlush(bytes: Buffer): { packets: Pkt[]; rest: Buffer } {
  const found: Pkt[] = [];
  let at = 0;
  while (at < bytes.length) {
    const { packet, next } = packetAt(bytes, at);
    at = next;
    if (packet === "flush") break;
    found.push(packet);
  }
  return { packets: found, rest: bytes.subarray(at) };
}

/** The lines of text among packets, without their newlines. */
export function lines(found: Pkt[]): string[] {
  return found.filter((packet) => Buffer.isBuffer(packet)).map((packet) => packet.toString().replace(/\n$/, ""));
}

/** What came on each side-band. */
export function demultiplex(found: Pkt[]): { data: Buffer; progress: string; error: string } {
  const bands: [Buffer[], Buffer[], Buffer[]] = [[], [], []];
  for (const packet of found) {
    if (!Buffer.isBuffer(packet)) continue;
    const band = bands[(packet[0] ?? 0) - 1];
    if (!band) throw new Error(`side-band ${packet[0]} does not exist`);
    band.push(packet.subarray(1));
  }
  const [data, progress, error] = bands.map((band) => Buffer.concat(band)) as [Buffer, Buffer, Buffer];
  return { data, progress: progress.toString(), error: error.toString() };
}

function packetAt(bytes: Buffer, at: number): { packet: Pkt; next: number } {
  const digits = bytes.toString("latin1", at, at + 4);
  if (!/^[0-9a-f]{4}$/i.test(digits)) throw new Error(`not a packet length at ${at}: ${JSON.stringify(digits)}`);
  const length = Number.parseInt(digits, 16);
  const special = (["flush", "delim", "response-end"] as const)[length];
  if (special) return { packet: special, next: at + 4 };
  if (length < 4 || at + length > bytes.length) throw new Error(`a packet of ${length} bytes at ${at} of ${bytes.length}`);
  return { packet: bytes.subarray(at + 4, at + length), next: at + length };
}
