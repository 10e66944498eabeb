import { acceptedCodings, type Exchange, type Log, type Response } from '@webserv/server';
import type { Coder } from './coder.js';
import { isAtHand, isBytes, lengthOf } from './content.js';
import { belongsToCompressible, mayCompress, type TypeMatcher } from './eligible.js';
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
  /** Whether to look for precompressed files next to a file. */
  readonly siblings: boolean;
  /** Whether to compress responses that have no precompressed file. */
  readonly made: boolean;
  /** Limits on compression in this worker. */
  readonly resources: Resources;
  readonly log: Log;
}

/**
 * Maximum bytes of content compressed in one call; larger content is compressed while it is sent. Takes some ten
 * milliseconds of a thread that file reads need too.
 */
const MAX_WHOLE = 256 * 1024;
/** The same limit for content that is compressed once for all clients. */
const MAX_KEPT = 1024 * 1024;

/** Compresses the responses of one route. */
export class Compressor {
  readonly #options: CompressorOptions;
  /** Compressed variants of responses that are sent repeatedly; an entry lives as long as its response. */
  readonly #kept = new WeakMap<Response, Kept>();

  constructor(options: CompressorOptions) {
    this.#options = options;
  }

  async compress(response: Response, exchange: Exchange): Promise<Response> {
    const { offered, matches, minLength, made } = this.#options;
    const { headers, method } = exchange.request;
    if (belongsToCompressible(response, exchange, matches)) {
      return varying(revalidated(response, headers.get('if-none-match')));
    }
    if (!mayCompress(response, exchange, matches)) return response;
    const length = lengthOf(response);
    if (length !== undefined && length < minLength) return response;

    const kept = this.#keptOf(response, exchange, length);
    const plain = kept?.plain ?? varying(response);
    // Ranges refer to the unencoded content, so a range request gets that.
    if (headers.has('range')) return plain;
    const accepted = acceptedCodings(headers.get('accept-encoding'), offered);
    if (accepted.length === 0) return plain;
    const sibling = await this.#sibling(response, exchange, accepted, kept);
    if (sibling !== undefined) return sibling;
    const makers = accepted.filter(isMaker);
    const [best] = makers;
    if (!made || best === undefined) return plain;
    // A HEAD compresses nothing: RFC 9110 §9.3.2 allows omitting a length that only GET would determine.
    if (method === 'HEAD')
      return kept?.known(best) ?? this.#asHead(response, exchange, makers, length) ?? plain;
    if (kept !== undefined) return kept.compressed(best, this.#options.level, this.#options.resources.whole);
    if (isWhole(response, length)) return (await this.#whole(response, exchange, best)) ?? plain;
    return this.#streamed(response, exchange, makers) ?? plain;
  }

  /** Returns the header fields that GET would send now, without a body or its length. */
  #asHead(
    response: Response,
    exchange: Exchange,
    makers: readonly Maker[],
    length: number | undefined,
  ): Response | undefined {
    const inOneCall = isWhole({ ...response, body: response.body ?? '' }, length);
    const encoding = inOneCall ? makers[0] : this.#affordable(makers);
    return encoding && this.#encodedBody(response, exchange, encoding);
  }

  /** Returns the best coder that fits into the available memory. */
  #affordable(makers: readonly Maker[]): Maker | undefined {
    const { level, resources } = this.#options;
    return makers.find(({ memory }) => resources.memory.fits(memory[level]));
  }

  /** @returns undefined for a response that is sent only once, or whose content is not in memory */
  #keptOf(response: Response, { request }: Exchange, length = 0): Kept | undefined {
    if (!Object.isFrozen(response) || !isBytes(response) || length > MAX_KEPT) return undefined;
    const kept = this.#kept.get(response) ?? new Kept(response, this.#options.resources);
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
        const response = kept
          ? await kept.sibling(original, encoding)
          : await respondWithSibling(original, exchange, encoding);
        if (response !== undefined) return response;
      }
    } catch (error) {
      // For example out of descriptors: the response is sent without the precompressed file.
      const { log, resources } = this.#options;
      if (resources.siblingErrors.take())
        log.warn(`cannot read the precompressed file of ${request.path}: ${String(error)}`);
    }
    return undefined;
  }

  /** @returns undefined where compression saves nothing, or too many compressions are in progress */
  async #whole(response: Response, exchange: Exchange, encoding: Maker): Promise<Response | undefined> {
    const { level, resources } = this.#options;
    const turn = resources.whole.acquire(exchange.signal);
    if (turn === undefined) return undefined;
    const release = await turn.catch(() => undefined);
    if (release === undefined) return undefined; // the client has disconnected
    try {
      return await compressedWhole(response, encoding, level);
    } finally {
      release();
    }
  }

  /** @returns undefined where no coder fits into the available memory */
  #streamed(response: Response, exchange: Exchange, makers: readonly Maker[]): Response | undefined {
    const { level, resources } = this.#options;
    const encoding = this.#affordable(makers);
    if (encoding === undefined) return undefined;
    const release = resources.memory.take(encoding.memory[level]);
    // Released with the exchange too, because the body may never be read.
    exchange.own({ close: release });
    return this.#encodedBody(response, exchange, encoding, release);
  }

  /** Compression starts with the first read of the body. */
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

/** Whether the content is compressed in one call. A stream's declared length is not trusted. */
function isWhole({ body }: Response, length = Number.POSITIVE_INFINITY): boolean {
  return body !== undefined && isAtHand(body) && length <= MAX_WHOLE;
}

async function respondWithSibling(
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
