import { isFileSlice, type Response } from './message.js';

/** Tells an answer's stream that nobody will read it: for who answers something else instead. */
export function discard(response: Response): void {
  const { body } = response;
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array || isFileSlice(body))
    return;
  Promise.resolve(body[Symbol.asyncIterator]().return?.()).catch(() => {});
}
