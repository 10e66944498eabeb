import type { Readable } from 'node:stream';

/** Maximum number of characters of one script's stderr that are logged. */
const MAX_LOGGED = 64 * 1024;

/** Maximum length of a logged line, in characters. */
const MAX_LINE = 2048;

/**
 * Logs a script's stderr line by line. The stream is always read to its end, so that the script never blocks on it, but
 * only the first part is logged.
 */
export function logErrorLines(stream: Readable, write: (line: string) => void): void {
  let line = '';
  let logged = 0;
  let dropped = 0;
  const flush = (): void => {
    for (let start = 0; start < line.length; start += MAX_LINE) write(line.slice(start, start + MAX_LINE));
    line = '';
  };
  stream.setEncoding('utf8');
  stream.on('data', (piece: string) => {
    const kept = piece.slice(0, MAX_LOGGED - logged);
    logged += kept.length;
    dropped += piece.length - kept.length;
    const [rest = '', ...lines] = kept.split('\n');
    line += rest;
    for (const next of lines) {
      flush();
      line = next;
    }
  });
  stream.on('error', () => {}); // a 'close' event follows
  stream.on('close', () => {
    flush();
    if (dropped > 0) write(`… ${dropped} more characters were not logged`);
  });
}
