import type { Location, Method, Rules, Server } from '../differential/model.js';

/** Rules that apply to one file. Derived from the configuration alone, not by the code under test. */
export interface Guard {
  readonly password: boolean;
  /** undefined: every supported method. */
  readonly methods: readonly Method[] | undefined;
  /** Bytes. */
  readonly maxBody: number;
  readonly runs: boolean;
}

const DEFAULT_MAX_BODY = 1024 * 1024;

/** @param path a URL path such as `/a/b.sh` that names a file */
export function guardOf(server: Server, path: string): Guard {
  let password = false;
  let methods: readonly Method[] | undefined;
  let maxBody = DEFAULT_MAX_BODY;
  let scripts = false;
  // From the outermost to the innermost block, which overrides the others.
  for (const rules of blocksOf(server, path)) {
    password = rules.password ?? password;
    methods = rules.methods ?? methods;
    maxBody = rules.maxBody ?? maxBody;
    scripts = rules.scripts ?? scripts;
  }
  return { password, methods, maxBody, runs: scripts && path.endsWith('.sh') };
}

/** Returns the blocks that a path is in, outermost first, with the extension location last. */
function blocksOf(server: Server, path: string): readonly Rules[] {
  const blocks: Rules[] = [server.rules];
  let extension = extensionIn(server.locations, path);
  let locations = server.locations;
  for (;;) {
    const exact = locations.find((each) => each.kind === 'exact' && each.path === path);
    if (exact !== undefined) return [...blocks, exact.rules];
    const next = longestPrefix(locations, path);
    if (next === undefined) break;
    blocks.push(next.rules);
    if (next.kind === 'final-prefix') extension = undefined;
    extension = extensionIn(next.locations, path) ?? extension;
    locations = next.locations;
  }
  return extension === undefined ? blocks : [...blocks, extension.rules];
}

function extensionIn(locations: readonly Location[], path: string): Location | undefined {
  return locations.find(({ kind, path: extension }) => kind === 'extension' && path.endsWith(extension));
}

function longestPrefix(locations: readonly Location[], path: string): Location | undefined {
  return locations
    .filter(
      ({ kind, path: prefix }) =>
        (kind === 'prefix' || kind === 'final-prefix') && path.startsWith(`${prefix}/`),
    )
    .toSorted((a, b) => b.path.length - a.path.length)[0];
}
