import type { Account } from '../rights/account.js';
import type { Address } from './address.js';
import { type BoundSocket, bindAddress } from './bound-socket.js';
import { bindSocketFile, type OwnedSocket } from './socket-file.js';

/** The source of a server process's listening sockets. */
export interface SocketSource {
  /** @throws ErrnoException if the address cannot be bound */
  bind(address: Address): Promise<BoundSocket>;
  /** Called when the process no longer accepts on any of them. */
  release(): void;
}

/** Binds an address for this process or its workers. @throws ErrnoException */
export async function ownSocket(address: Address, account: Account | undefined): Promise<OwnedSocket> {
  if (address.kind === 'unix') return bindSocketFile(address.path, account);
  const socket = bindAddress(address);
  return { socket, close: () => socket.close() };
}

/** Sockets of a server that consists of this process only. */
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
