import { checkValue, sentName } from '../http/field-rules.js';
import type { Response, ResponseHeaders } from '../http/message.js';
import {
  declaredLength,
  hasNoContent,
  NO_BODY,
  type OutgoingBody,
  outgoingBody,
} from '../http/outgoing-body.js';
import { STATUS_CODES } from '../http/status.js';
import { announcedTrailers } from '../http/trailers.js';

/** How a response is delivered, as the connection knows it. */
export interface Delivery {
  readonly method: string;
  readonly version: '1.0' | '1.1';
  readonly keepAlive: boolean;
  /** The value of Date. */
  readonly date: string;
  /** The value of Server; empty to omit the field. Default `webserv`. */
  readonly server?: string | undefined;
  /** The client said that it reads trailer fields. */
  readonly readsTrailers?: boolean;
}

/** A serialised response. */
export interface Wire {
  readonly head: Buffer;
  readonly body: OutgoingBody;
  /** The body is a stream that is sent in chunks (RFC 9112 §7.1). */
  readonly chunked: boolean;
  /** The trailer fields that are announced; undefined where none are sent. @see announcedTrailers */
  readonly trailers: ReadonlyMap<string, string> | undefined;
  /** Bytes of content at hand; what a file or a stream sends is counted as it goes. */
  readonly size: number;
  /**
   * False if the connection closes after this response: the client requested it, or only closing can mark the body's
   * end.
   */
  readonly keepAlive: boolean;
}

const CHUNKED = 'Transfer-Encoding: chunked\r\n';

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

/** A spelling that differs from the name by more than case is ignored. */
function spelled(spellings: Readonly<Record<string, string>>, name: string, usual: string): string {
  const spelling = Object.hasOwn(spellings, name) ? spellings[name] : undefined;
  return spelling?.toLowerCase() === name ? spelling : usual;
}

/** Whether a plugin requests that the connection closes after this response, in any spelling. */
function asksToClose(headers: ResponseHeaders | undefined): boolean {
  for (const name in headers) {
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue;
    const options = [headers[name] ?? ''].flat().join(',').toLowerCase().split(',');
    if (options.some((option) => option.trim() === 'close')) return true;
  }
  return false;
}

/**
 * A response to HEAD may declare the length that GET's would have. If it does not, that length is unknown, and no other
 * may be sent (RFC 9110 §8.6).
 */
function framingOfNothing(response: Response, delivery: Delivery): string {
  const length = delivery.method === 'HEAD' ? declaredLength(response) : 0;
  return length === undefined ? '' : `Content-Length: ${length}\r\n`;
}

/**
 * Determines how a response is framed (RFC 9112 §6) and writes its head.
 * @throws IllegalFieldError
 */
export function toWire(response: Response, delivery: Delivery): Wire {
  const { status } = response;
  let framing = '';
  let body = NO_BODY;
  let chunked = false;
  let { keepAlive } = delivery;
  if (asksToClose(response.headers)) keepAlive = false;
  if (!hasNoContent(status)) {
    const content = outgoingBody(response);
    if (content.kind === 'bytes') framing = `Content-Length: ${content.bytes.length}\r\n`;
    else if (content.kind === 'file')
      framing = `Content-Length: ${content.slice.end - content.slice.start}\r\n`;
    else if (content.kind === 'none') framing = framingOfNothing(response, delivery);
    else if (content.kind === 'parts' || content.length !== undefined)
      framing = `Content-Length: ${content.length}\r\n`;
    else if (delivery.version === '1.1') {
      chunked = true;
      if (delivery.method !== 'HEAD') framing = CHUNKED;
    } else keepAlive = false;
    body = content;
  } else if (status === 205) {
    framing = 'Content-Length: 0\r\n';
  }
  const announced = announcedTrailers(response);
  const isRead = delivery.readsTrailers === true && framing === CHUNKED;
  const trailers = isRead ? announced : undefined;
  if (trailers !== undefined) framing += `Trailer: ${[...trailers.values()].join(', ')}\r\n`;
  const connection = connectionField(response, delivery.version, keepAlive);
  const origin = originFields(response, delivery);
  const head = `${statusLine(status)}${origin}${fieldLines(response)}${framing}${connection}\r\n`;
  const bytes = Buffer.from(head, 'latin1');
  const size = body.kind === 'bytes' ? body.bytes.length : 0;
  return { head: bytes, body, chunked, trailers, size, keepAlive };
}

/** An interim response (RFC 9110 §15.2). @throws IllegalFieldError */
export function interimHead(status: number, headers: ResponseHeaders): Buffer {
  return Buffer.from(`${statusLine(status)}${fieldLines({ status, headers })}\r\n`, 'latin1');
}

function statusLine(status: number): string {
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
}

/** Server and Date. @throws IllegalFieldError for those of an upstream's response */
function originFields({ fromUpstream, headers }: Response, delivery: Delivery): string {
  if (fromUpstream !== true) return serverField(delivery.server) + dateField(delivery.date);
  const { server = '', date = delivery.date } = headers ?? {};
  return serverField(ownValue('server', server)) + dateField(ownValue('date', date));
}

function ownValue(name: string, value: string | readonly string[]): string {
  return checkValue(name, typeof value === 'string' ? value : value[0]);
}

function serverField(server = 'webserv'): string {
  return server === '' ? '' : `Server: ${server}\r\n`;
}

function dateField(date: string): string {
  return `Date: ${date}\r\n`;
}

/**
 * Connections persist by default in HTTP/1.1 but not in 1.0 (RFC 9112 §9.3); Upgrade must be listed too (RFC 9110
 * §7.8).
 */
function connectionField(response: Response, version: '1.0' | '1.1', keepAlive: boolean): string {
  const upgrade = response.headers?.upgrade === undefined ? '' : 'upgrade';
  const persistence = !keepAlive ? 'close' : version === '1.0' ? 'keep-alive' : '';
  if (upgrade === '' && persistence === '') return '';
  return `Connection: ${upgrade}${upgrade !== '' && persistence !== '' ? ', ' : ''}${persistence}\r\n`;
}
