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
      const message = Buffer.concat(pieces);
      if (message[0] !== CLIENT_HELLO) return NO_HELLO;
      wanted += message.readUIntBE(1, 3);
      if (wanted > MAX_HELLO) return TOO_LARGE;
    }
  }
  const [first = Buffer.alloc(0)] = pieces;
  const message = pieces.length === 1 ? first : Buffer.concat(pieces);
  return { kind: 'hello', hello: readHello(message.subarray(MESSAGE_HEADER, wanted)) };
}

const invalid = (reason: string): FirstBytes => ({ kind: 'invalid', reason });
const NO_HELLO = invalid('a handshake begins with a ClientHello');
const TOO_LARGE = invalid('the ClientHello is too large');

/** As a name is compared with those of servers, and as Host is read: some clients send the final dot of DNS. */
export const comparableName = (name: string): string =>
  (name.endsWith('.') ? name.slice(0, -1) : name).toLowerCase();

/** Reads a message's fields one after the other. Beyond its end every field is empty. */
class Fields {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  take(length: number): Buffer {
    const field = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return field;
  }

  number(bytes: 1 | 2): number {
    const field = this.take(bytes);
    return field.length === bytes ? field.readUIntBE(0, bytes) : 0;
  }

  /** A field with its length in front. */
  vector(lengthBytes: 1 | 2): Buffer {
    return this.take(this.number(lengthBytes));
  }
}

/** RFC 8446 §4.1.2: version, random, session, cipher suites, compression methods, extensions. */
function readHello(message: Buffer): ClientHello {
  const fields = new Fields(message);
  fields.take(2 + 32);
  fields.vector(1);
  fields.vector(2);
  fields.vector(1);
  const extensions = new Fields(fields.vector(2));
  let hello: ClientHello = { serverName: '', protocols: [] };
  while (extensions.left > 0) {
    const type = extensions.number(2);
    const content = new Fields(extensions.vector(2));
    if (type === SERVER_NAME) hello = { ...hello, serverName: readServerName(content) };
    else if (type === ALPN) hello = { ...hello, protocols: readProtocols(content) };
  }
  return hello;
}

function readServerName(extension: Fields): string {
  const names = new Fields(extension.vector(2));
  while (names.left > 0) {
    const type = names.number(1);
    const name = names.vector(2);
    if (type === HOST_NAME) return comparableName(name.toString('latin1'));
  }
  return '';
}

function readProtocols(extension: Fields): readonly string[] {
  const names = new Fields(extension.vector(2));
  const protocols: string[] = [];
  while (names.left > 0) protocols.push(names.vector(1).toString('latin1'));
  return protocols;
}
