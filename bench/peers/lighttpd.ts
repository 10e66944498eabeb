import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { versionOf } from '../machine.js';
import {
  KEEPALIVE_REQUESTS,
  KEEPALIVE_SECONDS,
  locationPaths,
  MAX_CONNECTIONS,
  type Site,
  serverNames,
} from '../site.js';
import type { Peer } from './peer.js';

/** PUT needs mod_webdav, which Debian packages separately. */
export const lighttpd: Peer = {
  name: 'lighttpd',
  features: new Set(['listing', 'cgi', 'range', 'error-page']),
  version: () => versionOf('lighttpd', '-v'),
  async configure(site) {
    const file = join(site.directory, 'lighttpd.conf');
    await writeFile(file, configuration(site));
    return ['lighttpd', '-D', '-f', file];
  },
};

function configuration(site: Site): string {
  const { content, directory, port, shape, programs } = site;
  const www = join(content, 'www');
  const modules = ['alias', 'cgi', 'dirlisting', ...(shape.accessLog ? ['accesslog'] : [])];
  return `
server.modules = (${modules.map((name) => `"mod_${name}"`).join(', ')})
server.bind = "127.0.0.1"
server.port = ${port}
server.document-root = "${www}"
server.max-connections = ${MAX_CONNECTIONS}
server.max-fds = ${MAX_CONNECTIONS + 1000}
server.max-keep-alive-requests = ${KEEPALIVE_REQUESTS}
server.max-keep-alive-idle = ${KEEPALIVE_SECONDS}
server.errorfile-prefix = "${www}/errors/"
server.upload-dirs = ("${directory}")
mimetype.assign = (".html" => "text/html", ".txt" => "text/plain", "" => "application/octet-stream")
${shape.accessLog ? `accesslog.filename = "${directory}/access.log"` : ''}
${serverNames(shape)
  .map((name) => hostBlock(name, site))
  .join('\n')}
$HTTP["url"] =^ "/listing/" { dir-listing.activate = "enable" }
$HTTP["url"] =^ "/cgi/" {
  cgi.assign = (".cgi" => "", ".py" => "${programs.python ?? 'python3'}")
}
`;
}

function hostBlock(name: string, site: Site): string {
  const aliases = locationPaths(site.shape).map((path) => `"${path}/" => "${join(site.content, 'www')}/"`);
  return `$HTTP["host"] == "${name}" { alias.url = (${aliases.join(', ')}) }`;
}
