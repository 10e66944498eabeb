/**
 * Why a value is no `Response`, for the log; undefined for one that can be sent. What its header fields hold is checked
 * when they are written.
 */
export function problemOfResponse(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return `${kindOf(value)} is no Response`;
  const { status, headers, body, trailers } = fieldsOf(value);
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 200 || status > 599) {
    return `the status of its answer is ${shown(status)}, no whole number from 200 to 599`;
  }
  if (headers !== undefined && !isRecord(headers))
    return `the headers of its answer are ${kindOf(headers)}, no object of names and values`;
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

/** A Map, or Headers, has entries but no fields. */
function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !(Symbol.iterator in value);
}

function problemOfBody(body: unknown): string | undefined {
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) return undefined;
  const isObject = typeof body === 'object' && body !== null;
  if (isObject && 'file' in body) {
    return isSlice(body)
      ? undefined
      : 'the body of its answer is no part of an open file: { file, start, end } with a file of exchange.open()';
  }
  if (isObject && Symbol.asyncIterator in body) return undefined;
  return `the body of its answer is ${kindOf(body)}, no string, bytes, part of a file or async iterable of bytes`;
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
