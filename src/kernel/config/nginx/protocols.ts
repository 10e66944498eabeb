import { costs, isSo, lost, type NginxModule, NO_CHOICE, nothing, row } from './outcome.js';

const HTTP1 = 'the server speaks HTTP/1.1';
const NO_OCSP = 'authorities have ended OCSP, and clients check by lists of their own';

export const protocolsModule: NginxModule = {
  title: 'TLS, HTTP/2 and HTTP/3',
  rows: [
    row(
      'ssl',
      isSo(/^off$/),
      lost('all traffic would be unencrypted', { write: 'listen 443 ssl; in place of it' }),
    ),
    row(
      'ssl_stapling ssl_stapling_file ssl_stapling_responder ssl_stapling_verify ssl_ocsp_cache ssl_ocsp_responder',
      nothing(NO_OCSP),
    ),
    row(
      'ssl_ocsp',
      isSo(/^off$/),
      lost('clients with revoked certificates would have access', {
        write: 'list them: ssl_crl REVOKED.pem;',
      }),
    ),
    row(
      'ssl_session_cache',
      nothing('sessions are resumed by tickets, in all workers', { write: 'ssl_session_tickets on;' }),
    ),
    row('ssl_dhparam', nothing('keys are exchanged by elliptic curves')),
    row('ssl_buffer_size', nothing(NO_CHOICE)),
    row(
      'ssl_early_data',
      isSo(/^off$/),
      costs('each connection begins with a handshake: early data could be sent again by an attacker'),
    ),
    row('ssl_conf_command', costs('OpenSSL has its own settings here')),
    row('http2 http3', nothing(HTTP1)),
  ],
  families: [
    row('ssl_', nothing('TLS has its own settings here')),
    row('http2_ http3_ quic_ spdy_', nothing(HTTP1)),
  ],
};
