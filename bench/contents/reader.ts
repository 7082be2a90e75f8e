/** A Worker that is bound to this one, and reads files and the log of a repo by the binding. */
import type { Found, Wanted } from "./wanted.ts";

interface Env {
  ARTIFACTS: Artifacts;
}

export default {
  async fetch(request: Request, { ARTIFACTS }: Env): Promise<Response> {
    const { repo, files = [], log } = (await request.json()) as Wanted;
    const handle = await ARTIFACTS.get(repo);
    const [blobs, commits] = await Promise.all([
      Promise.all(files.map(async (file) => (await handle.readFile(file))?.size ?? -1)),
      log === undefined ? [] : handle.log({ limit: log }),
    ]);
    return Response.json({ files: blobs, n_commits: commits.length } satisfies Found);
  },
} satisfies ExportedHandler<Env>;
