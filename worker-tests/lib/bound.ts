/** The built Worker and others that are bound to it, in one workerd as in one account. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { buildSync, type BuildOptions } from "esbuild";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { bundled, variablesOf } from "../../scripts/bundle.mjs";
import { freePort, projectDir } from "./server.ts";

/** A Worker that is bound to the built one as `ARTIFACTS`. */
export interface CallerOptions {
  /** Its source, by its path in the project or in full: a module, of TypeScript or JavaScript. */
  source: string;
  /** The name of the binding, if it is not `ARTIFACTS`. */
  binding?: string;
  /** The queue that it consumes. */
  consumes?: string;
  /** Whether it is served on a port of its own. */
  serves?: boolean;
  compatibilityDate?: string;
  compatibilityFlags?: string[];
  /** What its `[[services]]` table says. */
  entrypoint?: string;
  props?: Record<string, unknown>;
}

/** A Worker that is bound as its own configuration says, with the secrets that this names from the environment. */
export interface ConfiguredOptions {
  /** The path of its `wrangler.toml` in the project. */
  config: string;
  /** Files in the project that stand in for packages. */
  alias?: Record<string, string>;
}

export interface BoundOptions {
  callers: Record<string, CallerOptions | ConfiguredOptions>;
  /** Variables of the built Worker, beside `PUBLIC_URL` and those of the example file. */
  vars?: Record<string, string>;
  /** The queue that events are put into, if one is bound. */
  queue?: string;
  /** The caller whose entrypoint `Dataset` stands in for one of Workers Analytics Engine. */
  dataset?: string;
  /** Control requests of a namespace in 10 seconds. */
  controlRate?: number;
  /** Of the built Worker; `https` is served with a certificate that nobody vouches for. */
  protocol?: "http" | "https";
}

/** What a request to a caller has beside its path. */
interface CallerRequest {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** The date of the built Worker's own configuration. */
const today = "2026-11-01";

export class Bound {
  /** Where the built Worker serves REST and Git. */
  readonly origin: string;
  readonly #dir: string;
  readonly #options: ConstructorParameters<typeof Miniflare>[0];
  #server: Miniflare;
  /** What all Workers have printed. */
  readonly log: string[];

  readonly #ports: Map<string, number>;

  private constructor(origin: string, dir: string, options: ConstructorParameters<typeof Miniflare>[0], log: string[], ports: Map<string, number>) {
    this.origin = origin;
    this.#dir = dir;
    this.#options = options;
    this.#server = new Miniflare(options);
    this.log = log;
    this.#ports = ports;
  }

  /** Where a caller is served that has a port of its own. */
  originOf(caller: string): string {
    return `http://127.0.0.1:${this.#ports.get(caller)}`;
  }

  static async start({ callers, vars = {}, queue, dataset, controlRate, protocol = "http" }: BoundOptions): Promise<Bound> {
    const dir = mkdtempSync(join(tmpdir(), "artifacts-bound-"));
    const port = await freePort();
    const origin = `${protocol}://127.0.0.1:${port}`;
    const { ratelimits: limits, ...worker } = bundled(join(projectDir, "wrangler.toml"), join(dir, "bundle")) as unknown as Bundled;
    const queueProducers = queue === undefined ? {} : { EVENTS_QUEUE: { queueName: queue } };
    const serviceBindings = dataset === undefined ? {} : { EVENTS_DATASET: { name: dataset, entrypoint: "Dataset" } };
    const ratelimits = controlRate === undefined ? {} : { ratelimits: limited(limits, controlRate) };
    const variables = variablesOf(readFileSync(join(projectDir, ".dev.vars.example"), "utf8"));
    const bindings = { ...variables, PUBLIC_URL: origin, ...vars };
    const ports = new Map<string, number>();
    for (const [name, options] of Object.entries(callers)) {
      if ("serves" in options && options.serves === true) ports.set(name, await freePort());
    }
    const bound = Object.entries(callers).map(([name, options]) =>
      "config" in options ? configuredOf(name, options, join(dir, name)) : callerOf(name, options, ports.get(name)),
    );
    const log: string[] = [];
    const options = convertV4MiniflareOptions({
      host: "127.0.0.1",
      port,
      https: protocol === "https",
      handleStructuredLogs: ({ message }: { message: string }) => void log.push(message),
      resourcePersistencePath: join(dir, "state"),
      workers: [{ ...worker, ...ratelimits, queueProducers, serviceBindings, name: "artifacts", bindings }, ...bound],
    } as Parameters<typeof convertV4MiniflareOptions>[0]);
    const started = new Bound(origin, dir, options, log, ports);
    await started.#server.ready;
    return started;
  }

  /** Starts all Workers once more, with what the old ones have stored and nothing that they had in memory. */
  async restart(): Promise<void> {
    await this.#server.dispose();
    this.#server = new Miniflare(this.#options);
    await this.#server.ready;
  }

  /** A request to one of the callers. */
  async fetch(caller: string, path: string, init: CallerRequest = {}): Promise<Response> {
    const worker = await this.#server.getWorker(caller);
    return (await worker.fetch(`http://caller${path}`, init)) as unknown as Response;
  }

  /** A request to one of a caller's own Durable Objects. */
  async fetchObject(caller: string, binding: string, name: string): Promise<Response> {
    const objects = await this.#server.getDurableObjectNamespace(binding, caller);
    return (await objects.get(objects.idFromName(name)).fetch("http://object/")) as unknown as Response;
  }

  async stop(): Promise<void> {
    await this.#server.dispose();
    rmSync(this.#dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

function callerOf(name: string, options: CallerOptions, port?: number) {
  const { source, compatibilityDate = today, compatibilityFlags = [], binding = "ARTIFACTS", entrypoint, props, consumes } = options;
  const bundling: BuildOptions = { bundle: true, format: "esm", target: "es2022", external: ["cloudflare:*"] };
  const built = buildSync({ ...bundling, entryPoints: [resolve(projectDir, source)], write: false });
  const script = built.outputFiles[0]?.text ?? "";
  const serviceBindings = { [binding]: { name: "artifacts", entrypoint, props } };
  const sockets = port === undefined ? {} : { unsafeDirectSockets: [{ host: "127.0.0.1", port }] };
  const queueConsumers = consumes === undefined ? {} : { [consumes]: { maxBatchSize: 100, maxBatchTimeout: 0 } };
  return { name, modules: true as const, script, compatibilityDate, compatibilityFlags, serviceBindings, queueConsumers, ...sockets };
}

function configuredOf(name: string, { config, alias = {} }: ConfiguredOptions, folder: string) {
  const files = Object.entries(alias).map(([module, path]) => [module, join(projectDir, path)]);
  return { ...bundled(join(projectDir, config), folder, Object.fromEntries(files)), name };
}

/** As wrangler makes them of a configuration, as far as is changed here. */
interface Bundled {
  ratelimits: Limits;
}

type Limits = Record<string, { simple: { limit: number; period: number } }>;

function limited(limits: Limits, limit: number): Limits {
  const named = Object.entries(limits).map(([name, options]) => [name, { ...options, simple: { ...options.simple, limit } }]);
  return Object.fromEntries(named) as Limits;
}
