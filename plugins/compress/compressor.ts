import { acceptedCodings, type Exchange, type Log, type Response } from '@webserv/server';
import type { Coder } from './coder.js';
import { isAtHand, isBytes, lengthOf } from './content.js';
import { mayCompress, standsForCompressible, type TypeMatcher } from './eligible.js';
import { type Encoding, isMaker, type Level, type Maker } from './encodings.js';
import { compressedHeaders, revalidated, varying } from './fields.js';
import { Kept } from './kept.js';
import type { Resources } from './resources.js';
import { type Original, openSibling } from './siblings.js';
import { encoded } from './stream.js';
import { compressedWhole } from './whole.js';

export interface CompressorOptions {
  readonly offered: readonly Encoding[];
  readonly matches: TypeMatcher;
  /** Bytes. */
  readonly minLength: number;
  readonly level: Level;
  /** Whether compressed files beside a file are looked for. */
  readonly siblings: boolean;
  /** Whether what has none is compressed here. */
  readonly made: boolean;
  /** What compression may take of this worker. */
  readonly resources: Resources;
  readonly log: Log;
}

/**
 * Content up to this size is compressed in one go, larger as it is sent. Bytes: some ten milliseconds of a thread that
 * file reads wait for, too.
 */
const MAX_WHOLE = 256 * 1024;
/** The same for content that is compressed once for all who ask. */
const MAX_KEPT = 1024 * 1024;

/** Compresses the answers of one route. */
export class Compressor {
  readonly #options: CompressorOptions;
  /** By answers that come again and again; it lives as long as these. */
  readonly #kept = new WeakMap<Response, Kept>();

  constructor(options: CompressorOptions) {
    this.#options = options;
  }

  async answer(response: Response, exchange: Exchange): Promise<Response> {
    const { offered, matches, minLength, made } = this.#options;
    const { headers, method } = exchange.request;
    if (standsForCompressible(response, exchange, matches)) {
      return varying(revalidated(response, headers.get('if-none-match')));
    }
    if (!mayCompress(response, exchange, matches)) return response;
    const length = lengthOf(response);
    if (length !== undefined && length < minLength) return response;

    const kept = this.#keptOf(response, exchange, length);
    const plain = kept?.plain ?? varying(response);
    // Ranges are of the content as it is: who asks for one is not to get anything else.
    if (headers.has('range')) return plain;
    const accepted = acceptedCodings(headers.get('accept-encoding'), offered);
    if (accepted.length === 0) return plain;
    const sibling = await this.#sibling(response, exchange, accepted, kept);
    if (sibling !== undefined) return sibling;
    const makers = accepted.filter(isMaker);
    const [best] = makers;
    if (!made || best === undefined) return plain;
    // Nothing is compressed for a length that is not asked for: RFC 9110 §9.3.2 lets it be left out.
    if (method === 'HEAD')
      return kept?.known(best) ?? this.#asHead(response, exchange, makers, length) ?? plain;
    if (kept !== undefined) return kept.compressed(best, this.#options.level, this.#options.resources.whole);
    if (isWhole(response, length)) return (await this.#whole(response, exchange, best)) ?? plain;
    return this.#streamed(response, exchange, makers) ?? plain;
  }

  /** What GET would tell now, without a body and its length. */
  #asHead(
    response: Response,
    exchange: Exchange,
    makers: readonly Maker[],
    length: number | undefined,
  ): Response | undefined {
    const atOnce = isWhole({ ...response, body: response.body ?? '' }, length);
    const encoding = atOnce ? makers[0] : this.#affordable(makers);
    return encoding && this.#encodedBody(response, exchange, encoding);
  }

  /** The best of these whose coder the memory is there for. */
  #affordable(makers: readonly Maker[]): Maker | undefined {
    const { level, resources } = this.#options;
    return makers.find(({ memory }) => resources.memory.fits(memory[level]));
  }

  /** @returns undefined for an answer that comes once, or whose content is not in memory */
  #keptOf(response: Response, { request }: Exchange, length = 0): Kept | undefined {
    if (!Object.isFrozen(response) || !isBytes(response) || length > MAX_KEPT) return undefined;
    const kept = this.#kept.get(response) ?? new Kept(response);
    this.#kept.set(response, kept);
    if (!request.path.endsWith('/')) kept.path = request.path;
    return kept;
  }

  async #sibling(
    response: Response,
    exchange: Exchange,
    accepted: readonly Encoding[],
    kept: Kept | undefined,
  ): Promise<Response | undefined> {
    if (!this.#options.siblings) return undefined;
    const { request, route } = exchange;
    const original: Original = { response, route, path: kept?.path ?? request.path };
    try {
      for (const encoding of accepted) {
        const answer = kept
          ? await kept.sibling(original, encoding)
          : await answerWithSibling(original, exchange, encoding);
        if (answer !== undefined) return answer;
      }
    } catch (error) {
      // No descriptors are left, for example: the response is complete without the compressed file.
      const { log, resources } = this.#options;
      if (resources.siblingErrors.take())
        log.warn(`no compressed file beside ${request.path}: ${String(error)}`);
    }
    return undefined;
  }

  /** @returns undefined where it gets no shorter, or too much is being compressed just now */
  async #whole(response: Response, exchange: Exchange, encoding: Maker): Promise<Response | undefined> {
    const { level, resources } = this.#options;
    const turn = resources.whole.acquire(exchange.signal);
    if (turn === undefined) return undefined;
    const release = await turn.catch(() => undefined);
    if (release === undefined) return undefined; // the client has left
    try {
      return await compressedWhole(response, encoding, level);
    } finally {
      release();
    }
  }

  /** @returns undefined where the memory is not there for any of these coders */
  #streamed(response: Response, exchange: Exchange, makers: readonly Maker[]): Response | undefined {
    const { level, resources } = this.#options;
    const encoding = this.#affordable(makers);
    if (encoding === undefined) return undefined;
    const release = resources.memory.take(encoding.memory[level]);
    // The body may never be read.
    exchange.own({ close: release });
    return this.#encodedBody(response, exchange, encoding, release);
  }

  /** Until the content is asked for, nothing is done. */
  #encodedBody(response: Response, { signal }: Exchange, encoding: Maker, closed?: () => void): Response {
    const { body = '', headers = {} } = response;
    const { level, resources } = this.#options;
    const makeCoder = (): Coder => encoding.stream(level);
    return {
      ...response,
      headers: compressedHeaders(headers, encoding.name),
      body: encoded(body, { makeCoder, signal, closed, turns: resources.pieces }),
    };
  }
}

/** Whether the content is compressed in one go. A stream is as long as it turns out to be, whatever it declares. */
function isWhole({ body }: Response, length = Number.POSITIVE_INFINITY): boolean {
  return body !== undefined && isAtHand(body) && length <= MAX_WHOLE;
}

async function answerWithSibling(
  original: Original,
  exchange: Exchange,
  encoding: Encoding,
): Promise<Response | undefined> {
  const file = await openSibling(original, encoding);
  if (file === undefined) return undefined;
  exchange.own(file);
  const headers = compressedHeaders(original.response.headers ?? {}, encoding.name);
  return { ...original.response, headers, body: { file, start: 0, end: file.size } };
}
