import { type DecodedPath, encodeSegment, escapeHtml } from '@webserv/server';
import type { Entry, Listing } from './listing.js';

const STYLE = `
:root{color-scheme:light dark;--line:#d8dee6;--quiet:#5b6673;--link:#0b57a4;--hover:#eef3f9}
@media (prefers-color-scheme:dark){:root{--line:#343c46;--quiet:#9aa6b4;--link:#8ab8f0;--hover:#1d242c}}
body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;max-width:60rem;padding:2rem 1rem}
h1{font-size:1.4rem;font-weight:600;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%}
th{color:var(--quiet);font-size:.85rem;font-weight:600;text-align:left}
th,td{border-bottom:1px solid var(--line);padding:.4rem .6rem}
td:first-child{overflow-wrap:anywhere}
th+th,td+td{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
td+td,p{color:var(--quiet)}
tbody tr:hover{background:var(--hover)}
a{color:var(--link);text-decoration:none}
a:hover,a:focus-visible{text-decoration:underline}
.folder{font-weight:600}
`.trim();

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** `1.5 KiB`: at most four digits, one of them behind the point. */
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

function row({ name, kind, size, modified }: Entry): string {
  const slash = kind === 'directory' ? '/' : '';
  // `./` first: a name such as `javascript:alert(1)` would be a URL of its own.
  const href = `./${encodeSegment(name)}${slash}`;
  const folder = kind === 'directory' ? ' class="folder"' : '';
  const date = modified.toISOString();
  return (
    `<tr><td><a href="${href}"${folder}><bdi>${escapeHtml(name)}</bdi>${slash}</a></td>` +
    `<td>${kind === 'directory' ? '' : readableSize(size)}</td>` +
    `<td><time datetime="${date}">${date.slice(0, 10)} ${date.slice(11, 16)}</time></td></tr>`
  );
}

/** A directory as a page: no scripts, readable without a style sheet, dark where the reader's system is. */
export function renderPage(path: DecodedPath, { entries, complete }: Listing): string {
  const title = `Index of ${escapeHtml(path)}`;
  const rows = entries.map(row);
  if (path !== '/') rows.unshift('<tr><td><a href="../">Parent folder</a></td><td></td><td></td></tr>');
  const note = !complete
    ? `<p>This folder holds more: only ${entries.length} entries are shown.</p>`
    : entries.length === 0
      ? '<p>This folder is empty.</p>'
      : '';
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${title}</title>`,
    `<style>${STYLE}</style>`,
    '</head>',
    '<body>',
    `<h1>${title}</h1>`,
    '<table>',
    '<thead><tr><th scope="col">Name</th><th scope="col">Size</th><th scope="col">Modified (UTC)</th></tr></thead>',
    '<tbody>',
    ...rows,
    '</tbody>',
    '</table>',
    note,
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

/** The members nginx's `autoindex_format json` writes: a size for files only, the date as in HTTP. */
export function renderJson({ entries }: Listing): string {
  return JSON.stringify(
    entries.map(({ name, kind, size, modified }) => ({
      name,
      type: kind,
      size: kind === 'file' ? size : undefined,
      mtime: modified.toUTCString(),
    })),
  );
}
