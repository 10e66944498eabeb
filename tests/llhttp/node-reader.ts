import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Duplex } from 'node:stream';

/** A request as Node's own HTTP server gives it to its handler. */
export interface NodeRequest {
  readonly method: string;
  readonly target: string;
  readonly version: string;
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** One character a byte; undefined where it is not whole. */
  content: string | undefined;
}

export interface NodeReading {
  readonly requests: readonly NodeRequest[];
  /** llhttp's code and reason; undefined where nothing is wrong, or not yet. */
  readonly refusal: string | undefined;
}

/** A connection without a socket: bytes in, answers dropped. */
class Line extends Duplex {
  readonly requests: NodeRequest[] = [];
  refusal: string | undefined;

  override _read(): void {}

  override _write(_bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    done();
  }
}

/** More turns of the event loop than a handler needs to get all that was sent. */
const TURNS = 4;

/** Reads bytes with Node's parser, strict as its HTTP server has it, and without what that server checks besides. */
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
      // Not destroyed: what came before the fault is still on its way to the handler.
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
  // What follows a CONNECT is the tunnel's.
  if (method === 'CONNECT') taken.content = '';
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    taken.content = Buffer.concat(pieces).toString('latin1');
  });
  request.on('error', () => {});
}
