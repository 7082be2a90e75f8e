/** One history at two servers: this one, and `git http-backend`. */
import type { Api, Repo } from "../lib/api.ts";
import type { Workshop } from "../lib/git.ts";
import { pack, whole } from "../lib/pack.ts";
import { delim, flush, lines, packets, pkt } from "../lib/pkt.ts";
import { serviceRequest, wire } from "../lib/wire.ts";
import { readAnswer } from "./answer.ts";
import { Backend } from "./backend.ts";
import type { History, Push } from "./history.ts";
import { judge, type Verdict } from "./judge.ts";
import { reached } from "./reach.ts";
import { encoded, type Request, type Stock } from "./request.ts";

export class Pair {
  readonly repo: Repo;
  readonly git: Backend;
  readonly #shop: Workshop;
  /** The repository that is pushed from. */
  readonly work: string;
  readonly #history: History;
  readonly #areClocksRight: boolean;
  #refs = new Map<string, string>();
  readonly #pushed = new Set<string>();

  private constructor(shop: Workshop, repo: Repo, git: Backend, work: string, history: History) {
    this.#areClocksRight = history.are_clocks_right;
    this.#shop = shop;
    this.repo = repo;
    this.git = git;
    this.work = work;
    this.#history = history;
  }

  static async create(api: Api, shop: Workshop, name: string, history: History): Promise<Pair> {
    const work = `${name}-work.git`;
    await shop.git(".", "init", "--quiet", "--bare", work);
    return new Pair(shop, await api.createRepo(), await Backend.create(shop, `${name}-git.git`), work, history);
  }

  /** The same push to both, by git. */
  async push({ objects, refs, style, thin }: Push): Promise<void> {
    await this.#shop.gitWith({ cwd: this.work, input: pack(objects.map(whole)) }, "index-pack", "--stdin");
    const gone = [...this.#refs.keys()].filter((name) => !refs.has(name)).map((name) => `delete ${name}\n`);
    const updates = [...refs].map(([name, id]) => `update ${name} ${id}\n`);
    await this.#shop.gitWith({ cwd: this.work, input: [...gone, ...updates].join("") }, "update-ref", "--stdin");
    for (const url of [this.repo.url, this.git.url]) {
      await this.#shop.git(this.work, ...style, "push", "--quiet", "--mirror", thin ? "--thin" : "--no-thin", url);
    }
    this.#refs = refs;
    for (const id of reached(this.#history.objects, refs.values())) this.#pushed.add(id);
  }

  stock(): Stock {
    const { objects } = this.#history;
    return { objects, refs: this.#refs, commits: [...this.#pushed].filter((id) => objects.get(id).type === "commit") };
  }

  /** Whether both list the same refs; what differs. */
  async compareRefs(): Promise<string[]> {
    const service = "git-upload-pack";
    const list = Buffer.concat([pkt("command=ls-refs\n"), delim, ...["peel\n", "symrefs\n", "unborn\n"].map(pkt), flush]);
    const headers = { "Git-Protocol": "version=2" };
    const listed = [
      [(await serviceRequest(this.repo, service, list, { headers })).body, (await this.git.post(service, list, "version=2")).body],
      [(await wire(this.repo, `/info/refs?service=${service}`)).body, (await this.git.infoRefs(service, "version=0")).body],
    ];
    return listed.flatMap(([ours, git], version) => {
      // Capabilities stand behind a NUL; they are not for this to compare.
      const [here, there] = [ours, git].map((body) => new Set(lines(packets(body ?? Buffer.alloc(0))).map((line) => line.split("\0")[0] ?? "")));
      const only = (some = new Set<string>(), others = new Set<string>()) => [...some].filter((line) => !others.has(line));
      const differences = [...only(here, there).map((line) => `ours alone: ${line}`), ...only(there, here).map((line) => `git alone: ${line}`)];
      return differences.slice(0, 5).map((line) => `refs, ${version === 0 ? "version 2" : "version 0"}, ${line}`);
    });
  }

  /** The same request to both. */
  async ask(request: Request): Promise<Verdict> {
    const body = encoded(request);
    const protocol = `version=${request.version}`;
    const has_side_band = request.options.has("side-band") || request.options.has("side-band-64k");
    const [ours, git] = await Promise.all([
      serviceRequest(this.repo, "git-upload-pack", body, { headers: { "Git-Protocol": protocol } }),
      this.git.post("git-upload-pack", body, protocol),
    ]);
    if (ours.status !== 200) return { faults: [`ours answers ${ours.status}: ${ours.text}`] };
    const theirs = readAnswer(git.body, request.version, has_side_band);
    if (git.failure !== undefined) theirs.error ??= git.failure;
    return judge(this.#history.objects, request, readAnswer(ours.body, request.version, has_side_band), theirs, this.#areClocksRight);
  }
}
