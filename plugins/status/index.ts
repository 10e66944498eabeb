import { definePlugin, oneOf, preferredType, type Response, SharedWork, Stage } from '@webserv/server';
import { asJson } from './json.js';
import { asPrometheus, PROMETHEUS_TYPE } from './prometheus.js';
import { Requests } from './requests.js';

const MODES = ['off', 'on', 'json', 'prometheus', 'health'] as const;
type Mode = (typeof MODES)[number];

const FRESH = { 'cache-control': 'no-store' };

/** All concurrent requests for the same format share one collection of metrics from the workers. */
const GATHERING = { atOnce: 2, waiting: 0 };

/** Health reads no state of the server: it only shows that requests are handled. */
const HEALTHY: Response = Object.freeze({
  status: 200,
  headers: { 'content-type': 'text/plain; charset=utf-8', ...FRESH },
  body: 'ok\n',
});

/** Whether to respond with text: in mode `on`, when the Accept field is that of a Prometheus scrape. */
function wantsText(mode: Mode, accept: string | undefined): boolean {
  if (mode !== 'on') return mode === 'prometheus';
  if (accept === undefined) return false;
  // The requested version of the format is ignored: this one is read by all of them.
  const types = accept.replace(/;\s*(?:version|charset|escaping)=[^;,]*/g, '');
  const offers = ['application/json', 'text/plain', 'application/openmetrics-text'] as const;
  return preferredType(types, offers) !== 'application/json';
}

export default definePlugin({
  name: 'status',
  directives: {
    status: oneOf(MODES, {
      default: 'off',
      inherit: 'none',
      help: 'responds with the metrics of the running server, as JSON or Prometheus text (on: as the Accept field prefers); health responds with ok',
      example: 'status on;',
    }),
  },
  setup({ metrics, usedAnywhere }) {
    // Numbers that no route shows are not counted.
    const isShown = usedAnywhere(({ status }) => status !== 'off' && status !== 'health');
    const requests = new Requests(metrics, isShown);
    return { requests, metrics, pages: new SharedWork<string>(GATHERING) };
  },
  apply({ options, state, hooks, route }) {
    if (state.requests.wanted) {
      const count = state.requests.counterOf(route);
      hooks.onDone.tap({ refused: true }, (exchange) => count(exchange));
    }
    const mode = options.status;
    if (mode === 'off') return;
    const page = (text: boolean, signal: AbortSignal): Promise<string> =>
      state.pages.do(
        text ? 'text' : 'json',
        async () => {
          const families = await state.metrics.gather();
          return text ? asPrometheus(families) : asJson(families);
        },
        signal,
      );
    const tap = { stage: Stage.handler, methods: ['GET', 'HEAD'] };
    if (mode === 'health') {
      hooks.onRoute.tap(tap, () => HEALTHY);
      return;
    }
    hooks.onRoute.tapPromise(tap, async ({ request, signal }) => {
      const text = wantsText(mode, request.headers.get('accept'));
      const negotiated = mode === 'on' ? { vary: 'accept' } : {};
      return {
        status: 200,
        headers: { 'content-type': text ? PROMETHEUS_TYPE : 'application/json', ...FRESH, ...negotiated },
        body: await page(text, signal),
      };
    });
  },
});
