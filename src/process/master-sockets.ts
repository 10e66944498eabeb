import type { Address } from '../kernel/net/address.js';
import { type BoundSocket, isBoundSocket } from '../kernel/net/bound-socket.js';
import type { SocketSource } from '../kernel/net/socket-source.js';
import type { Account } from '../kernel/rights/account.js';
import { type FromWorker, isFromMaster } from './messages.js';

/** A worker's listening sockets, bound by its master. */
export class MasterSockets implements SocketSource {
  readonly #account: Account | undefined;
  readonly #tell: (message: FromWorker) => void;
  #asked = 0;
  #freePorts = 0;

  constructor(account: Account | undefined, tell: (message: FromWorker) => void) {
    this.#account = account;
    this.#tell = tell;
  }

  bind(address: Address): Promise<BoundSocket> {
    this.#asked += 1;
    const id = this.#asked;
    const index = address.kind === 'tcp' && address.port === 0 ? this.#freePorts++ : 0;
    return new Promise((resolve, reject) => {
      const take = (message: unknown, handle: unknown): void => {
        if (!isFromMaster(message) || message.type !== 'bound' || message.id !== id) return;
        process.off('message', take);
        if (isBoundSocket(handle)) resolve(handle);
        else reject(Object.assign(new Error(message.problem?.message), { code: message.problem?.code }));
      };
      process.on('message', take);
      this.#tell({ type: 'bind', id, wish: { address, index, account: this.#account } });
    });
  }

  /** Tells the master to reject further requests for addresses, from any code that runs here from now on. */
  seal(): void {
    this.#tell({ type: 'sealed', account: this.#account });
  }

  release(): void {
    this.#tell({ type: 'released' });
  }
}
