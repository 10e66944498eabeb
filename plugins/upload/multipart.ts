import { Dicer } from '@fastify/busboy';
import { HttpError, type RequestBody } from '@webserv/server';
import { type PartHead, readPartHead } from './part-head.js';

/** A form as it arrives: each part's head, then its content in pieces, then its end. */
export type PartEvent =
  | { readonly kind: 'head'; readonly head: PartHead }
  /** The bytes are the reader's only until it asks for the next event. */
  | { readonly kind: 'content'; readonly bytes: Uint8Array }
  | { readonly kind: 'end' };

/** Bytes given to the parser at once: what it makes of them before its limits are looked at stays small. */
const FEED = 65_536;

/** The parser cuts a part's header off here, in bytes and in lines; an endless one costs no memory. */
const MAX_HEADER_SIZE = 8192;
const MAX_HEADER_LINES = 32;

const END: PartEvent = { kind: 'end' };

interface Part {
  readonly stream: Dicer.PartStream;
  head: PartHead | undefined;
  started: boolean;
}

/**
 * The streaming parser with its events gathered in order. It parses while it is written to, and its parts are read
 * as soon as it has: so it never holds more than one piece, and nothing in it can wait for ever.
 */
class FormParser {
  readonly #dicer: Dicer;
  /** In the order of the form; all but the last are complete. */
  readonly #parts: Part[] = [];
  #count = 0;
  #finished = false;
  #fault: unknown;

  constructor(boundary: string, maxParts: number) {
    const config = {
      boundary,
      maxHeaderPairs: MAX_HEADER_LINES,
      maxHeaderSize: MAX_HEADER_SIZE,
      partHwm: 2 * FEED, // never reached, so that the parser never pauses
    };
    this.#dicer = new Dicer(config);
    this.#dicer.on('part', (stream) => {
      this.#count += 1;
      if (this.#count > maxParts) this.#fault ??= new HttpError(413, { reason: 'multipart: too many parts' });
      else this.#add(stream);
    });
    this.#dicer.on('finish', () => {
      this.#finished = true;
    });
    this.#dicer.on('error', () => {
      this.#fault ??= new HttpError(400, { reason: 'multipart: no closing boundary' });
    });
  }

  push(bytes: Uint8Array): readonly PartEvent[] {
    // What follows the closing boundary is an epilogue, to be ignored (RFC 2046 §5.1.1).
    if (!this.#finished) this.#dicer.write(bytes);
    return this.#take();
  }

  /** @throws HttpError 400 when the closing boundary has not been seen */
  async end(): Promise<readonly PartEvent[]> {
    this.#dicer.end();
    if (!this.#finished && this.#fault === undefined) {
      await new Promise<void>((resolve) => {
        this.#dicer.once('finish', resolve);
        this.#dicer.once('error', () => resolve());
      });
    }
    return this.#take();
  }

  #add(stream: Dicer.PartStream): void {
    const part: Part = { stream, head: undefined, started: false };
    stream.on('header', (header) => {
      try {
        part.head = readPartHead(header);
      } catch (error) {
        this.#fault ??= error;
      }
    });
    stream.on('error', () => {}); // a part cut off: the parser's own error comes with it
    this.#parts.push(part);
  }

  #take(): readonly PartEvent[] {
    const events: PartEvent[] = [];
    for (let part = this.#parts[0]; part !== undefined; part = this.#parts[0]) {
      if (this.#fault !== undefined) throw this.#fault;
      const complete = this.#finished || this.#parts.length > 1;
      if (part.head === undefined) {
        if (complete) throw new HttpError(400, { reason: 'multipart: a part without the end of its header' });
        break;
      }
      if (!part.started) events.push({ kind: 'head', head: part.head });
      part.started = true;
      const bytes: unknown = part.stream.read();
      if (bytes instanceof Uint8Array) events.push({ kind: 'content', bytes });
      if (!complete) break;
      part.stream.read(); // past the end: only then does the parser learn that the part was read
      events.push(END);
      this.#parts.shift();
    }
    if (this.#fault !== undefined) throw this.#fault;
    return events;
  }
}

/**
 * Reads a form (RFC 7578) as it arrives.
 * @throws HttpError 400 for a form that is malformed or ends early, 413 for more parts than allowed, and whatever
 * reading the body throws
 */
export async function* readForm(
  body: RequestBody,
  boundary: string,
  maxParts: number,
): AsyncGenerator<PartEvent, void, undefined> {
  const parser = new FormParser(boundary, maxParts);
  for (let piece = await body.read(); piece !== undefined; piece = await body.read()) {
    for (let start = 0; start < piece.length; start += FEED) {
      yield* parser.push(piece.subarray(start, start + FEED));
    }
  }
  yield* await parser.end();
}
