/** A client of the REST API: requests as `curl` would make them, answers with their envelope, each as openapi.json describes it. */
import { assertDescribed } from "./openapi.ts";

/** The account and the API tokens of the example file that local development uses. */
export const accountId = "0".repeat(32);
export const editToken = "dev-edit";
export const readToken = "dev-read";

export interface ApiError {
  code: number;
  message: string;
  source?: { pointer?: string };
}

export interface Envelope<T> {
  result: T;
  success: boolean;
  errors: ApiError[];
  messages: ApiError[];
  result_info?: Record<string, unknown>;
}

export interface Answer<T> {
  status: number;
  headers: Headers;
  /** The body as it came. */
  text: string;
  /** Throws for an answer without a body. */
  readonly envelope: Envelope<T>;
}

export interface CreatedRepo {
  id: string;
  name: string;
  description: string | null;
  default_branch: string;
  remote: string;
  token: string;
}

export interface CreatedFork extends CreatedRepo {
  objects: number;
}

export interface RepoInfo extends Omit<CreatedRepo, "token"> {
  created_at: string;
  updated_at: string;
  last_push_at: string | null;
  source: string | null;
  read_only: boolean;
  status: string;
  size: number;
  shallow: boolean;
}

export interface CreatedToken {
  id: string;
  plaintext: string;
  scope: string;
  expires_at: string;
}

export interface TokenInfo {
  id: string;
  scope: string;
  state: string;
  created_at: string;
  expires_at: string;
}

export interface RequestOptions {
  /** `null` sends no credentials. */
  token?: string | null;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it stands. */
  text?: string;
}

/** A repo that a test pushes to and clones from. */
export interface Repo extends CreatedRepo {
  namespace: string;
  /** The remote with the token's secret as password. */
  url: string;
}

let n_names = 0;

/** A name that no other test of this process uses. */
export function freshName(prefix = "repo"): string {
  n_names += 1;
  return `${prefix}-${n_names}`;
}

/** `art_v1_<40 hex>` of `art_v1_<40 hex>?expires=<seconds>`. */
export function secretOf(token: string): string {
  return token.replace(/\?.*$/, "");
}

/** A remote that carries its own credentials. */
export function withPassword(remote: string, password: string, user = "x"): string {
  const url = new URL(remote);
  url.username = user;
  url.password = encodeURIComponent(password);
  return url.href;
}

export class Api {
  readonly origin: string;

  constructor(origin: string) {
    this.origin = origin;
  }

  /** A request to a path under `…/artifacts/namespaces`. */
  request<T = unknown>(method: string, path: string, options: RequestOptions = {}): Promise<Answer<T>> {
    return this.requestUrl(method, `${this.origin}/client/v4/accounts/${accountId}/artifacts/namespaces${path}`, options);
  }

  async requestUrl<T = unknown>(method: string, url: string, options: RequestOptions = {}): Promise<Answer<T>> {
    const { token = editToken, json, text: sent } = options;
    const headers = new Headers();
    if (token !== null) headers.set("Authorization", `Bearer ${token}`);
    const body = json === undefined ? sent : JSON.stringify(json);
    if (body !== undefined) headers.set("Content-Type", "application/json");
    const response = await fetch(url, { method, headers, body: body ?? null });
    const text = await response.text();
    const answer = { status: response.status, headers: response.headers, text };
    assertDescribed({ method, url }, answer);
    let envelope: Envelope<T> | undefined;
    return {
      ...answer,
      get envelope() {
        return (envelope ??= parse<T>(text, response.status));
      },
    };
  }

  /** Makes a repo under a fresh name, or tells why not. */
  async createRepo(fields: Record<string, unknown> = {}, namespace = "default"): Promise<Repo> {
    const answer = await this.request<CreatedRepo>("POST", `/${namespace}/repos`, {
      json: { name: freshName(), ...fields },
    });
    const repo = succeeded(answer, 201);
    return { ...repo, namespace, url: withPassword(repo.remote, secretOf(repo.token)) };
  }

  /** Forks a repo under a fresh name, or tells why not. */
  async forkRepo(source: Repo, fields: Record<string, unknown> = {}): Promise<Repo & CreatedFork> {
    const answer = await this.request<CreatedFork>("POST", `/${source.namespace}/repos/${source.name}/fork`, {
      json: { name: freshName("fork"), ...fields },
    });
    const fork = succeeded(answer, 201);
    return { ...fork, namespace: source.namespace, url: withPassword(fork.remote, secretOf(fork.token)) };
  }

  async deleteRepo(repo: Repo): Promise<void> {
    succeeded(await this.request("DELETE", `/${repo.namespace}/repos/${repo.name}`), 202);
  }

  async createToken(repo: Repo, fields: Record<string, unknown> = {}): Promise<CreatedToken> {
    const answer = await this.request<CreatedToken>("POST", `/${repo.namespace}/tokens`, {
      json: { repo: repo.name, ...fields },
    });
    return succeeded(answer, 201);
  }

  async revokeToken(repo: Repo, id: string): Promise<void> {
    succeeded(await this.request("DELETE", `/${repo.namespace}/tokens/${id}`), 200);
  }

  async repoInfo(repo: Repo): Promise<RepoInfo> {
    return succeeded(await this.request<RepoInfo>("GET", `/${repo.namespace}/repos/${repo.name}`), 200);
  }
}

function succeeded<T>(answer: Answer<T>, status: number): T {
  if (answer.status !== status) throw new Error(`${answer.status} instead of ${status}: ${answer.text}`);
  return answer.envelope.result;
}

function parse<T>(text: string, status: number): Envelope<T> {
  try {
    return JSON.parse(text) as Envelope<T>;
  } catch (cause) {
    throw new Error(`${status} without an envelope: ${text}`, { cause });
  }
}
