import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { versionOf } from '../machine.js';
import type { Site } from '../site.js';
import type { Peer } from './peer.js';

/** Caddy as its manual configures it for static files. */
export const caddy: Peer = {
  name: 'caddy',
  features: new Set(['range', 'error-page']),
  version: () => versionOf('caddy', 'version'),
  async configure(site) {
    const file = join(site.directory, 'Caddyfile');
    await writeFile(file, configuration(site));
    return ['caddy', 'run', '--config', file, '--adapter', 'caddyfile'];
  },
};

function configuration({ content, directory, port, shape }: Site): string {
  const www = join(content, 'www');
  return `
{
  admin off
  auto_https off
  storage file_system ${directory}/caddy
  log {
    level ERROR
  }
}
http://:${port} {
  bind 127.0.0.1
  root * ${www}
  file_server
  handle_errors {
    rewrite * /errors/404.html
    file_server
  }
  ${shape.accessLog ? `log {\n    output file ${directory}/access.log\n  }` : ''}
}
`;
}
