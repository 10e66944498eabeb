import { join } from 'node:path';
import { displayPath } from '../../kernel/diagnostics/display-path.js';
import { reasonOf } from '../../kernel/diagnostics/findings.js';
import { EXIT } from '../exit.js';
import { namedPath } from '../named-path.js';
import { shellWord } from '../shell-word.js';
import { siteFiles } from '../site-template.js';
import { say } from '../terminal.js';
import { exists, makeFiles } from './new-files.js';

const CONFIGURATION = 'webserv.conf';

/** @returns the exit code */
export async function makeSite(path = '.'): Promise<number> {
  const directory = namedPath(path);
  const configuration = join(directory, CONFIGURATION);
  if (await exists(configuration)) {
    say(`${displayPath(configuration)} already exists; nothing was created`);
    return EXIT.failure;
  }
  try {
    await makeFiles(directory, siteFiles);
  } catch (error) {
    say(`cannot create the site: ${reasonOf(error)}`);
    return EXIT.failure;
  }
  const start = path === '.' ? 'webserv' : `cd ${shellWord(path)} && webserv`;
  say(`the site is ready. To serve it: ${start}`);
  say(`then edit ${displayPath(configuration)}: it contains more settings, commented out`);
  say('webserv --watch applies your changes while it serves');
  return EXIT.ok;
}
