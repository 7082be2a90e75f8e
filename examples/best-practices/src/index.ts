/** A repo for each session of each agent, empty or forked from a reviewed baseline, and tokens that may do no more than they must. */
import { fieldsOf, textOf } from "../../shared/fields.ts";
import { guarded } from "../../shared/guarded.ts";
import { codeOf, Refused } from "../../shared/refused.ts";

interface Env {
  ARTIFACTS: Artifacts;
  ROUTE_SECRET: string;
  /** The repo that forks start from. */
  BASELINE: string;
}

const tokenSeconds = 900;

export default guarded(route);

async function route(request: Request, env: Env): Promise<Response> {
  const asked = `${request.method} ${new URL(request.url).pathname}`;
  if (asked === "POST /repos") return createRepo(env, await fieldsOf(request));
  if (asked === "POST /forks") return forkBaseline(env, textOf(await fieldsOf(request), "session"));
  if (asked === "POST /tokens") return createToken(env, await fieldsOf(request));
  return Response.json({ message: "Use POST /repos, POST /forks or POST /tokens." }, { status: 404 });
}

/** An empty repo. Its name tells whose it is, which keeps names apart and makes it easy to clean up after a session. */
async function createRepo({ ARTIFACTS: artifacts }: Env, fields: Record<string, unknown>): Promise<Response> {
  const name = [textOf(fields, "agent"), textOf(fields, "session"), textOf(fields, "repo")].join("-");
  // Its token may push for a day, which nobody needs: it is not passed on.
  using created = await artifacts.create(name);
  return Response.json({ name: created.name, remote: created.remote }, { status: 201 });
}

/** The session's own copy of the baseline. A session that asks again finds the fork that it has. */
async function forkBaseline({ ARTIFACTS: artifacts, BASELINE: baselineName }: Env, session: string): Promise<Response> {
  using baseline = await artifacts.get(baselineName);
  const name = `${baseline.name}-${session}`;
  const opts = { description: `Fork for session ${session}`, defaultBranchOnly: true, readOnly: false };
  try {
    using forked = await baseline.fork(name, opts);
    return Response.json({ name: forked.name, remote: forked.remote }, { status: 201 });
  } catch (error) {
    if (codeOf(error) !== "ALREADY_EXISTS") throw error;
    using repo = await artifacts.get(name);
    return Response.json({ name: repo.name, remote: repo.remote });
  }
}

/** A token for a quarter of an hour: to read, unless `scope` asks for more, and never to change the baseline. */
async function createToken({ ARTIFACTS: artifacts, BASELINE: baselineName }: Env, fields: Record<string, unknown>): Promise<Response> {
  const { scope = "read" } = fields;
  if (scope !== "read" && scope !== "write") throw new Refused(400, "The field scope is read or write.");
  using repo = await artifacts.get(textOf(fields, "repo"));
  // Names are one without regard to case, so the answer's spelling is compared and not the caller's.
  const isBaseline = repo.name.toLowerCase() === baselineName.toLowerCase();
  if (scope === "write" && isBaseline) throw new Refused(403, "The baseline is changed by those who review it, not from here.");
  const { plaintext: token, expiresAt } = await repo.createToken(scope, tokenSeconds);
  return Response.json({ repo: repo.name, scope, expiresAt, token }, { status: 201 });
}
