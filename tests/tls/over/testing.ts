/** The test kit, with servers that speak TLS: the suites over TLS get it instead of `@webserv/server/testing`. */
import {
  startTestServer as startPlain,
  type TestFiles,
  type TestServer,
  type TestServerOptions,
} from '../../../src/testing/index.js';
import { dial, forTransport } from '../../wire/transport.js';

export * from '../../../src/testing/index.js';

/** As long as the kit's own. */
const RAW_TIMEOUT_MS = 15_000;

/** @see TestServer */
export async function startTestServer(
  conf: string,
  files?: TestFiles,
  options?: TestServerOptions,
): Promise<TestServer> {
  const isWhole = /^\s*server\s*\{/m.test(conf);
  const whole = isWhole ? conf : `server {\nlisten 127.0.0.1:0;\n${conf}\n}\n`;
  const server = await startPlain(forTransport(whole), files, options);
  const url = server.url.replace('http:', 'https:');
  return {
    ...server,
    url,
    fetch: (path, init) => fetch(url + path, { redirect: 'manual', ...init }),
    raw: (bytes) => exchange(server.port, bytes),
  };
}

async function exchange(port: number, bytes: string | Uint8Array): Promise<string> {
  const { socket } = await dial({ host: '127.0.0.1', port });
  const received: Buffer[] = [];
  const response = (): string => Buffer.concat(received).toString('latin1');
  return new Promise((resolve, reject) => {
    socket.setTimeout(RAW_TIMEOUT_MS, () => {
      socket.destroy();
      reject(new Error(`the server did not close the connection; it sent ${JSON.stringify(response())}`));
    });
    socket.on('data', (piece) => received.push(piece));
    socket.on('end', () => socket.end());
    socket.on('error', (error) => (received.length > 0 ? undefined : reject(error)));
    socket.on('close', () => resolve(response()));
    socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  });
}
