/** What a Worker counts of itself, which it tells with `DEBUG_TRIGGERS=on`. */

/** The bytes of memory are the highest since it started. */
export interface Stats {
  wasm_memory_bytes: number;
  js_buffer_bytes_high: number;
  r2_puts: number;
  r2_put_bytes: number;
  r2_gets: number;
  r2_get_bytes: number;
  /** Puts and gets begun when the last pack began to be sent. */
  r2_calls_at_pack: number;
  do_calls: number;
  /** Those that no request waits for, and that are not among the others. */
  deferred_calls: number;
  /** Rows of the Durable Objects' databases. */
  rows_read: number;
  rows_written: number;
}

/** Where it tells. */
export function statsUrl({ origin }: { origin: string }): string {
  return `${origin}/__debug/stats`;
}

export async function statsOf(server: { origin: string }): Promise<Stats> {
  const answer = await fetch(statsUrl(server));
  if (!answer.ok) throw new Error(`no statistics: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as Stats;
}
