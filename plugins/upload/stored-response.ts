import {
  type DecodedPath,
  type Exchange,
  encodePath,
  escapeHtml,
  preferredType,
  type Response,
} from '@webserv/server';

/** A file as it was stored. */
export interface StoredFile {
  /** Name of the form field it came in; undefined when it was the whole request body. */
  readonly field?: string | undefined;
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** Content-Type it will be served with, derived from its name. */
  readonly type: string;
  /** Absolute URL path. */
  readonly url: string;
}

/** Values by field name. Created without a prototype, because a field may be named `__proto__`. */
export type FieldValues = Record<string, string | string[]>;

export function noFields(): FieldValues {
  return Object.create(null);
}

/** Adds a value; the values of a repeated name become an array. */
export function addField(fields: FieldValues, name: string, value: string): void {
  const before = fields[name];
  if (before === undefined) fields[name] = value;
  else if (typeof before === 'string') fields[name] = [before, value];
  else before.push(value);
}

function page(files: readonly StoredFile[], back: DecodedPath): string {
  const items = files.map(
    ({ name, size, url }) => `<li><a href="${escapeHtml(url)}">${escapeHtml(name)}</a> (${size} bytes)</li>`,
  );
  const title = files.length === 1 ? '1 file stored' : `${files.length} files stored`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>:root{color-scheme:light dark;background:Canvas;color:CanvasText}body{font:1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:2rem auto;padding:0 1rem;overflow-wrap:break-word}</style>
<main>
<h1>${title}</h1>
<ul>
${items.join('\n')}
</ul>
<p><a href="${escapeHtml(encodePath(back))}">Back</a></p>
</main>
</html>
`;
}

/**
 * Builds a 201 that lists the stored files, or a 200 when the form had no file, as JSON or HTML by the Accept field.
 * The URL of a single file is also in Location (RFC 9110 §15.3.2).
 */
export function storedResponse(
  { request }: Exchange,
  files: readonly StoredFile[],
  fields: FieldValues = noFields(),
): Response {
  const html =
    preferredType(request.headers.get('accept'), ['application/json', 'text/html']) === 'text/html';
  const [only, ...more] = files;
  return {
    status: only === undefined ? 200 : 201,
    headers: {
      'content-type': html ? 'text/html; charset=utf-8' : 'application/json',
      'x-content-type-options': 'nosniff', // names and values are the client's
      vary: 'accept',
      ...(only !== undefined && more.length === 0 ? { location: only.url } : {}),
    },
    body: html ? page(files, request.path) : `${JSON.stringify({ files, fields })}\n`,
  };
}
