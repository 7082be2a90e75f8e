/** A Worker that is bound to Artifacts and does what a test asks for, by the path and with the arguments of the body. */
import { scenarios } from "./scenarios.ts";

export default {
  async fetch(request, env): Promise<Response> {
    const name = new URL(request.url).pathname.slice(1);
    const scenario = scenarios[name];
    if (scenario === undefined) return Response.json({ error: { message: `no scenario ${name}` } });
    const args = await request.json<unknown[]>();
    return Response.json(await scenario(env.ARTIFACTS, ...args).then((value) => ({ value }), thrown));
  },
} satisfies ExportedHandler<{ ARTIFACTS: Artifacts }>;

/** An error as it has come: whatever properties it has. */
function thrown(error: Error & { code?: unknown; numericCode?: unknown }) {
  const { name, message, code, numericCode } = error;
  return { error: { name, message, code, numericCode } };
}
