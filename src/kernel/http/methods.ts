/**
 * The registry of RFC 9110 §18.2: what is refused with 405 where it is not offered; any other method is 501. PRI is left
 * out: it is only ever the start of HTTP/2.
 */
export const KNOWN_METHODS: ReadonlySet<string> = new Set(
  (
    'GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT ' +
    'ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT COPY LABEL LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL ' +
    'MKREDIRECTREF MKWORKSPACE MOVE ORDERPATCH PROPFIND PROPPATCH QUERY REBIND REPORT SEARCH UNBIND UNCHECKOUT ' +
    'UNLINK UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL'
  ).split(' '),
);

/** What a plugin that answers any method is asked for. */
export const CONTENT_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** Never offered unless a plugin does: TRACE echoes secrets, CONNECT asks for a tunnel. */
export const NEVER_OFFERED: ReadonlySet<string> = new Set(['TRACE', 'CONNECT']);
