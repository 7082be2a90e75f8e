/**
 * What the binding has beside the official types `Artifacts`, `ArtifactsRepo`, … of `@cloudflare/workers-types`, or of
 * `wrangler types`: it is added to these, so that `ARTIFACTS: Artifacts` has it.
 *
 *     "types": ["@cloudflare/workers-types", "artifacts-types"]      in tsconfig.json, or
 *     import type {} from "artifacts-types";                        in a file that is compiled.
 */
export {};

/** `creating` and `forking` are seen in lists alone. */
export type ArtifactsRepoStatus = "creating" | "ready" | "importing" | "forking";

/** A handle that came with something else, which is what is disposed of. */
export type ArtifactsRepoHandle = Omit<ArtifactsRepo, keyof Disposable>;

/** What is caught: with two codes that the official type lacks. */
export interface ArtifactsBindingError extends Omit<ArtifactsError, "code"> {
  readonly code: ArtifactsErrorCode | "RATE_LIMITED" | "STORAGE_LIMIT";
}

declare global {
  interface ArtifactsRepoInfo {
    status: ArtifactsRepoStatus;
    /** Bytes stored: packs and their indexes. */
    size: number;
    /** Whether its history ends somewhere, as that of an import with `depth`. */
    shallow: boolean;
  }

  /** A handle has the metadata of the time when it was got; `info()` has that of now. */
  interface ArtifactsRepo extends ArtifactsRepoInfo {}

  interface ArtifactsCreateRepoResult extends Disposable {
    repo: ArtifactsRepoHandle;
    /** Of a fork: how many objects it can serve. */
    objects?: number;
  }

  interface Artifacts {
    import(params: {
      source: {
        url: string;
        branch?: string;
        depth?: number;
        /** Every branch, tag and note, and not one branch with the tags that its history reaches. */
        allRefs?: boolean;
      };
      target: { name: string; opts?: { description?: string; readOnly?: boolean } };
    }): Promise<ArtifactsCreateRepoResult>;
  }
}
