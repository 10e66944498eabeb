import type { Socket } from 'node:net';
import type { ConnectionSettings } from '../config/compile.js';
import type { Answerer } from '../dispatch.js';
import { builtInErrorPage } from '../error-page.js';
import { HttpError } from '../errors.js';
import type { BodySource } from '../http/body.js';
import { HeadParser, type RequestHead } from '../http/parser.js';
import { type ReceivedRequest, receive } from '../http/request.js';
import { serialise } from '../http/serialised.js';
import type { Wire } from '../http/writer.js';
import type { Log } from '../log.js';
import { type IncomingRequest, isFileSlice, type Response } from '../message.js';
import type { Clock, Timed } from './clock.js';
import { Outbox } from './outbox.js';
import { SocketPeer } from './peer.js';
import { type Sink, sendFile, sendStream } from './send.js';
import { Turn } from './turn.js';

/** What a connection needs around it. */
export interface ConnectionHost {
  readonly clock: Clock;
  readonly log: Log;
  /** The limits before a server is named: those of the address's default server. */
  readonly settings: ConnectionSettings;
  /** True when the server is stopping: no connection is kept. */
  readonly stopping: boolean;
  dispatch(request: IncomingRequest, answerer: Answerer): void;
  closed(connection: Connection): void;
}

/** Bytes of further requests that are read while one is answered; beyond them the socket is paused. */
const MAX_PIPELINED = 64 * 1024;
/** How long a closing connection listens on, so that the client sees the answer and not a reset (RFC 9112 §9.6). */
const LINGER_MS = 5_000;
/** A client that sends content slower than this for longer than the timeout is cut off. Bytes a second. */
const MIN_BODY_RATE = 500;

const CONTINUE = Buffer.from('HTTP/1.1 100 Continue\r\n\r\n');

/**
 * One client's connection: requests in, answers out, in order and one at a time. What nobody asks for is not read:
 * the memory of a connection is bounded whatever the client sends.
 */
export class Connection implements Timed, BodySource, Sink {
  deadline: number;
  readonly #socket: Socket;
  readonly #host: ConnectionHost;
  readonly #peer: SocketPeer;
  readonly #parser: HeadParser;
  readonly #outbox: Outbox;
  #turn: Turn | undefined;
  /** Requests that wait for the answer before them. */
  #pipelined: Buffer | undefined;
  #requests = 0;
  #inRead = false;
  #paused = false;
  /** Nothing more is answered; what still comes is dropped. */
  #lingering = false;
  #clientEnded = false;
  #closed = false;
  /** When a reader began to wait for content; 0 when none does. */
  #bodyWaitSince = 0;
  #bodyWaited = 0;
  readonly #send = (turn: Turn, response: Response): void => this.#answer(turn, response);

  constructor(socket: Socket, host: ConnectionHost) {
    this.#socket = socket;
    this.#host = host;
    this.#peer = new SocketPeer(socket);
    this.#outbox = new Outbox(socket);
    const { settings, clock } = host;
    this.#parser = new HeadParser({
      requestLine: settings.clientMaxRequestLine,
      head: settings.clientMaxHeaderSize,
      fieldCount: settings.clientMaxHeaderCount,
    });
    this.deadline = clock.now + settings.clientHeaderTimeout;
    clock.watch(this);
    socket.on('data', (bytes: Buffer) => this.#receive(bytes));
    socket.on('end', () => this.#end());
    socket.on('drain', () => this.#continueReading());
    // 'close' follows and does what is to be done; a reset is everyday, not a fault.
    socket.on('error', () => {});
    socket.on('close', () => this.#close());
  }

  /** No request is being received or answered. */
  get idle(): boolean {
    return this.#turn === undefined && !this.#parser.started;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Ends an idle connection; one at work ends with its answer, since `host.stopping` is set by then. */
  retire(): void {
    if (this.idle) this.#shut();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** The clock's: what was waited for did not come. */
  expire(): void {
    const turn = this.#turn;
    this.deadline = Number.POSITIVE_INFINITY;
    if (this.#lingering || this.#outbox.blocked || turn?.answered) this.destroy();
    else if (turn !== undefined) turn.body?.fail(new HttpError(408, { reason: 'content comes too slowly' }));
    else if (this.#parser.started) this.#refuse(new HttpError(408, { reason: 'header comes too slowly' }));
    else this.#shut();
  }

  // Receiving

  #receive(bytes: Buffer): void {
    if (this.#lingering) return;
    if (this.#pipelined !== undefined) this.#keep(bytes, 0);
    else this.#read(bytes);
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
    this.#outbox.flush();
    if (this.#turn?.answered === false && this.#turn.receiving && !this.#turn.body?.wanted) this.#pause();
  }

  #readHead(bytes: Buffer, start: number): number {
    const begun = this.#parser.started;
    const head = this.#parser.push(bytes, start);
    if (head === undefined) {
      // The whole header's time counts from its first byte; a byte now and then does not prolong it.
      if (!begun && this.#requests > 0) this.#wait(this.#host.settings.clientHeaderTimeout);
      return bytes.length;
    }
    const end = start + this.#parser.consumed;
    this.#begin(head, end < bytes.length);
    return end;
  }

  #begin(head: RequestHead, contentCame: boolean): void {
    this.deadline = Number.POSITIVE_INFINITY;
    this.#bodyWaited = 0;
    this.#requests += 1;
    const received = this.#understand(head);
    if (received === undefined) return;
    // A client that sent content already waits for nothing (RFC 9110 §10.1.1).
    const turn = new Turn(received, received.expectsContinue && !contentCame, this.#send);
    this.#turn = turn;
    this.#host.dispatch(turn.request, turn);
  }

  /** @returns undefined for a request that is refused */
  #understand(head: RequestHead): ReceivedRequest | undefined {
    try {
      return receive(head, this.#peer, this);
    } catch (error) {
      this.#refuse(error, head.method);
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
      this.#outbox.flush();
    }
    const { clock, settings } = this.#host;
    this.#bodyWaitSince = clock.now;
    const allowed = settings.clientBodyTimeout + ((turn.body?.received ?? 0) / MIN_BODY_RATE) * 1000;
    this.#wait(Math.min(settings.clientBodyTimeout, Math.max(0, allowed - this.#bodyWaited)));
    this.#resume();
  }

  /** The body's: more came than was asked for. */
  full(): void {
    this.#pause();
  }

  #stopWaiting(): void {
    if (this.#bodyWaitSince === 0) return;
    this.#bodyWaited += this.#host.clock.now - this.#bodyWaitSince;
    this.#bodyWaitSince = 0;
    this.deadline = Number.POSITIVE_INFINITY;
  }

  #keep(bytes: Buffer, start: number): void {
    const rest = start === 0 ? bytes : bytes.subarray(start);
    this.#pipelined = this.#pipelined === undefined ? rest : Buffer.concat([this.#pipelined, rest]);
    if (this.#outbox.blocked) this.#wait(this.#host.settings.sendTimeout);
    if (this.#pipelined.length >= MAX_PIPELINED || this.#outbox.blocked) this.#pause();
  }

  /** Goes on with what waited for an answer, or for the client to take its answers. */
  #continueReading(): void {
    if (this.#closed || this.#lingering || this.#inRead || this.#turn !== undefined) return;
    const waiting = this.#pipelined;
    this.#pipelined = undefined;
    if (waiting !== undefined) this.#read(waiting);
    if (this.#pipelined !== undefined || this.#turn !== undefined) return;
    if (this.#clientEnded) this.#shut();
    else this.#resume();
  }

  #end(): void {
    this.#clientEnded = true;
    const turn = this.#turn;
    if (turn?.receiving) turn.body?.fail(clientLeft());
    if (turn === undefined ? this.#pipelined === undefined : turn.sent && turn.receiving) this.#shut();
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#socket.pause();
  }

  #resume(): void {
    if (!this.#paused || this.#closed) return;
    this.#paused = false;
    this.#socket.resume();
  }

  #wait(milliseconds: number): void {
    this.deadline = this.#host.clock.now + milliseconds;
  }

  // Answering

  #answer(turn: Turn, response: Response): void {
    if (this.#closed || turn.answered) {
      discard(response);
      return;
    }
    turn.answered = true;
    this.deadline = Number.POSITIVE_INFINITY;
    const { head, body, size, keepAlive } = this.#toWire(turn, response);
    this.#outbox.gather(head);
    if (body.kind === 'none' || body.kind === 'bytes') {
      if (body.kind === 'bytes') this.#outbox.gather(body.bytes);
      this.#finish(turn, size, keepAlive, response);
    } else {
      const sent = body.kind === 'file' ? sendFile(body.slice, this) : sendStream(body, this);
      sent.then(
        (bytesSent) => this.#finish(turn, bytesSent, keepAlive, undefined),
        (error: unknown) => this.#breakOff(turn, error),
      );
    }
  }

  /** The sender's: a piece of content. */
  async write(piece: Uint8Array): Promise<void> {
    this.#wait(this.#host.settings.sendTimeout);
    await this.#outbox.write(piece);
    this.deadline = Number.POSITIVE_INFINITY;
  }

  flush(): void {
    this.#outbox.flush();
  }

  #toWire(turn: Turn, response: Response): Wire {
    const { method, target, version } = turn.request;
    const { settings, stopping, clock, log } = this.#host;
    const keepAlive =
      turn.keepAlive &&
      turn.drainable &&
      !stopping &&
      this.#requests < settings.keepaliveRequests &&
      settings.keepaliveTimeout > 0;
    const delivery = { method, version, keepAlive, date: clock.date() };
    try {
      return serialise(response, delivery);
    } catch (error) {
      discard(response);
      log.error(`${method} ${target} (${turn.routeName}): ${String(error)}`);
      return serialise(builtInErrorPage(500), delivery);
    }
  }

  #finish(turn: Turn, bytesSent: number, keepAlive: boolean, unsent: Response | undefined): void {
    if (this.#closed) return;
    // A HEAD's content, or a 304's, was never asked for.
    if (unsent !== undefined) discard(unsent);
    turn.sent = true;
    turn.end(bytesSent, true);
    if (!keepAlive) this.#shut();
    else if (turn.receiving) this.#drain(turn);
    else this.#next();
    if (!this.#inRead) this.#outbox.flush();
  }

  /** The rest of the content is nobody's: it is read past, within a bound of size and time. */
  #drain(turn: Turn): void {
    turn.body?.discard();
    this.#bodyWaitSince = 0;
    this.#wait(this.#host.settings.clientBodyTimeout);
    if (this.#clientEnded || turn.body?.failed) this.#shut();
    else this.#resume();
  }

  #next(): void {
    this.#turn = undefined;
    this.#wait(this.#host.settings.keepaliveTimeout);
    if (!this.#inRead) {
      this.#outbox.flush();
      this.#continueReading();
    }
  }

  /** Content that was begun cannot be completed: only the connection's end can tell the client (RFC 9112 §8). */
  #breakOff(turn: Turn, error: unknown): void {
    if (this.#closed) return;
    const { method, target } = turn.request;
    this.#host.log.error(`${method} ${target} (${turn.routeName}): answer broken off: ${String(error)}`);
    turn.end(0, false);
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
      this.#pause();
    }
  }

  /** Answers what cannot become a request, and closes. HEAD's refusal has no content either (RFC 9110 §9.3.2). */
  #refuse(error: unknown, method = ''): void {
    const { log, clock } = this.#host;
    const refusal = error instanceof HttpError ? error : new HttpError(500);
    if (error === refusal)
      log.info(`client ${this.#peer.remoteAddress}: ${refusal.status} ${refusal.message}`);
    else
      log.error(
        `client ${this.#peer.remoteAddress}: ${error instanceof Error ? error.stack : String(error)}`,
      );
    const page = builtInErrorPage(refusal.status, refusal.headers);
    const wire = serialise(page, { method, version: '1.1', keepAlive: false, date: clock.date() });
    this.#outbox.gather(wire.head);
    this.#shut();
  }

  /** Ends our side and listens on for a while, so that the client can read the answer before it meets a reset. */
  #shut(): void {
    if (this.#lingering || this.#closed) return;
    this.#lingering = true;
    this.#pipelined = undefined;
    this.#outbox.flush();
    this.#socket.end();
    this.#wait(LINGER_MS);
    this.#resume();
  }

  #close(): void {
    this.#closed = true;
    this.#host.clock.unwatch(this);
    const turn = this.#turn;
    this.#turn = undefined;
    turn?.body?.fail(clientLeft());
    turn?.end(0, false);
    this.#host.closed(this);
  }
}

function clientLeft(): HttpError {
  return new HttpError(400, { reason: 'the client left' });
}

/** Tells a stream that nobody will read it. */
function discard(response: Response): void {
  const { body } = response;
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array || isFileSlice(body))
    return;
  Promise.resolve(body[Symbol.asyncIterator]().return?.()).catch(() => {});
}
