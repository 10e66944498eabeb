import type { CertificateOrigin } from '../kernel/contract/tls.js';
import type { Account } from '../kernel/rights/account.js';
import { type KeyPair, KeyPairError } from '../kernel/tls/key-pair.js';
import type { KeyListener, KeySource } from '../kernel/tls/key-source.js';
import { replyOfMaster } from './master-reply.js';
import { type FromMaster, type FromWorker, isFromMaster } from './messages.js';

/** A worker's certificates and keys, read by its master. */
export class MasterKeys implements KeySource {
  readonly mayLackRights = false;
  readonly #account: Account | undefined;
  readonly #tell: (message: FromWorker) => void;
  #asked = 0;
  /** Changes before anything listens, as many as certificates are renewed within a start. */
  #early: FromMaster[] = [];
  #listener: KeyListener | undefined;

  constructor(account: Account | undefined, tell: (message: FromWorker) => void) {
    this.#account = account;
    this.#tell = tell;
    process.on('message', (message) => {
      if (!isFromMaster(message)) return;
      if (message.type !== 'renewed' && message.type !== 'ticket-secret') return;
      if (this.#listener === undefined) this.#early.push(message);
      else this.#pass(message, this.#listener);
    });
  }

  async keyPair(origin: CertificateOrigin): Promise<KeyPair> {
    this.#asked += 1;
    const id = this.#asked;
    const reply = await replyOfMaster(
      () => this.#tell({ type: 'key-pair', id, origin, account: this.#account }),
      (message) =>
        (message.type === 'key-pair' || message.type === 'no-key-pair') && message.id === id
          ? message
          : undefined,
    );
    if (reply.type === 'no-key-pair') throw new KeyPairError(reply.problem);
    return reply.pair;
  }

  ticketSecret(): Promise<Uint8Array> {
    return replyOfMaster(
      () => this.#tell({ type: 'ticket-secret' }),
      (message) => (message.type === 'ticket-secret' ? Buffer.from(message.secret, 'base64') : undefined),
    );
  }

  subscribe(listener: KeyListener): void {
    this.#listener = listener;
    for (const message of this.#early) this.#pass(message, listener);
    this.#early = [];
  }

  #pass(message: FromMaster, listener: KeyListener): void {
    if (message.type === 'renewed') listener.renewed(message.origin, message.pair);
    if (message.type === 'ticket-secret') listener.rotated(Buffer.from(message.secret, 'base64'));
  }
}
