/** A repo that is there afterwards, whether it was before or not. */
import type { ArtifactsRepoHandle } from "artifacts-types";
import { codeOf } from "./refused.ts";

/**
 * Makes the repo, or takes the one that has the name. To make it first leaves no gap in which another request could come between.
 *
 * @throws `ArtifactsError`, for instance `CREATE_IN_PROGRESS` while another request makes it.
 */
export async function openRepo(artifacts: Artifacts, name: string): Promise<ArtifactsRepoHandle> {
  try {
    return (await artifacts.create(name)).repo;
  } catch (error) {
    if (codeOf(error) !== "ALREADY_EXISTS") throw error;
    return artifacts.get(name);
  }
}
