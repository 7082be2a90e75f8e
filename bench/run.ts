/**
 * `npm run bench`: this server and `git http-backend`, on the same machine and data, turn about. bench/README.md says what is measured.
 *
 *   --repo DIR       a repository whose branches and tags are pushed (a made-up one by default)
 *   --runs N         how often; the tables show medians (5)
 *   --only NAME      `artifacts` or `baseline` alone
 *   --measure A,B    some measurements alone
 *   --full           as many as 1,000 small pushes
 *   --results DIR    where the results go; by default those of a whole run go to bench/results and others are shown only
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { Workshop } from "../worker-tests/lib/git.ts";
import { Baseline } from "./baseline.ts";
import { Bench, measurements, titleOf, type Measurement } from "./bench.ts";
import { benchmarkRepo } from "./make-repo.ts";
import { afterPushes } from "./measurements/after-pushes.ts";
import { atOnce } from "./measurements/at-once.ts";
import { basics, n_in_a_row } from "./measurements/basics.ts";
import { growth } from "./measurements/growth.ts";
import { requests, type Requests } from "./measurements/requests.ts";
import { touch } from "./measurements/touch.ts";
import { Ours } from "./ours.ts";
import { R2Only } from "./r2-only.ts";
import { sections } from "./report.ts";
import { resultsDir, writeResults } from "./results.ts";
import { Source } from "./source.ts";
import { median, megabytes, seconds } from "./table.ts";
import type { Target } from "./target.ts";

const { values: options } = parseArgs({
  options: {
    repo: { type: "string" },
    runs: { type: "string", default: "5" },
    only: { type: "string" },
    measure: { type: "string", default: measurements.join(",") },
    full: { type: "boolean", default: false },
    results: { type: "string" },
  },
});
/** Small pushes after which fetches are measured. */
const stops = { large: [0, 1, 10, 100, ...(options.full ? [1000] : [])], small: [0, 1, 10] };
const shop = new Workshop();
const targets: Target[] = [];
// The servers end with this process, but a signal alone would not tell them.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

try {
  await main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  for (const target of targets) await target.stop();
  shop.remove();
}

async function main(): Promise<void> {
  const chosen = chosenMeasurements();
  const n_runs = Number(options.runs);
  if (!Number.isInteger(n_runs) || n_runs < 1) throw new Error(`--runs ${options.runs}: how often?`);
  if (![undefined, "artifacts", "baseline"].includes(options.only)) throw new Error(`--only ${options.only}: artifacts or baseline`);
  // The baseline first: it may have to say that something is not installed.
  if (options.only !== "artifacts") targets.push(await Baseline.start());
  const gitDir = options.repo === undefined ? await benchmarkRepo("large") : resolve(options.repo);
  const n_on_top = chosen.has("after-pushes") ? Math.max(...stops.large) : n_in_a_row;
  const large = await Source.open(shop, "large", gitDir, n_on_top);
  const small = await Source.open(shop, "small", await benchmarkRepo("small"), Math.max(...stops.small));
  if (options.only !== "baseline") targets.unshift(await Ours.start());
  const bench = new Bench(shop, targets, n_runs, chosen);
  const heading = [describe(large), describe(small), `${n_runs} runs, turn about; medians`];
  console.log(`${heading.join("\n")}\n`);

  await touch(bench);
  await basics(bench, large);
  await afterPushes(bench, "large", large, stops.large);
  await afterPushes(bench, "small", small, stops.small);
  await growth(bench);
  await atOnce(bench, large);
  const of_requests: Requests = options.only === "baseline" ? { requests: [], memory: [] } : await requests(bench, large, small);
  await measureR2(bench);

  const body = sections(bench.book, of_requests);
  console.log(`\n${body}`);
  const is_whole = chosen.size === measurements.length && options.only === undefined && options.repo === undefined;
  const dir = options.results ?? (is_whole ? resultsDir : undefined);
  if (dir !== undefined) console.log(`Written to ${writeResults(resolve(dir), heading, body, bench.book)}`);
}

function chosenMeasurements(): Set<Measurement> {
  const names = options.measure.split(",");
  const unknown = names.find((name) => !(measurements as readonly string[]).includes(name));
  if (unknown !== undefined) throw new Error(`--measure ${unknown}: there are ${measurements.join(", ")}`);
  return new Set(names as Measurement[]);
}

/** The calls to R2 of each line once more, without anything around them. */
async function measureR2(bench: Bench): Promise<void> {
  const { book, n_runs } = bench;
  const alone = book.lines.some((line) => line.calls()) ? await R2Only.start() : undefined;
  try {
    for (const line of book.lines) {
      const calls = line.calls();
      if (!alone || !calls) continue;
      const samples: number[] = [];
      for (let run = 0; run < Math.min(n_runs, 3); run += 1) samples.push(await alone.cpuSeconds(calls));
      line.r2_cpu = median(samples);
      bench.say(`R2 alone for ${titleOf(line.subject)}: CPU ${seconds(line.r2_cpu)}`);
    }
  } finally {
    await alone?.stop();
  }
}

function describe({ name, n_objects, n_bytes, tips }: Source): string {
  return `${name}: ${n_objects.toLocaleString("en")} objects, ${megabytes(n_bytes)}, ${tips.length} tips`;
}
