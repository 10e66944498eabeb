import { decodePath, type ResponseHeaders } from '@webserv/server';

/** Maximum bytes of a script's header section, blank line included. */
export const MAX_HEADER_BYTES = 64 * 1024;

/** A script's output is not a CGI response: 502. */
export class MalformedOutputError extends Error {
  constructor(problem: string) {
    super(problem);
    this.name = 'MalformedOutputError';
  }
}

/** A CGI response without its body (RFC 3875 §6.2). */
export interface ScriptHead {
  /** 200 to 599; undefined when the script sent no Status. */
  readonly status: number | undefined;
  readonly location: string | undefined;
  /** Bytes; undefined when the content lasts until the end of the output. */
  readonly contentLength: number | undefined;
  /** Fields for the client, names in lower case. */
  readonly headers: ResponseHeaders;
  /** Names of these fields as the script wrote them, by lower-case name. */
  readonly spellings: Readonly<Record<string, string>>;
  /** Name of the field by which the script asks the server to send a file; undefined when it sent none. */
  readonly handover: string | undefined;
}

const LF = 0x0a;
const CR = 0x0d;

/** Splits a script's output after the blank line that ends its header section, reading each byte once. */
export class HeaderCutter {
  readonly #pieces: Uint8Array[] = [];
  #size = 0;
  /** Number of bytes in the current line. */
  #line = 0;
  #previous = LF;

  /**
   * @returns undefined while the header section continues; then the header section and the bytes of the body that came
   * with it
   * @throws MalformedOutputError for a header section that exceeds the maximum
   */
  push(piece: Uint8Array): { readonly header: string; readonly rest: Uint8Array } | undefined {
    const end = this.#endIn(piece);
    const taken = end ?? piece.length;
    this.#size += taken;
    if (this.#size > MAX_HEADER_BYTES)
      throw new MalformedOutputError(`its header section exceeds ${MAX_HEADER_BYTES} bytes`);
    this.#pieces.push(piece.subarray(0, taken));
    if (end === undefined) return undefined;
    return { header: Buffer.concat(this.#pieces).toString('latin1'), rest: piece.subarray(end) };
  }

  /** Returns the position after the first empty line; lines end with LF or CR LF. */
  #endIn(piece: Uint8Array): number | undefined {
    for (const [index, byte] of piece.entries()) {
      if (byte !== LF) this.#line += 1;
      else if (this.#line === 0 || (this.#line === 1 && this.#previous === CR)) return index + 1;
      else this.#line = 0;
      this.#previous = byte;
    }
    return undefined;
  }
}

/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** RFC 9110 §5.5: CR, LF, NUL and other controls in a value would split or corrupt the response. */
const FIELD_VALUE = /^[\t\u0020-\u007e\u0080-\u00ff]*$/;

/**
 * Fields about the connection to the client, which scripts do not control (RFC 3875 §6.3.4), and fields that the kernel
 * writes.
 */
const DROPPED = new Set([
  'connection',
  'date',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-connection',
  'server',
  'te',
  'trailer',
  'upgrade',
]);

/** Fields by which scripts tell some servers to send a file: their values are paths of this machine. */
const HANDOVER = new Set([
  'x-accel-redirect',
  'x-litespeed-location',
  'x-lighttpd-send-file',
  'x-lighttpd-send-tempfile',
  'x-reproxy-file',
  'x-reproxy-url',
  'x-sendfile',
  'x-sendfile2',
  'x-sendfile-temporary',
]);

/** Instructions for the server, not the client: nginx's `X-Accel-Buffering`, `X-Accel-Expires` and the like. */
function isInstruction(name: string): boolean {
  return name.startsWith('x-accel-') || HANDOVER.has(name);
}

/** Fields that a response has at most once. */
const SINGLE = new Set(['content-length', 'content-type', 'location', 'status']);

/**
 * Returns the text from `start` without surrounding blanks (RFC 9110 §5.5). Uses a loop because regular expressions for
 * it take quadratic time.
 */
function withoutBlanks(line: string, start: number): string {
  const isBlank = (index: number): boolean => line[index] === ' ' || line[index] === '\t';
  let first = start;
  let end = line.length;
  while (first < end && isBlank(first)) first += 1;
  while (end > first && isBlank(end - 1)) end -= 1;
  return line.slice(first, end);
}

function readFields(header: string, spellings: Record<string, string>): Map<string, string[]> {
  const fields = new Map<string, string[]>();
  for (const line of header.split('\n')) {
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    if (text === '') break;
    const colon = text.indexOf(':');
    const name = text.slice(0, Math.max(colon, 0));
    if (!TOKEN.test(name))
      throw new MalformedOutputError('a line of its header section has no valid field name');
    const value = withoutBlanks(text, colon + 1);
    if (!FIELD_VALUE.test(value)) throw new MalformedOutputError(`its ${name} contains a control character`);
    if (value === '') continue; // RFC 3875 §6.3: an empty field counts as absent
    const key = name.toLowerCase();
    const values = fields.get(key);
    if (values === undefined) {
      fields.set(key, [value]);
      spellings[key] = name;
    } else if (SINGLE.has(key)) throw new MalformedOutputError(`it sent ${name} more than once`);
    else values.push(value);
  }
  return fields;
}

/** RFC 3875 §6.3.3. The server writes the reason phrase. */
function readStatus(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const status = /^[2-5][0-9]{2}(?: |$)/.test(value) ? Number(value.slice(0, 3)) : undefined;
  if (status === undefined) throw new MalformedOutputError('its Status is not a code from 200 to 599');
  return status;
}

function readLength(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^[0-9]{1,15}$/.test(value)) throw new MalformedOutputError('its Content-Length is not a number');
  return Number(value);
}

/**
 * Parses a script's header section (RFC 3875 §6.3).
 * @param header up to the blank line, one character per byte
 * @throws MalformedOutputError
 */
export function readHead(header: string): ScriptHead {
  const spellings: Record<string, string> = Object.create(null);
  const fields = readFields(header, spellings);
  const single = (name: string): string | undefined => fields.get(name)?.[0];
  if (fields.has('transfer-encoding'))
    throw new MalformedOutputError('it sent Transfer-Encoding, which is not allowed in CGI');
  if (!fields.has('content-type') && !fields.has('location') && !fields.has('status')) {
    throw new MalformedOutputError('its header section has no Content-Type, Location or Status');
  }
  const headers: Record<string, string | readonly string[]> = Object.create(null);
  for (const [name, values] of fields) {
    if (name === 'status' || DROPPED.has(name) || isInstruction(name)) continue;
    // Set-Cookie values cannot be joined (RFC 9110 §5.3).
    headers[name] = name === 'set-cookie' ? values : values.join(', ');
  }
  return {
    status: readStatus(single('status')),
    location: single('location'),
    contentLength: readLength(single('content-length')),
    headers,
    spellings,
    handover: [...fields.keys()].find((name) => HANDOVER.has(name)),
  };
}

/** Fields that a local redirect may have: only the type of a body that it does not have is lost. */
const OF_LOCAL_REDIRECT = new Set(['content-length', 'content-type', 'location']);

/**
 * Returns the target of a local redirect (RFC 3875 §6.2.2), which is a path alone. With a Status, the client is
 * redirected, which is what scripts mean that print `Status: 302` together with a path. The same applies with any other
 * field, such as a cookie: a local redirect has none (§6.2.2), and the client would not get it.
 * @throws MalformedOutputError for a path that this server would reject from a client
 */
export function localRedirect({ status, location, headers }: ScriptHead): string | undefined {
  if (status !== undefined || location === undefined) return undefined;
  if (Object.keys(headers).some((name) => !OF_LOCAL_REDIRECT.has(name))) return undefined;
  if (!location.startsWith('/') || location.startsWith('//')) return undefined;
  const [path = ''] = location.split('?', 1);
  if (!/^[\u0021-\u007e]+$/.test(location) || location.includes('#') || decodePath(path) === undefined) {
    throw new MalformedOutputError('its Location is not a valid path');
  }
  return location;
}
