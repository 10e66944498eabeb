import type { Account } from '../rights/account.js';
import type { Address } from './address.js';
import { type BoundSocket, bindAddress } from './bound-socket.js';
import { bindSocketFile, type OwnedSocket } from './socket-file.js';

/** Where a server process gets its listening sockets from. */
export interface SocketSource {
  /** @throws ErrnoException when the address cannot be had */
  bind(address: Address): Promise<BoundSocket>;
  /** The process accepts on none of them any more. */
  release(): void;
}

/** Takes an address for this process, or for its workers. @throws ErrnoException */
export async function ownSocket(address: Address, account: Account | undefined): Promise<OwnedSocket> {
  if (address.kind === 'unix') return bindSocketFile(address.path, account);
  const socket = bindAddress(address);
  return { socket, close: () => socket.close() };
}

/** The sockets of a server that is this one process. */
export class OwnSockets implements SocketSource {
  readonly #account: Account | undefined;

  constructor(account?: Account) {
    this.#account = account;
  }

  async bind(address: Address): Promise<BoundSocket> {
    return (await ownSocket(address, this.#account)).socket;
  }

  release(): void {}
}
