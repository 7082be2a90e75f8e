// Calls the method of the bound service that the query names, or passes the request on.

export default {
  async fetch(request, env) {
    const method = new URL(request.url).searchParams.get("method");
    if (method === null) return env.ARTIFACTS.fetch(request);
    try {
      return Response.json({ called: String(await env.ARTIFACTS[method]()) });
    } catch (error) {
      return Response.json({ refused: error.message });
    }
  },
};
