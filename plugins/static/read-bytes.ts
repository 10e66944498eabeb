import type { OpenFile } from '@webserv/server';

/**
 * Bytes `start` up to but not including `end` of a file, in memory of their own.
 * @returns undefined when the file has become shorter meanwhile
 */
export async function readBytes(file: OpenFile, start: number, end: number): Promise<Uint8Array | undefined> {
  const bytes = Buffer.allocUnsafeSlow(end - start);
  let filled = 0;
  while (filled < bytes.length) {
    const count = await file.read(bytes.subarray(filled), bytes.length - filled, start + filled);
    if (count === 0) return undefined;
    filled += count;
  }
  return bytes;
}
