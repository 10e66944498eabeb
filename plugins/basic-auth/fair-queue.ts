/** Work that waits, a bounded line for each client. Clients take turns: who asks for much waits for himself. */
export class FairQueue<Work> {
  readonly #lines = new Map<string, Work[]>();
  readonly #max: number;
  readonly #maxOfClient: number;
  #size = 0;

  constructor(max: number, maxOfClient: number) {
    this.#max = max;
    this.#maxOfClient = maxOfClient;
  }

  /** @returns false when there is no room */
  push(client: string, work: Work): boolean {
    const line = this.#lines.get(client) ?? [];
    if (this.#size >= this.#max || line.length >= this.#maxOfClient) return false;
    line.push(work);
    this.#lines.set(client, line);
    this.#size += 1;
    return true;
  }

  /** The first of the client whose turn it is; the client's next turn comes after all the others'. */
  shift(): Work | undefined {
    const [first] = this.#lines;
    if (first === undefined) return undefined;
    const [client, line] = first;
    this.#lines.delete(client);
    const work = line.shift();
    this.#size -= 1;
    if (line.length > 0) this.#lines.set(client, line);
    return work;
  }
}
