import { argument, definePlugin, list, type Response, Stage } from '@webserv/server';
import { type AllowedHost, isAllowed } from './allowed.js';

/** Before everything else that could answer, redirects and preflights included. */
const FIRST = Stage.rewrite - 90;

/** The name is quoted as JSON: control characters and quotes stay inside it, and plain text holds no markup. */
function misdirected(host: string, allowed: readonly AllowedHost[]): Response {
  const name = host === '' ? 'a request without a host name' : `the host name ${JSON.stringify(host)}`;
  return {
    status: 421,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
    body: `This server does not answer ${name}.

It answers: ${allowed.map((one) => (one === 'loopback' ? 'localhost, *.localhost, 127.0.0.0/8, [::1]' : one)).join(', ')}
To allow another name, start it with "webserv serve --host NAME", or add the name to "allow_hosts" in its configuration.
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
