import type { Address } from '../kernel/net/address.js';
import { type BoundSocket, isBoundSocket } from '../kernel/net/bound-socket.js';
import type { SocketSource } from '../kernel/net/socket-source.js';
import type { Account } from '../kernel/rights/account.js';
import { replyOfMaster } from './master-reply.js';
import type { FromWorker } from './messages.js';

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

  async bind(address: Address): Promise<BoundSocket> {
    this.#asked += 1;
    const id = this.#asked;
    const index = address.kind === 'tcp' && address.port === 0 ? this.#freePorts++ : 0;
    const { handle, problem } = await replyOfMaster(
      () => this.#tell({ type: 'bind', id, wish: { address, index, account: this.#account } }),
      (message, socket) =>
        message.type === 'bound' && message.id === id
          ? { handle: socket, problem: message.problem }
          : undefined,
    );
    if (isBoundSocket(handle)) return handle;
    throw Object.assign(new Error(problem?.message), { code: problem?.code });
  }

  /** Tells the master to reject further requests for addresses, from any code that runs here from now on. */
  seal(): void {
    this.#tell({ type: 'sealed', account: this.#account });
  }

  release(): void {
    this.#tell({ type: 'released' });
  }
}
