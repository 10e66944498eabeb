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
import { BodyTimeout } from './body-timeout.js';
import { ChunkedSink } from './chunked-sink.js';
import { Http1Cycle, type Sender } from './http1-cycle.js';
import { HeadParser, type RequestHead } from './parser.js';
import { ReceiveBuffer } from './receive-buffer.js';
import { type ReceivedRequest, receive } from './request.js';
import { SendQueue } from './send-queue.js';
import { serialise } from './serialised-cache.js';
import { interimHead, type Wire } from './writer.js';

/** How long a closing connection keeps reading, so that the client gets the response before a reset (RFC 9112 §9.6). */
const LINGER_MS = 5_000;

/**
 * How long a response may send nothing after the client has ended its side. A client that closed the connection looks
 * the same as one that only finished sending: both get the response if it is ready within this time.
 */
const SILENCE_MS = 1_000;

/**
 * Idle time before TCP keepalive probes a client that has ended its side. Linux forgets a connection a minute after it
 * was closed; from then on it replies to a probe with a reset.
 */
const KEEPALIVE_MS = 10_000;

/**
 * Bytes per second. A client that sends a body slower than this for longer than client_body_timeout is disconnected.
 */
const MIN_BODY_RATE = 500;

/** Maximum bytes of a rejected request that are reported. */
const MAX_REPORTED = 1024;

const CONTINUE = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n');

/**
 * A client's HTTP/1 connection. It reads requests and sends responses, in order and one at a time. Nothing is read
 * until it is needed, so no client can make it use unbounded memory.
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
  /** When the first byte of the current head arrived, unless the head arrived in one piece. */
  #headStartedAt = 0;
  #isReading = false;
  /** No further request is processed; bytes that still arrive are discarded. */
  #lingering = false;
  #clientEnded = false;
  #closed = false;
  /**
   * Deadline for the client to send what the connection waits for. The send queue has its own deadline for what the
   * client has to receive.
   */
  #receiveBy: number;
  /** Keepalive timeout between requests, in milliseconds. */
  #keepaliveMs: number;
  readonly #bodyTimeout = new BodyTimeout(MIN_BODY_RATE);
  /** Bytes sent when a silent response was last checked. */
  #sentBefore = 0;
  readonly #sender: Sender = {
    respond: (cycle, response) =>
      response === undefined ? this.#abandon(cycle) : this.#respond(cycle, response),
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
    this.#keepaliveMs = settings.keepaliveTimeout;
    timeouts.watch(this);
    stream.on('data', (bytes: Buffer) => this.#receive(bytes));
    stream.on('end', () => this.#clientHasEnded());
    stream.on('drain', () => this.#drained());
    // 'close' follows and cleans up; a reset by the client is normal, not an error.
    stream.on('error', () => {});
    stream.on('close', () => this.#close());
  }

  get deadline(): number {
    const { sendDeadline } = this.#sendQueue;
    // Nothing is read until the client has taken the responses, so only the send deadline applies.
    if (this.#cycle === undefined && sendDeadline !== Number.POSITIVE_INFINITY) return sendDeadline;
    return Math.min(this.#receiveBy, sendDeadline);
  }

  /** True if nothing is being received, processed or sent, so that closing the connection costs the client nothing. */
  get idle(): boolean {
    if (this.#lingering) return this.#stream.writableFinished;
    return !this.#busy && this.#sendQueue.isEmpty;
  }

  /** True if a request is being received or processed; responses in the send queue do not count. */
  get #busy(): boolean {
    return this.#cycle !== undefined || this.#parser.started || !this.#received.isEmpty;
  }

  /** The state of the connection, for metrics. */
  get state(): ConnectionState {
    if (this.#lingering) return 'closing';
    if (this.#cycle !== undefined) return this.#cycle.sent ? 'reading' : 'answering';
    return this.#parser.started ? 'reading' : 'idle';
  }

  /**
   * Closes the connection once it is idle and nothing arrives any more, since a request may be on its way. A connection
   * with a request closes after its response, because `context.stopping` is set by then.
   * @param idleMs how long nothing must arrive
   */
  retire(idleMs: number): void {
    if (this.#lingering || this.#busy) return;
    this.#keepaliveMs = idleMs;
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
      // Without a reset the system would keep megabytes for a client that does not take them.
      if (!this.#sendQueue.prolong()) this.#transport.reset();
      return;
    }
    this.#receiveBy = Number.POSITIVE_INFINITY;
    if (this.#clientEnded && cycle?.sent === false) this.#expireSilent(cycle);
    else if (this.#lingering) this.destroy();
    else if (cycle?.sent) this.#closeGracefully();
    else if (cycle !== undefined)
      cycle.body?.queue.fail(new HttpError(408, { reason: 'the request body arrives too slowly' }));
    else if (this.#parser.started)
      this.#refuse(new HttpError(408, { reason: 'the header section arrives too slowly' }));
    else this.#closeGracefully();
  }

  // Receiving

  #receive(bytes: Buffer): void {
    if (this.#lingering) return;
    if (this.#received.isEmpty) this.#read(bytes);
    else this.#hold(bytes, 0);
  }

  /** Processes as many bytes as possible; the rest is kept for later. */
  #read(bytes: Buffer): void {
    this.#isReading = true;
    let at = 0;
    try {
      while (at < bytes.length && !this.#lingering) {
        const cycle = this.#cycle;
        if (cycle?.receiving) at = this.#readBody(cycle, bytes, at);
        else if (cycle === undefined && !this.#sendQueue.blocked) at = this.#readHead(bytes, at);
        else {
          this.#hold(bytes, at);
          break;
        }
      }
    } catch (error) {
      this.#failReceiving(error);
    }
    this.#isReading = false;
    if (this.#cycle?.sent === false && this.#cycle.receiving && !this.#cycle.body?.queue.wanted)
      this.#received.pause();
  }

  #readHead(bytes: Buffer, start: number): number {
    const begun = this.#parser.started;
    const head = this.#parser.push(bytes, start);
    if (head === undefined) {
      // The timeout covers the whole header section from its first byte: single bytes do not prolong it.
      if (!begun) this.#headStartedAt = this.#context.timeouts.now;
      if (!begun && this.#requests > 0) this.#setReceiveTimeout(this.#context.settings.clientHeaderTimeout);
      return bytes.length;
    }
    const end = start + this.#parser.consumed;
    this.#beginRequest(head, end < bytes.length);
    return end;
  }

  #beginRequest(head: RequestHead, contentCame: boolean): void {
    this.#receiveBy = Number.POSITIVE_INFINITY;
    this.#bodyTimeout.reset();
    this.#requests += 1;
    this.#headStartedAt = 0;
    const received = this.#receiveRequest(head);
    if (received === undefined) return;
    // A client that has already sent a part of the body does not wait for 100 Continue (RFC 9110 §10.1.1).
    const cycle = new Http1Cycle(received, received.expectsContinue && !contentCame, this.#sender);
    this.#cycle = cycle;
    this.#sendQueue.begin();
    this.#sentBefore = 0;
    if (this.#clientEnded) this.#setReceiveTimeout(SILENCE_MS);
    this.#context.dispatch(cycle.request, cycle);
  }

  /** @returns undefined for a request that was rejected */
  #receiveRequest(head: RequestHead): ReceivedRequest | undefined {
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
    if (body.complete) this.#nextRequest();
    else if (!cycle.drainable) this.#closeGracefully();
    return end;
  }

  /** Called when a reader waits for the body: sends `100 Continue` if it is due, and starts the client's timeout. */
  wanted(): void {
    const cycle = this.#cycle;
    if (cycle === undefined || this.#closed) return;
    if (cycle.owesContinue) {
      cycle.owesContinue = false;
      this.#sendQueue.enqueue(CONTINUE);
    }
    const { timeouts, settings } = this.#context;
    this.#setReceiveTimeout(
      this.#bodyTimeout.begin(timeouts.now, cycle.body?.queue.received ?? 0, settings.clientBodyTimeout),
    );
    this.#received.resume();
  }

  /** Called when the body's buffer is full. */
  full(): void {
    this.#received.pause();
  }

  #stopWaiting(): void {
    if (this.#bodyTimeout.end(this.#context.timeouts.now)) this.#receiveBy = Number.POSITIVE_INFINITY;
  }

  #hold(bytes: Buffer, start: number): void {
    this.#received.hold(bytes, start);
    if (this.#sendQueue.blocked) this.#received.pause();
  }

  /** Called when the client has taken all bytes sent to it. */
  #drained(): void {
    this.#sendQueue.taken();
    if (this.#cycle === undefined) {
      this.#setReceiveTimeout(
        this.#parser.started ? this.#context.settings.clientHeaderTimeout : this.#keepaliveMs,
      );
    }
    this.#continueReading();
  }

  /** Continues with requests that waited for a response, or for the client to take its responses. */
  #continueReading(): void {
    if (this.#closed || this.#lingering || this.#isReading || this.#cycle !== undefined) return;
    const waiting = this.#received.drain();
    if (waiting !== undefined) this.#read(waiting);
    if (this.#clientEnded) this.#endOfInput();
    else if (this.#received.isEmpty && this.#cycle === undefined) this.#received.resume();
  }

  #clientHasEnded(): void {
    this.#clientEnded = true;
    if (this.#cycle?.sent === false) {
      this.#transport.probe(KEEPALIVE_MS);
      this.#awaitResponse();
    }
    this.#endOfInput();
  }

  /** Also detects a reset after the client's end: the next piece of the response may take a long time. */
  #awaitResponse(): void {
    this.#transport.detectReset();
    this.#sentBefore = this.#sendQueue.contentSent;
    this.#setReceiveTimeout(SILENCE_MS);
  }

  /**
   * Called when the client has ended its side and its response was silent for a while. Aborts the response, unless
   * bytes are on their way: the send deadline covers these.
   */
  #expireSilent(cycle: Http1Cycle): void {
    const { sendDeadline, contentSent } = this.#sendQueue;
    const isSilent = sendDeadline === Number.POSITIVE_INFINITY && contentSent === this.#sentBefore;
    if (isSilent && cycle.leave() && cycle.responded) this.#abortResponse(cycle, new ClientGone());
    else this.#awaitResponse();
  }

  /** Called when all input has been read, except requests that wait for an earlier response. */
  #endOfInput(): void {
    const cycle = this.#cycle;
    if (cycle === undefined) {
      if (!this.#received.isEmpty) return;
      this.#reportUnfinishedHead();
      this.#closeGracefully();
    } else if (cycle.receiving) {
      if (cycle.sent) this.#closeGracefully();
      else cycle.body?.queue.fail(clientLeft());
    }
  }

  /** Sets the timeout for what the client has to send next. */
  #setReceiveTimeout(milliseconds: number): void {
    this.#receiveBy = this.#context.timeouts.now + milliseconds;
  }

  // Responding

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

  #respond(cycle: Http1Cycle, response: Response): void {
    if (this.#closed) {
      discard(response);
      return;
    }
    const { timeouts, log, settings } = this.#context;
    const wire = cycle.toWire(
      response,
      this.#mayPersist(cycle),
      { date: timeouts.date(), server: settings.serverField },
      log,
    );
    const { head, body, size, keepAlive } = wire;
    this.#sendQueue.enqueue(head);
    if (body.kind === 'none') this.#finish(cycle, size, keepAlive, response);
    else {
      this.#sendBody(body, wire, response).then(
        (bytesSent) => this.#finish(cycle, bytesSent, keepAlive, undefined),
        (error: unknown) => this.#abortResponse(cycle, error),
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

  #mayPersist(cycle: Http1Cycle): boolean {
    const { settings, stopping } = this.#context;
    return (
      cycle.keepAlive &&
      // The client takes bytes after a CONNECT as tunnel data, even if the response rejects it (RFC 9110 §9.3.6).
      cycle.method !== 'CONNECT' &&
      cycle.drainable &&
      !stopping &&
      this.#requests < settings.keepaliveRequests &&
      settings.keepaliveTimeout > 0 &&
      // Requests that have already arrived are processed on this connection.
      (!this.#received.isEmpty || this.#context.mayKeep())
    );
  }

  #finish(cycle: Http1Cycle, bytesSent: number, keepAlive: boolean, unsent: Response | undefined): void {
    if (this.#closed || cycle.ended) return;
    // The body of a response to HEAD, or of a 304, is not sent.
    if (unsent !== undefined) discard(unsent);
    cycle.sent = true;
    this.#endCycle(cycle, bytesSent, true);
    cycle.body?.queue.discard();
    // After the head was sent, the request may have become invalid, or the server may have begun to stop.
    if (!keepAlive || !cycle.drainable || this.#context.stopping) this.#closeGracefully();
    else if (cycle.receiving) this.#drain();
    else this.#nextRequest();
  }

  /** Discards the rest of the body, within limits of size and time. */
  #drain(): void {
    this.#bodyTimeout.reset();
    this.#setReceiveTimeout(this.#context.settings.clientBodyTimeout);
    // The bytes being read now may contain the rest.
    if (this.#clientEnded && !this.#isReading) this.#closeGracefully();
    else this.#received.resume();
  }

  #nextRequest(): void {
    this.#cycle = undefined;
    this.#setReceiveTimeout(this.#keepaliveMs);
    this.#continueReading();
  }

  /** Called when the client has left and no response will be sent. */
  #abandon(cycle: Http1Cycle): void {
    if (this.#closed) return;
    this.#endCycle(cycle, 0, false);
    this.#sendQueue.flush();
    this.destroy();
  }

  /**
   * Aborts a response whose body cannot be completed: only closing the connection can tell the client (RFC 9112 §8).
   */
  #abortResponse(cycle: Http1Cycle, error: unknown): void {
    if (this.#closed || cycle.ended) return;
    cycle.reportBrokenOff(error, this.#context.log);
    this.#endCycle(cycle, this.#sendQueue.contentSent, false);
    this.#sendQueue.flush();
    this.destroy();
  }

  /** Called for bytes that are not a valid message: the next request cannot be found after them. */
  #failReceiving(error: unknown): void {
    const cycle = this.#cycle;
    if (cycle === undefined) this.#refuse(error);
    else if (cycle.sent) this.#closeGracefully();
    else {
      // The reader gets the error from the body and responds; nothing more is read.
      cycle.body?.queue.fail(error instanceof HttpError ? error : new HttpError(500));
      this.#received.pause();
    }
  }

  /** The start of a request whose head could not be parsed. Its method may still be known. */
  #unparsed(): { readonly method: string; readonly received: string } {
    const received = this.#parser.received(MAX_REPORTED);
    return { method: received.startsWith('HEAD ') ? 'HEAD' : '', received };
  }

  /**
   * Rejects bytes that cannot become a request, and closes. The response to HEAD has no body here either (RFC 9110
   * §9.3.2).
   */
  #refuse(error: unknown, { method, received } = this.#unparsed()): void {
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
    this.#reportRefused({
      status: refusal.status,
      reason: refusal.message,
      received,
      bytesSent: wire.size,
      complete: true,
    });
    this.#closeGracefully();
  }

  /** Reports a head whose client left before its end, with status 400 as nginx logs it. */
  #reportUnfinishedHead(): void {
    if (!this.#parser.started || this.#lingering) return;
    const received = this.#parser.received(MAX_REPORTED);
    this.#reportRefused({ status: 400, reason: 'the client left', received, bytesSent: 0, complete: false });
  }

  #reportRefused(
    what: Omit<RefusedRequest, 'peer' | 'durationMs'>,
    durationMs = this.#sinceHeadStart(),
  ): void {
    this.#context.refused({ ...what, durationMs, peer: this.#transport.peer });
  }

  #sinceHeadStart(): number {
    return this.#headStartedAt === 0 ? 0 : this.#context.timeouts.now - this.#headStartedAt;
  }

  /** Ends the exchange, or reports the request if it had no route. */
  #endCycle(cycle: Http1Cycle, bytesSent: number, complete: boolean): void {
    if (cycle.ended) return;
    cycle.end(bytesSent, complete);
    if (!cycle.isWithoutRoute) return;
    const { method, target, version, headers } = cycle.request;
    const lines = Array.from(headers, ([name, value]) => `${name}: ${value}\r\n`).join('');
    const received = `${method} ${target} HTTP/${version}\r\n${lines}`.slice(0, MAX_REPORTED);
    const reason = 'handled before it had a route';
    this.#reportRefused({ status: cycle.status, reason, received, bytesSent, complete }, cycle.durationMs);
  }

  /** Ends our side but keeps reading for a while, so that the client can read the response before it gets a reset. */
  #closeGracefully(): void {
    if (this.#lingering || this.#closed) return;
    this.#lingering = true;
    this.#received.drain();
    this.#cycle = undefined;
    // Sending the last response may take long. The linger timeout starts when the client has all of it.
    this.#receiveBy = Number.POSITIVE_INFINITY;
    this.#sendQueue.end(() => this.#setReceiveTimeout(LINGER_MS));
    this.#received.resume();
  }

  #close(): void {
    this.#reportUnfinishedHead();
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
