/** Makes repos, shows them, and gives out tokens to read them. */
import { fieldsOf, textOf } from "../../shared/fields.ts";
import { guarded } from "../../shared/guarded.ts";

interface Env {
  ARTIFACTS: Artifacts;
  ROUTE_SECRET: string;
}

const readTokenSeconds = 3600;

export default guarded(route);

async function route(request: Request, { ARTIFACTS: artifacts }: Env): Promise<Response> {
  const asked = `${request.method} ${new URL(request.url).pathname}`;
  if (asked === "POST /repos") return createRepo(artifacts, textOf(await fieldsOf(request), "name"));
  if (asked === "POST /tokens") return createReadToken(artifacts, textOf(await fieldsOf(request), "repo"));
  const name = /^GET \/repos\/([^/]+)$/.exec(asked)?.[1];
  if (name !== undefined) return showRepo(artifacts, name);
  return Response.json({ message: "Use POST /repos, GET /repos/{name} or POST /tokens." }, { status: 404 });
}

/** The token in the answer may push for a day. Whoever asks for the name again is told that it is taken, and gets none. */
async function createRepo(artifacts: Artifacts, repoName: string): Promise<Response> {
  using created = await artifacts.create(repoName);
  const { name, remote, token } = created;
  return Response.json({ name, remote, token }, { status: 201 });
}

async function showRepo(artifacts: Artifacts, repoName: string): Promise<Response> {
  using repo = await artifacts.get(repoName);
  const { id, name, remote, defaultBranch } = repo;
  return Response.json({ id, name, remote, defaultBranch });
}

async function createReadToken(artifacts: Artifacts, repoName: string): Promise<Response> {
  using repo = await artifacts.get(repoName);
  return Response.json(await repo.createToken("read", readTokenSeconds), { status: 201 });
}
