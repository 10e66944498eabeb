import type { BodySource } from '../http/body-queue.js';
import { HttpError } from '../http/errors.js';
import { emptyBody, type IncomingRequest, type Peer } from '../http/message.js';
import { RoutedRequest } from '../http/routed-request.js';
import { readTarget } from '../http/target.js';
import { FramedBody } from './body-framing.js';
import { expectsContinue, readFraming, wantsKeepAlive } from './framing.js';
import type { RequestHead } from './parser.js';

/** A request as received, with what the connection needs to know about it. */
export interface ReceivedRequest {
  readonly request: IncomingRequest;
  /** undefined if the request has no body. */
  readonly body: FramedBody | undefined;
  /** The client waits for `100 Continue`. */
  readonly expectsContinue: boolean;
  readonly keepAlive: boolean;
  readonly version: RequestHead['version'];
}

/**
 * Interprets a parsed head.
 * @throws HttpError for a message that two servers could interpret differently
 */
export function receive(head: RequestHead, peer: Peer, source: BodySource): ReceivedRequest {
  const framing = readFraming(head);
  const { path, query, host, authority } = readTarget(head, peer.secure);
  const { fields } = head;
  if (fields.has('content-type') && fields.single('content-type') === undefined) {
    throw new HttpError(400, { reason: 'more than one Content-Type' });
  }
  refuseWebSocket(head);
  const body = framing.kind === 'none' ? undefined : new FramedBody(framing, source);
  const { method, target, version } = head;
  const headers = authority === undefined ? fields : fields.withHost(authority);
  const parts = { method, target, path, query, host, version, headers, peer };
  const request: IncomingRequest = new RoutedRequest(parts, body?.queue ?? emptyBody);
  return {
    request,
    body,
    expectsContinue: expectsContinue(head, framing),
    keepAlive: wantsKeepAlive(head),
    version,
  };
}

/**
 * A server may ignore Upgrade, but an unsupported WebSocket version gets 426 with the supported one (RFC 6455 §4.4).
 */
function refuseWebSocket(head: RequestHead): void {
  const { fields, version } = head;
  if (version === '1.0' || fields.get('upgrade')?.toLowerCase() !== 'websocket') return;
  const wanted = fields.get('sec-websocket-version');
  if (wanted === undefined || wanted === '13') return;
  throw new HttpError(426, { headers: { upgrade: 'websocket', 'sec-websocket-version': '13' } });
}
