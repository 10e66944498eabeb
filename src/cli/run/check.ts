import { effectiveConfig } from '../../inspect/effective.js';
import { printConfig } from '../../inspect/print.js';
import type { RouteConfig } from '../../kernel/contract/config.js';
import { rightsOfWorkers } from '../../kernel/server/prerequisites.js';
import { count, counted } from '../../kernel/server/start-failure.js';
import { loadFound, withAssembly } from '../configuration.js';
import type { Found } from '../configuration-file.js';
import { EXIT } from '../exit.js';
import { print, say } from '../terminal.js';
import { authorityDoubts } from './authority-doubts.js';

export interface CheckOptions {
  /** Whether to print the effective configuration to stdout. */
  readonly isPrinted: boolean;
  /** Whether warnings are failures. */
  readonly isStrict: boolean;
}

/** Checks as a start would, up to the sockets: a plugin may refuse settings that the loader cannot judge. */
export async function check(found: Found, { isPrinted, isStrict }: CheckOptions): Promise<number> {
  const start = performance.now();
  const loaded = await loadFound(found);
  if (loaded === undefined) return EXIT.failure;
  const { config, source } = loaded;
  const more = [...(await rightsOfWorkers(config)), ...(await authorityDoubts(config))];
  const warned = await withAssembly(loaded, (_assembly, warnings) => warnings, more);
  if (warned === undefined) return EXIT.failure;
  if (isStrict && warned.length > 0) {
    say(`${config.file} is rejected: ${counted(warned)}, and --strict does not allow any`);
    return EXIT.failure;
  }
  const milliseconds = Math.ceil(performance.now() - start);
  if (isPrinted) print(printConfig(effectiveConfig(config, source), config.file));
  const locations = config.servers.reduce((sum, { route }) => sum + locationsIn(route), 0);
  const size = `${count(config.servers.length, 'server')}, ${count(locations, 'location')}`;
  const warnings = warned.length === 0 ? '' : ` (${counted(warned)})`;
  say(`${config.file} is fine${warnings}: ${size}, checked in ${milliseconds} ms`);
  return EXIT.ok;
}

function locationsIn({ children }: RouteConfig): number {
  return children.reduce((sum, child) => sum + 1 + locationsIn(child), 0);
}
