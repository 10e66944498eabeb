import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Site } from '../site.js';

/**
 * The command of a server that is a program in TypeScript beside the peers: it gets its port, and the folder it serves.
 * @param file its name
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
