import {
  clientNetwork,
  definePlugin,
  type Exchange,
  HttpError,
  path,
  Stage,
  type Template,
} from '@webserv/server';
import { readCredentials } from './credentials.js';
import { codes, doubtful, noUserFile, unusable } from './findings.js';
import { UnusableFile } from './read-file.js';
import { authBasic, challengeOf } from './realm.js';
import { AuthServer } from './server.js';
import type { UserFile } from './user-file.js';

/** Returns the client's own exchange, for its log line; exchanges that it is forwarded to see its variables too. */
function clientExchange(exchange: Exchange): Exchange {
  return exchange.origin === undefined ? exchange : clientExchange(exchange.origin);
}

/** @throws HttpError 401 with the challenge, 503 when too many checks are waiting or the file cannot be used */
async function authenticate(exchange: Exchange, file: UserFile, realm: Template): Promise<void> {
  await file.requireUsable();
  const { headers, peer } = exchange.request;
  const credentials = readCredentials(headers.all('authorization'));
  if (credentials === undefined || !(await file.admits(credentials, clientNetwork(peer.remoteAddress))))
    throw new HttpError(401, { headers: { 'www-authenticate': challengeOf(realm.render(exchange)) } });
  const client = clientExchange(exchange);
  client.setVariable('remote_user', credentials.user);
  client.setVariable('auth_type', 'Basic');
}

export default definePlugin({
  name: 'basic-auth',
  directives: {
    auth_basic: authBasic,
    auth_basic_user_file: path({
      default: undefined,
      in: ['main', 'server', 'location'],
      help: 'sets the password file, as created by htpasswd; it is reread when it changes',
      example: 'auth_basic_user_file /etc/webserv/users;',
    }),
  },
  variables: { remote_user: { help: 'user name of an authenticated client' } },
  codes,
  setup: ({ log }) => new AuthServer(log),
  async apply({ options, state, hooks, route, placeOf, warn, lack, refuse }) {
    const { auth_basic: challenge, auth_basic_user_file: userFile } = options;
    if (challenge === 'off') return;
    const place = placeOf('auth_basic_user_file') ?? placeOf('auth_basic') ?? route.place;
    if (userFile === undefined) {
      if (state.findings.take(challenge)) refuse(noUserFile(place));
      return;
    }
    const isFirst = state.findings.take(userFile);
    let file: UserFile;
    try {
      file = await state.open(userFile);
    } catch (error) {
      if (!(error instanceof UnusableFile)) throw error;
      const serves = unusable(userFile, error.problems, place).map((finding) => isFirst && lack(finding));
      if (!serves.includes(true)) return;
      file = state.closed(userFile);
    }
    if (isFirst) for (const finding of doubtful(userFile, file.doubts, place)) warn(finding);
    hooks.onRoute.tapPromise({ stage: Stage.access }, async (exchange) => {
      // The error page of a 401 is shown to unauthenticated clients.
      if (exchange.errorStatus !== 401) await authenticate(exchange, file, challenge.realm);
      return undefined;
    });
  },
});
