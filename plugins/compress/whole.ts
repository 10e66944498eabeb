import { isFileSlice, type Response } from '@webserv/server';
import { readWhole } from './content.js';
import type { Level, Maker } from './encodings.js';
import { compressedHeaders } from './fields.js';

/**
 * Compresses a response's content in one call, for small content.
 * @returns undefined where compression saves nothing, or the content is neither a file nor in memory
 */
export async function compressedWhole(
  response: Response,
  encoding: Maker,
  level: Level,
): Promise<Response | undefined> {
  const bytes = await bytesOf(response);
  if (bytes === undefined) return undefined;
  const body = await encoding.whole(bytes, level);
  if (body.length >= bytes.length) return undefined;
  return { ...response, headers: compressedHeaders(response.headers ?? {}, encoding.name), body };
}

async function bytesOf({ body }: Response): Promise<Uint8Array | undefined> {
  if (typeof body === 'string') return Buffer.from(body);
  if (body === undefined || body instanceof Uint8Array) return body;
  return isFileSlice(body) ? readWhole(body) : undefined;
}
