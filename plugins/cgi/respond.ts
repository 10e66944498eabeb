import { type Exchange, HttpError, type Response } from '@webserv/server';
import type { Exit } from './child/child.js';
import type { DiskBudget } from './disk-budget.js';
import { SilenceError } from './output-pipe.js';
import { ReadAhead } from './read-ahead.js';
import {
  HeaderCutter,
  localRedirect,
  MalformedOutputError,
  readHead,
  type ScriptHead,
} from './script-output.js';
import type { ScriptProcess } from './script-process.js';

/** Milliseconds to wait for a script's exit after the end of its output. */
const EXIT_WAIT_MS = 250;

/** A running script and the settings that apply to its response. */
export interface Run {
  readonly script: ScriptProcess;
  /** Path of its file, for messages. */
  readonly name: string;
  /** Milliseconds, above 0: limit on the time until the end of the header section, and on each pause after it. */
  readonly timeoutMs: number;
  /** Logs a warning for the author of the script. */
  warn(message: string): void;
  /** Disk budget for output that waits for its client. */
  readonly budget: DiskBudget;
  /**
   * Called when the rest of the output is no longer needed: ends the script, or lets it continue
   * (`ignore_client_abort`).
   */
  end(): void;
}

/** Returns how the script ended; undefined when it is still running a moment after its output. */
async function exitOf(script: ScriptProcess): Promise<Exit | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const later = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), EXIT_WAIT_MS);
  });
  const exit = await Promise.race([script.exited, later]);
  clearTimeout(timer);
  return exit;
}

function describe(exit: Exit | undefined): string {
  if (exit === undefined) return 'closed its output';
  return exit.signal === undefined ? `exited with ${exit.code}` : `was killed by ${exit.signal}`;
}

/** @throws MalformedOutputError, SilenceError */
async function receiveHead({ script, timeoutMs }: Run): Promise<{ head: ScriptHead; rest: Uint8Array }> {
  const deadline = performance.now() + timeoutMs;
  const cutter = new HeaderCutter();
  for (;;) {
    // The deadline covers the whole header section, however slowly it arrives.
    const piece = await script.output.read(Math.max(1, deadline - performance.now()));
    if (piece === undefined) {
      throw new MalformedOutputError(
        `it ${describe(await exitOf(script))} before the end of its header section`,
      );
    }
    const cut = cutter.push(piece);
    if (cut !== undefined) return { head: readHead(cut.header), rest: cut.rest };
    if (performance.now() >= deadline) throw new SilenceError();
  }
}

/** Maps a failure before the response to its status. */
function badGateway(name: string, timeoutMs: number, error: unknown): unknown {
  if (error instanceof SilenceError)
    return new HttpError(504, { reason: `${name}: no header section within ${timeoutMs} ms (cgi_timeout)` });
  if (error instanceof MalformedOutputError)
    return new HttpError(502, { reason: `${name}: ${error.message}` });
  return error;
}

/** Logs output beyond the declared length; the client does not get it. */
function watchExcess({ script, timeoutMs }: Run, warn: () => void): void {
  script.output.read(timeoutMs).then(
    (excess) => {
      if (excess !== undefined) warn();
    },
    () => {}, // nothing more was written, as expected
  );
}

/**
 * Streams a script's content as it arrives (RFC 3875 §6.4). Throws when the content is incomplete, so that the
 * connection is closed and the client notices.
 */
async function* content(
  run: Run,
  declared: number | undefined,
  first: Uint8Array,
): AsyncGenerator<Uint8Array> {
  const { script, name, timeoutMs } = run;
  let left = declared ?? Number.POSITIVE_INFINITY;
  let piece: Uint8Array | undefined = first;
  try {
    while (piece !== undefined && piece.length < left) {
      left -= piece.length;
      yield piece;
      piece = await script.output.read(timeoutMs);
    }
    if (piece !== undefined) {
      const warn = (): void => run.warn('wrote more content than its Content-Length; the rest was discarded');
      if (piece.length > left) warn();
      else watchExcess(run, warn);
      yield piece.subarray(0, left);
    } else if (declared !== undefined) {
      throw new Error(`${name}: its output ended ${left} bytes before its Content-Length`);
    } else {
      const exit = await exitOf(script);
      if (exit?.signal !== undefined)
        throw new Error(`${name}: it ${describe(exit)} before the end of its content`);
    }
    script.release(timeoutMs, false);
  } catch (error) {
    script.close();
    throw error instanceof SilenceError
      ? new Error(`${name}: no output for ${timeoutMs} ms (cgi_timeout)`)
      : error;
  } finally {
    run.end();
  }
}

/** Body of a response to HEAD: it has GET's header fields, and its content is never read. */
async function* nothing(): AsyncGenerator<Uint8Array> {}

/**
 * Turns a script's output into a response.
 * @throws HttpError 502 when the output is not a CGI response, 504 when it does not arrive in time; the script is ended
 * in both cases
 */
export async function respond(exchange: Exchange, run: Run): Promise<Response> {
  const { script, name, timeoutMs } = run;
  exchange.own({ close: () => run.end() });
  // A client that has only closed its sending side does not end the exchange yet, but aborts the signal.
  exchange.signal.addEventListener('abort', () => run.end(), { once: true });
  if (exchange.signal.aborted) run.end();
  try {
    const { head, rest } = await receiveHead(run);
    const { method } = exchange.request;
    if (head.handover !== undefined) {
      run.warn(`${head.handover} is not supported and was removed; the script must send the file itself`);
    }
    const local = localRedirect(head);
    if (local !== undefined) {
      script.release(timeoutMs, true);
      return await exchange.forward(local, method === 'HEAD' ? 'HEAD' : 'GET');
    }
    const { headers, spellings } = head;
    const status = head.status ?? (head.location === undefined ? 200 : 302);
    if (hasNoContent(status)) {
      script.release(timeoutMs, true);
      return { status, headers, spellings };
    }
    if (method === 'HEAD') {
      script.release(timeoutMs, true);
      return { status, headers, spellings, body: nothing() };
    }
    const { budget } = run;
    const stalled = (isStalled: boolean): void => script.stall(isStalled);
    const body = new ReadAhead(content(run, head.contentLength, rest), { budget, stalled });
    return { status, headers, spellings, body };
  } catch (error) {
    if (exchange.signal.aborted) {
      run.end();
      throw new HttpError(400, { reason: 'the client disconnected' });
    }
    script.close();
    throw badGateway(name, timeoutMs, error);
  }
}

/** Statuses without content (RFC 9110 §15.3.5, §15.3.6, §15.4.5), even if the script writes some. */
function hasNoContent(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}
