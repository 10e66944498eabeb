import { once } from 'node:events';
import { connect as connectTcp, type NetConnectOpts, type Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';

/** Turns the ClientHello, with its record header, into the pieces that are sent. */
export type Reshape = (hello: Buffer) => readonly Buffer[];

/** A stream that sends its first write in other pieces, each in a segment of its own, and the rest as it is. */
class Reshaped extends Duplex {
  /** All that was received, as encrypted. */
  readonly received: Buffer[] = [];
  /** False: the end of TLS is not the end of the socket. */
  endsSocket = true;
  readonly #socket: Socket;
  #reshape: Reshape | undefined;

  constructor(socket: Socket, reshape: Reshape) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    this.#reshape = reshape;
    socket.on('data', (bytes) => {
      this.received.push(bytes);
      this.push(bytes);
    });
    socket.on('end', () => this.push(null));
    socket.on('close', () => this.destroy());
    socket.on('error', (error) => this.destroy(error));
  }

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const pieces = this.#reshape?.(bytes) ?? [bytes];
    this.#reshape = undefined;
    this.#send(pieces).then(() => done(), done);
  }

  override _final(done: () => void): void {
    if (this.endsSocket) this.#socket.end(done);
    else done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  async #send(pieces: readonly Buffer[]): Promise<void> {
    for (const piece of pieces) {
      await new Promise<void>((resolve) => this.#socket.write(piece, () => resolve()));
      await nextTurn();
    }
  }
}

/** A TLS connection with the socket under it. */
export interface Layers {
  readonly secure: TLSSocket;
  readonly stream: Reshaped;
  readonly raw: Socket;
}

/** A TLS connection whose ClientHello is sent in other pieces. */
export async function layers(
  port: number,
  reshape: Reshape,
  options: ConnectionOptions = {},
): Promise<Layers> {
  const address: NetConnectOpts = { host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true };
  const raw = connectTcp(address);
  await once(raw, 'connect');
  const stream = new Reshaped(raw, reshape);
  const secure = connectTls({ socket: stream, rejectUnauthorized: false, servername: 'a.test', ...options });
  await once(secure, 'secureConnect');
  return { secure, stream, raw };
}

/** The ClientHello as it is. */
export const unchanged: Reshape = (hello) => [hello];

/** Pieces of the same size; the last one may be smaller. */
export const inPieces =
  (size: number): Reshape =>
  (bytes) =>
    Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
      bytes.subarray(index * size, (index + 1) * size),
    );

/** The message in as many TLS records of about the same size. @param hello one record */
export const inRecords =
  (count: number): Reshape =>
  (hello) => {
    const message = hello.subarray(5);
    const size = Math.ceil(message.length / count);
    return [Buffer.concat(inPieces(size)(message).map((piece) => handshakeRecord(piece)))];
  };

/** A TLS record (RFC 8446 §5.1). */
export function handshakeRecord(content: Buffer, { version = 0x0301 } = {}): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt8(22);
  header.writeUInt16BE(version, 1);
  header.writeUInt16BE(content.length, 3);
  return Buffer.concat([header, content]);
}
