import type { RefusedRequest } from '../exchange/refusal.js';
import type { BodySource } from '../http/body-queue.js';
import { ClientGone } from '../http/client-gone.js';
import { discard } from '../http/discard.js';
import { builtInErrorPage } from '../http/error-page.js';
import { HttpError } from '../http/errors.js';
import type { Response, ResponseHeaders } from '../http/message.js';
import type { OutgoingBody } from '../http/outgoing-body.js';
import { trailerFields } from '../http/trailers.js';
import type { ConnectionContext } from '../net/connection-context.js';
import { sendContent } from '../net/send-body.js';
import type { ConnectionState, ServedConnection } from '../net/served-connection.js';
import type { HasDeadline } from '../net/timeouts.js';
import type { Transport } from '../net/transport.js';
import { ChunkedSink } from './chunked-sink.js';
import { Http1Cycle, type Sender } from './http1-cycle.js';
import { HeadParser, type RequestHead } from './parser.js';
import { ReceiveBuffer } from './receive-buffer.js';
import { type ReceivedRequest, receive } from './request.js';
import { SendQueue } from './send-queue.js';
import { serialise } from './serialised-cache.js';
import { TransferWait } from './transfer-wait.js';
import { interimHead, type Wire } from './writer.js';

/** How long a closing connection listens on, so that the client sees the answer and not a reset (RFC 9112 §9.6). */
const LINGER_MS = 5_000;

/**
 * How long a response may be silent once the client has ended its side, by when it is settled that it has to be waited for.
 * A client that left looks the same as one that ended only its sending: what is there at once is sent to both.
 */
const SILENCE_MS = 1_000;

/**
 * When the system begins to ask whether a client that has ended its side is there. Linux forgets a connection a minute
 * after it was closed; from then on it says so.
 */
const KEEPALIVE_MS = 10_000;

/** Bytes a second: a client that sends a body slower than this for longer than client_body_timeout is cut off. */
const MIN_BODY_RATE = 500;

/** Bytes of a refused request that are told of it. */
const MAX_TOLD = 1024;

const NOTHING = new Uint8Array(0);
const CONTINUE = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n');

/**
 * One client's connection: requests in, answers out, in order and one at a time. What nobody asks for is not read:
 * the memory of a connection is bounded whatever the client sends.
 */
export class Connection implements ServedConnection, HasDeadline, BodySource {
  readonly #transport: Transport;
  readonly #stream: Transport['stream'];
  readonly #context: ConnectionContext;
  readonly #parser: HeadParser;
  readonly #received: ReceiveBuffer;
  readonly #sendQueue: SendQueue;
  #cycle: Http1Cycle | undefined;
  #requests = 0;
  /** When the head that is being received began, where it did not come in one piece. */
  #headBegan = 0;
  #inRead = false;
  /** Nothing more is answered; what still comes is dropped. */
  #lingering = false;
  #clientEnded = false;
  #closed = false;
  /** By when the client must have sent what is waited for. What it has to take has a deadline of its own in the send queue. */
  #receiveBy: number;
  /** For how long it is kept without a request, in milliseconds. */
  #keepMs: number;
  readonly #bodyWait = new TransferWait(MIN_BODY_RATE);
  /** What had been sent when a silent response was last looked at. */
  #sentBefore = 0;
  readonly #sender: Sender = {
    respond: (cycle, response) =>
      response === undefined ? this.#giveUp(cycle) : this.#answer(cycle, response),
    inform: (cycle, status, headers) => this.#inform(cycle, status, headers),
  };

  constructor(transport: Transport, context: ConnectionContext) {
    const { stream } = transport;
    this.#transport = transport;
    this.#stream = stream;
    this.#context = context;
    const { settings, timeouts, writeBatch } = context;
    this.#received = new ReceiveBuffer(stream);
    this.#sendQueue = new SendQueue(transport, timeouts, writeBatch, settings);
    this.#parser = new HeadParser({
      requestLine: settings.clientMaxRequestLine,
      head: settings.clientMaxHeaderSize,
      fieldCount: settings.clientMaxHeaderCount,
    });
    this.#receiveBy = timeouts.now + settings.clientHeaderTimeout;
    this.#keepMs = settings.keepaliveTimeout;
    timeouts.watch(this);
    stream.on('data', (bytes: Buffer) => this.#receive(bytes));
    stream.on('end', () => this.#end());
    stream.on('drain', () => this.#drained());
    // 'close' follows and does what is to be done; a reset is everyday, not a fault.
    stream.on('error', () => {});
    stream.on('close', () => this.#close());
  }

  get deadline(): number {
    const { sendDeadline } = this.#sendQueue;
    // Nothing is read before the answers are taken: it is not for more requests that the client's time runs.
    if (this.#cycle === undefined && sendDeadline !== Number.POSITIVE_INFINITY) return sendDeadline;
    return Math.min(this.#receiveBy, sendDeadline);
  }

  /** Nothing is being received, answered or sent: to close it takes nothing from the client. */
  get idle(): boolean {
    if (this.#lingering) return this.#stream.writableFinished;
    return !this.#busy && this.#sendQueue.isEmpty;
  }

  /** A request is being received or answered; what answers are on their way does not count. */
  get #busy(): boolean {
    return this.#cycle !== undefined || this.#parser.started || !this.#received.isEmpty;
  }

  /** What it is about, for who watches the server. */
  get state(): ConnectionState {
    if (this.#lingering) return 'closing';
    if (this.#cycle !== undefined) return this.#cycle.sent ? 'reading' : 'answering';
    return this.#parser.started ? 'reading' : 'idle';
  }

  /**
   * Ends the connection when it is idle and nothing comes on it any more: a request may be on its way. One at work ends
   * with its answer, since `context.stopping` is set by then.
   * @param idleMs how long nothing has to come
   */
  retire(idleMs: number): void {
    if (this.#lingering || this.#busy) return;
    this.#keepMs = idleMs;
    if (idleMs === 0 && this.idle) this.destroy();
    else this.#receiveBy = Math.min(this.#receiveBy, performance.now() + idleMs);
  }

  destroy(): void {
    this.#stream.destroy();
  }

  /** Called when the deadline passes. */
  expire(): void {
    const cycle = this.#cycle;
    const { now } = this.#context.timeouts;
    if (this.#sendQueue.sendDeadline <= now) {
      // Without a reset the system goes on holding megabytes for a client that does not take them.
      if (!this.#sendQueue.prolong()) this.#transport.reset();
      return;
    }
    this.#receiveBy = Number.POSITIVE_INFINITY;
    if (this.#clientEnded && cycle?.sent === false) this.#silent(cycle);
    else if (this.#lingering) this.destroy();
    else if (cycle?.sent) this.#shut();
    else if (cycle !== undefined)
      cycle.body?.queue.fail(new HttpError(408, { reason: 'content comes too slowly' }));
    else if (this.#parser.started) this.#refuse(new HttpError(408, { reason: 'header comes too slowly' }));
    else this.#shut();
  }

  // Receiving

  #receive(bytes: Buffer): void {
    if (this.#lingering) return;
    if (this.#received.isEmpty) this.#read(bytes);
    else this.#keep(bytes, 0);
  }

  /** Takes bytes as far as the conversation allows; the rest waits. */
  #read(bytes: Buffer): void {
    this.#inRead = true;
    let at = 0;
    try {
      while (at < bytes.length && !this.#lingering) {
        const cycle = this.#cycle;
        if (cycle?.receiving) at = this.#readBody(cycle, bytes, at);
        else if (cycle === undefined && !this.#sendQueue.blocked) at = this.#readHead(bytes, at);
        else {
          this.#keep(bytes, at);
          break;
        }
      }
    } catch (error) {
      this.#broken(error);
    }
    this.#inRead = false;
    if (this.#cycle?.sent === false && this.#cycle.receiving && !this.#cycle.body?.queue.wanted)
      this.#received.pause();
  }

  #readHead(bytes: Buffer, start: number): number {
    const begun = this.#parser.started;
    const head = this.#parser.push(bytes, start);
    if (head === undefined) {
      // The whole header's time counts from its first byte; a byte now and then does not prolong it.
      if (!begun) this.#headBegan = this.#context.timeouts.now;
      if (!begun && this.#requests > 0) this.#wait(this.#context.settings.clientHeaderTimeout);
      return bytes.length;
    }
    const end = start + this.#parser.consumed;
    this.#begin(head, end < bytes.length);
    return end;
  }

  #begin(head: RequestHead, contentCame: boolean): void {
    this.#receiveBy = Number.POSITIVE_INFINITY;
    this.#bodyWait.reset();
    this.#requests += 1;
    this.#headBegan = 0;
    const received = this.#understand(head);
    if (received === undefined) return;
    // A client that sent content already waits for nothing (RFC 9110 §10.1.1).
    const cycle = new Http1Cycle(received, received.expectsContinue && !contentCame, this.#sender);
    this.#cycle = cycle;
    this.#sendQueue.begin();
    this.#sentBefore = 0;
    if (this.#clientEnded) this.#wait(SILENCE_MS);
    this.#context.dispatch(cycle.request, cycle);
  }

  /** @returns undefined for a request that is refused */
  #understand(head: RequestHead): ReceivedRequest | undefined {
    try {
      return receive(head, this.#transport.peer, this);
    } catch (error) {
      const received = `${head.method} ${head.target} HTTP/${head.version}\r\n${head.fields.text}`;
      this.#refuse(error, { method: head.method, received });
      return undefined;
    }
  }

  #readBody(cycle: Http1Cycle, bytes: Buffer, start: number): number {
    const { body } = cycle;
    if (body === undefined) return start;
    const before = body.queue.received;
    const end = body.push(bytes, start);
    if (body.queue.received > before || body.complete) this.#stopWaiting();
    if (!cycle.sent) return end;
    if (body.complete) this.#next();
    else if (!cycle.drainable) this.#shut();
    return end;
  }

  /** The body's: somebody reads, so `100 Continue` is due and the client's time runs. */
  wanted(): void {
    const cycle = this.#cycle;
    if (cycle === undefined || this.#closed) return;
    if (cycle.owesContinue) {
      cycle.owesContinue = false;
      this.#sendQueue.enqueue(CONTINUE);
    }
    const { timeouts, settings } = this.#context;
    this.#wait(
      this.#bodyWait.begin(timeouts.now, cycle.body?.queue.received ?? 0, settings.clientBodyTimeout),
    );
    this.#received.resume();
  }

  /** The body's: more came than was asked for. */
  full(): void {
    this.#received.pause();
  }

  #stopWaiting(): void {
    if (this.#bodyWait.end(this.#context.timeouts.now)) this.#receiveBy = Number.POSITIVE_INFINITY;
  }

  #keep(bytes: Buffer, start: number): void {
    this.#received.hold(bytes, start);
    if (this.#sendQueue.blocked) this.#received.pause();
  }

  /** The client has taken all that it was sent. */
  #drained(): void {
    this.#sendQueue.taken();
    if (this.#cycle === undefined) {
      this.#wait(this.#parser.started ? this.#context.settings.clientHeaderTimeout : this.#keepMs);
    }
    this.#continueReading();
  }

  /** Goes on with what waited for an answer, or for the client to take its answers. */
  #continueReading(): void {
    if (this.#closed || this.#lingering || this.#inRead || this.#cycle !== undefined) return;
    const waiting = this.#received.drain();
    if (waiting !== undefined) this.#read(waiting);
    if (this.#clientEnded) this.#endOfInput();
    else if (this.#received.isEmpty && this.#cycle === undefined) this.#received.resume();
  }

  #end(): void {
    this.#clientEnded = true;
    if (this.#cycle?.sent === false) {
      this.#transport.probe(KEEPALIVE_MS);
      this.#awaitResponse();
    }
    this.#endOfInput();
  }

  /**
   * A reset behind a client's end is not reported to one that only reads: to write nothing tells. The next piece of the
   * response may take long.
   */
  #awaitResponse(): void {
    this.#stream.write(NOTHING);
    this.#sentBefore = this.#sendQueue.contentSent;
    this.#wait(SILENCE_MS);
  }

  /**
   * The client has ended its side, and its response was silent for a while. It is aborted, unless bytes are on their way:
   * these have a time of their own.
   */
  #silent(cycle: Http1Cycle): void {
    const { sendDeadline, contentSent } = this.#sendQueue;
    const isSilent = sendDeadline === Number.POSITIVE_INFINITY && contentSent === this.#sentBefore;
    if (isSilent && cycle.leave() && cycle.answered) this.#breakOff(cycle, new ClientGone());
    else this.#awaitResponse();
  }

  /** All has been read that ever comes, but for what waits for an answer before it. */
  #endOfInput(): void {
    const cycle = this.#cycle;
    if (cycle === undefined) {
      if (!this.#received.isEmpty) return;
      this.#leftInHead();
      this.#shut();
    } else if (cycle.receiving) {
      if (cycle.sent) this.#shut();
      else cycle.body?.queue.fail(clientLeft());
    }
  }

  /** How long the client has to send what is next. */
  #wait(milliseconds: number): void {
    this.#receiveBy = this.#context.timeouts.now + milliseconds;
  }

  // Answering

  #inform(cycle: Http1Cycle, status: number, headers: ResponseHeaders): boolean {
    // RFC 9110 §15.2: a client of HTTP/1.0 does not know that another response follows.
    if (this.#closed || cycle.version === '1.0') return false;
    if (status === 100) {
      if (!cycle.owesContinue) return false;
      cycle.owesContinue = false;
    }
    this.#sendQueue.enqueue(interimHead(status, headers));
    return true;
  }

  #answer(cycle: Http1Cycle, response: Response): void {
    if (this.#closed) {
      discard(response);
      return;
    }
    const { timeouts, log, settings } = this.#context;
    const wire = cycle.toWire(
      response,
      this.#mayKeep(cycle),
      { date: timeouts.date(), server: settings.serverField },
      log,
    );
    const { head, body, size, keepAlive } = wire;
    this.#sendQueue.enqueue(head);
    if (body.kind === 'none') this.#finish(cycle, size, keepAlive, response);
    else {
      this.#sendBody(body, wire, response).then(
        (bytesSent) => this.#finish(cycle, bytesSent, keepAlive, undefined),
        (error: unknown) => this.#breakOff(cycle, error),
      );
    }
  }

  /** @returns how many bytes of the body were sent */
  async #sendBody(
    body: Exclude<OutgoingBody, { kind: 'none' }>,
    { chunked, trailers }: Wire,
    response: Response,
  ): Promise<number> {
    if (!chunked) return sendContent(body, this.#sendQueue);
    const chunks = new ChunkedSink(this.#sendQueue);
    const bytesSent = await sendContent(body, chunks);
    await chunks.end(trailers && trailerFields(response, trailers));
    return bytesSent;
  }

  #mayKeep(cycle: Http1Cycle): boolean {
    const { settings, stopping } = this.#context;
    return (
      cycle.keepAlive &&
      // What a client sends behind a CONNECT it takes for a tunnel's content, whatever the answer (RFC 9110 §9.3.6).
      cycle.method !== 'CONNECT' &&
      cycle.drainable &&
      !stopping &&
      this.#requests < settings.keepaliveRequests &&
      settings.keepaliveTimeout > 0 &&
      // Requests that are here already are answered here.
      (!this.#received.isEmpty || this.#context.mayKeep())
    );
  }

  #finish(cycle: Http1Cycle, bytesSent: number, keepAlive: boolean, unsent: Response | undefined): void {
    if (this.#closed || cycle.ended) return;
    // A HEAD's content, or a 304's, was never asked for.
    if (unsent !== undefined) discard(unsent);
    cycle.sent = true;
    this.#endCycle(cycle, bytesSent, true);
    cycle.body?.queue.discard();
    // Since the answer's head went out its request may have broken, and the server been told to stop.
    if (!keepAlive || !cycle.drainable || this.#context.stopping) this.#shut();
    else if (cycle.receiving) this.#drain();
    else this.#next();
  }

  /** The rest of the content is nobody's: it is read past, within a bound of size and time. */
  #drain(): void {
    this.#bodyWait.reset();
    this.#wait(this.#context.settings.clientBodyTimeout);
    // What is being read now may hold the rest.
    if (this.#clientEnded && !this.#inRead) this.#shut();
    else this.#received.resume();
  }

  #next(): void {
    this.#cycle = undefined;
    this.#wait(this.#keepMs);
    this.#continueReading();
  }

  /** The client has left, and what was to answer it has stopped. */
  #giveUp(cycle: Http1Cycle): void {
    if (this.#closed) return;
    this.#endCycle(cycle, 0, false);
    this.#sendQueue.flush();
    this.destroy();
  }

  /** Content that was begun cannot be completed: only the connection's end can tell the client (RFC 9112 §8). */
  #breakOff(cycle: Http1Cycle, error: unknown): void {
    if (this.#closed || cycle.ended) return;
    cycle.reportBrokenOff(error, this.#context.log);
    this.#endCycle(cycle, this.#sendQueue.contentSent, false);
    this.#sendQueue.flush();
    this.destroy();
  }

  /** Bytes that are no message: the connection cannot be in step any more. */
  #broken(error: unknown): void {
    const cycle = this.#cycle;
    if (cycle === undefined) this.#refuse(error);
    else if (cycle.sent) this.#shut();
    else {
      // The reader learns it from the body and answers; nothing more is read from here.
      cycle.body?.queue.fail(error instanceof HttpError ? error : new HttpError(500));
      this.#received.pause();
    }
  }

  /** A request whose head could not be read: its method may still be known. */
  #unread(): { readonly method: string; readonly received: string } {
    const received = this.#parser.received(MAX_TOLD);
    return { method: received.startsWith('HEAD ') ? 'HEAD' : '', received };
  }

  /** Answers what cannot become a request, and closes. HEAD's refusal has no content either (RFC 9110 §9.3.2). */
  #refuse(error: unknown, { method, received } = this.#unread()): void {
    const { log, timeouts, refusals, settings } = this.#context;
    const refusal = error instanceof HttpError ? error : new HttpError(500);
    if (error === refusal) {
      if (refusals.take())
        log.info(`client ${this.#transport.peer.remoteAddress}: ${refusal.status} ${refusal.message}`);
    } else
      log.error(
        `client ${this.#transport.peer.remoteAddress}: ${error instanceof Error ? error.stack : String(error)}`,
      );
    const page = builtInErrorPage(refusal.status, refusal.headers);
    const wire = serialise(page, {
      method,
      version: '1.1',
      keepAlive: false,
      date: timeouts.date(),
      server: settings.serverField,
    });
    this.#sendQueue.enqueue(wire.head);
    this.#tellRefused({
      status: refusal.status,
      reason: refusal.message,
      received,
      bytesSent: wire.size,
      complete: true,
    });
    this.#shut();
  }

  /** Of a head whose client leaves in its middle, nginx logs 400 too. */
  #leftInHead(): void {
    if (!this.#parser.started || this.#lingering) return;
    const received = this.#parser.received(MAX_TOLD);
    this.#tellRefused({ status: 400, reason: 'the client left', received, bytesSent: 0, complete: false });
  }

  #tellRefused(what: Omit<RefusedRequest, 'peer' | 'durationMs'>, durationMs = this.#sinceHead()): void {
    this.#context.refused({ ...what, durationMs, peer: this.#transport.peer });
  }

  #sinceHead(): number {
    return this.#headBegan === 0 ? 0 : this.#context.timeouts.now - this.#headBegan;
  }

  /** The exchange ends, or what stands for one where there is no route. */
  #endCycle(cycle: Http1Cycle, bytesSent: number, complete: boolean): void {
    if (cycle.ended) return;
    cycle.end(bytesSent, complete);
    if (!cycle.isWithoutRoute) return;
    const { method, target, version, headers } = cycle.request;
    const lines = Array.from(headers, ([name, value]) => `${name}: ${value}\r\n`).join('');
    const received = `${method} ${target} HTTP/${version}\r\n${lines}`.slice(0, MAX_TOLD);
    const reason = 'answered before it had a route';
    this.#tellRefused({ status: cycle.status, reason, received, bytesSent, complete }, cycle.durationMs);
  }

  /** Ends our side and listens on for a while, so that the client can read the answer before it meets a reset. */
  #shut(): void {
    if (this.#lingering || this.#closed) return;
    this.#lingering = true;
    this.#received.drain();
    this.#cycle = undefined;
    // The last answer may be on its way for long; only when the client has it does the time to leave run.
    this.#receiveBy = Number.POSITIVE_INFINITY;
    this.#sendQueue.end(() => this.#wait(LINGER_MS));
    this.#received.resume();
  }

  #close(): void {
    this.#leftInHead();
    this.#closed = true;
    this.#sendQueue.close();
    this.#context.timeouts.unwatch(this);
    const cycle = this.#cycle;
    this.#cycle = undefined;
    cycle?.body?.queue.fail(clientLeft());
    if (cycle !== undefined) this.#endCycle(cycle, this.#sendQueue.contentSent, false);
    this.#context.closed(this);
  }
}

function clientLeft(): HttpError {
  return new HttpError(400, { reason: 'the client left' });
}
