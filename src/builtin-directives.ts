import type { Plugin } from './kernel/contract/plugin.js';

type DirectivesOf<Module extends { readonly default: Plugin }> = Module['default']['directives'];

/** All directives of the built-in plugins, for the types of a configuration in TypeScript. */
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
  DirectivesOf<typeof import('../plugins/hosts/index.js')> &
  DirectivesOf<typeof import('../plugins/https/index.js')>;
