import { isFileSlice, type Response } from './message.js';

/** Tells an answer's stream that nobody will read it: for who answers something else instead. */
export function discard(response: Response): void {
  const { body } = response;
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array || isFileSlice(body))
    return;
  end(body).catch(() => {}); // what it still has to say is for nobody
}

async function end(stream: AsyncIterable<Uint8Array>): Promise<void> {
  await stream[Symbol.asyncIterator]().return?.();
}
