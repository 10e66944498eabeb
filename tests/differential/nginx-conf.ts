import type { ErrorPage, Location, Method, Rules, Server, World } from './model.js';

/** Settings that a block passes to inner blocks, where nginx does not inherit them or does so differently. */
interface Around {
  readonly errorPages: readonly ErrorPage[];
  readonly methods: readonly Method[] | undefined;
  readonly extensions: readonly Location[];
}

export interface NginxPlace {
  /** Directory of the pid file, temporary files and the error log. */
  readonly directory: string;
  /** User that the worker switches to; undefined when the test does not run as root. */
  readonly user: string | undefined;
  readonly passwords: string;
}

/** Directory of a world's files, and its socket. */
export interface WorldPlace {
  readonly directory: string;
  readonly socket: string;
}

/** Renders the whole nginx configuration, in the directives that docs/from-nginx.md translates. */
export function nginxConfiguration(
  worlds: readonly (readonly [World, WorldPlace])[],
  { directory, user, passwords }: NginxPlace,
): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  return [
    'daemon off;',
    ...(user === undefined ? [] : [`user ${user} nogroup;`]),
    'worker_processes 1;',
    `pid ${directory}/nginx.pid;`,
    `error_log ${directory}/nginx-error.log info;`,
    'events { worker_connections 1000; }',
    'http {',
    ...temporary.map((name) => `${name}_temp_path ${directory}/nginx-${name};`),
    'types { text/html html htm; text/plain txt; text/javascript js; application/x-httpd-php php; application/gzip gz; }',
    'default_type application/octet-stream;',
    'access_log off;',
    'absolute_redirect off;',
    'autoindex_format html;',
    `auth_basic_user_file ${passwords};`,
    ...worlds.flatMap(([world, place]) =>
      world.servers.map((server, index) => serverBlock(server, index, place)),
    ),
    '}',
    '',
  ].join('\n');
}

function serverBlock({ names, root, rules, locations }: Server, index: number, place: WorldPlace): string {
  const around = within({ errorPages: [], methods: undefined, extensions: [] }, rules, locations);
  return block('server', [
    `listen unix:${place.socket}${index === 0 ? ' default_server' : ''};`,
    `server_name ${names.join(' ')};`,
    `root ${place.directory}/${root};`,
    ...ruleLines(rules, around),
    ...locationLines(locations, around, place),
    ...own(locations).map((location) => extensionBlock(location, around)),
  ]);
}

const own = (locations: readonly Location[]): readonly Location[] =>
  locations.filter(({ kind }) => kind === 'extension');

function within(around: Around, rules: Rules, locations: readonly Location[]): Around {
  const codes = new Set(rules.errorPages?.map(({ code }) => code));
  const extensions = own(locations);
  const paths = new Set(extensions.map(({ path }) => path));
  return {
    // A block's own error pages replace inherited ones in nginx, and are added to them in webserv.
    errorPages: [...around.errorPages.filter(({ code }) => !codes.has(code)), ...(rules.errorPages ?? [])],
    methods: rules.methods ?? around.methods,
    extensions: [...around.extensions.filter(({ path }) => !paths.has(path)), ...extensions],
  };
}

/** Writes extension locations inside every prefix location, which is their meaning in webserv. */
function locationLines(locations: readonly Location[], around: Around, place: WorldPlace): readonly string[] {
  return locations
    .filter(({ kind }) => kind !== 'extension')
    .map((location) => {
      const { kind, path, root, rules } = location;
      const modifier = kind === 'exact' ? '= ' : kind === 'final-prefix' ? '^~ ' : '';
      const outer = kind === 'prefix' ? around : { ...around, extensions: [] };
      const inner = within(outer, rules, location.locations);
      return block(`location ${modifier}${quoted(path)}`, [
        ...(root === undefined ? [] : [`root ${place.directory}/${root};`]),
        ...ruleLines(rules, inner),
        ...(inner.methods === undefined ? [] : [limitExcept(inner.methods)]),
        ...locationLines(location.locations, inner, place),
        ...(kind === 'exact' ? [] : inner.extensions.map((extension) => extensionBlock(extension, inner))),
      ]);
    });
}

function extensionBlock({ path, rules }: Location, around: Around): string {
  const inner = within(around, rules, []);
  // Uses `\z`, because the usual `$` also matches before a line break at the end of a name.
  return block(`location ~ "\\${path}\\z"`, [
    ...ruleLines(rules, inner),
    ...(inner.methods === undefined ? [] : [limitExcept(inner.methods)]),
  ]);
}

function ruleLines(rules: Rules, { errorPages }: Around): readonly string[] {
  const { index, tryFiles, answer, password, listing, siblings, store, maxBody } = rules;
  return [
    ...(index === undefined ? [] : [`index ${index.join(' ')};`]),
    ...(tryFiles === undefined ? [] : [`try_files ${tryFiles.join(' ')};`]),
    ...errorPages.map(
      ({ code, uri, status }) => `error_page ${code} ${status === undefined ? '' : `=${status} `}${uri};`,
    ),
    ...(answer === undefined
      ? []
      : [`return ${answer.status}${answer.text === undefined ? '' : ` "${answer.text}"`};`]),
    ...(password === undefined ? [] : [`auth_basic ${password ? 'members' : 'off'};`]),
    ...(listing === undefined ? [] : [`autoindex ${listing ? 'on' : 'off'};`]),
    ...(siblings === undefined ? [] : [`gzip_static ${siblings ? 'on' : 'off'};`]),
    ...(store === undefined ? [] : ['dav_methods PUT DELETE;']),
    ...(maxBody === undefined ? [] : [`client_max_body_size ${maxBody};`]),
  ];
}

/** In limit_except, GET includes HEAD. */
function limitExcept(methods: readonly Method[]): string {
  return `limit_except ${methods.filter((method) => method !== 'HEAD').join(' ')} { deny all; }`;
}

export function block(head: string, lines: readonly string[]): string {
  return `${head} {\n${lines.map((line) => line.replace(/^/gm, '  ')).join('\n')}\n}`;
}

export function quoted(path: string): string {
  return /[ ";]/.test(path) ? `"${path}"` : path;
}
