import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { hello, serverNames } from '../tls/hello-bytes.js';

/** How a client leaves. */
const leaves: Readonly<Record<string, (socket: Socket) => void>> = {
  FIN: (socket) => socket.end(),
  reset: (socket) => socket.resetAndDestroy(),
  'FIN without reading': (socket) => socket.destroy(),
};

type Stage = (socket: Socket) => Promise<Socket>;

const sending =
  (bytes: Buffer): Stage =>
  async (socket) => {
    socket.write(bytes);
    return socket;
  };

const HELLO = hello(serverNames('a.test'));

/** How far a client goes before it leaves. @returns the stream that sees the server's end */
const stages: Readonly<Record<string, Stage>> = {
  'TCP only': async (socket) => socket,
  'a byte': sending(HELLO.subarray(0, 1)),
  'half a ClientHello': sending(HELLO.subarray(0, 60)),
  'a ClientHello': sending(HELLO),
  'a ServerHello': async (socket) => {
    socket.write(HELLO);
    return received(socket);
  },
  'a wrong Finished of TLS 1.2': async (socket) => {
    socket.write(HELLO);
    await received(socket);
    // ChangeCipherSpec, then a message that no key encrypted.
    socket.write(Buffer.concat([Buffer.from([20, 3, 3, 0, 1, 1, 22, 3, 3, 0, 40]), Buffer.alloc(40, 7)]));
    return socket;
  },
  'a wrong Finished of TLS 1.3': async (socket) => {
    // The client's own Finished follows what it has received: this record comes first.
    socket.once('data', () =>
      socket.write(Buffer.concat([Buffer.from([23, 3, 3, 0, 53]), Buffer.alloc(53, 7)])),
    );
    return secured(socket);
  },
  'a Finished, then silence': secured,
  'a record that cannot be decrypted': async (socket) => {
    const stream = await secured(socket);
    socket.write(Buffer.concat([Buffer.from([23, 3, 3, 0, 40]), Buffer.alloc(40, 7)]));
    return stream;
  },
};

const received = (socket: Socket): Promise<Socket> =>
  new Promise((resolve) => {
    socket.once('data', () => resolve(socket)).once('close', () => resolve(socket));
  });

async function secured(raw: Socket): Promise<TLSSocket> {
  const socket = connectTls({ socket: raw, rejectUnauthorized: false, servername: 'a.test' });
  socket.on('error', () => {});
  await Promise.race([once(socket, 'secureConnect'), once(socket, 'close')]);
  return socket;
}

/** The ways to break a handshake off, each with its name. */
export const breaks: readonly (readonly [name: string, run: (port: number) => Promise<void>])[] =
  Object.entries(stages).flatMap(([stage, go]) =>
    Object.entries(leaves).map(
      ([how, leave]) => [`${stage}, then ${how}`, (port: number) => breakOff(port, go, leave)] as const,
    ),
  );

async function breakOff(port: number, go: Stage, leave: (socket: Socket) => void): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true, allowHalfOpen: true });
  socket.on('error', () => {});
  await once(socket, 'connect');
  const stream = await go(socket);
  const ended = new Promise((resolve) => stream.once('close', resolve).once('end', resolve));
  stream.resume();
  leave(socket);
  if (!stream.destroyed && !stream.readableEnded) await ended;
  socket.destroy();
}

/** A client that stays, and never ends its handshake. @returns when the server has closed the connection */
export async function waitForServer(port: number, stage: string): Promise<void> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.on('error', () => {});
  await once(socket, 'connect');
  const stream = (await stages[stage]?.(socket)) ?? socket;
  stream.resume();
  if (!stream.destroyed) await once(stream, 'close');
}
