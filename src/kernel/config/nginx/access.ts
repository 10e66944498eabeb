import { costs, isSo, lost, type NginxModule, nothing, row } from './outcome.js';

const ALONE = 'it means nothing without the directive that it belongs to';
const PLUGIN = { write: 'a plugin in TypeScript can do it' };
const PASSWORDS = { write: 'auth_basic with auth_basic_user_file' };
const NO_LIMIT = 'no limit holds for one client';
const NO_VARIABLE = 'the variable is not defined';

export const accessModule: NginxModule = {
  title: 'Access and limits',
  rows: [
    row(
      'allow',
      isSo(/^all$/),
      lost('addresses are not told apart', { write: 'return 403; closes a location' }),
    ),
    row(
      'deny',
      lost('everybody would be let in', { when: /^all$/, write: 'return 403;' }),
      lost('addresses are not told apart', { write: 'return 403; closes a location' }),
    ),
    row('auth_request', isSo(/^off$/), lost('nobody is asked whether a request is allowed', PASSWORDS)),
    row('auth_request_set', nothing(ALONE)),
    row(
      'auth_digest auth_jwt auth_pam auth_oidc',
      isSo(/^off$/),
      lost('everybody would be let in', PASSWORDS),
    ),
    row('secure_link secure_link_md5 secure_link_secret', lost('links are not checked', PLUGIN)),
    row('userid', isSo(/^off$/), lost('no cookie tells visitors apart', PLUGIN)),
    row('limit_req limit_conn', lost(NO_LIMIT, { write: 'max_connections N; for all clients of a worker' })),
    row('limit_req_zone limit_conn_zone limit_zone', nothing('a zone alone limits nothing')),
    row('valid_referers', lost('pages of other sites are not told apart', PLUGIN)),
    row('referer_hash_max_size referer_hash_bucket_size', nothing(ALONE)),
    row('ancient_browser ancient_browser_value modern_browser modern_browser_value', costs(NO_VARIABLE)),
    row(
      'set_real_ip_from',
      lost("the proxy's address counts as the client's, in logs and scripts too", {
        write: 'let the proxy log, and scripts read X-Forwarded-For',
      }),
    ),
    row('real_ip_header real_ip_recursive', nothing(ALONE)),
  ],
  families: [
    row(
      'limit_req_ limit_conn_ auth_jwt_ auth_request_ auth_digest_ auth_pam_ auth_oidc_ userid_',
      nothing(ALONE),
    ),
  ],
};
