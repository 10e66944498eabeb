import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { decodeUtf8, type NotUtf8 } from '../../diagnostics/decode-utf8.js';
import { displayPath } from '../../diagnostics/display-path.js';
import { errorCode } from '../../diagnostics/error-code.js';
import { reasonOf } from '../../diagnostics/findings.js';

/** Bytes of one file. */
const MAX_FILE_SIZE = 16 * 1024 * 1024;

/** A file's text, or why there is none. */
export type FileText =
  | { readonly text: string }
  | { readonly problem: 'absent' | 'unreadable' | 'too-large'; readonly message: string }
  | { readonly problem: 'not-utf8'; readonly message: string; readonly found: NotUtf8 };

/** Reads a configuration's file. A fifo would never end, a device perhaps never begin: only files are read. */
export function readText(path: string): FileText {
  const file = displayPath(path);
  try {
    // A fifo without a writer would hold the open itself up.
    const descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stats = fstatSync(descriptor);
      if (!stats.isFile()) return { problem: 'unreadable', message: `${file} is not a file` };
      if (stats.size > MAX_FILE_SIZE) {
        return { problem: 'too-large', message: `${file} is larger than ${MAX_FILE_SIZE} bytes` };
      }
      const decoded = decodeUtf8(readFileSync(descriptor));
      if (typeof decoded === 'string') return { text: decoded };
      return { problem: 'not-utf8', message: decoded.message, found: decoded };
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT') return { problem: 'absent', message: `${file} does not exist` };
    // A socket cannot be opened at all.
    if (code === 'ENXIO') return { problem: 'unreadable', message: `${file} is not a file` };
    return { problem: 'unreadable', message: `cannot read ${file}: ${reasonOf(error)}` };
  }
}
