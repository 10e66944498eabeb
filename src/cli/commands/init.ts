import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { displayPath } from '../../kernel/config/display-path.js';
import { defineCommand } from '../command.js';
import { EXIT } from '../exit.js';
import { siteFiles } from '../site-template.js';
import { print, say } from '../terminal.js';

export const CONFIGURATION = 'webserv.conf';

export const init = defineCommand({
  name: 'init',
  summary: 'makes a small site and its configuration',
  usage: ['[DIR]'],
  details:
    'It makes them in DIR, or in the current folder, and prints the files it made. What is there already is kept\n' +
    'as it is.\n',
  options: {},
  positionals: 1,
  async run(_values, [folder = '.']) {
    const directory = resolve(folder);
    const configuration = join(directory, CONFIGURATION);
    if (await exists(configuration)) {
      say(`${displayPath(configuration)} is there already; nothing was made`);
      return EXIT.failure;
    }
    try {
      for (const [name, content] of siteFiles) await make(join(directory, name), content);
    } catch (error) {
      say(`cannot make the site: ${error instanceof Error ? error.message : String(error)}`);
      return EXIT.failure;
    }
    const start = folder === '.' ? 'webserv' : `cd ${shellWord(folder)} && webserv`;
    say(`the site is ready. To serve it: ${start}`);
    say(`then change ${displayPath(configuration)}: what else it can do stands there, commented out`);
    return EXIT.ok;
  },
});

/** So that the line can be copied. */
function shellWord(word: string): string {
  return /^[\w./@+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/** Never over a file that is there. */
async function make(file: string, content: string): Promise<void> {
  const shown = displayPath(file);
  if (await exists(file)) {
    say(`${shown} is there already and stays as it is`);
    return;
  }
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content, { flag: 'wx' });
  print(`${shown}\n`);
}

async function exists(file: string): Promise<boolean> {
  return (await stat(file).catch(() => undefined)) !== undefined;
}
