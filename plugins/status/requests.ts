import type { Counter, Exchange, Histogram, Metrics, RouteView } from '@webserv/server';

/** Upper bounds in seconds: from a response out of memory to a slow script. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Precomputed: converting a number for every request would create garbage for every request. */
const STATUS_TEXT: readonly string[] = Array.from({ length: 600 }, (_, status) => String(status));

/** Metrics of every request. A request rejected before it had a route counts for the default server's route. */
export class Requests {
  /** False when no route shows the metrics. */
  readonly wanted: boolean;
  readonly #requests: Counter;
  readonly #bytes: Counter;
  readonly #received: Counter;
  readonly #cutOff: Counter;
  readonly #latency: Histogram;

  constructor(metrics: Metrics, wanted: boolean) {
    this.wanted = wanted;
    this.#requests = metrics.counter({
      name: 'webserv_requests_total',
      help: 'Responses sent, by status and route.',
      labels: ['status', 'route'],
    });
    this.#bytes = metrics.counter({
      name: 'webserv_sent_bytes_total',
      help: 'Bytes of response bodies sent.',
    });
    this.#received = metrics.counter({
      name: 'webserv_received_bytes_total',
      help: 'Bytes of request bodies received.',
    });
    this.#cutOff = metrics.counter({
      name: 'webserv_requests_cut_off_total',
      help: 'Requests whose connection was closed before the whole response was sent.',
    });
    this.#latency = metrics.histogram({
      name: 'webserv_request_duration_seconds',
      help: 'From the end of a request header section until the last byte of its response was passed to the socket.',
      buckets: BUCKETS,
    });
  }

  counterOf({ label }: RouteView): (exchange: Exchange) => void {
    return ({ outcome, request, refused }) => {
      if (outcome === undefined) return;
      this.#requests.add(1, STATUS_TEXT[outcome.status] ?? String(outcome.status), label);
      // The time a header section took to arrive depends on the client, not on the server.
      if (refused === undefined) this.#latency.observe(outcome.durationMs / 1000);
      if (outcome.bytesSent > 0) this.#bytes.add(outcome.bytesSent);
      if (request.body.received > 0) this.#received.add(request.body.received);
      if (!outcome.complete) this.#cutOff.add(1);
    };
  }
}
