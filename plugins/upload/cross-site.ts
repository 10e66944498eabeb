import { type Exchange, HttpError, isCrossSite } from '@webserv/server';

/**
 * Called before the body is read. A page of another site may make a browser send a form to any server that the browser
 * can reach: with the user's password, or to a server that only the user's machine can reach.
 * @throws HttpError 403
 */
export function refuseCrossSite({ request, route }: Exchange): void {
  if (!isCrossSite(request, route.offers('cors'))) return;
  throw new HttpError(403, { reason: 'cross-site request: allow them with upload_cross_site on' });
}
