import { isFileSlice, type Response } from './message.js';

/** Closes the stream of a response that is not sent. */
export function discard(response: Response): void {
  const { body } = response;
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array || isFileSlice(body))
    return;
  end(body).catch(() => {}); // an error while closing does not matter to any reader
}

async function end(stream: AsyncIterable<Uint8Array>): Promise<void> {
  await stream[Symbol.asyncIterator]().return?.();
}
