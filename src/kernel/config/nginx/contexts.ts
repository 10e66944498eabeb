/**
 * Directives that both nginx and webserv have, in blocks where only nginx allows them. Losing one of these costs
 * comfort, not access control, so it is a warning. Where the responses would differ it is an error, as for `root` in
 * `http`.
 */
const rows: readonly (readonly [names: string, why: string])[] = [
  [
    'client_body_timeout send_timeout keepalive_timeout keepalive_requests',
    'it applies to the connection, before the location of a request is known',
  ],
  ['server_tokens', 'the field Server is the same in all locations of a server'],
  ['error_log', 'there is one error log, for all servers'],
];

export const elsewhereInNginx: ReadonlyMap<string, string> = new Map(
  rows.flatMap(([names, why]) => names.split(' ').map((name) => [name, why] as const)),
);
