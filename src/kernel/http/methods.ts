/**
 * Registered methods (RFC 9110 §18.2): 405 if the route does not allow them; any other method is 501. PRI is left out,
 * because it only occurs in the connection preface of HTTP/2.
 */
export const KNOWN_METHODS: ReadonlySet<string> = new Set(
  (
    'GET HEAD POST PUT PATCH DELETE OPTIONS TRACE CONNECT ' +
    'ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT COPY LABEL LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL ' +
    'MKREDIRECTREF MKWORKSPACE MOVE ORDERPATCH PROPFIND PROPPATCH QUERY REBIND REPORT SEARCH UNBIND UNCHECKOUT ' +
    'UNLINK UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL'
  ).split(' '),
);

/** The methods passed to a plugin that handles any method. */
export const CONTENT_METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** Not allowed unless a plugin handles them: TRACE echoes secrets, CONNECT requests a tunnel. */
export const NEVER_OFFERED: ReadonlySet<string> = new Set(['TRACE', 'CONNECT']);
