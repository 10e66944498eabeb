import { readFileSync } from 'node:fs';
import { packageDirectory } from '../package-directory.js';

/** A frame of a stack in a file of the build, with its line. */
const FRAME = /\/dist\/shared\/([\w.-]+\.js):(\d+):/g;
/** The build joins sources, and writes the name of each ahead of its code: `// plugins/cgi/index.ts`. */
const SOURCE = /^\/\/ (?:plugins\/([^/\n]+)\/|src\/|node_modules\/)/;

/** Finds the frames of a stack that are in the code of built-in plugins. */
export function builtInFrames(stack: string): readonly { readonly name: string; readonly at: number }[] {
  return [...stack.matchAll(FRAME)].flatMap(({ 1: file = '', 2: line = '', index }) => {
    const name = pluginAt(file, Number(line));
    return name === undefined ? [] : [{ name, at: index }];
  });
}

function pluginAt(file: string, line: number): string | undefined {
  let text: string;
  try {
    text = readFileSync(new URL(`dist/shared/${file}`, packageDirectory), 'utf8');
  } catch {
    return undefined; // a file of another program
  }
  const header = text.split('\n', line).findLast((each) => SOURCE.test(each));
  return header === undefined ? undefined : SOURCE.exec(header)?.[1];
}
