import { escapeHtml } from './html.js';
import type { Response, ResponseHeaders } from './message.js';
import { STATUS_CODES } from './status.js';

const HTML = { 'content-type': 'text/html; charset=utf-8' } as const;

/** The built-in page of each status, built once. It does not name the server, because `server_tokens` may hide that. */
const pages = new Map<number, string>();

function page(status: number): string {
  const known = pages.get(status) ?? render(status, '');
  pages.set(status, known);
  return known;
}

/** @param content HTML below the title */
function render(status: number, content: string): string {
  const title = escapeHtml(`${status} ${STATUS_CODES[status] ?? 'Error'}`);
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>:root{color-scheme:light dark;background:Canvas;color:CanvasText}body{font:1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:20vh auto;padding:0 1rem}</style>
<main>
<h1>${title}</h1>
${content}</main>
</html>
`;
}

/**
 * The page for an error without an `error_page`.
 * @param headers further fields that the response must have: Allow, Retry-After …
 */
export function builtInErrorPage(status: number, headers: ResponseHeaders = {}): Response {
  return { status, headers: { ...HTML, ...headers }, body: page(status) };
}

/**
 * A page of the same look with a text of its own.
 * @param content HTML
 */
export function errorPage(status: number, content: string): Response {
  return { status, headers: HTML, body: render(status, `${content}\n`) };
}
