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

/** A response, and the URL of the file it may be built from. */
export interface Original {
  readonly response: Response;
  readonly path: DecodedPath;
  readonly route: RouteView;
}

/**
 * Opens the precompressed file next to the one that a response was built from.
 * @returns undefined where none exists that is as new and smaller, or the response is not that file; otherwise the
 * caller closes it
 * @throws the system's error where no response to the client is defined: EMFILE, EIO …
 */
export async function openSibling(original: Original, encoding: Encoding): Promise<OpenFile | undefined> {
  const { path, route } = original;
  if (path.endsWith('/')) return undefined;
  const url = decodePath(encodePath(path) + encoding.suffix);
  const siblingPath = url && route.resolve(url);
  if (siblingPath === undefined) return undefined;
  const found = await openFile(siblingPath, route.boundary);
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

/**
 * Returns the version of the file that the response was built from. A script, or a personalised page, may respond at a
 * file's URL too.
 */
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
