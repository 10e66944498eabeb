import { thrownText } from '../diagnostics/error-text.js';
import type { RefusedRequest } from '../exchange/refusal.js';
import { discard } from '../http/discard.js';
import { builtInErrorPage } from '../http/error-page.js';
import { HttpError } from '../http/errors.js';
import type { Response } from '../http/message.js';
import { SocketPeer } from '../net/peer.js';
import type { Timed } from '../net/timeouts.js';
import type { Transport } from '../net/transport.js';
import type { BodySource } from './body.js';
import type { ConnectionHost, ConnectionState } from './connection-context.js';
import { HeadParser, type RequestHead } from './parser.js';
import { Inflow } from './receive-buffer.js';
import { type ReceivedRequest, receive } from './request.js';
import { Turn } from './request-cycle.js';
import { ClientGone, sendContent } from './send-body.js';
import { Outbox } from './send-queue.js';
import { serialise } from './serialised-cache.js';
import { TransferWait } from './transfer-wait.js';

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
export class Connection implements Timed, BodySource {
  readonly #socket: Transport;
  readonly #host: ConnectionHost;
  readonly #peer: SocketPeer;
  readonly #parser: HeadParser;
  readonly #inflow: Inflow;
  readonly #outbox: Outbox;
  #turn: Turn | undefined;
  #requests = 0;
  /** When the head that is being received began, where it did not come in one piece. */
  #headBegan = 0;
  #inRead = false;
  /** Nothing more is answered; what still comes is dropped. */
  #lingering = false;
  #clientEnded = false;
  #closed = false;
  /** By when the client must have sent what is waited for. What it has to take has a time of its own: the outbox's. */
  #receiveBy: number;
  /** For how long it is kept without a request, in milliseconds. */
  #keepMs: number;
  readonly #contentWait = new TransferWait(MIN_BODY_RATE);
  /** What had been sent when a silent response was last looked at. */
  #sentBefore = 0;
  readonly #send = (turn: Turn, response: Response | undefined): void =>
    response === undefined ? this.#giveUp(turn) : this.#answer(turn, response);

  constructor(socket: Transport, host: ConnectionHost) {
    this.#socket = socket;
    this.#host = host;
    this.#peer = new SocketPeer(socket);
    const { settings, clock, departures } = host;
    this.#inflow = new Inflow(socket);
    this.#outbox = new Outbox(socket, clock, departures, settings);
    this.#parser = new HeadParser({
      requestLine: settings.clientMaxRequestLine,
      head: settings.clientMaxHeaderSize,
      fieldCount: settings.clientMaxHeaderCount,
    });
    this.#receiveBy = clock.now + settings.clientHeaderTimeout;
    this.#keepMs = settings.keepaliveTimeout;
    clock.watch(this);
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    socket.on('end', () => this.#end());
    socket.on('drain', () => this.#drained());
    // 'close' follows and does what is to be done; a reset is everyday, not a fault.
    socket.on('error', () => {});
    socket.on('close', () => this.#close());
  }

  get deadline(): number {
    const { takeBy } = this.#outbox;
    // Nothing is read before the answers are taken: it is not for more requests that the client's time runs.
    if (this.#turn === undefined && takeBy !== Number.POSITIVE_INFINITY) return takeBy;
    return Math.min(this.#receiveBy, takeBy);
  }

  /** Nothing is being received, answered or sent: to close it takes nothing from the client. */
  get idle(): boolean {
    if (this.#lingering) return this.#socket.writableFinished;
    return !this.#busy && this.#outbox.isEmpty;
  }

  /** A request is being received or answered; what answers are on their way does not count. */
  get #busy(): boolean {
    return this.#turn !== undefined || this.#parser.started || !this.#inflow.isEmpty;
  }

  /** What it is about, for who watches the server. */
  get state(): ConnectionState {
    if (this.#lingering) return 'closing';
    if (this.#turn !== undefined) return this.#turn.sent ? 'reading' : 'answering';
    return this.#parser.started ? 'reading' : 'idle';
  }

  /**
   * Ends the connection when it is idle and nothing comes on it any more: a request may be on its way. One at work ends
   * with its answer, since `host.stopping` is set by then.
   * @param idleMs how long nothing has to come
   */
  retire(idleMs: number): void {
    if (this.#lingering || this.#busy) return;
    this.#keepMs = idleMs;
    if (idleMs === 0 && this.idle) this.destroy();
    else this.#receiveBy = Math.min(this.#receiveBy, performance.now() + idleMs);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** The clock's: what was waited for did not come. */
  expire(): void {
    const turn = this.#turn;
    const { now } = this.#host.clock;
    if (this.#outbox.takeBy <= now) {
      if (!this.#outbox.prolong()) this.#reset();
      return;
    }
    this.#receiveBy = Number.POSITIVE_INFINITY;
    if (this.#clientEnded && turn?.sent === false) this.#silent(turn);
    else if (this.#lingering) this.destroy();
    else if (turn?.sent) this.#shut();
    else if (turn !== undefined) turn.body?.fail(new HttpError(408, { reason: 'content comes too slowly' }));
    else if (this.#parser.started) this.#refuse(new HttpError(408, { reason: 'header comes too slowly' }));
    else this.#shut();
  }

  // Receiving

  #receive(bytes: Buffer): void {
    if (this.#lingering) return;
    if (this.#inflow.isEmpty) this.#read(bytes);
    else this.#keep(bytes, 0);
  }

  /** Takes bytes as far as the conversation allows; the rest waits. */
  #read(bytes: Buffer): void {
    this.#inRead = true;
    let at = 0;
    try {
      while (at < bytes.length && !this.#lingering) {
        const turn = this.#turn;
        if (turn?.receiving) at = this.#readBody(turn, bytes, at);
        else if (turn === undefined && !this.#outbox.blocked) at = this.#readHead(bytes, at);
        else {
          this.#keep(bytes, at);
          break;
        }
      }
    } catch (error) {
      this.#broken(error);
    }
    this.#inRead = false;
    if (this.#turn?.sent === false && this.#turn.receiving && !this.#turn.body?.wanted) this.#inflow.pause();
  }

  #readHead(bytes: Buffer, start: number): number {
    const begun = this.#parser.started;
    const head = this.#parser.push(bytes, start);
    if (head === undefined) {
      // The whole header's time counts from its first byte; a byte now and then does not prolong it.
      if (!begun) this.#headBegan = this.#host.clock.now;
      if (!begun && this.#requests > 0) this.#wait(this.#host.settings.clientHeaderTimeout);
      return bytes.length;
    }
    const end = start + this.#parser.consumed;
    this.#begin(head, end < bytes.length);
    return end;
  }

  #begin(head: RequestHead, contentCame: boolean): void {
    this.#receiveBy = Number.POSITIVE_INFINITY;
    this.#contentWait.reset();
    this.#requests += 1;
    this.#headBegan = 0;
    const received = this.#understand(head);
    if (received === undefined) return;
    // A client that sent content already waits for nothing (RFC 9110 §10.1.1).
    const turn = new Turn(received, received.expectsContinue && !contentCame, this.#send);
    this.#turn = turn;
    this.#outbox.begin();
    this.#sentBefore = 0;
    if (this.#clientEnded) this.#wait(SILENCE_MS);
    this.#host.dispatch(turn.request, turn);
  }

  /** @returns undefined for a request that is refused */
  #understand(head: RequestHead): ReceivedRequest | undefined {
    try {
      return receive(head, this.#peer, this);
    } catch (error) {
      const received = `${head.method} ${head.target} HTTP/${head.version}\r\n${head.fields.text}`;
      this.#refuse(error, { method: head.method, received });
      return undefined;
    }
  }

  #readBody(turn: Turn, bytes: Buffer, start: number): number {
    const { body } = turn;
    if (body === undefined) return start;
    const before = body.received;
    const end = body.push(bytes, start);
    if (body.received > before || body.complete) this.#stopWaiting();
    if (!turn.sent) return end;
    if (body.complete) this.#next();
    else if (!turn.drainable) this.#shut();
    return end;
  }

  /** The body's: somebody reads, so `100 Continue` is due and the client's time runs. */
  wanted(): void {
    const turn = this.#turn;
    if (turn === undefined || this.#closed) return;
    if (turn.owesContinue) {
      turn.owesContinue = false;
      this.#outbox.gather(CONTINUE);
    }
    const { clock, settings } = this.#host;
    this.#wait(this.#contentWait.begin(clock.now, turn.body?.received ?? 0, settings.clientBodyTimeout));
    this.#inflow.resume();
  }

  /** The body's: more came than was asked for. */
  full(): void {
    this.#inflow.pause();
  }

  #stopWaiting(): void {
    if (this.#contentWait.end(this.#host.clock.now)) this.#receiveBy = Number.POSITIVE_INFINITY;
  }

  #keep(bytes: Buffer, start: number): void {
    this.#inflow.keep(bytes, start);
    if (this.#outbox.blocked) this.#inflow.pause();
  }

  /** The client has taken all that it was sent. */
  #drained(): void {
    this.#outbox.taken();
    if (this.#turn === undefined) {
      this.#wait(this.#parser.started ? this.#host.settings.clientHeaderTimeout : this.#keepMs);
    }
    this.#continueReading();
  }

  /** Goes on with what waited for an answer, or for the client to take its answers. */
  #continueReading(): void {
    if (this.#closed || this.#lingering || this.#inRead || this.#turn !== undefined) return;
    const waiting = this.#inflow.take();
    if (waiting !== undefined) this.#read(waiting);
    if (this.#clientEnded) this.#endOfInput();
    else if (this.#inflow.isEmpty && this.#turn === undefined) this.#inflow.resume();
  }

  #end(): void {
    this.#clientEnded = true;
    if (this.#turn?.sent === false) {
      this.#socket.setKeepAlive(true, KEEPALIVE_MS);
      this.#awaitResponse();
    }
    this.#endOfInput();
  }

  /**
   * A reset behind a client's end is not reported to one that only reads: to write nothing tells. The next piece of the
   * response may take long.
   */
  #awaitResponse(): void {
    this.#socket.write(NOTHING);
    this.#sentBefore = this.#outbox.contentSent;
    this.#wait(SILENCE_MS);
  }

  /**
   * The client has ended its side, and its response was silent for a while. It is aborted, unless bytes are on their way:
   * these have a time of their own.
   */
  #silent(turn: Turn): void {
    const { takeBy, contentSent } = this.#outbox;
    const isSilent = takeBy === Number.POSITIVE_INFINITY && contentSent === this.#sentBefore;
    if (isSilent && turn.leave() && turn.answered) this.#breakOff(turn, new ClientGone());
    else this.#awaitResponse();
  }

  /** All has been read that ever comes, but for what waits for an answer before it. */
  #endOfInput(): void {
    const turn = this.#turn;
    if (turn === undefined) {
      if (!this.#inflow.isEmpty) return;
      this.#leftInHead();
      this.#shut();
    } else if (turn.receiving) {
      if (turn.sent) this.#shut();
      else turn.body?.fail(clientLeft());
    }
  }

  /** How long the client has to send what is next. */
  #wait(milliseconds: number): void {
    this.#receiveBy = this.#host.clock.now + milliseconds;
  }

  // Answering

  #answer(turn: Turn, response: Response): void {
    if (this.#closed || turn.answered) {
      discard(response);
      return;
    }
    turn.answered = true;
    const { clock, log, settings } = this.#host;
    const { head, body, size, keepAlive } = turn.toWire(
      response,
      this.#mayKeep(turn),
      { date: clock.date(), server: settings.serverField },
      log,
    );
    this.#outbox.gather(head);
    if (body.kind === 'none') this.#finish(turn, size, keepAlive, response);
    else {
      sendContent(body, this.#outbox).then(
        (bytesSent) => this.#finish(turn, bytesSent, keepAlive, undefined),
        (error: unknown) => this.#breakOff(turn, error),
      );
    }
  }

  #mayKeep(turn: Turn): boolean {
    const { settings, stopping } = this.#host;
    return (
      turn.keepAlive &&
      // What a client sends behind a CONNECT it takes for a tunnel's content, whatever the answer (RFC 9110 §9.3.6).
      turn.method !== 'CONNECT' &&
      turn.drainable &&
      !stopping &&
      this.#requests < settings.keepaliveRequests &&
      settings.keepaliveTimeout > 0 &&
      // Requests that are here already are answered here.
      (!this.#inflow.isEmpty || this.#host.mayKeep())
    );
  }

  #finish(turn: Turn, bytesSent: number, keepAlive: boolean, unsent: Response | undefined): void {
    if (this.#closed || turn.ended) return;
    // A HEAD's content, or a 304's, was never asked for.
    if (unsent !== undefined) discard(unsent);
    turn.sent = true;
    this.#endTurn(turn, bytesSent, true);
    turn.body?.discard();
    // Since the answer's head went out its request may have broken, and the server been told to stop.
    if (!keepAlive || !turn.drainable || this.#host.stopping) this.#shut();
    else if (turn.receiving) this.#drain();
    else this.#next();
  }

  /** The rest of the content is nobody's: it is read past, within a bound of size and time. */
  #drain(): void {
    this.#contentWait.reset();
    this.#wait(this.#host.settings.clientBodyTimeout);
    // What is being read now may hold the rest.
    if (this.#clientEnded && !this.#inRead) this.#shut();
    else this.#inflow.resume();
  }

  #next(): void {
    this.#turn = undefined;
    this.#wait(this.#keepMs);
    this.#continueReading();
  }

  /** The client has left, and what was to answer it has stopped. */
  #giveUp(turn: Turn): void {
    if (this.#closed || turn.answered) return;
    turn.answered = true;
    this.#endTurn(turn, 0, false);
    this.#outbox.leave();
    this.destroy();
  }

  /** Content that was begun cannot be completed: only the connection's end can tell the client (RFC 9112 §8). */
  #breakOff(turn: Turn, error: unknown): void {
    if (this.#closed || turn.ended) return;
    const { method, target } = turn.request;
    // A client that leaves is everyday, not a fault.
    if (!(error instanceof ClientGone)) {
      this.#host.log.error(
        `${method} ${target} (${turn.answeredBy}): answer broken off: ${thrownText(error)}`,
      );
    }
    this.#endTurn(turn, this.#outbox.contentSent, false);
    this.#outbox.leave();
    this.destroy();
  }

  /** Bytes that are no message: the connection cannot be in step any more. */
  #broken(error: unknown): void {
    const turn = this.#turn;
    if (turn === undefined) this.#refuse(error);
    else if (turn.sent) this.#shut();
    else {
      // The reader learns it from the body and answers; nothing more is read from here.
      turn.body?.fail(error instanceof HttpError ? error : new HttpError(500));
      this.#inflow.pause();
    }
  }

  /** A request whose head could not be read: its method may still be known. */
  #unread(): { readonly method: string; readonly received: string } {
    const received = this.#parser.received(MAX_TOLD);
    return { method: received.startsWith('HEAD ') ? 'HEAD' : '', received };
  }

  /** Answers what cannot become a request, and closes. HEAD's refusal has no content either (RFC 9110 §9.3.2). */
  #refuse(error: unknown, { method, received } = this.#unread()): void {
    const { log, clock, refusals, settings } = this.#host;
    const refusal = error instanceof HttpError ? error : new HttpError(500);
    if (error === refusal) {
      if (refusals.take())
        log.info(`client ${this.#peer.remoteAddress}: ${refusal.status} ${refusal.message}`);
    } else
      log.error(
        `client ${this.#peer.remoteAddress}: ${error instanceof Error ? error.stack : String(error)}`,
      );
    const page = builtInErrorPage(refusal.status, refusal.headers);
    const wire = serialise(page, {
      method,
      version: '1.1',
      keepAlive: false,
      date: clock.date(),
      server: settings.serverField,
    });
    this.#outbox.gather(wire.head);
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
    this.#host.refused({ ...what, durationMs, peer: this.#peer });
  }

  #sinceHead(): number {
    return this.#headBegan === 0 ? 0 : this.#host.clock.now - this.#headBegan;
  }

  /** The exchange ends, or what stands for one where there is no route. */
  #endTurn(turn: Turn, bytesSent: number, complete: boolean): void {
    if (turn.ended) return;
    turn.end(bytesSent, complete);
    if (!turn.isWithoutRoute) return;
    const { method, target, version, headers } = turn.request;
    const lines = Array.from(headers, ([name, value]) => `${name}: ${value}\r\n`).join('');
    const received = `${method} ${target} HTTP/${version}\r\n${lines}`.slice(0, MAX_TOLD);
    const reason = 'answered before it had a route';
    this.#tellRefused({ status: turn.status, reason, received, bytesSent, complete }, turn.durationMs);
  }

  /** Ends our side and listens on for a while, so that the client can read the answer before it meets a reset. */
  #shut(): void {
    if (this.#lingering || this.#closed) return;
    this.#lingering = true;
    this.#inflow.take();
    this.#turn = undefined;
    // The last answer may be on its way for long; only when the client has it does the time to leave run.
    this.#receiveBy = Number.POSITIVE_INFINITY;
    this.#outbox.end(() => this.#wait(LINGER_MS));
    this.#inflow.resume();
  }

  /** Without a reset the system goes on holding megabytes for a client that does not take them. */
  #reset(): void {
    // A UNIX socket, which has no address, has no reset either: what it holds goes with it.
    if (this.#peer.remoteAddress === '') this.destroy();
    else this.#socket.resetAndDestroy();
  }

  #close(): void {
    this.#leftInHead();
    this.#closed = true;
    this.#outbox.close();
    this.#host.clock.unwatch(this);
    const turn = this.#turn;
    this.#turn = undefined;
    turn?.body?.fail(clientLeft());
    if (turn !== undefined) this.#endTurn(turn, this.#outbox.contentSent, false);
    this.#host.closed(this);
  }
}

function clientLeft(): HttpError {
  return new HttpError(400, { reason: 'the client left' });
}
