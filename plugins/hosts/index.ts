import { argument, definePlugin, list, type Response, Stage } from '@webserv/server';
import { type AllowedHost, isAllowed } from './allowed.js';

/** Before every other tap that responds, redirects and preflights included. */
const FIRST = Stage.rewrite - 90;

/** JSON.stringify escapes control characters and quotes; plain text cannot contain markup. */
function misdirected(host: string, allowed: readonly AllowedHost[]): Response {
  const name = host === '' ? 'a request without a host name' : `the host name ${JSON.stringify(host)}`;
  return {
    status: 421,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
    body: `This server does not accept ${name}.

Accepted host names: ${allowed.map((one) => (one === 'loopback' ? 'localhost, *.localhost, 127.0.0.0/8, [::1]' : one)).join(', ')}
To accept another name, start the server with "webserv serve --host NAME", or add the name to "allow_hosts" in the configuration.
`,
  };
}

export default definePlugin({
  name: 'hosts',
  directives: {
    allow_hosts: list<AllowedHost>(
      argument.word(
        'NAME|loopback',
        /^(?:loopback|(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])$/,
        '"loopback", a host name in lower case such as example.org, *.example.org, or an address, without a port',
      ),
      {
        default: [],
        in: ['main', 'server', 'location'],
        writtenDefault: 'any',
        help: 'rejects requests for any other host name with 421, against DNS rebinding',
        example: 'allow_hosts loopback dev.example.org;',
      },
    ),
  },
  apply({ options: { allow_hosts: allowed }, hooks }) {
    if (allowed.length === 0) return;
    hooks.onRoute.tap({ stage: FIRST, answers: false }, ({ request: { host } }) =>
      isAllowed(host, allowed) ? undefined : misdirected(host, allowed),
    );
  },
});
