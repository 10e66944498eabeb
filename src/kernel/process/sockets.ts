import type { BoundSocket } from '../net/bound-socket.js';
import { type Address, formatAddress } from '../net/listener.js';
import type { OwnedSocket } from '../net/socket-file.js';
import { ownSocket } from '../net/socket-source.js';
import type { Account } from '../rights/account.js';

/** What a worker asks for. */
export interface SocketWish {
  readonly address: Address;
  /** Which socket of port 0 it is: every worker's first is the same one, and its second another. */
  readonly index: number;
  /** What the workers run as: a socket file may have to be made with its rights. */
  readonly account: Account | undefined;
}

interface Held<Holder> {
  readonly owned: Promise<OwnedSocket>;
  readonly holders: Set<Holder>;
}

/**
 * The listening sockets of a server: the master binds them, for workers have no right to, and never listens or accepts
 * itself. Each is kept for as long as a worker uses it.
 */
export class Sockets<Holder extends object> {
  readonly #held = new Map<string, Held<Holder>>();
  /** Workers that asked for all they need. What they ask for later would be asked by whatever has taken them over. */
  readonly #sealed = new WeakSet<Holder>();

  /** @throws ErrnoException when the address cannot be had */
  async take(holder: Holder, { address, index, account }: SocketWish): Promise<BoundSocket> {
    if (this.#sealed.has(holder)) throw new Error('the worker has given up the right to ask for addresses');
    const key = `${formatAddress(address)} ${index}`;
    const held = this.#held.get(key) ?? { owned: ownSocket(address, account), holders: new Set<Holder>() };
    this.#held.set(key, held);
    held.holders.add(holder);
    try {
      return (await held.owned).socket;
    } catch (error) {
      if (this.#held.get(key) === held) this.#held.delete(key);
      throw error;
    }
  }

  /** @returns false when it was sealed before */
  seal(holder: Holder): boolean {
    const isFirst = !this.#sealed.has(holder);
    this.#sealed.add(holder);
    return isFirst;
  }

  /** The worker accepts nowhere any more. What nobody else uses is closed. */
  release(holder: Holder): void {
    this.seal(holder);
    for (const [key, { owned, holders }] of this.#held) {
      if (!holders.delete(holder) || holders.size > 0) continue;
      this.#held.delete(key);
      owned.then(
        ({ close }) => close(),
        () => {},
      );
    }
  }
}
