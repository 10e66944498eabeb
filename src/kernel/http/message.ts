import type { Closable, OpenFile } from '../files/open-file.js';
import type { DecodedPath } from '../path/url-path.js';
import type { TapOwner } from './tap-owner.js';
import type { TlsConnection } from './tls-connection.js';

/** The two ends of a connection, as reported by the socket. */
export interface Peer {
  /** Empty for a UNIX socket. */
  readonly remoteAddress: string;
  /** 0 for a UNIX socket. */
  readonly remotePort: number;
  /** Address that the client connected to; empty for a UNIX socket. */
  readonly localAddress: string;
  /** 0 for a UNIX socket. */
  readonly localPort: number;
  /** Whether the connection is encrypted (TLS). */
  readonly secure: boolean;
  /** TLS as negotiated; undefined on a connection that is not encrypted. */
  readonly tls: TlsConnection | undefined;
}

/**
 * The header fields of a request (RFC 9110 §5), read-only. Names are looked up in lower case. Values have no
 * surrounding white space and are ISO 8859-1 text, one character per byte.
 */
export interface RequestHeaders {
  /** The field's value; several lines of one name are joined with `, ` (RFC 9110 §5.3), those of Cookie with `; `. */
  get(name: string): string | undefined;
  /** Whether the request has a field of that name. */
  has(name: string): boolean;
  /** The value of each line, in the order received. */
  all(name: string): readonly string[];
  /** Every line as received, names in lower case. */
  [Symbol.iterator](): IterableIterator<readonly [name: string, value: string]>;
}

/** `2.0` of a request that came by HTTP/2. */
export type HttpVersion = '1.0' | '1.1' | '2.0';

/** A request, independent of the HTTP version it was received with. */
export interface Request {
  /** Case-sensitive token, RFC 9110 §9.1. */
  readonly method: string;
  /** The request-target as received, one character per byte (ISO 8859-1): no controls, no spaces, no fragment. */
  readonly target: string;
  /**
   * Percent-decoded once, without dot segments; starts with a slash. Bytes that are not text stay encoded: a slash
   * (`%2F`), NUL (`%00`) or control character inside a segment, a byte that is not UTF-8, and a percent sign that would
   * look like another escape (`%25`). `*` of `OPTIONS *` is `/`.
   */
  readonly path: DecodedPath;
  /**
   * The segments of `path`, each fully decoded. The last one is empty if the path ends with a slash. A byte that is not
   * UTF-8 becomes the lone surrogate U+DC00 plus its value.
   */
  readonly segments: readonly string[];
  /** The text after the first `?`, as received: not decoded, one character per byte. Empty if the target has none. */
  readonly query: string;
  /** Lower case, without port and without a trailing dot; empty if an HTTP/1.0 client sent none. */
  readonly host: string;
  /** Version of HTTP that the client speaks (RFC 9110 §2.5). */
  readonly version: HttpVersion;
  /** The header section. */
  readonly headers: RequestHeaders;
  /** The body, read on demand. */
  readonly body: RequestBody;
  /** The two ends of the connection. */
  readonly peer: Peer;
}

/**
 * A request's body, read on demand: until you read, nothing is taken from the socket. The first read sends `100
 * Continue` to a client that waits for it (RFC 9110 §10.1.1).
 */
export interface RequestBody extends AsyncIterable<Uint8Array> {
  /** The length that the client declared, in bytes; 0 without a body, undefined if it is chunked. */
  readonly length: number | undefined;
  /** Bytes received from the client so far. */
  readonly received: number;
  /** True while a reader waits for the client to send. */
  readonly awaited: boolean;
  /**
   * The next piece, or undefined at the end. A body is read once: after a tap has read from it, a read by another tap
   * fails with an error that names the first.
   * @throws HttpError 413 beyond the route's limit, 408 if the client is too slow, 400 for invalid framing or if the
   *   client leaves before the end.
   */
  read(): Promise<Uint8Array | undefined>;
}

/** Names in lower case. An array is sent as one line per value (Set-Cookie). */
export type ResponseHeaders = Readonly<Record<string, string | readonly string[]>>;

/** Bytes `start` up to but not including `end` of a file that the exchange opened. The kernel reads and sends them. */
export interface FileSlice {
  /** A file of `exchange.open` or `route.open`: it must be open until the response is sent. */
  readonly file: OpenFile;
  /** Offset of the first byte, from 0. */
  readonly start: number;
  /** Offset behind the last byte; at most the size of the file. */
  readonly end: number;
}

/** A string is sent as UTF-8. */
export type ResponseBody = string | Uint8Array | FileSlice | AsyncIterable<Uint8Array>;

/**
 * A response, as a value. The kernel writes `date`, `server`, `content-length`, `transfer-encoding` and `connection`; a
 * `content-length` given with an AsyncIterable body, or without a body in the response to HEAD, is kept. Return the
 * same frozen value again where you can: its serialised bytes are cached.
 */
export interface Response {
  /** 200 to 599. */
  readonly status: number;
  /** Header fields, by name in lower case. */
  readonly headers?: ResponseHeaders;
  /** Spelling of header names on the wire, keyed by the name in lower case. By default each word is capitalised. */
  readonly spellings?: Readonly<Record<string, string>>;
  /** The body; undefined: an empty one. */
  readonly body?: ResponseBody;
  /**
   * Called when the body has ended; returns the fields to send behind it (RFC 9110 §6.5). Their names must be announced in
   * the field `trailer` of `headers`; others are left out, and so are all trailer fields where the body is not a stream of
   * unknown length, or the client did not send `TE: trailers`.
   */
  readonly trailers?: () => ResponseHeaders;
  /**
   * True for a response that was received from an upstream server: its `date` and `server` are sent as they are (RFC 9110
   * §6.6.1, §10.2.4). Without a `date` the kernel adds its own; without a `server` there is none.
   */
  readonly fromUpstream?: boolean;
}

/** Whether a body is part of a file, as opposed to text, bytes or a stream. */
export function isFileSlice(body: ResponseBody): body is FileSlice {
  return typeof body === 'object' && 'file' in body;
}

/** A call that may read a body, with the tap that is called. */
export interface BodyReader {
  readonly owner: TapOwner;
}

/**
 * Keys of what the kernel has of a request and plugins do not. They are symbols that the public entry does not export: a
 * plugin in plain JavaScript finds no such name.
 */
export const boundedBody = Symbol('boundedBody');
export const fileOwner = Symbol('fileOwner');

/** A request's body as the kernel has it: it knows its limit, and which tap reads it. @internal */
export interface BoundedBody {
  /** The body as plugins see it. */
  readonly readable: RequestBody;
  /** @see RequestBody.length */
  readonly length: number | undefined;
  /** @see RequestBody.received */
  readonly received: number;
  /** The call that a `read()` is attributed to from now on. Once one has read, a read in another call fails. */
  reader: BodyReader | undefined;
  /** @param limit bytes; reading fails with 413 beyond it. The smallest of several limits applies. */
  restrict(limit: number): void;
}

/** Closes files when it ends. */
export interface FileOwner {
  own(file: Closable): void;
}

/** A request as the kernel uses it. @internal */
export interface IncomingRequest extends Request {
  /** Its exchange, once it has a route. */
  [fileOwner]: FileOwner | undefined;
  readonly [boundedBody]: BoundedBody;
}

/** The body of a request that has none. */
export const emptyBody: BoundedBody = Object.freeze({
  readable: Object.freeze({
    length: 0,
    received: 0,
    awaited: false,
    read: () => Promise.resolve(undefined),
    async *[Symbol.asyncIterator]() {},
  }),
  length: 0,
  received: 0,
  get reader() {
    return undefined;
  },
  set reader(_reader) {},
  restrict: () => {},
});
