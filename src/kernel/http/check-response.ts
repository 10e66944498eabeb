/**
 * Describes for the log why a value cannot be sent as a `Response`; undefined if it can. Header field values are
 * checked when they are written.
 */
export function problemOfResponse(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return `expected a Response, got ${kindOf(value)}`;
  const { status, headers, body, trailers } = fieldsOf(value);
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 200 || status > 599) {
    return `the status of its response must be an integer from 200 to 599, got ${shown(status)}`;
  }
  if (headers !== undefined && !isRecord(headers))
    return `the headers of its response must be an object of names and values, got ${kindOf(headers)}`;
  return problemOfBody(body) ?? problemOfTrailers(trailers, headers);
}

function fieldsOf(value: object): {
  status?: unknown;
  headers?: unknown;
  body?: unknown;
  trailers?: unknown;
} {
  return value;
}

function problemOfTrailers(trailers: unknown, headers: unknown): string | undefined {
  if (trailers === undefined) return undefined;
  if (typeof trailers !== 'function')
    return `the trailers of its response are ${kindOf(trailers)}, not a function that returns fields`;
  const isAnnounced = typeof headers === 'object' && headers !== null && 'trailer' in headers;
  return isAnnounced
    ? undefined
    : 'the trailers of its response are not announced: name them in its header field "trailer"';
}

/** A Map or Headers object has entries but no properties to read. */
function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !(Symbol.iterator in value);
}

function problemOfBody(body: unknown): string | undefined {
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) return undefined;
  const isObject = typeof body === 'object' && body !== null;
  if (isObject && 'file' in body) {
    return isSlice(body)
      ? undefined
      : 'the body of its response is not a slice of an open file: expected { file, start, end } with a file from exchange.open()';
  }
  if (isObject && Symbol.asyncIterator in body) return undefined;
  return `the body of its response must be a string, bytes, a slice of a file or an async iterable of bytes, got ${kindOf(body)}`;
}

function isSlice({ file, start, end }: { file?: unknown; start?: unknown; end?: unknown }): boolean {
  return (
    typeof file === 'object' &&
    file !== null &&
    typeof start === 'number' &&
    typeof end === 'number' &&
    Number.isSafeInteger(start) &&
    Number.isSafeInteger(end) &&
    start >= 0 &&
    start <= end
  );
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== 'object') return `a ${typeof value}`;
  const { name } = value.constructor ?? Object;
  return name === 'Object' ? 'a plain object' : `of the class ${name}`;
}

function shown(status: unknown): string {
  return typeof status === 'number' ? String(status) : kindOf(status);
}
