import type { Location, Rules, Server, World } from './model.js';
import { block, type NginxPlace, quoted, type WorldPlace } from './nginx-conf.js';

/** Renders the same worlds for webserv. */
export function webservConfiguration(
  worlds: readonly (readonly [World, WorldPlace])[],
  { directory, user, passwords }: NginxPlace,
): string {
  return [
    ...(user === undefined ? [] : [`user ${user} nogroup;`]),
    'workers 1;',
    `error_log ${directory}/webserv-error.log info;`,
    'default_type application/octet-stream;',
    'access_log off;',
    ...worlds.flatMap(([world, place]) =>
      world.servers.map((server, index) => serverBlock(server, index, place, passwords)),
    ),
    '',
  ].join('\n');
}

function serverBlock(
  { names, root, rules, locations }: Server,
  index: number,
  place: WorldPlace,
  passwords: string,
): string {
  return block('server', [
    `listen unix:${place.socket}${index === 0 ? ' default_server' : ''};`,
    `server_name ${names.join(' ')};`,
    `root ${place.directory}/${root};`,
    `auth_basic_user_file ${passwords};`,
    'autoindex_format html;',
    ...ruleLines(rules),
    ...locations.map((location) => locationBlock(location, place)),
  ]);
}

function locationBlock({ kind, path, root, rules, locations }: Location, place: WorldPlace): string {
  const modifiers = {
    exact: '= ',
    'final-prefix': '^~ ',
    prefix: '',
    extension: '*',
  } as const;
  return block(`location ${modifiers[kind]}${quoted(path)}`, [
    // In webserv, `root` is the directory of the location's own path.
    ...(root === undefined
      ? []
      : [`root ${quoted(`${place.directory}/${root}${path === '/' ? '' : path}`)};`]),
    ...ruleLines(rules),
    ...locations.map((each) => locationBlock(each, place)),
  ]);
}

function ruleLines(rules: Rules): readonly string[] {
  const { index, tryFiles, errorPages, answer, password, methods, listing } = rules;
  const { siblings, store, maxBody, scripts } = rules;
  return [
    ...(index === undefined ? [] : [`index ${index.join(' ')};`]),
    ...(tryFiles === undefined ? [] : [`try_files ${tryFiles.join(' ')};`]),
    ...(errorPages ?? []).map(
      ({ code, uri, status }) => `error_page ${code} ${status === undefined ? '' : `=${status} `}${uri};`,
    ),
    ...(answer === undefined
      ? []
      : [`return ${answer.status}${answer.text === undefined ? '' : ` "${answer.text}"`};`]),
    ...(password === undefined ? [] : [`auth_basic ${password ? 'members' : 'off'};`]),
    ...(methods === undefined ? [] : [`methods ${methods.join(' ')};`]),
    ...(listing === undefined ? [] : [`autoindex ${listing ? 'on' : 'off'};`]),
    ...(siblings === undefined ? [] : [`compress_static ${siblings ? 'on' : 'off'};`]),
    ...(store === undefined ? [] : ['upload on;', 'upload_delete on;']),
    ...(maxBody === undefined ? [] : [`client_max_body_size ${maxBody};`]),
    ...(scripts === undefined ? [] : [scripts ? 'cgi .sh /bin/sh;' : 'cgi off;']),
  ];
}
