import type { Response } from '../http/message.js';
import type { Delivery } from './writer.js';
import { toWire, type Wire } from './writer.js';

/**
 * Responses up to this size are sent as one buffer: copying them once a second costs less than a second buffer per
 * write.
 */
const MAX_JOINED = 256 * 1024;

interface Serialised {
  readonly date: string;
  readonly server: string | undefined;
  readonly wire: Wire;
}

/**
 * Bytes of frozen responses, kept as long as the responses: for persistent connections, and for those that close. The
 * Date changes once a second.
 */
const forPersistent = new WeakMap<Response, Serialised>();
const forClosing = new WeakMap<Response, Serialised>();

/** Joins head and body into one buffer, for one write, if the body is in memory and not large. */
function join(wire: Wire): Wire {
  if (wire.body.kind !== 'bytes' || wire.body.bytes.length > MAX_JOINED) return wire;
  return { ...wire, head: Buffer.concat([wire.head, wire.body.bytes]), body: { kind: 'none' } };
}

/**
 * Serialises a response. A frozen value is not serialised again while its Date is current.
 * @throws IllegalFieldError
 */
export function serialise(response: Response, delivery: Delivery): Wire {
  // Only the common case is cached, not responses to HEAD or HTTP/1.0.
  if (delivery.version !== '1.1' || delivery.method === 'HEAD') {
    return join(withoutContent(toWire(response, delivery), delivery.method));
  }
  const cache = delivery.keepAlive ? forPersistent : forClosing;
  const known = cache.get(response);
  if (known !== undefined && known.date === delivery.date && known.server === delivery.server)
    return known.wire;
  const wire = join(toWire(response, delivery));
  const repeatable = wire.body.kind === 'none' || wire.body.kind === 'bytes';
  if (repeatable && Object.isFrozen(response))
    cache.set(response, { date: delivery.date, server: delivery.server, wire });
  return wire;
}

/** RFC 9110 §9.3.2: the response to HEAD is that to GET without the body. */
function withoutContent(wire: Wire, method: string): Wire {
  return method === 'HEAD' ? { ...wire, body: { kind: 'none' }, size: 0 } : wire;
}
