import { type Address, formatAddress } from '../kernel/net/address.js';
import { type BoundSocket, socketOf } from '../kernel/net/bound-socket.js';
import { adoptSocketFile, type OwnedSocket } from '../kernel/net/socket-file.js';
import { ownSocket } from '../kernel/net/socket-source.js';
import type { Account } from '../kernel/rights/account.js';
import type { HandedSocket } from './handover.js';

/** A worker's request for a socket. */
export interface SocketWish {
  readonly address: Address;
  /** Distinguishes sockets with port 0: index 0 is the same socket for every worker, and index 1 another one. */
  readonly index: number;
  /** Account of the workers: a socket file may have to be created with its rights. */
  readonly account: Account | undefined;
}

interface Held<Holder> {
  readonly owned: Promise<OwnedSocket>;
  /** Path of the socket file; undefined for a TCP socket. */
  readonly path: string | undefined;
  readonly holders: Set<Holder>;
}

/**
 * The listening sockets of a server. The master binds them, since the workers have no right to; it never listens or
 * accepts itself. A socket is kept for as long as a worker uses it.
 */
export class Sockets<Holder extends object> {
  readonly #held = new Map<string, Held<Holder>>();
  /**
   * Workers that have requested all sockets they need. A later request could come from code that has taken the worker
   * over.
   */
  readonly #sealed = new WeakSet<Holder>();
  /** Set when another master has the sockets. Closing one would delete its socket file. */
  #abandoned = false;

  /** @throws ErrnoException when the address cannot be bound */
  async take(holder: Holder, { address, index, account }: SocketWish): Promise<BoundSocket> {
    if (this.#sealed.has(holder)) throw new Error('the worker has given up the right to request addresses');
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

  /** @returns false when the worker was sealed before */
  seal(holder: Holder): boolean {
    const isFirst = !this.#sealed.has(holder);
    this.#sealed.add(holder);
    return isFirst;
  }

  /** Called when the worker no longer accepts connections. Sockets that no other worker uses are closed. */
  release(holder: Holder): void {
    this.seal(holder);
    for (const [key, { owned, holders }] of this.#held) {
      if (!holders.delete(holder) || holders.size > 0) continue;
      this.#held.delete(key);
      this.#close(owned);
    }
  }

  /** All bound sockets, for another master. */
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

  /** Called when another master owns the sockets. */
  abandon(): void {
    this.#abandoned = true;
  }

  /** Takes over sockets that another master bound. Until `settle`, they are kept even if no worker uses them. */
  adopt(sockets: readonly HandedSocket[]): void {
    for (const { descriptor, key, path } of sockets) {
      const socket = socketOf(descriptor);
      const owned =
        path === undefined ? { socket, close: () => socket.close() } : adoptSocketFile(socket, path);
      this.#held.set(key, { owned: Promise.resolve(owned), path, holders: new Set() });
    }
  }

  /** Closes adopted sockets that no worker has requested. */
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
