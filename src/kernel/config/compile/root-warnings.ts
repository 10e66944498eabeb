import { existsSync, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import type { Config, RouteConfig } from '../../contract/config.js';
import type { DirectiveUse } from '../../contract/directive.js';
import { displayPath } from '../../diagnostics/display-path.js';
import type { Findings } from '../../diagnostics/findings.js';

/**
 * Warns of every `root` that is not there, or is a file where it stands for many: it may be made later, so that is no error.
 * And of one that seems to be written as for nginx, which adds the path of the location to it.
 */
export function warnOfRoots(config: Config, findings: Findings): void {
  const known = new Map<string, Kind>();
  const serverDir = displayPath(config.main.serverDir);
  const visit = (route: RouteConfig): void => {
    const [use] = route.uses.get('root') ?? [];
    if (use !== undefined && route.root !== undefined) {
      const { directory } = route.root;
      const kind = known.get(directory) ?? kindOf(directory);
      known.set(directory, kind);
      const shown = displayPath(directory);
      if (kind === 'nothing') {
        const hint = hintFor(use.arguments[0]?.text ?? '', serverDir);
        findings.warning('missing-root', `${shown} does not exist`, use.place, { hint });
      } else if (kind === 'file' && route.pattern.kind === 'server') {
        const hint = 'to serve a single file: location = /path { root FILE; }';
        findings.warning('missing-root', `${shown} is not a directory`, use.place, { hint });
      } else if (isWrittenForNginx(use, route)) {
        const path = pathOf(route);
        const written = use.arguments[0]?.text ?? '';
        const message = `${path} is mapped to ${shown} itself, and there is ${displayPath(directory + path)}`;
        const hint = `"root" maps the path of its own location here: write "root ${written.replace(/\/$/, '')}${path};", or "alias ${written};" if ${shown} itself is meant`;
        findings.warning('nginx-root', message, use.place, { hint });
      }
    }
    for (const child of route.children) visit(child);
  };
  for (const server of config.servers) visit(server.route);
}

/** `alias` says what `root` means here, to readers of both. */
function isWrittenForNginx({ name }: DirectiveUse, route: RouteConfig): boolean {
  const path = pathOf(route);
  if (name !== 'root' || path === '/' || route.root === undefined) return false;
  return existsSync(route.root.directory + path);
}

/** The suffix that nginx would append to the root. */
function pathOf({ pattern, prefix }: RouteConfig): string {
  return pattern.kind === 'exact' ? pattern.path : prefix;
}

function hintFor(written: string, serverDir: string): string {
  if (/\$[a-z{]/.test(written)) return 'variables are not filled in here: write the path itself';
  if (isAbsolute(written)) return 'make it, or name another';
  return `make it, or name another; a relative path starts from ${serverDir}`;
}

type Kind = 'nothing' | 'file' | 'other';

/** A path that cannot be checked is assumed to exist: the server may run as another user. */
function kindOf(path: string): Kind {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return 'nothing';
    return stats.isFile() ? 'file' : 'other';
  } catch {
    return 'other';
  }
}
