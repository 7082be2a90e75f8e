/** A Worker that uses its binding through `@cloudflare/computer`, for the namespace or for a session. */
import { createArtifact, NotFoundError } from "@cloudflare/computer/artifacts";

interface Asked {
  sessionId?: string;
  name: string;
  /** What the other repo is imported from. */
  url: string;
}

export default {
  async fetch(request, env): Promise<Response> {
    const { sessionId, name, url } = await request.json<Asked>();
    const client = createArtifact(env.ARTIFACTS, sessionId);
    const created = await client.create(name, { description: "d" });
    const imported = await client.import(`${name}-imported`, { url, branch: "main", depth: 1 });
    const read = await client.createToken(name, "read", 3600);
    const { total } = await client.listTokens(name);
    const { state } = await client.getToken(name, read.id);
    const revoked = [await client.revokeToken(name, read.plaintext), await client.revokeToken(name, "0123456789abcdef")];
    const { state: stateAfter } = await client.getToken(name, read.id);
    const missed = await client.getToken(name, "0123456789abcdef").catch((error: Error) => error instanceof NotFoundError);
    const info = await client.get(name);
    const listed = (await client.list()).map((repo) => repo.name).sort();
    const shell = await client.cli({ argv: ["repo", "list"] });
    const deleted = [await client.delete(name), await client.delete(name)];
    const gone = await client.get(name).catch((error: ArtifactsError) => error.code);
    const names = { created: created.name, imported: imported.name, info: info.name, listed };
    return Response.json({ names, remote: created.remote, token: imported.token, total, state, stateAfter, revoked, missed, shell, deleted, gone });
  },
} satisfies ExportedHandler<{ ARTIFACTS: Artifacts }>;
