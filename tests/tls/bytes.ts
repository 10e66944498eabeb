import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** Opens a TCP connection that sends each write in a segment of its own. */
export async function dial(port: number, host = '127.0.0.1'): Promise<Socket> {
  const socket = connect({ host, port, noDelay: true, allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
}

/** @returns all bytes that the server sends until it ends or resets the connection */
export async function readAll(socket: Socket): Promise<Buffer> {
  const pieces: Buffer[] = [];
  socket.on('data', (piece) => pieces.push(piece));
  socket.on('error', () => {});
  await new Promise<void>((resolve) => {
    socket.once('end', resolve);
    socket.once('close', () => resolve());
  });
  socket.destroy();
  return Buffer.concat(pieces);
}

/** Sends bytes unchanged. @returns all bytes that the server sends until it ends the connection */
export async function exchange(port: number, bytes: string | Uint8Array): Promise<Buffer> {
  const socket = await dial(port);
  socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  return readAll(socket);
}

/** Description of the alert (RFC 8446 §6) that bytes of a server begin with; undefined if it is something else. */
export function alertIn(bytes: Buffer): number | undefined {
  return bytes[0] === 21 ? bytes[6] : undefined;
}
