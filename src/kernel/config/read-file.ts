import { readFileSync, statSync } from 'node:fs';
import { displayPath } from './display-path.js';
import { reasonOf } from './findings.js';

/** Bytes of one file. */
const MAX_FILE_SIZE = 16 * 1024 * 1024;

/** A file's text, or why there is none. */
export type FileText =
  | { readonly text: string }
  | { readonly problem: 'absent' | 'unreadable' | 'too-large'; readonly message: string };

/** Reads a configuration's file. A fifo would never end, a device perhaps never begin: only files are opened. */
export function readText(path: string): FileText {
  const file = displayPath(path);
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return { problem: 'absent', message: `${file} does not exist` };
    if (!stats.isFile()) return { problem: 'unreadable', message: `${file} is not a file` };
    if (stats.size > MAX_FILE_SIZE) {
      return { problem: 'too-large', message: `${file} is larger than ${MAX_FILE_SIZE} bytes` };
    }
    return { text: readFileSync(path, 'utf8') };
  } catch (error) {
    return { problem: 'unreadable', message: `cannot read ${file}: ${reasonOf(error)}` };
  }
}
