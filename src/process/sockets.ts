import { type Address, formatAddress } from '../kernel/net/address.js';
import { type BoundSocket, socketOf } from '../kernel/net/bound-socket.js';
import { adoptSocketFile, type OwnedSocket } from '../kernel/net/socket-file.js';
import { ownSocket } from '../kernel/net/socket-source.js';
import type { Account } from '../kernel/rights/account.js';
import type { HandedSocket } from './handover.js';

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
  /** The path of a socket file. */
  readonly path: string | undefined;
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
  /** Another master has them. To close one would delete its socket file. */
  #abandoned = false;

  /** @throws ErrnoException when the address cannot be had */
  async take(holder: Holder, { address, index, account }: SocketWish): Promise<BoundSocket> {
    if (this.#sealed.has(holder)) throw new Error('the worker has given up the right to ask for addresses');
    const key = `${formatAddress(address)} ${index}`;
    const held = this.#held.get(key) ?? {
      owned: ownSocket(address, account),
      path: address.kind === 'unix' ? address.path : undefined,
      holders: new Set<Holder>(),
    };
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
      this.#close(owned);
    }
  }

  /** All that are bound, for another master. */
  async bound(): Promise<readonly HandedSocket[]> {
    const held = await Promise.allSettled(
      [...this.#held].map(async ([key, { owned, path }]) => ({
        descriptor: (await owned).socket.fd,
        key,
        path,
      })),
    );
    return held.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  }

  /** From here on they are another master's. */
  abandon(): void {
    this.#abandoned = true;
  }

  /** Takes what another master has bound; until `settle`, without a worker that uses it. */
  adopt(sockets: readonly HandedSocket[]): void {
    for (const { descriptor, key, path } of sockets) {
      const socket = socketOf(descriptor);
      const owned =
        path === undefined ? { socket, close: () => socket.close() } : adoptSocketFile(socket, path);
      this.#held.set(key, { owned: Promise.resolve(owned), path, holders: new Set() });
    }
  }

  /** Closes what was adopted and no worker has asked for. */
  settle(): void {
    for (const [key, { owned, holders }] of this.#held) {
      if (holders.size > 0) continue;
      this.#held.delete(key);
      this.#close(owned);
    }
  }

  #close(owned: Promise<OwnedSocket>): void {
    if (this.#abandoned) return;
    owned.then(
      ({ close }) => close(),
      () => {},
    );
  }
}
