import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { versionOf } from '../machine.js';
import { KEEPALIVE_REQUESTS, KEEPALIVE_SECONDS, type Site } from '../site.js';
import type { Peer } from './peer.js';

const MODULES = '/usr/lib/apache2/modules';

/** Apache with the process model that its Debian package sets up for scripts: mpm_event and mod_cgid. */
export const apache: Peer = {
  name: 'apache',
  features: new Set(['cgi', 'range', 'error-page']),

  async version() {
    const isThere = await access(join(MODULES, 'mod_cgid.so')).then(
      () => true,
      () => false,
    );
    return isThere ? versionOf('apache2', '-v') : undefined;
  },

  async configure(site) {
    const file = join(site.directory, 'apache.conf');
    await writeFile(file, configuration(site));
    return ['apache2', '-D', 'FOREGROUND', '-f', file];
  },
};

const modules = ['mpm_event', 'authz_core', 'mime', 'cgid'];

function configuration({ content, directory, port, shape }: Site): string {
  const www = join(content, 'www');
  return `
${modules.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join('\n')}
ServerName 127.0.0.1
ServerRoot ${directory}
PidFile ${directory}/apache.pid
DefaultRuntimeDir ${directory}
ScriptSock ${directory}/cgid.sock
Listen 127.0.0.1:${port}
ErrorLog ${directory}/error.log
LogLevel crit
KeepAlive On
KeepAliveTimeout ${KEEPALIVE_SECONDS}
MaxKeepAliveRequests ${KEEPALIVE_REQUESTS}
TypesConfig /dev/null
AddType text/html .html
DocumentRoot ${www}
ErrorDocument 404 /errors/404.html
<Directory ${www}>
  Require all granted
</Directory>
<Directory ${www}/cgi>
  Options +ExecCGI
  AddHandler cgi-script .cgi .py
</Directory>
${process.getuid?.() === 0 ? 'User www-data\nGroup www-data' : ''}
${shape.accessLog ? `LogFormat "%h %l %u %t \\"%r\\" %>s %O \\"%{Referer}i\\" \\"%{User-Agent}i\\"" combined\nCustomLog ${directory}/access.log combined` : ''}
`;
}
