/** The handler of an example around its routes. */
import { isAuthorized, unauthorized } from "./authorized.ts";
import { refused } from "./refused.ts";

interface Secret {
  ROUTE_SECRET: string;
}

/** Lets in who knows the secret, and tells a caller what it got wrong. */
export function guarded<Env extends Secret>(route: (request: Request, env: Env) => Promise<Response>) {
  return {
    async fetch(request, env): Promise<Response> {
      if (!(await isAuthorized(request, env.ROUTE_SECRET))) return unauthorized();
      try {
        return await route(request, env);
      } catch (error) {
        return refused(error);
      }
    },
  } satisfies ExportedHandler<Env>;
}
