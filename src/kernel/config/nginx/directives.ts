import type { Registry } from '../directives/registry.js';
import { accessModule } from './access.js';
import { contentModule } from './content.js';
import { httpCoreModule } from './http-core.js';
import { lost, type NginxModule, type NginxRow, type Outcome, PLUGIN } from './outcome.js';
import { processModule } from './process.js';
import { protocolsModule } from './protocols.js';
import { upstreamsModule } from './upstreams.js';
import { variablesModule } from './variables.js';

/** The directives of nginx that webserv does not have. docs/from-nginx.md is printed from these. */
export const nginxModules: readonly NginxModule[] = [
  processModule,
  httpCoreModule,
  contentModule,
  accessModule,
  upstreamsModule,
  protocolsModule,
  variablesModule,
];

function byName(rows: readonly NginxRow[]): ReadonlyMap<string, NginxRow> {
  return new Map(rows.flatMap((row) => row.names.map((name) => [name, row] as const)));
}

export const nginxDirectives = byName(nginxModules.flatMap(({ rows }) => rows));
export const nginxFamilies = byName(nginxModules.flatMap(({ families }) => families));

const BY_LUA = lost('the program is not run', PLUGIN);
/** A value that no case of a row names. */
const OTHER_VALUE = lost('this value has no meaning here');

/**
 * Finds how a directive of nginx is treated.
 * @param words its arguments
 * @param known every directive: where a plugin defines one of a family, a similar name is a typing error
 * @returns undefined when nginx has no directive of that name
 */
export function nginxOutcome(
  name: string,
  words: readonly string[],
  known: Pick<Registry, 'names'>,
): Outcome | undefined {
  const row = nginxDirectives.get(name) ?? familyOf(name, known);
  if (row === undefined) return /_by_lua(?:_block|_file)?$/.test(name) ? BY_LUA : undefined;
  const value = words.join(' ');
  return row.outcomes.find(({ when }) => when === undefined || when.test(value)) ?? OTHER_VALUE;
}

function familyOf(name: string, known: Pick<Registry, 'names'>): NginxRow | undefined {
  for (const [prefix, row] of nginxFamilies) {
    if (name.startsWith(prefix) && !known.names.some((other) => other.startsWith(prefix))) return row;
  }
  return undefined;
}
