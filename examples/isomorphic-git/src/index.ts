/** Commits files to a repo, which is made when it is not there. */
import { fieldsOf, isRecord, textOf } from "../../shared/fields.ts";
import { guarded } from "../../shared/guarded.ts";
import { openRepo } from "../../shared/open-repo.ts";
import { Refused } from "../../shared/refused.ts";
import { commitFiles } from "./commit-files.ts";

interface Env {
  ARTIFACTS: Artifacts;
  ROUTE_SECRET: string;
}

/** Longer than one request takes. */
const tokenSeconds = 300;

export default guarded(route);

async function route(request: Request, { ARTIFACTS: artifacts }: Env): Promise<Response> {
  if (`${request.method} ${new URL(request.url).pathname}` !== "POST /commits") {
    return Response.json({ message: "Use POST /commits." }, { status: 404 });
  }
  const fields = await fieldsOf(request);
  const change = { message: textOf(fields, "message"), files: filesOf(fields["files"]) };
  const repo = await openRepo(artifacts, textOf(fields, "repo"));
  const { name, remote, readOnly, defaultBranch: branch } = repo;
  if (readOnly) throw new Refused(403, "The repo is read-only.");
  const { plaintext: token } = await repo.createToken("write", tokenSeconds);
  const { commit, refs } = await commitFiles({ remote, branch, token }, change);
  return Response.json({ repo: name, remote, commit, refs }, { status: 201 });
}

/** Texts by their paths, which lead down from the root of the repo. */
function filesOf(value: unknown): Map<string, string> {
  const isText = (entry: [string, unknown]): entry is [string, string] => typeof entry[1] === "string";
  const isPath = ([path]: [string, unknown]) => path.split("/").every((name) => !["", ".", ".."].includes(name));
  const entries = isRecord(value) ? Object.entries(value) : [];
  if (entries.length === 0 || !entries.every(isText) || !entries.every(isPath)) {
    throw new Refused(400, "The field files has to be an object: texts by their paths.");
  }
  return new Map(entries);
}
