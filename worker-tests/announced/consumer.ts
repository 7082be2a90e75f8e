/** A Worker that consumes the queue, as `[[queues.consumers]]` has it, and shows what has come. */
const received: unknown[] = [];

export default {
  queue(batch: MessageBatch): void {
    received.push(...batch.messages.map(({ body }) => body));
  },

  fetch(): Response {
    return Response.json(received);
  },
} satisfies ExportedHandler;
