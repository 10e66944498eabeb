import { createHash } from 'node:crypto';
import type { SecureContext } from 'node:tls';
import type { ServerConfig } from '../contract/config.js';
import type { CertificateOrigin, TlsSettings } from '../contract/tls.js';
import { formatAddress } from '../net/address.js';
import type { KeyPair } from './key-pair.js';
import { originKey } from './key-source.js';
import { type ClientAuthorities, secureContext } from './secure-context.js';
import { ticketKey } from './ticket-keys.js';

/** The parts of a server's handshakes. */
export interface SecureServerParts {
  readonly settings: TlsSettings;
  /** As many as the settings have certificates, in their order. */
  readonly pairs: readonly KeyPair[];
  readonly authorities: ClientAuthorities;
  /** 48 bytes; undefined: derived from the secret. */
  readonly ownTicketKey: Buffer | undefined;
  readonly secret: Uint8Array;
}

/** TLS of one server at work. Its keys may change while it serves; open connections go on with theirs. */
export class SecureServer {
  readonly settings: TlsSettings;
  readonly #identity: string;
  readonly #authorities: ClientAuthorities;
  readonly #ownTicketKey: Buffer | undefined;
  readonly #pairs: KeyPair[];
  #secret: Uint8Array;
  #context: SecureContext | undefined;

  /** @throws Error of OpenSSL for settings or keys that it does not take */
  constructor(
    server: Pick<ServerConfig, 'names' | 'listens'>,
    { settings, pairs, authorities, ownTicketKey, secret }: SecureServerParts,
  ) {
    this.settings = settings;
    this.#authorities = authorities;
    this.#ownTicketKey = ownTicketKey;
    this.#pairs = [...pairs];
    this.#secret = secret;
    this.#identity = identityOf(server, settings, authorities);
    this.#context = this.#make(this.#pairs, secret);
  }

  /** The context of new handshakes; undefined where every handshake is rejected. */
  get context(): SecureContext | undefined {
    return this.#context;
  }

  get pairs(): readonly KeyPair[] {
    return this.#pairs;
  }

  /**
   * Uses a renewed certificate for new handshakes, if it is one of this server's.
   * @throws Error of OpenSSL; the certificates in use stay
   */
  renew(origin: CertificateOrigin, pair: KeyPair): void {
    const key = originKey(origin);
    const pairs = this.settings.certificates.map((setting, index) =>
      originKey(setting.origin) === key ? pair : this.#pairs[index],
    );
    const known = pairs.filter((each) => each !== undefined);
    if (!known.includes(pair)) return;
    this.#context = this.#make(known, this.#secret);
    this.#pairs.splice(0, this.#pairs.length, ...known);
  }

  /** Uses keys of another secret for new session tickets. Clients with older ones make a full handshake. */
  rotate(secret: Uint8Array): void {
    // A worker's first secret comes as a change, too.
    if (this.#ownTicketKey !== undefined || Buffer.from(secret).equals(this.#secret)) return;
    this.#context = this.#make(this.#pairs, secret);
    this.#secret = secret;
  }

  #make(pairs: readonly KeyPair[], secret: Uint8Array): SecureContext | undefined {
    if (this.settings.rejectHandshake || pairs.length === 0) return undefined;
    return secureContext({
      settings: this.settings,
      pairs,
      authorities: this.#authorities,
      identity: this.#identity,
      ticketKey: this.#ownTicketKey ?? ticketKey(secret, this.#identity),
    });
  }
}

/**
 * The same for the same server over reloads, in all processes and on all machines; another one for any other server, or
 * other authorities.
 */
function identityOf(
  { names, listens }: Pick<ServerConfig, 'names' | 'listens'>,
  { verifyClient, verifyDepth }: TlsSettings,
  { certificates, revoked }: ClientAuthorities,
): string {
  const server = names.length > 0 ? names : listens.map(formatAddress);
  const identity = JSON.stringify([server, verifyClient, verifyDepth, certificates, revoked]);
  return createHash('sha256').update(identity).digest('hex');
}
