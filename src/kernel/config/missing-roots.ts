import { statSync } from 'node:fs';
import type { Config, RouteConfig } from './config.js';
import { displayPath } from './display-path.js';
import type { Findings } from './findings.js';

/** Warns of every `root` that is not there. It may be made later, so it is no error. */
export function warnOfMissingRoots(config: Config, findings: Findings): void {
  const known = new Map<string, boolean>();
  const visit = (route: RouteConfig): void => {
    const place = route.uses.get('root')?.[0]?.place;
    if (place !== undefined && route.root !== undefined) {
      const { directory } = route.root;
      const exists = known.get(directory) ?? isThere(directory);
      known.set(directory, exists);
      if (!exists) findings.warning('missing-root', `${displayPath(directory)} does not exist`, place);
    }
    for (const child of route.children) visit(child);
  };
  for (const server of config.servers) visit(server.route);
}

/** What cannot be looked at is taken to be there: the server may run as another user. */
function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}
