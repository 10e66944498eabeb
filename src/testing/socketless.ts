import type { CompiledConfig } from '../kernel/config/compile/compiled-config.js';
import type { Tap } from '../kernel/contract/hooks.js';
import type { Plugin } from '../kernel/contract/plugin.js';
import type { Diagnostic } from '../kernel/diagnostics/diagnostic.js';
import { endpointsOf } from '../kernel/exchange/endpoints.js';
import type { Site } from '../kernel/exchange/site.js';
import type { Log } from '../kernel/log/log.js';
import type { Endpoint } from '../kernel/routing/router.js';
import { Acceptor, type Protocol } from '../kernel/server/acceptor.js';
import { type Assembly, assemble } from '../kernel/server/assembly.js';
import { Client } from './client.js';
import { readTestConfig, valid } from './configuration.js';
import { makeDirectory, type TestDirectory, type TestFiles } from './files.js';
import { PipeEnd } from './memory-pipe.js';
import { type ReceivedResponse, readResponse, readResponseUntil } from './received-response.js';
import { recordingLog } from './recording-log.js';
import { type FullRequest, requestBody, requestHead } from './request.js';

export interface SocketlessOptions {
  readonly conf: string;
  readonly files?: TestFiles | undefined;
  readonly plugins: readonly Plugin[];
}

/** Assembles a server as a start does, except for its addresses. */
async function servingAssembly(config: CompiledConfig, log: Log): Promise<Assembly> {
  const assembly = await assemble(config, log);
  try {
    await assembly.openLogs();
    await assembly.serve();
    return assembly;
  } catch (error) {
    await assembly.dispose();
    throw error;
  }
}

/** A whole server without listening sockets: connections are made inside the process. */
export class SocketlessServer implements AsyncDisposable {
  /** Warnings about the configuration, including those of plugins. */
  readonly warnings: readonly Diagnostic[];
  /** Lines of the error log so far, from level debug up. */
  readonly log: readonly string[];
  readonly #assembly: Assembly;
  readonly #acceptor: Acceptor;
  readonly #endpoint: Endpoint<Site>;
  readonly #directory: TestDirectory;

  private constructor(
    folder: TestDirectory,
    assembly: Assembly,
    acceptor: Acceptor,
    endpoint: Endpoint<Site>,
    { warnings, log }: { warnings: readonly Diagnostic[]; log: readonly string[] },
  ) {
    this.#directory = folder;
    this.#assembly = assembly;
    this.#acceptor = acceptor;
    this.#endpoint = endpoint;
    this.warnings = warnings;
    this.log = log;
  }

  /** @throws Error, ConfigError when the configuration is invalid */
  static async open({ conf, files = {}, plugins }: SocketlessOptions): Promise<SocketlessServer> {
    const folder = await makeDirectory(files);
    try {
      const { config, diagnostics } = valid(await readTestConfig(conf, folder.directory, plugins));
      const { log, lines } = recordingLog();
      const assembly = await servingAssembly(config, log);
      const sites = assembly.sites.map(({ site }) => site);
      const [bound] = endpointsOf(config, sites);
      if (bound === undefined) throw new Error('the configuration has no address');
      const room = { connections: Number.POSITIVE_INFINITY, turnedAway: 0 };
      const acceptor = new Acceptor({
        room,
        log,
        onRequest: assembly.hooks.compile(),
        secure: assembly.secure,
        countHandshake: () => {},
        keyLog: undefined,
      });
      const warnings = [...diagnostics, ...assembly.warnings];
      return new SocketlessServer(folder, assembly, acceptor, bound.endpoint, { warnings, log: lines });
    } catch (error) {
      await folder.remove();
      throw error;
    }
  }

  /** The taps on the routes of the first server, each with the route's name, and the server-wide taps. */
  get taps(): readonly (Tap & { readonly route: string | undefined })[] {
    const { hooks, sites } = this.#assembly;
    const wide = hooks.taps.map((tap) => ({ ...tap, route: undefined }));
    const routes = sites.slice(0, 1).flatMap(({ table }) => [...table.routes()]);
    return [
      ...wide,
      ...routes.flatMap(({ label, hooks: { taps } }) => taps.map((tap) => ({ ...tap, route: label }))),
    ];
  }

  /** @param protocol protocol of the connection; default: HTTP/1 */
  connect(protocol?: Protocol): Client {
    const { client, server } = PipeEnd.pair();
    this.#acceptor.serve(server, this.#endpoint, protocol);
    return new Client(client);
  }

  /** @throws Error when the server closed the connection without a response */
  async ask(request: FullRequest): Promise<ReceivedResponse> {
    const client = this.connect();
    await client.send(requestHead(request));
    for await (const piece of requestBody(request)) await client.send(piece);
    const { method, until } = request;
    if (until === undefined) return readResponse(await client.closed(), method);
    const has = (received: Buffer): ReceivedResponse | undefined =>
      readResponseUntil(received, method, until);
    const received = await client.closed((some) => has(some) !== undefined);
    return has(received) ?? readResponse(received, method);
  }

  /** Stops as a server does. */
  stop(graceMs: number, idleMs: number): Promise<void> {
    return this.#acceptor.stop(graceMs, idleMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop(0, 0);
    await this.#assembly.dispose();
    await this.#directory.remove();
  }
}
