import {
  type ByteRange,
  contentRange,
  entityTagOf,
  evaluatePreconditions,
  type FileVersion,
  formatHttpDate,
  HttpError,
  lastModifiedOf,
  multipartByteranges,
  type OpenFile,
  type Request,
  type Response,
  type ResponseHeaders,
  selectRanges,
  type Validators,
} from '@webserv/server';

/** A version of a file as the content of a response (RFC 9110 §3.2). */
export interface Representation {
  readonly content: Uint8Array | OpenFile;
  readonly size: number;
  readonly contentType: string;
  readonly validators: Validators;
  /** The response with the whole content. */
  readonly whole: Response;
  readonly notModified: Response;
}

export interface RepresentationOptions {
  readonly contentType: string;
  /** Further fields of every response built from the file. */
  readonly fields: ResponseHeaders;
  readonly etag: boolean;
  readonly cacheControl: string | undefined;
}

/**
 * Builds the representation of a file's version. From bytes, the responses are frozen so that the writer can cache
 * their serialised form; from an open file, they serve one request.
 */
export function represent(
  version: FileVersion,
  content: Uint8Array | OpenFile,
  { contentType, fields, etag, cacheControl }: RepresentationOptions,
): Representation {
  const { size } = version;
  const lastModified = lastModifiedOf(version);
  const validators: Validators = { etag: etag ? entityTagOf(version) : undefined, lastModified };
  const caching: ResponseHeaders = {
    ...(validators.etag === undefined ? {} : { etag: validators.etag }),
    ...(cacheControl === undefined ? {} : { 'cache-control': cacheControl }),
  };
  const date: ResponseHeaders =
    lastModified === undefined ? {} : { 'last-modified': formatHttpDate(lastModified) };
  const headers = { 'content-type': contentType, ...fields, ...date, ...caching, 'accept-ranges': 'bytes' };
  // RFC 9110 §15.4.5: a 304 repeats the date only where no entity-tag identifies the version.
  const validating =
    validators.etag === undefined ? { ...fields, ...date, ...caching } : { ...fields, ...caching };
  const whole = content instanceof Uint8Array ? content : { file: content, start: 0, end: size };
  return Object.freeze({
    content,
    size,
    contentType,
    validators,
    whole: Object.freeze({ status: 200, headers: Object.freeze(headers), body: whole }),
    notModified: Object.freeze({ status: 304, headers: Object.freeze(validating) }),
  });
}

function partial(representation: Representation, ranges: readonly ByteRange[]): Response {
  const { content, size, contentType, whole } = representation;
  const [first] = ranges;
  if (first === undefined || ranges.length > 1) {
    const parts = multipartByteranges(content, size, contentType, ranges);
    return {
      status: 206,
      headers: {
        ...whole.headers,
        'content-type': parts.contentType,
        'content-length': String(parts.length),
      },
      body: parts.body,
    };
  }
  return {
    status: 206,
    headers: { ...whole.headers, 'content-range': contentRange(first, size) },
    body:
      content instanceof Uint8Array
        ? content.subarray(first.start, first.end)
        : { file: content, start: first.start, end: first.end },
  };
}

/**
 * Responds to a GET or HEAD: preconditions first, then ranges (RFC 9110 §13.2.2).
 * @throws HttpError 412, 416
 */
export function respondWith(representation: Representation, request: Request): Response {
  const { validators, size } = representation;
  const precondition = evaluatePreconditions(request, validators);
  if (precondition === 'not-modified') return representation.notModified;
  if (precondition === 'failed') throw new HttpError(412);
  const ranges = selectRanges(request, validators, size);
  if (ranges === undefined) return representation.whole;
  if (ranges === 'unsatisfiable') {
    throw new HttpError(416, { headers: { 'content-range': `bytes */${size}` } });
  }
  return partial(representation, ranges);
}
