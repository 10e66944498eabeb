import { RequestCycle } from '../../src/kernel/exchange/request-cycle.js';
import { BodyQueue, type BodySource } from '../../src/kernel/http/body-queue.js';
import { ClientGone } from '../../src/kernel/http/client-gone.js';
import { discard } from '../../src/kernel/http/discard.js';
import { FieldLines } from '../../src/kernel/http/fields.js';
import type { Response, ResponseHeaders } from '../../src/kernel/http/message.js';
import { outgoingBody } from '../../src/kernel/http/outgoing-body.js';
import { RoutedRequest } from '../../src/kernel/http/routed-request.js';
import { announcedTrailers, trailerFields } from '../../src/kernel/http/trailers.js';
import type { ConnectionContext } from '../../src/kernel/net/connection-context.js';
import { type Sink, sendContent } from '../../src/kernel/net/send-body.js';
import type { ConnectionState, ServedConnection } from '../../src/kernel/net/served-connection.js';
import type { Transport } from '../../src/kernel/net/transport.js';
import { decodePath } from '../../src/kernel/path/url-path.js';

/**
 * A protocol that is not HTTP/1, to prove that nothing behind a connection knows which it is. A request is a line, `METHOD
 * PATH LENGTH`, and its body. A response is a line with its status, then `+LENGTH` and bytes for each piece, then a line for
 * each trailer field, `-NAME: VALUE`, then `.`. An interim response is a line ahead of it, `*STATUS NAME: VALUE`.
 */
export class LineConnection implements ServedConnection, BodySource, Sink {
  onAbort: (() => void) | undefined;
  readonly #transport: Transport;
  readonly #context: ConnectionContext;
  #received = Buffer.alloc(0);
  #cycle: LineCycle | undefined;
  #remaining = 0;
  #retired = false;
  #closed = false;

  constructor(transport: Transport, context: ConnectionContext) {
    this.#transport = transport;
    this.#context = context;
    transport.stream.on('data', (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#read();
    });
    transport.stream.on('error', () => {});
    transport.stream.on('close', () => this.#close());
  }

  get state(): ConnectionState {
    return this.#cycle === undefined ? 'idle' : 'answering';
  }

  get idle(): boolean {
    return this.#cycle === undefined && this.#received.length === 0;
  }

  get closed(): boolean {
    return this.#closed;
  }

  retire(): void {
    this.#retired = true;
    if (this.idle) this.#transport.stream.end();
  }

  destroy(): void {
    this.#transport.stream.destroy();
  }

  wanted(): void {
    this.#transport.stream.resume();
  }

  full(): void {
    this.#transport.stream.pause();
  }

  write(piece: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      const { stream } = this.#transport;
      stream.write(`+${piece.length}\n`);
      stream.write(Buffer.from(piece), (error) => (error ? reject(new ClientGone(error)) : resolve()));
    });
  }

  #read(): void {
    if (this.#cycle !== undefined) {
      this.#readBody(this.#cycle);
      return;
    }
    const end = this.#received.indexOf('\n');
    if (end === -1) return;
    const [method = '', target = '', length = '0'] = this.#received.toString('latin1', 0, end).split(' ');
    this.#received = this.#received.subarray(end + 1);
    this.#remaining = Number(length);
    const path = decodePath(target);
    if (path === undefined) throw new Error('the test sends paths');
    const body = new BodyQueue(this, this.#remaining);
    const cycle = new LineCycle(
      new RoutedRequest(
        {
          method,
          target,
          path,
          query: '',
          host: '',
          version: '2.0',
          headers: new FieldLines('', [], 0),
          peer: this.#transport.peer,
        },
        body,
      ),
      body,
      this,
    );
    this.#cycle = cycle;
    this.#context.dispatch(cycle.request, cycle);
    this.#readBody(cycle);
  }

  #readBody({ body }: LineCycle): void {
    if (body.complete || this.#received.length === 0) return;
    const piece = this.#received.subarray(0, this.#remaining);
    this.#remaining -= piece.length;
    this.#received = this.#received.subarray(piece.length);
    body.deliver(piece, this.#remaining === 0);
  }

  inform(status: number, headers: ResponseHeaders): void {
    const fields = Object.entries(headers).map(([name, value]) => ` ${name}: ${String(value)}`);
    this.#transport.stream.write(`*${status}${fields.join('')}\n`);
  }

  async respond(cycle: LineCycle, response: Response | undefined): Promise<void> {
    if (response === undefined || this.#closed) {
      if (response !== undefined) discard(response);
      cycle.end(0, false);
      return;
    }
    this.#transport.stream.write(`${response.status}\n`);
    const body = outgoingBody(response);
    try {
      const bytesSent = body.kind === 'none' ? 0 : await sendContent(body, this);
      const announced = announcedTrailers(response);
      if (announced !== undefined) {
        for (const [name, value] of trailerFields(response, announced))
          this.#transport.stream.write(`-${name}: ${value}\n`);
      }
      this.#transport.stream.write('.\n');
      cycle.end(bytesSent, true);
    } catch (error) {
      cycle.reportBrokenOff(error, this.#context.log);
      cycle.end(0, false);
      this.destroy();
    }
    cycle.body.discard();
    this.#cycle = undefined;
    // The rest of a body would be read as the next request.
    const isInStep = cycle.body.complete;
    if (!isInStep || this.#retired || this.#context.stopping) this.#transport.stream.end();
    else this.#read();
  }

  #close(): void {
    this.#closed = true;
    this.onAbort?.();
    this.#cycle?.body.fail(new ClientGone());
    if (this.#cycle?.ended === false) this.#cycle.end(0, false);
    this.#context.closed(this);
  }
}

class LineCycle extends RequestCycle {
  readonly body: BodyQueue;
  readonly #connection: LineConnection;

  constructor(request: RoutedRequest, body: BodyQueue, connection: LineConnection) {
    super(request);
    this.body = body;
    this.#connection = connection;
  }

  protected override sendInterim(status: number, headers: ResponseHeaders): boolean {
    this.#connection.inform(status, headers);
    return true;
  }

  protected override send(response: Response | undefined): void {
    void this.#connection.respond(this, response);
  }
}
