import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Heap size in bytes, garbage included, from which a collection is worth its time. A small site stays far below it. */
const WORTHWHILE = 128 * 1024 * 1024;

/**
 * Collects garbage and returns the freed pages to the system, where V8 would keep them: after 20,000 routes were loaded,
 * 55 MiB of live objects are spread over 230 MiB of pages. Blocks for about 10 ms per MiB of live objects, so call it
 * before the process serves. Node has no API for it; without the function of V8, nothing happens.
 */
export function compactHeap(): void {
  if (process.memoryUsage().heapTotal < WORTHWHILE) return;
  setFlagsFromString('--expose-gc');
  setFlagsFromString('--compact-on-every-full-gc');
  const collect: unknown = runInNewContext('globalThis.gc');
  if (typeof collect === 'function') collect();
  setFlagsFromString('--no-compact-on-every-full-gc');
  setFlagsFromString('--no-expose-gc');
}
