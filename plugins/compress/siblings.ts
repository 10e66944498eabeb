import {
  decodePath,
  type Exchange,
  encodePath,
  formatHttpDate,
  type OpenFile,
  type Response,
} from '@webserv/server';
import { fieldOf, lengthOf } from './eligible.js';
import type { Encoding } from './encodings.js';

export interface Sibling {
  readonly file: OpenFile;
  readonly encoding: Encoding;
}

/**
 * The compressed file beside the one that an answer was made of: the first of the encodings there is one of. It is closed
 * with the exchange.
 * @returns undefined where there is none that is as new, or the answer is not the file that the URL names
 */
export async function findSibling(
  exchange: Exchange,
  response: Response,
  encodings: readonly Encoding[],
): Promise<Sibling | undefined> {
  const { request, route } = exchange;
  const path = route.resolve(request.path);
  if (path === undefined || request.path.endsWith('/')) return undefined;
  const original = await exchange.open(path);
  if (original.kind !== 'file' || !isMadeOf(response, original.file)) return undefined;
  for (const encoding of encodings) {
    const url = decodePath(encodePath(request.path) + encoding.suffix);
    const besides = url && route.resolve(url);
    if (besides === undefined) continue;
    const found = await exchange.open(besides);
    if (found.kind === 'file' && found.file.mtimeMs >= original.file.mtimeMs)
      return { file: found.file, encoding };
  }
  return undefined;
}

/** A script, or a page made for somebody, may answer at a file's URL too. */
function isMadeOf(response: Response, file: OpenFile): boolean {
  const { body, headers, status } = response;
  if (status !== 200 || fieldOf(headers, 'accept-ranges') !== 'bytes') return false;
  if (lengthOf(response) !== file.size) return false;
  if (typeof body === 'object' && 'file' in body) return body.file.path === file.path;
  return fieldOf(headers, 'last-modified') === formatHttpDate(Math.min(file.mtimeMs, Date.now()));
}
