import { readlink } from 'node:fs/promises';
import { type Address, formatAddress } from './address.js';
import { listeningSockets } from './listening-sockets.js';

interface Inherited {
  readonly descriptor: number;
  readonly name: string;
  readonly address: Address | undefined;
  used: boolean;
}

/** Listening sockets inherited from the parent process, found by the address each is bound to. */
export class InheritedSockets {
  readonly #sockets: readonly Inherited[];

  private constructor(sockets: readonly Inherited[]) {
    this.#sockets = sockets;
  }

  /** Looks up their addresses, without accepting on them. */
  static async find(
    given: readonly { readonly descriptor: number; readonly name: string }[],
  ): Promise<InheritedSockets> {
    if (given.length === 0) return new InheritedSockets([]);
    const listening = await listeningSockets();
    const find = async (descriptor: number): Promise<Address | undefined> => {
      const target = await readlink(`/proc/self/fd/${descriptor}`).catch(() => '');
      return listening.find(({ inode }) => target === `socket:[${inode}]`)?.address;
    };
    return new InheritedSockets(
      await Promise.all(
        given.map(async (socket) => ({ ...socket, address: await find(socket.descriptor), used: false })),
      ),
    );
  }

  /** The descriptor bound to exactly this address; it counts as used from now on. */
  take(wanted: Address): number | undefined {
    const key = formatAddress(wanted);
    const found = this.#sockets.find(
      ({ address }) => address !== undefined && formatAddress(address) === key,
    );
    if (found !== undefined) found.used = true;
    return found?.descriptor;
  }

  /** The sockets that no `listen` uses, each with its address and name. */
  get unused(): readonly string[] {
    return this.#sockets
      .filter(({ used }) => !used)
      .map(({ name, address }) =>
        address === undefined ? `${name}, which does not listen` : `${formatAddress(address)} (${name})`,
      );
  }
}
