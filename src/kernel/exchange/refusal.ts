import type { Refusal } from '../contract/exchange.js';
import { FieldLines } from '../http/fields.js';
import { emptyBody, type IncomingRequest, type Peer } from '../http/message.js';
import { RoutedRequest } from '../http/routed-request.js';
import { decodePath } from '../path/url-path.js';

/** Bytes of a request that are shown of it. */
const MAX_SHOWN = 1024;

/** A rejected request, as its connection reports it. */
export interface RefusedRequest {
  readonly status: number;
  readonly reason: string;
  /** The bytes received, one character per byte. */
  readonly received: string;
  readonly peer: Peer;
  readonly bytesSent: number;
  readonly durationMs: number;
  /** False if the client did not get the whole response. */
  readonly complete: boolean;
}

export function refusalOf({ status, reason, received }: RefusedRequest): Refusal {
  const head = received.slice(0, MAX_SHOWN).replace(/[^ !#-[\]-~]/g, escaped);
  return { status, reason, head };
}

function escaped(byte: string): string {
  return `\\x${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

const noFields = new FieldLines('', [], 0);

/** A request nothing is known of but its peer: what the client sent is for the refusal to show. */
export function meaninglessRequest(peer: Peer): IncomingRequest {
  const path = decodePath('/');
  if (path === undefined) throw new Error('the root has a path');
  const parts = {
    method: '-',
    target: '-',
    path,
    query: '',
    host: '',
    version: '1.1',
    headers: noFields,
  } as const;
  return new RoutedRequest({ ...parts, peer }, emptyBody);
}
