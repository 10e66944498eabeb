import { type Exchange, HttpError, isCrossSite } from '@webserv/server';

/**
 * Before the body is asked for. A page may have a browser send a form to any server that the browser reaches, with the
 * user's password, and also to one that only that user's machine reaches.
 * @throws HttpError 403
 */
export function refuseCrossSite({ request, route }: Exchange): void {
  if (!isCrossSite(request, route.offers('cors'))) return;
  throw new HttpError(403, { reason: 'a request by a page of another site (upload_cross_site off)' });
}
