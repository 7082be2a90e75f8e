/** A connection that stops in the middle of a request's body and goes on when it is told to. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** Stands before a server and passes on what comes, but of each body that is long enough only the beginning until it is told. */
export class SlowPath {
  /** The origin to use in the server's place. */
  readonly origin: string;
  readonly #server: Server;
  readonly #held: (() => void)[] = [];
  #isOpen = false;
  #arrivals: (() => void)[] = [];

  private constructor(server: Server) {
    this.#server = server;
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** Holds back everything that a connection sends after its first `passed` bytes. */
  static start(target: string, passed: number): Promise<SlowPath> {
    const { hostname, port } = new URL(target);
    const server = createServer();
    return new Promise((resolve) =>
      server.listen(0, "127.0.0.1", () => {
        const path = new SlowPath(server);
        server.on("connection", (client) => path.#join(client, connect(Number(port), hostname), passed));
        resolve(path);
      }),
    );
  }

  /** Resolves when a connection is being held back. */
  async holds(): Promise<void> {
    if (this.#held.length === 0) await new Promise<void>((resolve) => this.#arrivals.push(resolve));
  }

  /** Lets everything through from now on. */
  goOn(): void {
    this.#isOpen = true;
    for (const release of this.#held.splice(0)) release();
  }

  stop(): void {
    this.goOn();
    this.#server.close();
  }

  #join(client: Socket, upstream: Socket, passed: number): void {
    let left = passed;
    upstream.pipe(client);
    client.on("data", (chunk: Buffer) => {
      if (this.#isOpen || chunk.length <= left) {
        left -= chunk.length;
        if (!upstream.write(chunk)) {
          client.pause();
          upstream.once("drain", () => client.resume());
        }
        return;
      }
      upstream.write(chunk.subarray(0, left));
      client.pause();
      this.#held.push(() => {
        upstream.write(chunk.subarray(left));
        left = Number.POSITIVE_INFINITY;
        client.resume();
      });
      for (const arrived of this.#arrivals.splice(0)) arrived();
    });
    client.on("end", () => upstream.end());
    for (const socket of [client, upstream]) {
      socket.on("error", () => {
        client.destroy();
        upstream.destroy();
      });
    }
  }
}
