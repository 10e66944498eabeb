import { connect } from 'node:net';
import type { Plugin } from '../kernel/contract/plugin.js';
import type { Diagnostic } from '../kernel/diagnostics/diagnostic.js';
import { start } from '../kernel/server/server.js';
import { readTestConfig, valid } from './configuration.js';
import { makeFolder, type TestFiles } from './files.js';
import { recordingLog } from './recording-log.js';

/** Options of `startTestServer`. */
export interface TestServerOptions {
  /** Plugins beside the built-in ones, as if loaded by `load_plugin`. */
  readonly plugins?: readonly Plugin[];
}

/** A server on a free port of the loopback interface, with its own temporary folder. Dispose of it when done. */
export interface TestServer extends AsyncDisposable {
  /** Port of the first `listen`. */
  readonly port: number;
  /** Every port, for a configuration with several `listen`. */
  readonly ports: readonly number[];
  /** Base URL of the first `listen`: `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** The folder relative paths of the configuration start from. */
  readonly directory: string;
  /** What was worth a warning about the configuration, the plugins' too. */
  readonly warnings: readonly Diagnostic[];
  /** The error log's lines so far, debug and up. */
  readonly log: readonly string[];
  /** As the global fetch, for a path; redirects are not followed. */
  fetch(path: string, init?: RequestInit): Promise<globalThis.Response>;
  /**
   * Sends bytes as they are (strings one byte a character) and reads until the server closes.
   * @returns everything received, one character a byte
   */
  raw(bytes: string | Uint8Array): Promise<string>;
  /** Stops the server after the requests under way, for which it waits `graceMs` milliseconds (30,000). */
  stop(graceMs?: number): Promise<void>;
}

/** How long `raw` waits for the server to close the connection. */
const RAW_TIMEOUT_MS = 15_000;

function exchangeBytes(port: number, bytes: string | Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    const received: Buffer[] = [];
    const answer = (): string => Buffer.concat(received).toString('latin1');
    const socket = connect({ host: '127.0.0.1', port });
    socket.setTimeout(RAW_TIMEOUT_MS, () => {
      socket.destroy();
      reject(new Error(`the server did not close the connection; it sent ${JSON.stringify(answer())}`));
    });
    socket.on('data', (piece) => received.push(piece));
    socket.on('end', () => socket.end());
    // A reset after the answer is an end too.
    socket.on('error', (error) => (received.length > 0 ? undefined : reject(error)));
    socket.on('close', () => resolve(answer()));
    socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  });
}

/**
 * Starts a server for a test.
 * @param conf what stands inside one `server` block, or a whole configuration (listen on `127.0.0.1:0`)
 * @throws Error with the rendered diagnostics when the configuration is wrong
 */
export async function startTestServer(
  conf: string,
  files: TestFiles = {},
  { plugins = [] }: TestServerOptions = {},
): Promise<TestServer> {
  const { directory, remove } = await makeFolder(files);
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
