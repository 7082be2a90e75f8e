/** Git's requests over a connection of their own, as a client that has just started makes them. */
import { request, type IncomingMessage } from "node:http";
import type { Remote } from "./target.ts";

const serviceHeaders = (service: string) => ({
  "Content-Type": `application/x-${service}-request`,
  Accept: `application/x-${service}-result`,
});

/** `POST {remote}/{service}`; resolves at the head of an answer that is 200. */
export function post(remote: Remote, service: string, body: Buffer, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  const sent = { ...remote.headers, ...serviceHeaders(service), "Content-Length": String(body.length), ...headers };
  return answered("POST", `${remote.url}/${service}`, sent, body);
}

/** `GET {remote}/info/refs`, whole. */
export async function infoRefs(remote: Remote, service: string, protocol: string): Promise<Buffer> {
  const headers = { ...remote.headers, "Git-Protocol": protocol };
  return whole(await answered("GET", `${remote.url}/info/refs?service=${service}`, headers));
}

export async function get(url: string): Promise<void> {
  await whole(await answered("GET", url, {}));
}

export async function whole(answer: IncomingMessage): Promise<Buffer> {
  return Buffer.concat((await answer.toArray()) as Buffer[]);
}

function answered(method: string, url: string, headers: Record<string, string>, body?: Buffer): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const sent = request(url, { method, headers, agent: false }, (answer) => {
      if (answer.statusCode === 200) return resolve(answer);
      whole(answer).then((text) => reject(new Error(`${method} ${url}: ${answer.statusCode} ${text}`)), reject);
    });
    sent.on("error", reject);
    sent.end(body);
  });
}
