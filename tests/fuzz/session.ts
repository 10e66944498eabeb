import { connect } from 'node:net';
import { type ValidRequest, validRequest } from './grammar.js';
import { mutate } from './mutate.js';
import { Random } from './random.js';

/** How a client ends its side: it waits for the server, sends FIN, or resets. */
export type Leaving = 'waits' | 'finishes' | 'resets';

/** A single connection: which bytes are sent, in which pieces, and how it ends. Determined by seed and number alone. */
export interface Session {
  readonly number: number;
  /** undefined if the bytes were mutated. */
  readonly valid: readonly ValidRequest[] | undefined;
  /** The bytes, one character each. */
  readonly bytes: string;
  readonly pieces: readonly string[];
  /** Milliseconds before each piece. */
  readonly pauses: readonly number[];
  /** Milliseconds before it begins to read. */
  readonly readsAfter: number;
  readonly leaving: Leaving;
}

/** The outcome of a session. */
export interface Transcript {
  /** The bytes, one character each. */
  readonly received: string;
  /** The server's end: by FIN, by reset, or not within the time limit. */
  readonly end: 'ended' | 'reset' | 'open';
  readonly durationMs: number;
}

export function makeSession(seed: number, number: number): Session {
  const random = new Random(seed, number);
  const isValid = random.chance(0.3);
  // Responses to HEAD look like others: they can only be parsed if the methods are known.
  const requests: ValidRequest[] = [];
  for (let count = 1 + random.small(30); requests.length < count; ) {
    const request = validRequest(random, requests.length);
    if (isValid || request.method !== 'HEAD') requests.push(request);
  }
  const sent = requests.map(({ bytes }) => bytes).join('');
  const bytes = isValid ? sent : mutate(sent, random);
  const pieces = split(bytes, random);
  return {
    number,
    valid: isValid ? requests : undefined,
    bytes,
    pieces,
    pauses: pieces.map(() => (random.chance(0.05) ? random.below(20) : 0)),
    readsAfter: random.chance(0.05) ? 500 : 0,
    leaving: leaving(isValid, random),
  };
}

function leaving(isValid: boolean, random: Random): Leaving {
  if (random.chance(0.02)) return 'waits';
  return !isValid && random.chance(0.2) ? 'resets' : 'finishes';
}

function split(bytes: string, random: Random): string[] {
  const style = random.below(10);
  if (style < 4) return [bytes];
  // A byte per piece, but only for a part: the whole would take too long.
  const step = (at: number): number =>
    style === 4 && at < 400 ? 1 : 1 + random.small(style < 7 ? 100 : 20_000);
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const piece = bytes.slice(at, at + step(at));
    pieces.push(piece);
    at += piece.length;
  }
  return pieces;
}

/** @param boundMs time within which the server must have ended the connection */
export function play(session: Session, port: number, boundMs: number): Promise<Transcript> {
  return new Promise((resolve) => {
    const began = performance.now();
    const received: Buffer[] = [];
    let end: Transcript['end'] = 'open';
    const socket = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true });
    if (session.readsAfter > 0) {
      socket.pause();
      setTimeout(() => socket.resume(), session.readsAfter);
    }
    const bound = setTimeout(() => socket.destroy(), boundMs);
    socket.on('data', (piece) => received.push(piece));
    socket.on('end', () => {
      end = 'ended';
      socket.end();
    });
    socket.on('error', () => {
      if (end === 'open') end = 'reset';
    });
    socket.on('close', () => {
      clearTimeout(bound);
      resolve({
        received: Buffer.concat(received).toString('latin1'),
        end:
          session.leaving === 'resets' && end === 'open' && performance.now() - began < boundMs
            ? 'reset'
            : end,
        durationMs: performance.now() - began,
      });
    });
    socket.on('connect', () => void deliver());

    const deliver = async (): Promise<void> => {
      for (const [index, piece] of session.pieces.entries()) {
        const pause = session.pauses[index] ?? 0;
        // A separate piece needs a separate turn of the event loop.
        await new Promise((next) => (pause > 0 ? setTimeout(next, pause) : setImmediate(next)));
        if (end !== 'open' || socket.destroyed) return;
        if (!socket.write(piece, 'latin1')) await drained();
      }
      if (session.leaving === 'finishes') socket.end();
      if (session.leaving === 'resets') socket.resetAndDestroy();
    };
    const drained = (): Promise<void> =>
      new Promise((next) => {
        socket.once('drain', next);
        socket.once('close', () => next());
      });
  });
}
