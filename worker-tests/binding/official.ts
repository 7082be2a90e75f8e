/** A Worker that knows the official types alone: it compiles, and what they leave out it cannot name. */
interface Env {
  ARTIFACTS: Artifacts;
}

export default {
  async fetch(_request, env): Promise<Response> {
    const created: ArtifactsCreateRepoResult = await env.ARTIFACTS.create("official", { description: "d" });
    using repo = await env.ARTIFACTS.get(created.name);
    const info: ArtifactsRepoInfo = await repo.info();
    const { plaintext, scope } = await repo.createToken("read", 60);
    const revoked = await repo.revokeToken(plaintext);
    const { total }: ArtifactsTokenListResult = await repo.listTokens();
    const { objects, ...fork } = (await repo.fork("official-fork")) as ArtifactsCreateRepoResult & { objects?: number };
    const page: ArtifactsRepoListResult = await env.ARTIFACTS.list({ limit: 1 });
    // @ts-expect-error: a property of the handle, by the documentation.
    const { remote } = repo;
    const failed = await env.ARTIFACTS.get("nowhere").catch((error: ArtifactsError) => error.code satisfies ArtifactsErrorCode);
    const deleted = await Promise.all([created.name, fork.name].map((name) => env.ARTIFACTS.delete(name)));
    const shown = { name: info.name, scope, revoked, total, objects, listed: page.total, isRemote: remote === info.remote };
    return Response.json({ ...shown, failed, deleted });
  },
} satisfies ExportedHandler<Env>;
