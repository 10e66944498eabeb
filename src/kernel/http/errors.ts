import { recogniseAcrossCopies } from '../diagnostics/cross-copy-errors.js';
import { errorCode } from '../diagnostics/error-code.js';
import type { ResponseHeaders } from './message.js';

/** Options of an `HttpError`. */
export interface HttpErrorOptions {
  /** The reason, for the error log; not sent to the client, because it may contain a path or a secret. */
  readonly reason?: string;
  /** Header fields that the response must have (Allow, Retry-After, Content-Range …), names in lower case. */
  readonly headers?: ResponseHeaders;
  /** The error behind it, for the error log. */
  readonly cause?: unknown;
}

/**
 * An error response (RFC 9110 §15.5, §15.6). A plugin throws it to end a request with that status; the kernel adds the
 * page. Any other exception is a bug in the server or plugin: the client gets 500 and the log reports it.
 */
export class HttpError extends Error {
  /** 400 to 599. */
  readonly status: number;
  /** Fields that the error page is sent with; empty when there are none. */
  readonly headers: ResponseHeaders;

  /** @throws RangeError for a status outside 400 to 599 */
  constructor(status: number, options: HttpErrorOptions = {}) {
    if (!Number.isInteger(status) || status < 400 || status > 599) {
      throw new RangeError(`an HttpError has a status from 400 to 599, not ${status}`);
    }
    super(options.reason ?? `status ${status}`, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'HttpError';
    this.status = status;
    this.headers = options.headers ?? {};
  }
}

/** Conditions that pass: no descriptors are left, of the process or the machine, or no memory. */
const PASSING: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM']);

/**
 * Maps anything thrown to the error the client gets: an HttpError stays as it is; an error that the system was out of
 * descriptors or memory, also as a cause, becomes 503 with Retry-After; any other becomes 500.
 */
export function asHttpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  for (let fault = error; fault instanceof Error; fault = fault.cause) {
    if (PASSING.has(errorCode(fault))) {
      return new HttpError(503, { reason: fault.message, headers: { 'retry-after': '1' }, cause: error });
    }
  }
  return new HttpError(500, { cause: error });
}

recogniseAcrossCopies(HttpError);
