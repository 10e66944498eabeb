import { fileURLToPath } from 'node:url';
import accessLog from '../plugins/access-log/index.js';
import autoindex from '../plugins/autoindex/index.js';
import basicAuth from '../plugins/basic-auth/index.js';
import cgi from '../plugins/cgi/index.js';
import compress from '../plugins/compress/index.js';
import headers from '../plugins/headers/index.js';
import hosts from '../plugins/hosts/index.js';
import https from '../plugins/https/index.js';
import redirect from '../plugins/redirect/index.js';
import staticFiles from '../plugins/static/index.js';
import status from '../plugins/status/index.js';
import upload from '../plugins/upload/index.js';
import * as config from './define-config.js';
import * as server from './index.js';
import type { PublicEntries } from './kernel/config/modules/public-entries.js';
import type { Plugin } from './kernel/contract/plugin.js';
import { packageDirectory } from './package-directory.js';

/** The plugins that need no `load_plugin`. They are loaded like any other plugin: this list is their only privilege. */
export function builtinPlugins(): readonly Plugin[] {
  return [
    redirect,
    cgi,
    upload,
    staticFiles,
    autoindex,
    status,
    accessLog,
    headers,
    basicAuth,
    compress,
    hosts,
    https,
  ];
}

/**
 * Modules of this package that plugins and configurations in TypeScript import: they get the very instances of this
 * process.
 */
export function publicEntries(): PublicEntries {
  const declarations = (file: string): string =>
    fileURLToPath(new URL(`dist/src/${file}.d.ts`, packageDirectory));
  return {
    '@webserv/server': { exports: server, declarations: declarations('index') },
    '@webserv/server/config': { exports: config, declarations: declarations('define-config') },
  };
}
