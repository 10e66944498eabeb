import { HttpError } from '@webserv/server';
import type { Peer } from '../../src/kernel/http/message.js';
import type { FramedBody } from '../../src/kernel/http1/body-framing.js';
import { type HeadLimits, HeadParser } from '../../src/kernel/http1/parser.js';
import { receive } from '../../src/kernel/http1/request.js';

/** A request parsed from the bytes of a connection, without sockets. */
export interface ReadRequest {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  readonly path: string;
  readonly query: string;
  readonly host: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly keepAlive: boolean;
  /** The body, one character per byte; undefined if it is incomplete. */
  readonly content: string | undefined;
}

export interface Reading {
  readonly requests: readonly ReadRequest[];
  /** Error in the bytes after the requests; undefined if they have none, or more could follow. */
  readonly refusal: { readonly status: number; readonly reason: string } | undefined;
  /** A head or body has begun and is incomplete. */
  readonly incomplete: boolean;
}

export const LIMITS: HeadLimits = { requestLine: 8192, head: 16_384, fieldCount: 100 };

const PEER: Peer = {
  remoteAddress: '',
  remotePort: 0,
  localAddress: '',
  localPort: 0,
  secure: false,
  tls: undefined,
};
const SOURCE = { wanted: () => {}, full: () => {} };

interface Current {
  readonly request: Omit<ReadRequest, 'content'>;
  readonly body: FramedBody;
}

/** The whole body received. Its pieces are copied immediately, because the decoder may move them later. */
async function contentOf(body: FramedBody): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const piece of body.queue.readable) pieces.push(piece);
  return Buffer.concat(pieces).toString('latin1');
}

/**
 * Parses packets as a connection does.
 * @throws any error that is not an HttpError: a bug in the parser
 */
export async function read(packets: readonly Buffer[], limits: HeadLimits = LIMITS): Promise<Reading> {
  const requests: ReadRequest[] = [];
  const parser = new HeadParser(limits);
  let current: Current | undefined;
  try {
    for (const packet of packets) {
      for (let at = 0; at < packet.length; ) {
        if (current === undefined) {
          const head = parser.push(packet, at);
          if (head === undefined) break;
          at += parser.consumed;
          const { request, body, keepAlive } = receive(head, PEER, SOURCE);
          const { method, target, version, path, query, host, headers } = request;
          const read = { method, target, version, path, query, host, fields: [...headers], keepAlive };
          if (body === undefined) requests.push({ ...read, content: '' });
          else current = { request: read, body };
        } else {
          at = current.body.push(packet, at);
          if (!current.body.complete) continue;
          requests.push({ ...current.request, content: await contentOf(current.body) });
          current = undefined;
        }
      }
    }
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    if (current !== undefined) requests.push({ ...current.request, content: undefined });
    return { requests, refusal: { status: error.status, reason: error.message }, incomplete: false };
  }
  if (current !== undefined) requests.push({ ...current.request, content: undefined });
  return { requests, refusal: undefined, incomplete: current !== undefined || parser.started };
}
