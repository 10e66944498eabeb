/**
 * The first message of a TLS client (RFC 8446 §4.1.2), read before TLS begins: it names the server that is wanted. OpenSSL
 * reads the same bytes again and refuses what is malformed; this refuses only what has no ClientHello, or one without a
 * bound.
 */
export interface ClientHello {
  /** The wanted server (RFC 6066 §3), in lower case, without a final dot; empty without one. */
  readonly serverName: string;
  /** The protocols offered (RFC 7301), in order of preference. */
  readonly protocols: readonly string[];
}

/** The meaning of a connection's first bytes. */
export type FirstBytes =
  /** More are needed: at least so many in all. */
  | { readonly kind: 'more'; readonly size: number }
  | { readonly kind: 'hello'; readonly hello: ClientHello }
  /** Not a TLS handshake: perhaps plain HTTP. */
  | { readonly kind: 'other' }
  /** No client begins a handshake like that. */
  | { readonly kind: 'invalid'; readonly reason: string };

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const RECORD_HEADER = 5;
const MESSAGE_HEADER = 4;
/** Bytes; those with post-quantum keys have 2 KiB. */
const MAX_HELLO = 16 * 1024;
/** Some clients split the message to hide the name from filters. */
const MAX_RECORDS = 64;

const SERVER_NAME = 0;
const ALPN = 16;
const HOST_NAME = 0;

/** @param bytes all that was received so far, at least one */
export function readFirstBytes(bytes: Buffer): FirstBytes {
  if (bytes[0] !== HANDSHAKE) return { kind: 'other' };
  const pieces: Buffer[] = [];
  let received = 0;
  let wanted = MESSAGE_HEADER;
  let at = 0;
  for (let records = 0; received < wanted; records += 1) {
    if (records === MAX_RECORDS) return invalid('the ClientHello is in too many records');
    if (bytes.length < at + RECORD_HEADER) return { kind: 'more', size: at + RECORD_HEADER };
    if (bytes[at] !== HANDSHAKE || bytes[at + 1] !== 3) return NO_HELLO;
    const end = at + RECORD_HEADER + bytes.readUInt16BE(at + 3);
    if (end > MAX_HELLO + MAX_RECORDS * RECORD_HEADER) return TOO_LARGE;
    if (bytes.length < end) return { kind: 'more', size: end };
    const piece = bytes.subarray(at + RECORD_HEADER, end);
    // Not allowed (RFC 8446 §5.1), but OpenSSL skips it.
    if (piece.length === 0) return invalid('a handshake record is empty');
    pieces.push(piece);
    received += piece.length;
    at = end;
    if (wanted === MESSAGE_HEADER && received >= MESSAGE_HEADER) {
      const message = together(pieces);
      if (message[0] !== CLIENT_HELLO) return NO_HELLO;
      wanted += message.readUIntBE(1, 3);
      if (wanted > MAX_HELLO) return TOO_LARGE;
    }
  }
  return { kind: 'hello', hello: readHello(together(pieces), MESSAGE_HEADER, wanted) };
}

/** Nearly every ClientHello is in one record, and needs no copy. */
function together(pieces: readonly Buffer[]): Buffer {
  const [first] = pieces;
  return pieces.length === 1 && first !== undefined ? first : Buffer.concat(pieces);
}

const invalid = (reason: string): FirstBytes => ({ kind: 'invalid', reason });
const NO_HELLO = invalid('a handshake begins with a ClientHello');
const TOO_LARGE = invalid('the ClientHello is too large');

/** As a name is compared with those of servers, and as Host is read: some clients send the final dot of DNS. */
export const comparableName = (name: string): string =>
  (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase();

/**
 * Reads a message's fields one after the other. Beyond its end every field is empty. It creates no buffer for a field: that
 * would cost more than all the rest.
 */
class Fields {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Buffer, start: number, end: number) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = Math.min(end, bytes.length);
  }

  get left(): number {
    return this.#end - this.#at;
  }

  skip(length: number): void {
    this.#at += length;
  }

  number(bytes: 1 | 2): number {
    const at = this.#at;
    this.#at += bytes;
    if (this.#at > this.#end) return 0;
    const first = this.#bytes[at] ?? 0;
    return bytes === 1 ? first : (first << 8) | (this.#bytes[at + 1] ?? 0);
  }

  skipVector(lengthBytes: 1 | 2): void {
    this.skip(this.number(lengthBytes));
  }

  /** The fields in a field that has its length in front. */
  vector(lengthBytes: 1 | 2): Fields {
    const length = this.number(lengthBytes);
    const start = this.#at;
    this.#at += length;
    return new Fields(this.#bytes, start, Math.min(start + length, this.#end));
  }

  /** A text with its length in front. */
  text(lengthBytes: 1 | 2): string {
    const length = this.number(lengthBytes);
    const start = this.#at;
    this.#at += length;
    return this.#bytes.toString('latin1', Math.min(start, this.#end), Math.min(start + length, this.#end));
  }
}

/** RFC 8446 §4.1.2: version, random, session, cipher suites, compression methods, extensions. */
function readHello(message: Buffer, start: number, end: number): ClientHello {
  const fields = new Fields(message, start, end);
  fields.skip(2 + 32);
  fields.skipVector(1);
  fields.skipVector(2);
  fields.skipVector(1);
  const extensions = fields.vector(2);
  let serverName = '';
  let protocols: readonly string[] = [];
  while (extensions.left > 0) {
    const type = extensions.number(2);
    if (type === SERVER_NAME) serverName = readServerName(extensions.vector(2));
    else if (type === ALPN) protocols = readProtocols(extensions.vector(2));
    else extensions.skipVector(2);
  }
  return { serverName, protocols };
}

function readServerName(extension: Fields): string {
  const names = extension.vector(2);
  while (names.left > 0) {
    const type = names.number(1);
    if (type === HOST_NAME) return comparableName(names.text(2));
    names.skipVector(2);
  }
  return '';
}

function readProtocols(extension: Fields): readonly string[] {
  const names = extension.vector(2);
  const protocols: string[] = [];
  while (names.left > 0) protocols.push(names.text(1));
  return protocols;
}
