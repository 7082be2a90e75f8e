/** What was thrown, as an answer: the caller's mistakes are told, everything else is thrown on. */
import type { ArtifactsBindingError } from "artifacts-types";

type Code = ArtifactsBindingError["code"];

/** Codes of the binding that whoever calls a route can do something about. */
const statuses: Partial<Record<Code, number>> = {
  INVALID_INPUT: 400,
  INVALID_REPO_NAME: 400,
  NOT_FOUND: 404,
  ALREADY_EXISTS: 409,
  // These pass: the same request succeeds a little later.
  CREATE_IN_PROGRESS: 409,
  IMPORT_IN_PROGRESS: 409,
  FORK_IN_PROGRESS: 409,
  RATE_LIMITED: 429,
};

/** A request that a route does not take, with the reason. */
export class Refused extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The code of an error of the binding; none of any other. */
export function codeOf(error: unknown): Code | undefined {
  return error instanceof Error && error.name === "ArtifactsError" ? (error as ArtifactsBindingError).code : undefined;
}

/**
 * The answer to a request in which this was thrown.
 *
 * @throws what is nobody's mistake, as it came: the platform logs it and answers 500.
 */
export function refused(error: unknown): Response {
  const code = codeOf(error);
  const status = error instanceof Refused ? error.status : code && statuses[code];
  if (status === undefined) throw error;
  return Response.json({ code, message: (error as Error).message }, { status });
}
