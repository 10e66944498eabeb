import { fileURLToPath } from 'node:url';
import type { PublicEntries } from './kernel/config/modules/public-entries.js';
import type { Plugin } from './kernel/contract/plugin.js';
import { packageDirectory } from './package-directory.js';

/**
 * The plugins that need no `load_plugin`. They are loaded like any other plugin: this list is their only privilege.
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

/**
 * Modules of this package that plugins and configurations in TypeScript import: they get the very instances of this
 * process.
 */
export async function publicEntries(): Promise<PublicEntries> {
  const [server, config] = await Promise.all([import('./index.js'), import('./define-config.js')]);
  const declarations = (file: string): string =>
    fileURLToPath(new URL(`dist/src/${file}.d.ts`, packageDirectory));
  return {
    '@webserv/server': { exports: server, declarations: declarations('index') },
    '@webserv/server/config': { exports: config, declarations: declarations('define-config') },
  };
}
