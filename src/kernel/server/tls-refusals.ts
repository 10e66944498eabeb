import { errorPage } from '../http/error-page.js';
import { escapeHtml } from '../http/html.js';
import type { IncomingRequest, Response } from '../http/message.js';

/** The page for a client that speaks plain HTTP where TLS is spoken: it says which URL to use. */
export function plainHttpPage({ target, headers, host }: IncomingRequest): Response {
  const authority = headers.get('host') ?? host;
  const absolute = target.startsWith('/') && authority !== '' ? `http://${authority}${target}` : target;
  const [, own, rest] = /^http:\/\/([^/?]+?)(?::443)?([/?].*)?$/i.exec(absolute) ?? [];
  const url = own === undefined ? undefined : `https://${own}${rest ?? ''}`;
  const link = url === undefined ? '' : ` Use <a href="${escapeHtml(url)}">${escapeHtml(url)}</a>.`;
  return errorPage(400, `<p>This address is encrypted: it speaks HTTPS only.${link}</p>`);
}

/** The page for a client without the certificate that the server requires. */
export function clientCertificatePage(reason: string): Response {
  return errorPage(400, `<p>The server requires a client certificate: ${escapeHtml(reason)}.</p>`);
}
