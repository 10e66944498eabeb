import { isFieldValue, isToken } from '../http/characters.js';
import { type FileSlice, isFileSlice, type Response, type ResponseHeaders } from '../http/message.js';
import { PartsBody } from '../http/parts-body.js';
import { STATUS_CODES } from '../http/status.js';

/** What the connection knows about the answer's place in the conversation. */
export interface Delivery {
  readonly method: string;
  readonly version: '1.0' | '1.1';
  readonly keepAlive: boolean;
  /** The value of Date. */
  readonly date: string;
  /** The value of Server; empty for none. `webserv` when left out. */
  readonly server?: string | undefined;
}

/** How an answer goes on the wire. */
export interface Wire {
  readonly head: Buffer;
  readonly body: WireBody;
  /** Bytes of content at hand; what a file or a stream sends is counted as it goes. */
  readonly size: number;
  /** False when the connection ends with this answer: the client asked, or only its end can mark the content's. */
  readonly keepAlive: boolean;
}

export type WireBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'file'; readonly slice: FileSlice }
  | { readonly kind: 'parts'; readonly parts: PartsBody['parts']; readonly length: number }
  | {
      readonly kind: 'stream';
      readonly stream: AsyncIterable<Uint8Array>;
      readonly chunked: boolean;
      readonly length: number | undefined;
    };

const NO_BODY: WireBody = { kind: 'none' };

/** Fields the kernel writes itself; `content-length` is read for streams and for HEAD. */
const KERNEL_FIELDS = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'server',
  'transfer-encoding',
]);

/**
 * Name as given → name as sent, empty for the kernel's own. Names come from code and configuration; a script may invent
 * more, so it is bounded.
 */
const sentNames = new Map<string, string>([
  ['etag', 'ETag'],
  ['www-authenticate', 'WWW-Authenticate'],
]);
const MAX_SENT_NAMES = 512;

/** A header field that may not be sent: a name that is no token, a value with CR, LF, NUL or another control. */
export class IllegalFieldError extends Error {
  constructor(name: string, problem: string) {
    super(`illegal header field ${JSON.stringify(name)}: ${problem}`);
    this.name = 'IllegalFieldError';
  }
}

/**
 * `content-type` → `Content-Type`; empty for a field that is the kernel's to write.
 * @throws IllegalFieldError
 */
function sentName(name: string): string {
  const known = sentNames.get(name);
  if (known !== undefined) return known;
  if (name === '') throw new IllegalFieldError(name, 'empty name');
  for (let index = 0; index < name.length; index += 1) {
    if (isToken[name.charCodeAt(index)] !== 1) throw new IllegalFieldError(name, 'the name is no token');
  }
  const lower = name.toLowerCase();
  // A name with a capital is sent as it is given.
  const given = lower === name ? lower.replace(/(?:^|-)[a-z]/g, (start) => start.toUpperCase()) : name;
  const sent = KERNEL_FIELDS.has(lower) ? '' : given;
  if (sentNames.size < MAX_SENT_NAMES) sentNames.set(name, sent);
  return sent;
}

/** @param value a plugin in plain JavaScript may give anything */
function checkValue(name: string, value: unknown): string {
  if (typeof value !== 'string')
    throw new IllegalFieldError(name, `its value is no string but of type ${typeof value}`);
  for (let index = 0; index < value.length; index += 1) {
    const code = value.charCodeAt(index);
    if (code > 0xff || isFieldValue[code] !== 1)
      throw new IllegalFieldError(name, 'a character no field value has');
  }
  return value;
}

/** @throws IllegalFieldError for a field that cannot be sent */
export function checkFields(response: Response): void {
  fieldLines(response);
}

function fieldLines(response: Response): string {
  let lines = '';
  const { headers, spellings } = response;
  if (headers === undefined) return lines;
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (value === undefined) continue;
    const usual = sentName(name);
    if (usual === '') continue;
    const sent = spellings === undefined ? usual : spelled(spellings, name, usual);
    if (typeof value === 'string') lines += `${sent}: ${checkValue(name, value)}\r\n`;
    else if (!Array.isArray(value)) checkValue(name, value);
    else for (const line of value) lines += `${sent}: ${checkValue(name, line)}\r\n`;
  }
  return lines;
}

/** Another name than the field's own is no spelling of it. */
function spelled(spellings: Readonly<Record<string, string>>, name: string, usual: string): string {
  const spelling = Object.hasOwn(spellings, name) ? spellings[name] : undefined;
  return spelling?.toLowerCase() === name ? spelling : usual;
}

/** Whether a plugin wants the connection to end with this response, in whatever way it says so. */
function asksToClose(headers: ResponseHeaders | undefined): boolean {
  for (const name in headers) {
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue;
    const options = [headers[name] ?? ''].flat().join(',').toLowerCase().split(',');
    if (options.some((option) => option.trim() === 'close')) return true;
  }
  return false;
}

/** A length the plugin declares, for a body that comes piece by piece or not at all. */
function declaredLength(response: Response): number | undefined {
  const value = response.headers?.['content-length'];
  if (typeof value !== 'string' || !/^[0-9]{1,15}$/.test(value)) return undefined;
  return Number(value);
}

/**
 * A response to HEAD may tell the length that GET's would have. Where it does not, that length is not known, and no
 * other may be sent (RFC 9110 §8.6).
 */
function framingOfNothing(response: Response, delivery: Delivery): string {
  const length = delivery.method === 'HEAD' ? declaredLength(response) : 0;
  return length === undefined ? '' : `Content-Length: ${length}\r\n`;
}

/** RFC 9110 §6.4.1, §8.6, §15.3.6, §15.4.5: these have no content, and 204 no length either. */
function hasNoContent(status: number): boolean {
  return status === 204 || status === 304 || status === 205;
}

/**
 * Decides how an answer is framed (RFC 9112 §6) and writes its head.
 * @throws IllegalFieldError
 */
export function toWire(response: Response, delivery: Delivery): Wire {
  const { status } = response;
  let framing = '';
  let body = NO_BODY;
  let { keepAlive } = delivery;
  if (asksToClose(response.headers)) keepAlive = false;
  if (!hasNoContent(status)) {
    const content = bodyOf(response, delivery);
    if (content.kind === 'bytes') framing = `Content-Length: ${content.bytes.length}\r\n`;
    else if (content.kind === 'file')
      framing = `Content-Length: ${content.slice.end - content.slice.start}\r\n`;
    else if (content.kind === 'none') framing = framingOfNothing(response, delivery);
    else if (content.kind === 'parts' || content.length !== undefined)
      framing = `Content-Length: ${content.length}\r\n`;
    else if (content.chunked) framing = delivery.method === 'HEAD' ? '' : 'Transfer-Encoding: chunked\r\n';
    else keepAlive = false;
    body = content;
  } else if (status === 205) {
    framing = 'Content-Length: 0\r\n';
  }
  const connection = connectionField(response, delivery.version, keepAlive);
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${serverField(delivery)}Date: ${delivery.date}\r\n${fieldLines(response)}${framing}${connection}\r\n`;
  const bytes = Buffer.from(head, 'latin1');
  return { head: bytes, body, size: body.kind === 'bytes' ? body.bytes.length : 0, keepAlive };
}

function serverField({ server = 'webserv' }: Delivery): string {
  return server === '' ? '' : `Server: ${server}\r\n`;
}

/** Persistence is HTTP/1.1's default and 1.0's exception (RFC 9112 §9.3); Upgrade is named here too (RFC 9110 §7.8). */
function connectionField(response: Response, version: '1.0' | '1.1', keepAlive: boolean): string {
  const upgrade = response.headers?.upgrade === undefined ? '' : 'upgrade';
  const persistence = !keepAlive ? 'close' : version === '1.0' ? 'keep-alive' : '';
  if (upgrade === '' && persistence === '') return '';
  return `Connection: ${upgrade}${upgrade !== '' && persistence !== '' ? ', ' : ''}${persistence}\r\n`;
}

function bodyOf(response: Response, delivery: Delivery): WireBody {
  const { body } = response;
  if (body === undefined) return NO_BODY;
  if (typeof body === 'string') return { kind: 'bytes', bytes: Buffer.from(body) };
  if (body instanceof Uint8Array) return { kind: 'bytes', bytes: body };
  if (isFileSlice(body)) return { kind: 'file', slice: body };
  if (body instanceof PartsBody) return { kind: 'parts', parts: body.parts, length: body.length };
  return {
    kind: 'stream',
    stream: body,
    chunked: delivery.version === '1.1',
    length: declaredLength(response),
  };
}
