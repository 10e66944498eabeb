import { isSo, lost, type NginxModule, nothing, row } from './outcome.js';

const NO_TLS = 'TLS is not supported yet';
const TERMINATOR = { write: 'put a TLS terminator in front of the server' };
const HTTP1 = 'the server speaks HTTP/1.1';

export const protocolsModule: NginxModule = {
  title: 'TLS, HTTP/2 and HTTP/3',
  rows: [
    row('ssl', isSo(/^off$/), lost(`${NO_TLS}: all traffic would be unencrypted`, TERMINATOR)),
    row(
      'ssl_certificate ssl_certificate_key',
      lost(`${NO_TLS}: all traffic would be unencrypted`, TERMINATOR),
    ),
    row(
      'ssl_verify_client ssl_reject_handshake',
      isSo(/^off$/),
      lost('all clients would have access', TERMINATOR),
    ),
    row(
      'ssl_client_certificate ssl_crl ssl_ocsp',
      isSo(/^off$/),
      lost('all clients would have access', TERMINATOR),
    ),
    row('http2 http3', nothing(HTTP1)),
  ],
  families: [row('ssl_', nothing(NO_TLS)), row('http2_ http3_ quic_ spdy_', nothing(HTTP1))],
};
