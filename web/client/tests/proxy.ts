/** A cable between a client and a server that can be cut, held, and lose what goes through it. */
import { type AddressInfo, type Socket, connect, createServer } from "node:net";

export class Cable {
  readonly #server = createServer((socket) => this.#join(socket));
  readonly #pairs = new Set<[Socket, Socket]>();
  readonly #to: URL;
  #isHeld = false;
  #onLost: (() => void) | null = null;

  constructor(to: string) {
    this.#to = new URL(to);
  }

  async open(): Promise<this> {
    await new Promise<void>((done) => this.#server.listen(0, "127.0.0.1", done));
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Every connection ends at once, without a goodbye. */
  cut(): void {
    for (const pair of this.#pairs) for (const end of pair) end.resetAndDestroy();
  }

  /** Nothing goes through any more, and nobody is told. New connections are made, and as silent. */
  hold(): void {
    this.#isHeld = true;
    for (const [client] of this.#pairs) client.pause();
  }

  letGo(): void {
    this.#isHeld = false;
    for (const [client] of this.#pairs) client.resume();
  }

  /** What the server sends next, a whole message where it sends nothing else, never arrives. */
  async loseNext(then: () => Promise<unknown>): Promise<void> {
    const lost = new Promise<void>((done) => (this.#onLost = done));
    await then();
    await lost;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #lose(): void {
    this.#onLost?.();
    this.#onLost = null;
  }

  #join(client: Socket): void {
    const server = connect(Number(this.#to.port), this.#to.hostname);
    const pair: [Socket, Socket] = [client, server];
    this.#pairs.add(pair);
    client.on("data", (data) => server.write(data));
    server.on("data", (data) => {
      if (this.#onLost) this.#lose();
      else if (!this.#isHeld) client.write(data);
    });
    if (this.#isHeld) client.pause();
    for (const [one, other] of [pair, [server, client]] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => (this.#pairs.delete(pair), other.destroy()));
    }
  }
}
