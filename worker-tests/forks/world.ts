/** A server and the repos on it: what operations are done to, and how what they did is found out. */
import assert from "node:assert/strict";
import { Numbers } from "../differential/numbers.ts";
import { Api, secretOf, withPassword, type Answer, type CreatedRepo, type Repo, type RepoInfo } from "../lib/api.ts";
import { Workshop, type GitResult } from "../lib/git.ts";
import { Server } from "../lib/server.ts";
import { advertisement } from "../lib/wire.ts";
import { Commits } from "./commits.ts";
import { areAlike, Member, type Refs } from "./model.ts";

/** Hours and weeks otherwise: merges, collections and the end of what is given up are all to happen during a run. */
const vars = { UPLOAD_GRACE_SECONDS: "6", UNREACHABLE_GRACE_SECONDS: "5" };
const merged = /\d+ packs with \d+ objects became one/;

export interface ForkWanted {
  source: Member;
  name: string;
  default_branch_only: boolean;
}

export class World {
  readonly server: Server;
  readonly api: Api;
  readonly shop: Workshop;
  readonly random: Numbers;
  readonly commits: Commits;
  /** Repos that are there. */
  readonly members: Member[] = [];
  /** What was done, in words, the latest last. */
  readonly history: string[] = [];
  readonly counts = { pushes: 0, forks: 0, narrowed: 0, deletions: 0, kills: 0, checks: 0, thefts: 0 };
  /** Names of repos that were deleted, which may be taken again. */
  readonly #free: string[] = [];
  #n_names = 0;
  #log = "";

  private constructor(server: Server, shop: Workshop, random: Numbers, commits: Commits) {
    this.server = server;
    this.api = new Api(server.origin);
    this.shop = shop;
    this.random = random;
    this.commits = commits;
  }

  static async create(seed: number): Promise<World> {
    const random = new Numbers(seed);
    const shop = new Workshop();
    return new World(await Server.start({ vars }), shop, random, await Commits.create(shop, "commits.git", random));
  }

  async end(): Promise<void> {
    await this.server.stop();
    this.shop.remove();
  }

  note(what: string): void {
    this.history.push(what);
  }

  /** A name that is free: a new one, or one that a repo had before. */
  newName(): string {
    const [name] = this.#free.length > 0 && this.random.chance(0.5) ? this.#free.splice(this.random.below(this.#free.length), 1) : [];
    return name ?? `r${(this.#n_names += 1)}`;
  }

  add(repo: Repo, refs: Refs = new Map(), source?: Member): Member {
    const member = new Member(this.commits.objects, repo, refs, source);
    this.members.push(member);
    if (source) this.counts.forks += 1;
    if (member.hidden.size > 0) this.counts.narrowed += 1;
    return member;
  }

  /** The repo is known to be gone, and its name free. */
  removed(member: Member): void {
    this.members.splice(this.members.indexOf(member), 1);
    this.#free.push(member.name);
    this.counts.deletions += 1;
  }

  /** Pushes what it takes to make the refs these. */
  async push(member: Member, refs: Refs): Promise<GitResult> {
    await this.commits.store();
    const gone = [...member.refs.keys()].filter((name) => !refs.has(name)).map((name) => `:${name}`);
    const moved = [...refs].filter(([name, id]) => member.refs.get(name) !== id).map(([name, id]) => `+${id}:${name}`);
    const styles = { window: [0, 2, 10], depth: [1, 5, 50], compression: [0, 1, 9] };
    const style = Object.entries(styles).flatMap(([name, values]) => ["-c", `pack.${name}=${this.random.pick(values)}`]);
    if (gone.length + moved.length === 0) return { code: 0, stdout: "", stderr: "" };
    this.counts.pushes += 1;
    return this.shop.attempt({ cwd: this.commits.folder }, ...style, "push", "--quiet", member.repo.url, ...moved, ...gone);
  }

  fork({ source, name, default_branch_only }: ForkWanted): Promise<Answer<CreatedRepo>> {
    return this.api.request("POST", `/default/repos/${source.name}/fork`, { json: { name, default_branch_only } });
  }

  /** The repo that an answer speaks of. */
  made({ envelope }: Answer<CreatedRepo>): Repo {
    const { result } = envelope;
    return { ...result, namespace: "default", url: withPassword(result.remote, secretOf(result.token)) };
  }

  /** What there is under a name; nothing while it is only kept for somebody. */
  async find(name: string): Promise<Repo | undefined> {
    const answer = await this.api.request<RepoInfo>("GET", `/default/repos/${name}`);
    if (answer.status === 404 || answer.status === 409) return undefined;
    assert.equal(answer.status, 200, answer.text);
    const token = await this.api.createToken({ name, namespace: "default" } as Repo);
    const { result } = answer.envelope;
    return { ...result, token: token.plaintext, namespace: "default", url: withPassword(result.remote, secretOf(token.plaintext)) };
  }

  /** Which of these the refs of a repo are; anything else is wrong. */
  async refsAmong(repo: Repo, candidates: Refs[]): Promise<Refs> {
    const refs = asPushed((await advertisement(repo, "git-upload-pack")).refs);
    const found = candidates.findIndex((candidate) => areAlike(candidate, refs));
    this.note(`  ${repo.name} has the refs of ${found + 1} of ${candidates.length}`);
    const lists = [refs, ...candidates].map((some) => JSON.stringify([...some]));
    return candidates[found] ?? assert.fail(`${repo.name} cannot have these refs: ${lists.join("\nand not ")}`);
  }

  /** Ends the server at once. */
  async kill(): Promise<void> {
    this.#log += this.server.log();
    await this.server.kill();
    this.counts.kills += 1;
  }

  /** All that the servers have printed, but for what one said as it was killed. */
  log(): string {
    return this.#log + this.server.log();
  }

  /** How often packs were merged, of one repo or of all. */
  n_merges(name?: string): number {
    const lines = this.log().split("\n").filter((line) => merged.test(line));
    return lines.filter((line) => name === undefined || line.includes(`/${name}:`)).length;
  }
}

/** Refs as pushed: without `HEAD`, and without what tags lead to. */
function asPushed(refs: Refs): Refs {
  return new Map([...refs].filter(([name]) => name.startsWith("refs/") && !name.endsWith("^{}")));
}
