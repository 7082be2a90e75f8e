/** A Worker that consumes the queue, as `[[queues.consumers]]` has it, and stands in for a dataset; it shows what has come. */
import { WorkerEntrypoint } from "cloudflare:workers";

const received: unknown[] = [];
const points: unknown[] = [];

export default {
  queue(batch: MessageBatch): void {
    received.push(...batch.messages.map(({ body }) => body));
  },

  fetch(request: Request): Response {
    return Response.json(new URL(request.url).pathname === "/points" ? points : received);
  },
} satisfies ExportedHandler;

/** What Workers Analytics Engine has for those who write; the local one forgets what it is told. */
export class Dataset extends WorkerEntrypoint {
  writeDataPoint(point: unknown): void {
    points.push(point);
  }
}
