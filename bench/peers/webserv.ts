import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CERTIFICATE, CERTIFICATE_KEY } from '../content.js';
import { versionOf } from '../machine.js';
import {
  HOST,
  KEEPALIVE_REQUESTS,
  KEEPALIVE_SECONDS,
  locationPaths,
  MAX_CONNECTIONS,
  type Site,
  serverNames,
} from '../site.js';
import type { Peer } from './peer.js';

const MAIN = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

export const webserv: Peer = {
  name: 'webserv',
  features: new Set(['listing', 'put', 'cgi', 'range', 'error-page', 'tls']),

  async version() {
    await access(MAIN).catch(() => {
      throw new Error('webserv is not built: npm run build');
    });
    return versionOf(process.execPath, MAIN, '--version');
  },

  async configure(site) {
    const file = join(site.directory, 'webserv.conf');
    const plugins = await writeIdlePlugins(site);
    await writeFile(file, configuration(site, plugins));
    return [process.execPath, MAIN, '--config', file];
  },
};

function configuration(site: Site, plugins: readonly string[]): string {
  const { directory, content, shape } = site;
  return `
${process.getuid?.() === 0 ? 'user root;' : ''}
server_dir ${content};
error_log stderr error;
max_connections ${MAX_CONNECTIONS};
keepalive_requests ${KEEPALIVE_REQUESTS};
keepalive_timeout ${KEEPALIVE_SECONDS}s;
client_max_body_size 0;
${shape.accessLog ? `access_log ${join(directory, 'access.log')} combined;` : ''}
${plugins.map((plugin) => `load_plugin ${plugin};`).join('\n')}
${serverNames(shape)
  .map((name) => serverBlock(name, site))
  .join('\n')}
`;
}

function serverBlock(name: string, site: Site): string {
  return `
server {
  listen 127.0.0.1:${site.port}${site.shape.tls ? ' ssl' : ''};
  ${site.shape.tls ? `ssl_certificate ${CERTIFICATE};\n  ssl_certificate_key ${CERTIFICATE_KEY};\n  ssl_prefer_server_ciphers off;` : ''}
  server_name ${name};
  root www;
  error_page 404 /errors/404.html;
  ${locationPaths(site.shape)
    .map((path) => `location ${path} { root www; }`)
    .join('\n  ')}
  ${name === HOST ? features(site) : ''}
}`;
}

function features({ directory, programs }: Site): string {
  return `
  location /listing { autoindex on; }
  location /store { root ${join(directory, 'store')}; upload on; }
  location /cgi {
    cgi .cgi;
    cgi .py ${programs.python ?? 'python3'};
  }`;
}

/** A typical plugin: a directive, and a tap on routes where it is on. */
function idlePlugin(number: number): string {
  return `
import { definePlugin, flag, Stage } from '@webserv/server';
export default definePlugin({
  name: 'idle-${number}',
  directives: { idle_${number}: flag({ default: false, help: 'answers nothing' }) },
  apply({ options, hooks }) {
    if (!options.idle_${number}) return;
    hooks.onRoute.tap({ stage: Stage.access }, () => undefined);
    hooks.onResponse.tap({}, (response) => response);
  },
});
`;
}

async function writeIdlePlugins({ directory, shape }: Site): Promise<readonly string[]> {
  const files = Array.from({ length: shape.idlePlugins }, (_, n) => join(directory, `idle-${n}.mjs`));
  for (const [number, file] of files.entries()) await writeFile(file, idlePlugin(number));
  return files;
}
