import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';

/** A request as Node's own HTTP server passes it to its handler. */
export interface NodeRequest {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** The body, one character per byte; undefined if it is incomplete. */
  content: string | undefined;
}

export interface NodeReading {
  readonly requests: readonly NodeRequest[];
  /** llhttp's code and reason; undefined without an error so far. */
  readonly refusal: string | undefined;
}

/** A connection without a socket: takes bytes, discards responses. */
class Line extends Duplex {
  readonly requests: NodeRequest[] = [];
  refusal: string | undefined;

  override _read(): void {}

  override _write(_bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    done();
  }
}

/** More turns of the event loop than a handler needs to receive all bytes sent. */
const TURNS = 4;

/** Parses bytes with Node's parser, as strictly as its HTTP server, but without that server's further checks. */
export class NodeReader {
  readonly #server: Server;

  constructor() {
    const handle = (request: IncomingMessage, response: ServerResponse): void => {
      take(request);
      response.end();
    };
    this.#server = createServer({ requireHostHeader: false }, handle);
    this.#server.on('checkContinue', handle);
    this.#server.on('checkExpectation', handle);
    this.#server.on('connect', take);
    this.#server.on('clientError', (error: NodeJS.ErrnoException & { reason?: string }, socket) => {
      // Not destroyed: earlier requests are still on their way to the handler.
      if (socket instanceof Line) socket.refusal ??= `${error.code ?? ''}: ${error.reason ?? error.message}`;
    });
  }

  async read(text: string): Promise<NodeReading> {
    const line = new Line();
    this.#server.emit('connection', line);
    line.push(Buffer.from(text, 'latin1'));
    for (let turn = 0; turn < TURNS; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    line.destroy();
    return { requests: line.requests.map((request) => ({ ...request })), refusal: line.refusal };
  }

  close(): void {
    this.#server.close();
  }
}

function take(request: IncomingMessage): void {
  const { method = '', url: target = '', httpVersion: version, rawHeaders, socket } = request;
  const fields: [string, string][] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    fields.push([(rawHeaders[at] ?? '').toLowerCase(), rawHeaders[at + 1] ?? '']);
  }
  const taken: NodeRequest = { method, target, version, fields, content: undefined };
  const line: unknown = socket;
  if (line instanceof Line) line.requests.push(taken);
  // Bytes after a CONNECT belong to the tunnel.
  if (method === 'CONNECT') taken.content = '';
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    taken.content = Buffer.concat(pieces).toString('latin1');
  });
  request.on('error', () => {});
}
