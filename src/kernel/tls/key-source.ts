import { randomBytes } from 'node:crypto';
import type { CertificateOrigin } from '../contract/tls.js';
import { type KeyPair, readKeyPair } from './key-pair.js';
import { TICKET_SECRET_SIZE } from './ticket-keys.js';

/** Told of keys that change while the server serves. */
export interface KeyListener {
  /** A certificate was renewed; it fits its key. */
  renewed(origin: CertificateOrigin, pair: KeyPair): void;
  /** The secret of the session tickets was changed. */
  rotated(secret: Uint8Array): void;
}

/** Where a server process gets its certificates and keys from. */
export interface KeySource {
  /** Whether the server itself, started by root, may be able to read files that cannot be read here. */
  readonly mayLackRights: boolean;
  /**
   * @returns undefined where the certificate is not made yet, and is not made by asking for it
   * @throws KeyPairError
   */
  keyPair(origin: CertificateOrigin): Promise<KeyPair | undefined>;
  /** The secret that the keys of the session tickets are derived from: 32 bytes, the same in all processes of a server. */
  ticketSecret(): Promise<Uint8Array>;
  /** From now on the listener gets each change. */
  subscribe(listener: KeyListener): void;
}

/** Reads the files in this process, once. For a server of one process, and for checks. */
export class OwnKeys implements KeySource {
  readonly mayLackRights = process.getuid?.() !== 0;

  async keyPair(origin: CertificateOrigin): Promise<KeyPair | undefined> {
    return origin.kind === 'files' ? readKeyPair(origin) : undefined;
  }

  async ticketSecret(): Promise<Uint8Array> {
    return randomBytes(TICKET_SECRET_SIZE);
  }

  subscribe(): void {}
}

/** The same text for the same origin. */
export function originKey(origin: CertificateOrigin): string {
  return JSON.stringify(
    origin.kind === 'files'
      ? [origin.certificate, origin.key, origin.passwords]
      : ['internal', origin.stateDirectory, ...origin.names.toSorted()],
  );
}
