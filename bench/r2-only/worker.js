// Puts and gets as many bytes as it is told to, in as many calls: what the local R2 costs by itself.

let n_keys = 0;

export default {
  async fetch(request, env) {
    const query = new URL(request.url).searchParams;
    const [puts, put_length, gets, get_length] = ["puts", "put_length", "gets", "get_length"].map((name) => Number(query.get(name)));
    const bytes = new Uint8Array(put_length);
    await twoAtATime(puts, () => env.OBJECTS.put(`put/${(n_keys += 1)}`, bytes));
    await twoAtATime(gets, async () => {
      const found = await env.OBJECTS.get("kept", { range: { offset: 0, length: get_length } });
      await found.arrayBuffer();
    });
    // Not for a request that is measured: it makes what the others get.
    const keep = Number(query.get("keep"));
    if (keep > 0) await env.OBJECTS.put("kept", new Uint8Array(keep));
    return new Response(null, { status: 204 });
  },
};

/** As the Worker does it: one call while another is under way. */
async function twoAtATime(n_calls, call) {
  const everySecond = async (first) => {
    for (let n = first; n < n_calls; n += 2) await call();
  };
  await Promise.all([everySecond(0), everySecond(1)]);
}
