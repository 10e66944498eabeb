import { type Usage, usageOf } from '../accounting.js';
import { MIB } from '../content.js';
import { makeHandshakes } from '../load/handshakes.js';
import type { LoadResult } from '../load/load-result.js';
import { runWrk } from '../load/wrk.js';
import { ask, type ProbeRequest } from '../probe.js';
import type { Sample, Workload } from '../scenario.js';
import { startServer } from '../server.js';
import { HOST, originOf } from '../site.js';

export interface Requests {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The expected status of every response. */
  readonly status: number;
  readonly connections: number;
  /** Number of requests sent in one write; default: 1. */
  readonly pipelined?: number;
  /** Whether the request has the entity-tag that this server sent before. */
  readonly revalidates?: boolean;
  /** Whether each request has a connection of its own with a full TLS handshake, and no header fields. */
  readonly fullHandshakes?: boolean;
  /** Requests until the code is compiled; default 1000. The code of a connection runs once a connection: it needs more. */
  readonly warmRequests?: number;
}

/** Sends the same request again after each response. */
export function requests(options: Requests): Workload {
  return async (peer, site, { seconds }) => {
    const origin = originOf(site);
    const server = await startServer(await peer.configure(site), origin);
    try {
      const request = await questionFor(origin, options);
      const response = await ask(origin, request);
      if (response.status !== options.status)
        throw new Error(`${peer.name} responds with ${response.status} instead of ${options.status}`);
      const { path, connections, pipelined = 1, warmRequests = 1000, fullHandshakes = false } = options;
      const byWrk = (headers: ProbeRequest['headers'], duration: number): Promise<LoadResult> =>
        runWrk({ url: `${origin}${path}`, headers, connections, pipelined, seconds: duration });
      const load = (duration: number): Promise<LoadResult> =>
        fullHandshakes
          ? makeHandshakes({
              ...{ origin, path, clients: connections },
              ...{ seconds: duration, bodyBytes: response.bodyBytes },
            })
          : byWrk(request.headers, duration);
      // The JavaScript of a full handshake is that of a resumed one, and wrk makes more of them.
      const warmHeaders = fullHandshakes ? { ...request.headers, Connection: 'close' } : request.headers;
      await warmUp(server.pid, warmRequests, () => byWrk(warmHeaders, 1));
      return {
        response,
        end: () => server.stop(),
        async measure() {
          const before = usageOf(server.pid);
          const result = await load(seconds);
          const after = usageOf(server.pid);
          check(result, options.status);
          return sample(result, before, after);
        },
      };
    } catch (error) {
      await server.stop();
      throw error;
    }
  };
}

/** CPU time, not wall time: on a busy machine a second may contain little work. */
const WARM_NANOSECONDS = 0.8e9;
const MAX_WARM_LOADS = 20;

/** Compiles code, fills caches and grows the heap: the first thousand requests are not typical. */
async function warmUp(pid: number, requests: number, load: () => Promise<LoadResult>): Promise<void> {
  const begin = usageOf(pid).cpu;
  let answered = 0;
  for (let count = 0; count < MAX_WARM_LOADS; count += 1) {
    answered += (await load()).requests;
    // With scripts, the server's own share of the CPU time is small: CPU time alone would not warm it up.
    if (answered >= requests && usageOf(pid).cpu - begin >= WARM_NANOSECONDS) return;
  }
}

async function questionFor(origin: string, { path, headers, revalidates }: Requests): Promise<ProbeRequest> {
  const plain = { path, headers: { Host: HOST, ...headers } };
  if (revalidates !== true) return plain;
  const { etag } = await ask(origin, plain);
  if (etag === undefined) throw new Error(`no entity-tag for ${path}`);
  return { path, headers: { ...plain.headers, 'If-None-Match': etag } };
}

function check({ requests: count, failures, refusals }: LoadResult, status: number): void {
  if (count === 0) throw new Error('no request got a response in time');
  if (failures > 0) throw new Error(`${failures} of ${count} requests failed`);
  const expected = status >= 400 ? count : 0;
  if (refusals !== expected)
    throw new Error(`${refusals} responses of ${count} are errors instead of ${expected}`);
}

function sample(result: LoadResult, before: Usage, after: Usage): Sample {
  return {
    cpu: (after.cpu - before.cpu) / 1000 / result.requests,
    rate: result.requests / result.seconds,
    ...(result.p50 !== undefined && { p50: result.p50 }),
    ...(result.p99 !== undefined && { p99: result.p99 }),
    memory: after.resident / MIB,
  };
}
