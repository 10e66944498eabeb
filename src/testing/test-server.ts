import { connect } from 'node:net';
import type { Plugin } from '../kernel/contract/plugin.js';
import type { Diagnostic } from '../kernel/diagnostics/diagnostic.js';
import { start } from '../kernel/server/server.js';
import { readTestConfig, valid } from './configuration.js';
import { makeDirectory, type TestFiles } from './files.js';
import { recordingLog } from './recording-log.js';

/** Options of `startTestServer`. */
export interface TestServerOptions {
  /** Plugins besides the built-in ones, as if loaded by `load_plugin`. */
  readonly plugins?: readonly Plugin[];
}

/** A server on a free port of the loopback interface, with its own temporary directory. Dispose of it when done. */
export interface TestServer extends AsyncDisposable {
  /** Port of the first `listen`. */
  readonly port: number;
  /** All ports, for a configuration with several `listen` directives. */
  readonly ports: readonly number[];
  /** Base URL of the first `listen`: `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Base of the configuration's relative paths. */
  readonly directory: string;
  /** Warnings about the configuration, including those of plugins. */
  readonly warnings: readonly Diagnostic[];
  /** Lines of the error log so far, from level debug up. */
  readonly log: readonly string[];
  /** Like the global fetch, for a path; redirects are not followed. */
  fetch(path: string, init?: RequestInit): Promise<globalThis.Response>;
  /**
   * Sends bytes unchanged (a string as one byte a character) and reads until the server closes the connection.
   * @returns all bytes received, as one character a byte
   */
  raw(bytes: string | Uint8Array): Promise<string>;
  /** Stops the server after the requests under way, for which it waits `graceMs` milliseconds (30,000). */
  stop(graceMs?: number): Promise<void>;
}

/** Maximum time `raw` waits for the server to close the connection. */
const RAW_TIMEOUT_MS = 15_000;

function exchangeBytes(port: number, bytes: string | Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const received: Buffer[] = [];
    const response = (): string => Buffer.concat(received).toString('latin1');
    const socket = connect({ host: '127.0.0.1', port });
    socket.setTimeout(RAW_TIMEOUT_MS, () => {
      socket.destroy();
      reject(new Error(`the server did not close the connection; it sent ${JSON.stringify(response())}`));
    });
    socket.on('data', (piece) => received.push(piece));
    socket.on('end', () => socket.end());
    // A reset after the response also counts as the end.
    socket.on('error', (error) => (received.length > 0 ? undefined : reject(error)));
    socket.on('close', () => resolve(response()));
    socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  });
}

/**
 * Starts a server for a test.
 * @param conf directives inside a `server` block, or a whole configuration (listening on `127.0.0.1:0`)
 * @throws Error with the rendered diagnostics when the configuration is invalid
 */
export async function startTestServer(
  conf: string,
  files: TestFiles = {},
  { plugins = [] }: TestServerOptions = {},
): Promise<TestServer> {
  const { directory, remove } = await makeDirectory(files);
  try {
    const { config, diagnostics } = valid(await readTestConfig(conf, directory, plugins));
    const { log, lines } = recordingLog();
    const running = await start(config, log);
    const ports = running.addresses.flatMap((address) => (address.kind === 'tcp' ? [address.port] : []));
    const port = ports[0] ?? 0;
    const url = `http://127.0.0.1:${port}`;
    return {
      port,
      ports,
      url,
      directory,
      warnings: [...diagnostics, ...running.warnings],
      log: lines,
      fetch: (path, init) => fetch(url + path, { redirect: 'manual', ...init }),
      raw: (bytes) => exchangeBytes(port, bytes),
      stop: (graceMs) => running.stop(graceMs),
      [Symbol.asyncDispose]: async () => {
        await running.stop(0);
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
