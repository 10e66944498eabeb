import { randomUUID } from 'node:crypto';
import { definePlugin, type Exchange, flag, Stage } from '@webserv/server';

const FIELD = 'x-request-id';

/** Request ids accepted from a client or proxy: they go into logs and to programs. */
const SAFE = /^[\w.:-]{1,128}$/;

function identify({ request }: Exchange, isTrusted: boolean): string {
  const given = isTrusted ? request.headers.get(FIELD) : undefined;
  return given !== undefined && SAFE.test(given) ? given : randomUUID();
}

export default definePlugin({
  name: 'request-id',
  directives: {
    request_id: flag({
      default: false,
      help: 'gives every request an identifier, as $request_id and as X-Request-Id of the response',
      example: 'request_id on;',
    }),
    request_id_trust: flag({
      default: false,
      help: 'accepts the identifier in X-Request-Id of the request',
      example: 'request_id_trust on;',
    }),
  },
  variables: { request_id: { help: 'the identifier of the request, if `request_id` is on' } },
  apply({ options, hooks }) {
    if (!options.request_id) return;
    // Before everything else, so that redirects and error responses can use it.
    hooks.onRoute.tap({ stage: Stage.rewrite - 10, answers: false }, (exchange) => {
      exchange.setVariable('request_id', identify(exchange, options.request_id_trust));
      return undefined;
    });
    hooks.onResponse.tap({}, (response, exchange) => {
      const id = exchange.variable('request_id');
      return id === undefined ? response : { ...response, headers: { ...response.headers, [FIELD]: id } };
    });
  },
});
