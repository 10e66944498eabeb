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

/** @throws HttpError 412 when the request asks for a state that the file is not in (RFC 9110 §13.1) */
export function requirePreconditions(request: Request, found: Stats | undefined): void {
  const current = found && { etag: entityTagOf(found), lastModified: lastModifiedOf(found) };
  if (evaluatePreconditions(request, current) !== 'proceed') throw new HttpError(412);
}

/**
 * A content coding is part of what is stored and would be lost: the file is served again without it.
 * @throws HttpError 415
 */
export function refuseContentCoding({ headers }: Request): void {
  const coding = headers.get('content-encoding');
  if (coding === undefined || coding.toLowerCase() === 'identity') return;
  throw new HttpError(415, { headers: { 'accept-encoding': 'identity' } }); // RFC 9110 §15.5.16
}

/** The whole content, one piece at a time: the client sends as fast as the disk takes it. */
export async function receive(
  body: RequestBody,
  file: TemporaryFile,
  slots: SyncSlots | undefined,
): Promise<Stats> {
  for (let piece = await body.read(); piece !== undefined; piece = await body.read()) await file.write(piece);
  return file.complete(slots);
}
