import type { ErrorPage } from '../contract/config.js';
import type { Response, ResponseHeaders } from '../http/message.js';

/** Error pages derived from frozen responses, by status: the writer can cache their bytes. */
const shownPages = new WeakMap<Response, Map<number, Response>>();

export function redirectStatus({ status }: ErrorPage): number {
  return typeof status === 'number' ? status : 302;
}

/** A page is sent with the error's status, whatever its own status is, unless `=` says otherwise. */
export function asErrorPage(
  found: Response,
  page: ErrorPage,
  status: number,
  headers: ResponseHeaders,
): Response {
  const shown = page.status === 'own' ? found.status : (page.status ?? status);
  if (!Object.isFrozen(found) || Object.keys(headers).length > 0) {
    return { ...found, status: shown, headers: { ...found.headers, ...headers } };
  }
  const known = shownPages.get(found);
  const kept = known?.get(shown);
  if (kept !== undefined) return kept;
  const made = Object.freeze({ ...found, status: shown });
  if (known === undefined) shownPages.set(found, new Map([[shown, made]]));
  else known.set(shown, made);
  return made;
}
