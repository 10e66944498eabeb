import type { Plugin } from '../kernel/contract/plugin.js';
import type { TestFiles } from './files.js';
import { errorsIn } from './recording-log.js';
import { fullRequest, type InjectRequest } from './request.js';
import { SocketlessServer } from './socketless.js';

/** A response as that of fetch, with the log lines that the server wrote meanwhile. */
export class InjectedResponse extends Response {
  /** All lines of the error log, from level debug up. */
  readonly log: readonly string[];

  constructor(body: Uint8Array | null, init: ResponseInit, log: readonly string[]) {
    super(body, init);
    this.log = log;
  }
}

/** Statuses whose responses have no body, by the rules of fetch. */
const NULL_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * Sends a request to a server that exists for this request only, without a socket. The request is parsed, routed and
 * handled like any other.
 * @param plugins the plugins under test; the built-in plugins are loaded too
 * @param conf directives inside a `server` block, or a whole configuration
 * @param files files in the configuration's directory
 * @throws Error with the rendered diagnostics for an invalid configuration; with the log for an incomplete response
 */
export async function inject(
  plugins: Plugin | readonly Plugin[],
  conf: string,
  request: InjectRequest = '/',
  files: TestFiles = {},
): Promise<InjectedResponse> {
  const full = fullRequest(request);
  const server = await SocketlessServer.open({ conf, files, plugins: [plugins].flat() });
  let response: Awaited<ReturnType<SocketlessServer['ask']>>;
  try {
    response = await server.ask(full);
  } finally {
    await server[Symbol.asyncDispose]();
  }
  const { status, headers, content, complete } = response;
  if (!complete) {
    throw new Error(
      [`the response ended after ${content.length} bytes of its body`, ...errorsIn(server.log)].join('\n'),
    );
  }
  const body = NULL_BODY.has(status) ? null : content;
  return new InjectedResponse(body, { status, headers }, server.log);
}
