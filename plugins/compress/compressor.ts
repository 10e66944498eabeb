import { type Exchange, isFileSlice, type Response, type ResponseBody } from '@webserv/server';
import { acceptedEncodings } from './accept.js';
import { asksForPart, lengthOf, mayCompress } from './eligible.js';
import type { Encoding, Level } from './encodings.js';
import { compressedHeaders, varying } from './fields.js';
import { findSibling, type Sibling } from './siblings.js';
import { contentOf, encoded } from './stream.js';

export interface CompressorOptions {
  readonly offered: readonly Encoding[];
  readonly matches: (contentType: string) => boolean;
  readonly minLength: number;
  readonly level: Level;
  /** Whether compressed files beside a file are looked for. */
  readonly siblings: boolean;
  /** Whether what has none is compressed here. */
  readonly made: boolean;
}

/** Content up to this size is compressed at once; above it, as it is sent. Bytes. */
const MAX_WHOLE = 1024 * 1024;
/** The same for a file that is not in memory yet. */
const MAX_READ = 256 * 1024;

/** Compresses the answers of one route. */
export class Compressor {
  readonly #options: CompressorOptions;
  /** What was made of answers that come again and again; they live as long as these. */
  readonly #made = new WeakMap<Response, Map<string, Promise<Response>>>();

  constructor(options: CompressorOptions) {
    this.#options = options;
  }

  answer(response: Response, exchange: Exchange): Promise<Response> {
    const { offered, matches, minLength } = this.#options;
    if (!mayCompress(response, matches)) return Promise.resolve(response);
    const length = lengthOf(response);
    if (length !== undefined && length < minLength) return Promise.resolve(response);
    const accepted = asksForPart(exchange)
      ? []
      : acceptedEncodings(exchange.request.headers.get('accept-encoding'), offered);
    if (!Object.isFrozen(response)) return this.#make(response, exchange, accepted, length);
    const key = accepted.map(({ name }) => name).join(' ');
    const made = this.#made.get(response) ?? new Map<string, Promise<Response>>();
    this.#made.set(response, made);
    const known = made.get(key);
    if (known !== undefined) return known;
    const making = this.#make(response, exchange, accepted, length);
    if (!isBytes(response)) return making;
    // The same value for all who ask: the server keeps the bytes it made of it.
    const frozen = making.then((answer) => (isBytes(answer) ? Object.freeze(answer) : answer));
    made.set(key, frozen);
    // What is no longer in memory, or could not be made, is made anew for the next one.
    frozen.then(
      (answer) => isBytes(answer) || made.delete(key),
      () => made.delete(key),
    );
    return frozen;
  }

  async #make(
    response: Response,
    exchange: Exchange,
    accepted: readonly Encoding[],
    length: number | undefined,
  ): Promise<Response> {
    const [best] = accepted;
    const { body } = response;
    if (best === undefined || body === undefined) return varying(response);
    const sibling = this.#options.siblings ? await findSibling(exchange, response, accepted) : undefined;
    if (sibling !== undefined) return answerWith(response, sibling);
    const { level, made } = this.#options;
    if (!made) return varying(response);
    const headers = compressedHeaders(response.headers ?? {}, best.name);
    if (!isSmall(response, length)) {
      return { ...response, headers, body: encoded(contentOf(body), best.stream(level)) };
    }
    const bytes = await wholeOf(body);
    const smaller = await best.whole(bytes, level);
    return smaller.length < bytes.length ? { ...response, headers, body: smaller } : varying(response);
  }
}

/** A stream is as long as it turns out to be, whatever it declares. */
function isSmall(response: Response, length = Number.POSITIVE_INFINITY): boolean {
  if (isBytes(response)) return length <= MAX_WHOLE;
  return length <= MAX_READ && response.body !== undefined && isFileSlice(response.body);
}

async function wholeOf(body: ResponseBody): Promise<Uint8Array> {
  if (body instanceof Uint8Array) return body;
  const pieces: Uint8Array[] = [];
  for await (const piece of contentOf(body)) pieces.push(piece);
  return pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces);
}

function isBytes({ body }: Response): boolean {
  return typeof body === 'string' || body instanceof Uint8Array;
}

/** A small one is read, so that it can be answered with again and again. */
async function answerWith(response: Response, { file, encoding }: Sibling): Promise<Response> {
  const headers = compressedHeaders(response.headers ?? {}, encoding.name);
  if (!isBytes(response) || file.size > MAX_WHOLE) {
    return { ...response, headers, body: { file, start: 0, end: file.size } };
  }
  const bytes = Buffer.allocUnsafeSlow(file.size);
  for (let at = 0; at < bytes.length; ) {
    const length = await file.read(bytes.subarray(at), bytes.length - at, at);
    if (length === 0) throw new Error(`${file.path} became shorter while it was read`);
    at += length;
  }
  return { ...response, headers, body: bytes };
}
