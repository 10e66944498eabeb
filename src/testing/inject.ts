import type { Plugin } from '../kernel/contract/plugin.js';
import type { TestFiles } from './files.js';
import { faultsIn } from './recording-log.js';
import { fullRequest, type InjectRequest } from './request.js';
import { SocketlessServer } from './socketless.js';

/** An answer as fetch's, with what the server logged while it was made. */
export class InjectedResponse extends Response {
  /** The error log's lines, debug and up, to the server's end. */
  readonly log: readonly string[];

  constructor(body: Uint8Array | null, init: ResponseInit, log: readonly string[]) {
    super(body, init);
    this.log = log;
  }
}

/** Statuses whose answers have no content, by the rules of fetch. */
const NULL_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * Asks a server that lives for this one request, without a socket: the request is parsed, routed and answered as any
 * other.
 * @param plugins what is tested; the built-in plugins are there too
 * @param conf what stands inside one `server` block, or a whole configuration
 * @param files what the configuration's folder holds
 * @throws Error with the rendered diagnostics for a wrong configuration; when the answer was broken off, with the log
 */
export async function inject(
  plugins: Plugin | readonly Plugin[],
  conf: string,
  request: InjectRequest = '/',
  files: TestFiles = {},
): Promise<InjectedResponse> {
  const full = fullRequest(request);
  const server = await SocketlessServer.open({ conf, files, plugins: [plugins].flat() });
  let answer: Awaited<ReturnType<SocketlessServer['ask']>>;
  try {
    answer = await server.ask(full);
  } finally {
    await server[Symbol.asyncDispose]();
  }
  const { status, headers, content, complete } = answer;
  if (!complete) {
    throw new Error(
      [`the answer was broken off after ${content.length} bytes of content`, ...faultsIn(server.log)].join(
        '\n',
      ),
    );
  }
  const body = NULL_BODY.has(status) ? null : content;
  return new InjectedResponse(body, { status, headers }, server.log);
}
