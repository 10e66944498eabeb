import { ALONE, costs, isSo, lost, type NginxModule, nothing, PLUGIN, row } from './outcome.js';

const PASSWORDS = { write: 'auth_basic with auth_basic_user_file' };
const NO_LIMIT = 'requests and connections of a single client are not limited';
const NO_VARIABLE = 'the variable is not defined';

export const accessModule: NginxModule = {
  title: 'Access and limits',
  rows: [
    row(
      'allow',
      isSo(/^all$/),
      lost('access does not depend on the client’s address', {
        write: 'return 403; to deny all access to a location',
      }),
    ),
    row(
      'deny',
      lost('all clients would have access', { when: /^all$/, write: 'return 403;' }),
      lost('access does not depend on the client’s address', {
        write: 'return 403; to deny all access to a location',
      }),
    ),
    row('auth_request', isSo(/^off$/), lost('requests are not authorized by a subrequest', PASSWORDS)),
    row('auth_request_set', nothing(ALONE)),
    row(
      'auth_digest auth_jwt auth_pam auth_oidc',
      isSo(/^off$/),
      lost('all clients would have access', PASSWORDS),
    ),
    row('secure_link secure_link_md5 secure_link_secret', lost('links are not checked', PLUGIN)),
    row('userid', isSo(/^off$/), lost('no cookie that identifies visitors is set', PLUGIN)),
    row(
      'limit_req limit_conn',
      lost(NO_LIMIT, { write: 'max_connections N; limits all clients of a worker together' }),
    ),
    row('limit_req_zone limit_conn_zone limit_zone', nothing('a zone has no effect without its limit')),
    row('valid_referers', lost('requests are not checked for the site that they come from', PLUGIN)),
    row('referer_hash_max_size referer_hash_bucket_size', nothing(ALONE)),
    row('ancient_browser ancient_browser_value modern_browser modern_browser_value', costs(NO_VARIABLE)),
    row(
      'set_real_ip_from',
      lost('the proxy’s address is used as the client’s, also in logs and scripts', {
        write: 'log in the proxy, and read X-Forwarded-For in scripts',
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
