/**
 * `npm run bench:forks`: what forks take, and what they cost when they are cloned. bench/README.md says what is measured.
 *
 *   --many N         instead: N forks of a small repo at once (1,000 when the rest is measured, too)
 *   --used N         how many of them are cloned and pushed to (50)
 *   --clients N      how many clients make and use them (16)
 */
import { parseArgs } from "node:util";
import { Workshop } from "../../worker-tests/lib/git.ts";
import type { Server } from "../../worker-tests/lib/server.ts";
import { benchmarkRepo, type ShapeName } from "../make-repo.ts";
import { Source } from "../source.ts";
import { serve } from "../workerd.ts";
import { forkLarge } from "./large.ts";
import { forkMany } from "./many.ts";

const { values: options } = parseArgs({
  options: {
    many: { type: "string" },
    used: { type: "string", default: "50" },
    clients: { type: "string", default: "16" },
  },
});
// The server ends with this process, but a signal alone would not tell it.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

if (options.many === undefined) await measured("large", {}, forkLarge);
// What is given up is reclaimed after an hour otherwise.
await measured("sixteenth", { UPLOAD_GRACE_SECONDS: "6" }, (server, shop, source) => {
  const wanted = { n_forks: Number(options.many ?? 1_000), n_used: Number(options.used), n_clients: Number(options.clients) };
  return forkMany(server, shop, source, wanted);
});

/** On a server of its own. */
async function measured(
  name: ShapeName,
  vars: Record<string, string>,
  measure: (server: Server, shop: Workshop, source: Source) => Promise<void>,
): Promise<void> {
  const shop = new Workshop();
  try {
    const source = await Source.open(shop, name, await benchmarkRepo(name), 0);
    console.log(`${name}: ${source.n_objects.toLocaleString("en")} objects, ${source.tips.length} tips`);
    const server = await serve(vars);
    await measure(server, shop, source).finally(() => server.stop());
  } finally {
    shop.remove();
  }
}
