import { escapeHtml } from './html.js';
import type { Response, ResponseHeaders } from './message.js';
import { STATUS_CODES } from './status.js';

/** The built-in page of each status, built once. It does not name the server, because `server_tokens` may hide that. */
const pages = new Map<number, string>();

function page(status: number): string {
  const known = pages.get(status);
  if (known !== undefined) return known;
  const title = escapeHtml(`${status} ${STATUS_CODES[status] ?? 'Error'}`);
  const made = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>:root{color-scheme:light dark;background:Canvas;color:CanvasText}body{font:1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:20vh auto;padding:0 1rem}</style>
<main>
<h1>${title}</h1>
</main>
</html>
`;
  pages.set(status, made);
  return made;
}

/**
 * The page for an error without an `error_page`.
 * @param headers further fields that the response must have: Allow, Retry-After …
 */
export function builtInErrorPage(status: number, headers: ResponseHeaders = {}): Response {
  return { status, headers: { 'content-type': 'text/html; charset=utf-8', ...headers }, body: page(status) };
}
