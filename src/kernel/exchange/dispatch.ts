import { logRequestFault } from '../hooks/log-fault.js';
import type { RequestCall } from '../hooks/server-hooks.js';
import { builtInErrorPage } from '../http/error-page.js';
import { asHttpError } from '../http/errors.js';
import type { IncomingRequest } from '../http/message.js';
import type { Log } from '../log/log.js';
import type { Endpoint } from '../routing/router.js';
import { type HandshakeServer, isMisdirected } from './misdirected.js';
import type { Responder } from './responder.js';
import type { Site } from './site.js';

/**
 * Server-wide hooks first, then the virtual server the request names.
 * @param handshake the server that the connection was encrypted for; undefined without TLS
 */
export function dispatch(
  request: IncomingRequest,
  endpoint: Endpoint<Site>,
  handshake: HandshakeServer | undefined,
  onRequest: RequestCall | undefined,
  log: Log,
  responder: Responder,
): void {
  const site = endpoint.find(request.host);
  if (handshake !== undefined && isMisdirected(site.tls, handshake)) {
    responder.respond(builtInErrorPage(421));
    return;
  }
  if (onRequest === undefined) {
    site.dispatch(request, responder);
    return;
  }
  onRequest(request, (error, response) => {
    if (response !== undefined) responder.respond(response);
    else if (!error) site.dispatch(request, responder);
    else {
      const { status, headers } = asHttpError(error);
      if (status >= 500) logRequestFault(log, request, 'no route yet', error);
      responder.respond(builtInErrorPage(status, headers));
    }
  });
}
