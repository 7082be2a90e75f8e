/** What a test file begins with that runs the real `git`: a server, a client of its API and a workshop, gone at its end. */
import { after } from "node:test";
import { Api } from "./api.ts";
import { Workshop } from "./git.ts";
import { Server, type ServerOptions } from "./server.ts";

export async function setUp(options: ServerOptions = {}): Promise<{ server: Server; shop: Workshop; api: Api }> {
  const server = await Server.start(options);
  const shop = new Workshop();
  after(async () => {
    shop.remove();
    await server.stop();
  });
  return { server, shop, api: new Api(server.origin) };
}
