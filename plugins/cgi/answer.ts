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

/** How long after the end of its output a script's exit is waited for, in milliseconds. */
const EXIT_WAIT_MS = 250;

/** A script that has been started, and what there is to know about it. */
export interface Run {
  readonly script: ScriptProcess;
  /** Its file, for messages. */
  readonly name: string;
  /** Milliseconds, above 0: from the start to the header's end, and for each silence after it. */
  readonly timeoutMs: number;
  /** Logs what its author should change. */
  warn(message: string): void;
  /** Of what waits for its client. */
  readonly budget: DiskBudget;
  /** Called when nobody waits for the rest of its output: ends it, or lets it go on (`ignore_client_abort`). */
  end(): void;
}

/** How the script ended; undefined when it has not a moment after its output. */
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
    // A header that drips does not get more time than one that does not come.
    const piece = await script.output.read(Math.max(1, deadline - performance.now()));
    if (piece === undefined) {
      throw new MalformedOutputError(`no whole header before it ${describe(await exitOf(script))}`);
    }
    const cut = cutter.push(piece);
    if (cut !== undefined) return { head: readHead(cut.header), rest: cut.rest };
    if (performance.now() >= deadline) throw new SilenceError();
  }
}

/** What went wrong before there was an answer, as the answer. */
function badGateway(name: string, timeoutMs: number, error: unknown): unknown {
  if (error instanceof SilenceError)
    return new HttpError(504, { reason: `${name}: no header in ${timeoutMs} ms` });
  if (error instanceof MalformedOutputError)
    return new HttpError(502, { reason: `${name}: ${error.message}` });
  return error;
}

/** Tells the log of output behind the declared length; the client does not get it. */
function watchExcess({ script, timeoutMs }: Run, warn: () => void): void {
  script.output.read(timeoutMs).then(
    (excess) => {
      if (excess !== undefined) warn();
    },
    () => {}, // silence, as it should be
  );
}

/**
 * A script's content, passed on as it comes (RFC 3875 §6.4). A content that is cut short throws, so that the connection tells the client.
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
      const warn = (): void => run.warn('more content than its Content-Length');
      if (piece.length > left) warn();
      else watchExcess(run, warn);
      yield piece.subarray(0, left);
    } else if (declared !== undefined) {
      throw new Error(`${name}: its content is ${left} bytes shorter than its Content-Length`);
    } else {
      const exit = await exitOf(script);
      if (exit?.signal !== undefined)
        throw new Error(`${name}: it ${describe(exit)} before its content was whole`);
    }
    script.release(timeoutMs, false);
  } catch (error) {
    script.close();
    throw error instanceof SilenceError ? new Error(`${name}: silent for ${timeoutMs} ms`) : error;
  } finally {
    run.end();
  }
}

/** The answer to a HEAD has GET's header; this stands for the content, which nobody pulls. */
async function* nothing(): AsyncGenerator<Uint8Array> {}

/**
 * Makes a script's output an answer.
 * @throws HttpError 502 when it is no CGI response, 504 when it does not come in time; the script is ended then
 */
export async function answer(exchange: Exchange, run: Run): Promise<Response> {
  const { script, name, timeoutMs } = run;
  exchange.own({ close: () => run.end() });
  // The exchange ends later, where its client has only ended its side.
  exchange.signal.addEventListener('abort', () => run.end(), { once: true });
  if (exchange.signal.aborted) run.end();
  try {
    const { head, rest } = await receiveHead(run);
    const { method } = exchange.request;
    if (head.handover !== undefined) {
      run.warn(`${head.handover} is not supported and not sent: the script has to send the file itself`);
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
      throw new HttpError(400, { reason: 'the client left' });
    }
    script.close();
    throw badGateway(name, timeoutMs, error);
  }
}

/** RFC 9110 §15.3.5, §15.3.6, §15.4.5: whatever the script writes. */
function hasNoContent(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}
