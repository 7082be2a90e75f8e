/** One repo for each sandbox: what runs in the sandbox finds its remote, credentials included, in `ARTIFACTS_GIT_REMOTE`. */
import { getSandbox, type Sandbox } from "@cloudflare/sandbox";
import { guarded } from "../../shared/guarded.ts";
import { openRepo } from "../../shared/open-repo.ts";

export { Sandbox } from "@cloudflare/sandbox";

interface Env {
  ARTIFACTS: Artifacts;
  ROUTE_SECRET: string;
  Sandbox: DurableObjectNamespace<Sandbox>;
}

const writeTokenSeconds = 3600;

export default guarded(route);

async function route(request: Request, env: Env): Promise<Response> {
  const asked = `${request.method} ${new URL(request.url).pathname}`;
  const sandboxId = /^PUT \/sandboxes\/([^/]+)$/.exec(asked)?.[1];
  if (sandboxId === undefined) return Response.json({ message: "Use PUT /sandboxes/{id}." }, { status: 404 });
  return Response.json(await connect(env, sandboxId));
}

/** The sandbox and the repo of an id, made or found. Asked again, before the hour is over, it has a fresh token. */
async function connect(env: Env, sandboxId: string) {
  const repo = await openRepo(env.ARTIFACTS, sandboxId);
  const { name, remote, defaultBranch } = repo;
  const { plaintext: token, expiresAt } = await repo.createToken("write", writeTokenSeconds);
  // Names of repos are one without regard to case, ids of sandboxes are not: by the repo's own spelling the two stay a pair.
  const sandbox = getSandbox(env.Sandbox, name);
  await sandbox.setEnvVars({ ARTIFACTS_GIT_REMOTE: withPassword(remote, token) });
  // The token stays in the sandbox.
  return { sandbox: name, remote, defaultBranch, expiresAt };
}

/** A remote that carries the token's secret, `art_v1_<secret>` of `art_v1_<secret>?expires=<unix seconds>`, with any user name. */
function withPassword(remote: string, token: string): string {
  const url = new URL(remote);
  [url.username, url.password] = ["x", token.split("?")[0] ?? ""];
  return url.href;
}
