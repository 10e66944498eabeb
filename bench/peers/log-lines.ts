import { createWriteStream } from 'node:fs';

const BUFFER_SIZE = 64 * 1024;
const FLUSH_MS = 1000;

/**
 * A log file as a careful author writes one: lines are buffered, and written each second or when many have accumulated.
 */
export function logLines(path: string): (line: string) => void {
  const file = createWriteStream(path, { flags: 'a' });
  let gathered = '';
  const flush = (): void => {
    if (gathered !== '') file.write(gathered);
    gathered = '';
  };
  setInterval(flush, FLUSH_MS).unref();
  return (line) => {
    gathered += line;
    if (gathered.length >= BUFFER_SIZE) flush();
  };
}
