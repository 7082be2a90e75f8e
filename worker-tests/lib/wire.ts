/** Git's HTTP requests made by hand, for what the real client never sends. */
import { request } from "node:http";
import { secretOf, type Repo } from "./api.ts";
import { delim, demultiplex, flush, lines, packets, pkt, upToFlush } from "./pkt.ts";

export const zeroId = "0".repeat(40);

export interface WireOptions {
  method?: string;
  /** `Authorization`, a Bearer with the repo's own token by default; `null` sends none. */
  authorization?: string | null;
  headers?: Record<string, string>;
  body?: Buffer;
}

export interface WireAnswer {
  status: number;
  headers: Headers;
  body: Buffer;
  text: string;
}

/** A request below the repo's remote: `/info/refs?…`, `/git-upload-pack`, … */
export async function wire(repo: Repo, path: string, options: WireOptions = {}): Promise<WireAnswer> {
  const headers = new Headers(options.headers);
  const { authorization = `Bearer ${secretOf(repo.token)}`, body } = options;
  if (authorization !== null) headers.set("Authorization", authorization);
  const method = options.method ?? (body ? "POST" : "GET");
  const response = await fetch(repo.remote + path, { method, headers, body: body ? new Uint8Array(body) : null });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, body: bytes, text: bytes.toString() };
}

/** A GET of a path as it stands: nothing is resolved or escaped on its way. */
export function rawGet(repo: Repo, path: string): Promise<{ status: number | undefined; text: string }> {
  const { hostname, port } = new URL(repo.remote);
  const headers = { Authorization: `Bearer ${secretOf(repo.token)}` };
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, headers }, async (response) => {
      const chunks = await response.toArray();
      resolve({ status: response.statusCode, text: Buffer.concat(chunks).toString() });
    });
    sent.on("error", reject);
    sent.end();
  });
}

/** A request to a service of Git, with the content type that belongs to it. */
export function serviceRequest(repo: Repo, service: string, body: Buffer, options: WireOptions = {}): Promise<WireAnswer> {
  const headers = { "Content-Type": `application/x-${service}-request`, ...options.headers };
  return wire(repo, `/${service}`, { ...options, body, headers });
}

export interface Advertisement {
  capabilities: string[];
  refs: Map<string, string>;
  /** Where the history ends. */
  shallow: string[];
}

/** The refs and capabilities that protocol v0 lists. */
export async function advertisement(repo: Repo, service: "git-upload-pack" | "git-receive-pack"): Promise<Advertisement> {
  const answer = await wire(repo, `/info/refs?service=${service}`);
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text}`);
  const afterService = upToFlush(answer.body).rest;
  const [first = "", ...others] = lines(upToFlush(afterService).packets);
  const [firstRef = "", capabilities = ""] = first.split("\0");
  const refs = new Map<string, string>();
  const shallow: string[] = [];
  for (const line of [firstRef, ...others]) {
    const [id = "", name = ""] = line.split(" ");
    if (id === "shallow") shallow.push(name);
    else if (id !== zeroId) refs.set(name, id);
  }
  return { capabilities: capabilities.trim().split(" "), refs, shallow };
}

/** The pack that protocol v2 sends for these wants, haves and options, the client having nothing more to say. */
export async function fetchPack(repo: Repo, wants: string[], haves: string[], options: string[]): Promise<Buffer> {
  const args = [...options, ...wants.map((id) => `want ${id}`), ...haves.map((id) => `have ${id}`), "done"];
  const body = Buffer.concat([pkt("command=fetch\n"), delim, ...args.map((line) => pkt(`${line}\n`)), flush]);
  const answer = await serviceRequest(repo, "git-upload-pack", body, { headers: { "Git-Protocol": "version=2" } });
  const [first, ...rest] = packets(answer.body);
  if (String(first) !== "packfile\n") throw new Error(`${answer.status}: ${answer.text.slice(0, 500)}`);
  const { data, error } = demultiplex(rest);
  if (error !== "") throw new Error(error);
  return data;
}

export interface RefCommand {
  name: string;
  old_id?: string | undefined;
  new_id?: string | undefined;
}

export interface PushReport {
  status: number;
  /** All words of the answer that a client would show. */
  text: string;
  /** What follows `unpack`. */
  unpack: string | undefined;
  /** `ok`, or the reason after `ng`. */
  refs: Map<string, string>;
}

/** The body of a push: commands, flush, pack. */
export function pushBody(commands: RefCommand[], pack: Buffer, capabilities: string): Buffer {
  const command_lines = commands.map(({ name, old_id = zeroId, new_id = zeroId }, n) =>
    pkt(`${old_id} ${new_id} ${name}${n === 0 ? `\0${capabilities}` : ""}`),
  );
  return Buffer.concat([...command_lines, flush, pack]);
}

/** Pushes a pack made by hand and reads the report, with side-band or without. */
export async function pushPack(
  repo: Repo,
  commands: RefCommand[],
  pack: Buffer,
  capabilities = "report-status side-band-64k",
): Promise<PushReport> {
  const answer = await serviceRequest(repo, "git-receive-pack", pushBody(commands, pack, capabilities));
  return readReport(answer, capabilities.includes("side-band"));
}

/** Reads a push's answer; one that holds no report is its own text. */
export function readReport(answer: WireAnswer, sideBand: boolean): PushReport {
  const report: PushReport = { status: answer.status, text: answer.text, unpack: undefined, refs: new Map() };
  if (!answer.headers.get("Content-Type")?.includes("git-receive-pack-result")) return report;
  let bytes = answer.body;
  if (sideBand) {
    const bands = demultiplex(packets(bytes));
    report.text = `${bands.data}${bands.progress}${bands.error}`;
    bytes = bands.data;
  }
  for (const line of lines(packets(bytes))) {
    const [kind, name = "", ...reason] = line.split(" ");
    if (kind === "unpack") report.unpack = line.slice("unpack ".length);
    if (kind === "ok") report.refs.set(name, "ok");
    if (kind === "ng") report.refs.set(name, reason.join(" "));
  }
  return report;
}

/** Begins a request that promises `promised` bytes, sends some, and hangs up when `until` resolves. */
export function hangUp(
  repo: Repo,
  service: string,
  promised: number | "chunked",
  sent: Buffer,
  until: () => Promise<unknown>,
): Promise<void> {
  const length = promised === "chunked" ? { "Transfer-Encoding": promised } : { "Content-Length": String(promised) };
  return new Promise((resolve, reject) => {
    const sending = request(`${repo.remote}/${service}`, {
      method: "POST",
      headers: {
        Authorization: `Bearer ${secretOf(repo.token)}`,
        "Content-Type": `application/x-${service}-request`,
        ...length,
      },
    });
    // The client leaves before any answer: how its connection ends does not matter.
    sending.on("error", () => {});
    sending.on("close", resolve);
    sending.write(sent, () => {
      until().then(() => sending.destroy(), reject);
    });
  });
}
