import { connect, type Socket } from 'node:net';
import { connect as secureConnect } from 'node:tls';
import { HOST } from '../site.js';

const REQUEST = `GET /1k.html HTTP/1.1\r\nHost: ${HOST}\r\n\r\n`;
/** Number of connections opened at a time: fewer than the backlog of every server. */
const BATCH = 100;

/**
 * Opens connections, sends one request on each, and keeps them open.
 * @returns a function that closes them
 * @throws Error when a connection is refused or closed
 */
export async function holdConnections(origin: string, count: number): Promise<() => void> {
  const sockets: Socket[] = [];
  const open = opener(origin);
  const close = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  try {
    while (sockets.length < count) {
      const batch = Array.from({ length: Math.min(BATCH, count - sockets.length) }, open);
      sockets.push(...batch);
      await Promise.all(batch.map(askOnce));
    }
  } catch (error) {
    close();
    throw error;
  }
  return close;
}

/** @param origin an `https:` one with any certificate */
function opener(origin: string): () => Socket {
  const { hostname: host, port, protocol } = new URL(origin);
  const to = { host, port: Number(port) };
  return protocol === 'https:'
    ? () => secureConnect({ ...to, rejectUnauthorized: false })
    : () => connect(to);
}

function askOnce(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.on('data', () => resolve());
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the server closed an idle connection')));
    socket.write(REQUEST);
  });
}
