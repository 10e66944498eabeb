import { type DecodedPath, encodeSegment, escapeHtml } from '@webserv/server';
import type { Entry, Listing } from './listing.js';
import type { Slice } from './slice.js';

/** Maximum size of a page in bytes. Entries beyond it are left out, like those beyond the maximum number. */
const MAX_PAGE = 8 * 1024 * 1024;
/** Rows rendered between two checks of the time slice. */
const ROWS = 64;

const STYLE = `
:root{color-scheme:light dark;--line:#d8dee6;--quiet:#5b6673;--link:#0b57a4;--hover:#eef3f9}
@media (prefers-color-scheme:dark){:root{--line:#343c46;--quiet:#9aa6b4;--link:#8ab8f0;--hover:#1d242c}}
html{background:Canvas;color:CanvasText}
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:60rem;padding:2rem 1rem}
h1{font-size:1.4rem;font-weight:600;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}
th{color:var(--quiet);font-size:.85rem;font-weight:600;text-align:left}
th,td{border-bottom:1px solid var(--line);padding:.4rem .6rem}
td:first-child{overflow-wrap:anywhere}
th+th,td+td{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
td+td,p{color:var(--quiet)}
@media (max-width:30rem){body{padding:1rem .5rem}th,td{padding:.4rem .25rem}time{white-space:normal}}
tbody tr:hover{background:var(--hover)}
a{color:var(--link);text-decoration:none}
a:hover,a:focus-visible{text-decoration:underline}
.directory{font-weight:600}
`.trim();

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Formats like `1.5 KiB`: at most four digits, one of them after the point. */
export function readableSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 1023.95 would be rounded to 1024.0.
  while (value >= 1023.95 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

/** Returns undefined for a date that does not fit a four-digit year; some file systems report such dates. */
function dateOf(modified: number): Date | undefined {
  const date = new Date(modified);
  const year = date.getUTCFullYear();
  return year >= 0 && year <= 9999 ? date : undefined;
}

function timeOf(modified: number): string {
  const date = dateOf(modified)?.toISOString();
  if (date === undefined) return '';
  return `<time datetime="${date}">${date.slice(0, 10)} ${date.slice(11, 16)}</time>`;
}

function htmlRow({ name, kind, size, modified }: Entry): string {
  const slash = kind === 'directory' ? '/' : '';
  // Starts with `./`, or a name such as `javascript:alert(1)` would be read as an absolute URL.
  const href = `./${encodeSegment(name)}${slash}`;
  const cssClass = kind === 'directory' ? ' class="directory"' : '';
  return (
    `<tr><td><a href="${href}"${cssClass}><bdi>${escapeHtml(name)}</bdi>${slash}</a></td>` +
    `<td>${kind === 'directory' ? '' : readableSize(size)}</td><td>${timeOf(modified)}</td></tr>\n`
  );
}

/** Writes the members of nginx's `autoindex_format json`: a size for files only, the date as in HTTP. */
function jsonRow({ name, kind, size, modified }: Entry): string {
  return JSON.stringify({
    name,
    type: kind,
    size: kind === 'file' ? size : undefined,
    mtime: dateOf(modified)?.toUTCString(),
  });
}

/** Collects the pieces of a page up to its maximum size and yields to the event loop now and then. */
class PageWriter {
  readonly #slice: Slice;
  readonly #pieces: Buffer[] = [];
  #size = 0;

  constructor(slice: Slice) {
    this.#slice = slice;
  }

  add(text: string): void {
    const piece = Buffer.from(text);
    this.#pieces.push(piece);
    this.#size += piece.length;
  }

  /** @returns the number of entries that got a row: fewer than all when the page reached its maximum size */
  async addRows(entries: readonly Entry[], row: (entry: Entry) => string, between = ''): Promise<number> {
    let written = 0;
    while (written < entries.length && this.#size < MAX_PAGE) {
      const rows = entries.slice(written, written + ROWS).map(row);
      this.add((written === 0 ? '' : between) + rows.join(between));
      written += rows.length;
      if (this.#slice.spent) await this.#slice.next();
    }
    return written;
  }

  bytes(): Uint8Array {
    return Buffer.concat(this.#pieces, this.#size);
  }
}

/** Renders a directory as HTML: no scripts, readable without CSS, dark where the reader's system is dark. */
export async function renderPage(
  path: DecodedPath,
  { entries, complete }: Listing,
  slice: Slice,
): Promise<Uint8Array> {
  const title = `Index of ${escapeHtml(path)}`;
  const writer = new PageWriter(slice);
  writer.add(`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${title}</h1>
<table>
<thead><tr><th scope="col">Name</th><th scope="col">Size</th><th scope="col">Modified (UTC)</th></tr></thead>
<tbody>
`);
  if (path !== '/') {
    writer.add('<tr><td><a href="../">Parent directory</a></td><td></td><td></td></tr>\n');
  }
  const shown = await writer.addRows(entries, htmlRow);
  writer.add(`</tbody>
</table>
${noteOf(shown, complete && shown === entries.length)}</main>
</body>
</html>
`);
  return writer.bytes();
}

function noteOf(shown: number, complete: boolean): string {
  if (!complete) return `<p>This directory has more entries: only the first ${shown} are shown.</p>\n`;
  return shown === 0 ? '<p>This directory is empty.</p>\n' : '';
}

/** Last member of a JSON listing that is incomplete. */
const TRUNCATED = JSON.stringify({ name: '', type: 'truncated' });

export async function renderJson({ entries, complete }: Listing, slice: Slice): Promise<Uint8Array> {
  const writer = new PageWriter(slice);
  writer.add('[');
  const shown = await writer.addRows(entries, jsonRow, ',');
  if (!complete || shown < entries.length) writer.add(`${shown === 0 ? '' : ','}${TRUNCATED}`);
  writer.add(']');
  return writer.bytes();
}
