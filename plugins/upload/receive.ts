import type { Stats } from 'node:fs';
import {
  entityTagOf,
  evaluatePreconditions,
  HttpError,
  lastModifiedOf,
  type Request,
  type RequestBody,
} from '@webserv/server';
import type { SyncSlots } from './sync-slots.js';
import type { TemporaryFile } from './temporary-file.js';

/** @throws HttpError 412 when the file does not meet the request's preconditions (RFC 9110 §13.1) */
export function requirePreconditions(request: Request, found: Stats | undefined): void {
  const current = found && { etag: entityTagOf(found), lastModified: lastModifiedOf(found) };
  if (evaluatePreconditions(request, current) !== 'proceed') throw new HttpError(412);
}

/**
 * Rejects content codings: the coding would be lost, since the file is later served without it.
 * @throws HttpError 415
 */
export function refuseContentCoding({ headers }: Request): void {
  const coding = headers.get('content-encoding');
  if (coding === undefined || coding.toLowerCase() === 'identity') return;
  throw new HttpError(415, { headers: { 'accept-encoding': 'identity' } }); // RFC 9110 §15.5.16
}

/** Receives the whole body piece by piece, so that the client sends no faster than the disk writes. */
export async function receive(
  body: RequestBody,
  file: TemporaryFile,
  slots: SyncSlots | undefined,
): Promise<Stats> {
  for (let piece = await body.read(); piece !== undefined; piece = await body.read()) await file.write(piece);
  return file.complete(slots);
}
