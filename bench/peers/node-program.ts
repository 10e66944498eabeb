import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Site } from '../site.js';

/**
 * The command of a server written in TypeScript in this directory. It gets its port and the directory it serves.
 * @param file name of the program's file
 */
export function nodeProgram(
  file: string,
  { port, content }: Site,
  ...more: readonly string[]
): readonly string[] {
  const program = fileURLToPath(new URL(file, import.meta.url));
  return [
    process.execPath,
    '--import',
    'jiti/register',
    program,
    String(port),
    join(content, 'www'),
    ...more,
  ];
}
