import { join } from 'node:path';
import { displayPath } from '../../kernel/diagnostics/display-path.js';
import { reasonOf } from '../../kernel/diagnostics/findings.js';
import { EXIT } from '../exit.js';
import { namedPath } from '../named-path.js';
import { siteFiles } from '../site-template.js';
import { say } from '../terminal.js';
import { exists, makeFiles, shellWord } from './new-files.js';

const CONFIGURATION = 'webserv.conf';

/** @returns the exit code */
export async function makeSite(folder = '.'): Promise<number> {
  const directory = namedPath(folder);
  const configuration = join(directory, CONFIGURATION);
  if (await exists(configuration)) {
    say(`${displayPath(configuration)} is there already; nothing was made`);
    return EXIT.failure;
  }
  try {
    await makeFiles(directory, siteFiles);
  } catch (error) {
    say(`cannot make the site: ${reasonOf(error)}`);
    return EXIT.failure;
  }
  const start = folder === '.' ? 'webserv' : `cd ${shellWord(folder)} && webserv`;
  say(`the site is ready. To serve it: ${start}`);
  say(`then change ${displayPath(configuration)}: what else it can do stands there, commented out`);
  say('webserv --watch takes over what you change while it serves');
  return EXIT.ok;
}
