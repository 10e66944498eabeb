import {
  argument,
  definePlugin,
  directive,
  type Exchange,
  escapeHtml,
  type RequestBody,
  type Response,
  Stage,
  type Template,
} from '@webserv/server';
import { locationValue } from './location.js';
import { parseReturn, type Return, statusOrUrl } from './return.js';

function redirectTo(status: number, location: string): Response {
  const link = escapeHtml(location);
  return {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8', location },
    body: `<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>Moved</title><main><h1>Moved</h1><p><a href="${link}">${link}</a></p></main></html>\n`,
  };
}

/** Freezes the response of a template without variables, so that the writer can cache its serialised form. */
function rendering(
  template: Template,
  respond: (text: string) => Response,
): (exchange: Exchange) => Response {
  if (!template.constant) return (exchange) => respond(template.render(exchange));
  const fixed = Object.freeze(respond(template.source));
  return () => fixed;
}

function responder(options: Return, textType: string): (exchange: Exchange) => Response {
  const { status } = options;
  if (options.kind === 'redirect') {
    const { target } = options;
    return rendering(target, (text) => redirectTo(status, locationValue(target.source, text)));
  }
  if (options.text === undefined || options.text.source === '') {
    const bare: Response = Object.freeze(status < 300 && status !== 204 ? { status, body: '' } : { status });
    return () => bare;
  }
  return rendering(options.text, (text) => ({ status, headers: { 'content-type': textType }, body: text }));
}

/** application/octet-stream is the kernel's type for unknown files; here it means that no `default_type` was set. */
function textType(defaultType: string): string {
  return defaultType.startsWith('application/octet-stream') ? 'text/plain; charset=utf-8' : defaultType;
}

/** Reads and discards the body, so that `client_max_body_size` applies even though nothing uses it. */
async function readToEnd(body: RequestBody): Promise<void> {
  while ((await body.read()) !== undefined);
}

export default definePlugin({
  name: 'redirect',
  directives: {
    return: directive<Return | undefined, Return>({
      default: undefined,
      usage: 'CODE [TEXT] | CODE URL | URL',
      arguments: [1, 2],
      help: 'responds with a status, a text, or a redirect',
      example: 'return 301 https://example.org$request_uri;',
      argumentTypes: [statusOrUrl, argument.template],
      parse: parseReturn,
      combine: (values, outer) => values.at(-1) ?? outer,
    }),
  },
  apply({ options, hooks, route }) {
    if (options.return === undefined) return;
    const respond = responder(options.return, textType(route.contentType('')));
    if (options.return.status >= 300) {
      hooks.onRoute.tap({ stage: Stage.rewrite }, respond);
      return;
    }
    hooks.onRoute.tapPromise({ stage: Stage.rewrite }, async (exchange) => {
      if (exchange.request.body.length !== 0) await readToEnd(exchange.request.body);
      return respond(exchange);
    });
  },
});
