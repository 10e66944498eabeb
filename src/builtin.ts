import type { Plugin } from './kernel/contract/plugin.js';

/**
 * The plugins that need no `load_plugin`. They are loaded as any other: this list is their only privilege.
 * Imported late, since they import this package's public entry.
 */
export async function builtinPlugins(): Promise<readonly Plugin[]> {
  const modules = await Promise.all([
    import('../plugins/redirect/index.js'),
    import('../plugins/cgi/index.js'),
    import('../plugins/upload/index.js'),
    import('../plugins/static/index.js'),
    import('../plugins/autoindex/index.js'),
    import('../plugins/status/index.js'),
    import('../plugins/access-log/index.js'),
    import('../plugins/headers/index.js'),
    import('../plugins/basic-auth/index.js'),
    import('../plugins/compress/index.js'),
    import('../plugins/hosts/index.js'),
  ]);
  return modules.map((module) => module.default);
}

type DirectivesOf<Module extends { readonly default: Plugin }> = Module['default']['directives'];

/** All their directives, for the types of a configuration in TypeScript. */
export type BuiltinDirectives = DirectivesOf<typeof import('../plugins/redirect/index.js')> &
  DirectivesOf<typeof import('../plugins/cgi/index.js')> &
  DirectivesOf<typeof import('../plugins/upload/index.js')> &
  DirectivesOf<typeof import('../plugins/static/index.js')> &
  DirectivesOf<typeof import('../plugins/autoindex/index.js')> &
  DirectivesOf<typeof import('../plugins/status/index.js')> &
  DirectivesOf<typeof import('../plugins/access-log/index.js')> &
  DirectivesOf<typeof import('../plugins/headers/index.js')> &
  DirectivesOf<typeof import('../plugins/basic-auth/index.js')> &
  DirectivesOf<typeof import('../plugins/compress/index.js')> &
  DirectivesOf<typeof import('../plugins/hosts/index.js')>;
