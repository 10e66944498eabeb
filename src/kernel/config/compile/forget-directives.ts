import type { CheckedBlock, Config, RouteConfig } from '../../contract/config.js';

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** Blocks whose directives can be forgotten. */
export type WrittenRoutes = Pick<Writable<RouteConfig>, 'pattern' | 'uses'>[];

interface Written {
  readonly config: Pick<Writable<Config>, 'uses'>;
  readonly routes: WrittenRoutes;
}

const writtenOf = new WeakMap<object, Written>();
const noDirectives: CheckedBlock = new Map();

/** Notes which blocks of a configuration hold directives. */
export function noteDirectives(written: Written): void {
  writtenOf.set(written.config, written);
}

/**
 * Empties `uses` in a configuration that was compiled in this process: the directives as they are written, which only
 * messages need, are half of what ten thousand routes take. Servers with extension locations keep theirs, since routes of
 * these are built while serving.
 */
export function forgetDirectives(config: Config): void {
  const written = writtenOf.get(config);
  if (written === undefined) return;
  for (const route of written.routes) route.uses = noDirectives;
  written.config.uses = noDirectives;
  writtenOf.delete(config);
}
