import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
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

/** nginx as its manual configures it for static files. If tuned, with settings that few sites enable. */
function peer(name: string, tuned: boolean): Peer {
  return {
    name,
    features: new Set(['listing', 'put', 'range', 'error-page', 'tls']),
    version: () => versionOf('nginx', '-v'),
    async configure(site) {
      const file = join(site.directory, 'nginx.conf');
      await writeFile(file, configuration(site, tuned));
      return ['nginx', '-p', site.directory, '-c', file];
    },
  };
}

export const nginx = peer('nginx', false);
/** Keeps descriptors open for a second and buffers its log lines, as webserv does: the harder comparison. */
export const nginxTuned = peer('nginx-tuned', true);

function configuration(site: Site, tuned: boolean): string {
  const { directory, shape } = site;
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return `
daemon off;
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
worker_rlimit_nofile ${MAX_CONNECTIONS + 1000};
pid ${directory}/nginx.pid;
error_log stderr crit;
events { worker_connections ${MAX_CONNECTIONS}; }
http {
  types { text/html html; text/plain txt; }
  default_type application/octet-stream;
  sendfile on;
  tcp_nopush on;
  access_log ${shape.accessLog ? `${directory}/access.log combined${tuned ? ' buffer=64k flush=1s' : ''}` : 'off'};
  log_not_found off;
  keepalive_timeout ${KEEPALIVE_SECONDS}s;
  keepalive_requests ${KEEPALIVE_REQUESTS};
  client_max_body_size 0;
  server_names_hash_max_size 8192;
  server_names_hash_bucket_size 128;
  ${tuned ? 'open_file_cache max=1000; open_file_cache_valid 1s;' : ''}
  ${temporary.map((name) => `${name}_temp_path ${directory}/nginx-${name};`).join('\n  ')}
  ${serverNames(shape)
    .map((name) => serverBlock(name, site))
    .join('\n')}
}
`;
}

function serverBlock(name: string, site: Site): string {
  const www = join(site.content, 'www');
  return `
  server {
    listen 127.0.0.1:${site.port}${site.shape.tls ? ' ssl' : ''};
    ${site.shape.tls ? encryption(site) : ''}
    server_name ${name};
    root ${www};
    error_page 404 /errors/404.html;
    ${locationPaths(site.shape)
      .map((path) => `location ${path}/ { alias ${www}/; }`)
      .join('\n    ')}
    ${name === HOST ? `location /listing/ { autoindex on; }\n    location /store/ { root ${site.directory}; dav_methods PUT; }` : ''}
  }`;
}

/** nginx 1.22 offers no TLS 1.3 by itself. */
function encryption({ content }: Site): string {
  return `
    ssl_certificate ${join(content, CERTIFICATE)};
    ssl_certificate_key ${join(content, CERTIFICATE_KEY)};
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_tickets on;`;
}
