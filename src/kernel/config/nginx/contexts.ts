/**
 * Directives that webserv has, in blocks where nginx has them too and webserv does not. That costs comfort, not access: it is
 * a warning. What is answered there differs is an error as any other, and `root` in `http` is.
 */
const rows: readonly (readonly [names: string, why: string])[] = [
  [
    'client_body_timeout send_timeout keepalive_timeout keepalive_requests',
    'it belongs to the connection, and so to the server: the location is not known yet',
  ],
  ['server_tokens', 'the field Server is the same in all locations of a server'],
  ['error_log', 'there is one error log, for all servers'],
];

export const elsewhereInNginx: ReadonlyMap<string, string> = new Map(
  rows.flatMap(([names, why]) => names.split(' ').map((name) => [name, why] as const)),
);
