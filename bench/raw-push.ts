/** A push whose pack is at hand: nothing but the request and the report. Source: gitprotocol-pack(5). */
import { pushBody, readReport, type RefCommand } from "../worker-tests/lib/wire.ts";
import { post, whole } from "./post.ts";
import type { Source } from "./source.ts";
import type { Remote } from "./target.ts";

const receivePack = "git-receive-pack";

/** Seconds from connecting to the whole report. */
export interface Pushed {
  wall: number;
}

export async function rawPush(remote: Remote, commands: RefCommand[], pack: Buffer): Promise<Pushed> {
  const body = pushBody(commands, pack, "report-status side-band-64k object-format=sha1");
  const began = performance.now();
  const answer = await post(remote, receivePack, body);
  const report_bytes = await whole(answer);
  const wall = (performance.now() - began) / 1000;
  const headers = new Headers({ "Content-Type": answer.headers["content-type"] ?? "" });
  const report = readReport({ status: 200, headers, body: report_bytes, text: report_bytes.toString() }, true);
  const refused = [...report.refs.values()].find((status) => status !== "ok");
  if (report.unpack !== "ok" || report.refs.size !== commands.length || refused !== undefined) {
    throw new Error(`a push was refused: ${report.text}`);
  }
  return { wall };
}

/** Pushes branches and tags to a repository without any. */
export async function pushAll(remote: Remote, source: Source, pack: Buffer): Promise<Pushed> {
  const commands = (await source.refs()).map(({ name, id }) => ({ name, new_id: id }));
  return rawPush(remote, commands, pack);
}

/** Pushes the `n`th commit on top to the branch, which has the one before. */
export function pushOnTop(remote: Remote, source: Source, n: number, pack: Buffer): Promise<Pushed> {
  return rawPush(remote, [{ name: source.branch, old_id: source.commit(n - 1), new_id: source.commit(n) }], pack);
}
