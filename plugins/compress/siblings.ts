import {
  type DecodedPath,
  decodePath,
  encodePath,
  entityTagOf,
  type FileVersion,
  formatHttpDate,
  isFileSlice,
  lastModifiedOf,
  type OpenFile,
  openFile,
  type Response,
  type RouteView,
} from '@webserv/server';
import { lengthOf } from './content.js';
import type { Encoding } from './encodings.js';
import { fieldOf } from './fields.js';

/** An answer, and the URL whose file it may be made of. */
export interface Original {
  readonly response: Response;
  readonly path: DecodedPath;
  readonly route: RouteView;
}

/**
 * Opens the compressed file beside the one that an answer was made of.
 * @returns undefined where there is none that is as new and smaller, or the answer is not that file; else the caller
 * closes it
 * @throws the system's error for what is no answer to the client: EMFILE, EIO …
 */
export async function openSibling(original: Original, encoding: Encoding): Promise<OpenFile | undefined> {
  const { path, route } = original;
  if (path.endsWith('/')) return undefined;
  const url = decodePath(encodePath(path) + encoding.suffix);
  const besides = url && route.resolve(url);
  if (besides === undefined) return undefined;
  const found = await openFile(besides, route.boundary);
  if (found.kind !== 'file') return undefined;
  const sibling = found.file;
  let fits = false;
  try {
    const version = await versionOf(original);
    fits = version !== undefined && sibling.mtimeMs >= version.mtimeMs && sibling.size < version.size;
  } finally {
    if (!fits) sibling.close();
  }
  return fits ? sibling : undefined;
}

/** The file that the answer was made of. A script, or a page made for somebody, may answer at a file's URL too. */
async function versionOf({ response, path, route }: Original): Promise<FileVersion | undefined> {
  const { body, headers, status } = response;
  const file = route.resolve(path);
  if (file === undefined || status !== 200 || fieldOf(headers, 'accept-ranges') !== 'bytes') return undefined;
  if (body !== undefined && typeof body === 'object' && isFileSlice(body)) {
    return body.file.path === file && lengthOf(response) === body.file.size ? body.file : undefined;
  }
  const found = await openFile(file, route.boundary);
  if (found.kind !== 'file') return undefined;
  found.file.close();
  return lengthOf(response) === found.file.size && hasValidatorsOf(response, found.file)
    ? found.file
    : undefined;
}

function hasValidatorsOf({ headers }: Response, file: FileVersion): boolean {
  const etag = fieldOf(headers, 'etag');
  if (etag !== undefined) return etag === entityTagOf(file);
  const modified = lastModifiedOf(file);
  return (
    fieldOf(headers, 'last-modified') === (modified === undefined ? undefined : formatHttpDate(modified))
  );
}
