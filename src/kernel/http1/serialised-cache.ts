import type { Response } from '../http/message.js';
import type { Delivery } from './writer.js';
import { toWire, type Wire } from './writer.js';

/** Answers up to this size leave in one piece: copying them once a second costs less than a second buffer a write. */
const MAX_JOINED = 256 * 1024;

interface Kept {
  readonly date: string;
  readonly server: string | undefined;
  readonly wire: Wire;
}

/**
 * The bytes made of frozen answers, as long as the answers live: for connections that are kept, and for those that end.
 * Their Date changes once a second.
 */
const forKept = new WeakMap<Response, Kept>();
const forLast = new WeakMap<Response, Kept>();

/** Head and content in one buffer, where the content is at hand and not large: one write. */
function join(wire: Wire): Wire {
  if (wire.body.kind !== 'bytes' || wire.body.bytes.length > MAX_JOINED) return wire;
  return { ...wire, head: Buffer.concat([wire.head, wire.body.bytes]), body: { kind: 'none' } };
}

/**
 * An answer as bytes. The same frozen value asked for again is not serialised again.
 * @throws IllegalFieldError
 */
export function serialise(response: Response, delivery: Delivery): Wire {
  // Only the everyday delivery is remembered; answers to HEAD and 1.0 are made anew.
  if (delivery.version !== '1.1' || delivery.method === 'HEAD') {
    return join(withoutContent(toWire(response, delivery), delivery.method));
  }
  const kept = delivery.keepAlive ? forKept : forLast;
  const known = kept.get(response);
  if (known !== undefined && known.date === delivery.date && known.server === delivery.server)
    return known.wire;
  const wire = join(toWire(response, delivery));
  const repeatable = wire.body.kind === 'none' || wire.body.kind === 'bytes';
  if (repeatable && Object.isFrozen(response))
    kept.set(response, { date: delivery.date, server: delivery.server, wire });
  return wire;
}

/** RFC 9110 §9.3.2: HEAD's answer is GET's without the content. */
function withoutContent(wire: Wire, method: string): Wire {
  return method === 'HEAD' ? { ...wire, body: { kind: 'none' }, size: 0 } : wire;
}
