import { availableParallelism } from 'node:os';
import type { ErrorPage } from '../../contract/config.js';
import { traceModes } from '../../contract/config.js';
import {
  ArgumentError,
  type ArgumentType,
  type DirectiveTable,
  type DirectiveUse,
  type Scope,
} from '../../contract/directive.js';
import type { LogLevel } from '../../log/log.js';
import { logLevels } from '../../log/log.js';
import type { UserSetting } from '../../rights/account.js';
import { argument, readArgument } from './arguments.js';
import { directive, duration, flag, integer, oneOf, path, single, size } from './directives.js';
import { type ErrorPageEntry, errorPageWord, readErrorPage } from './error-page.js';
import { timeout } from './timeout.js';
import { tlsDirectives } from './tls.js';

/** The kernel's directives that have a value, as rows of the same tables a plugin has. */

export interface ErrorLogSetting {
  /** Absolute; undefined is stderr. */
  readonly path: string | undefined;
  readonly level: LogLevel;
}

const MINUTE = 60_000;
const KIB = 1024;

const mediaType = argument.word(
  'TYPE',
  /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}(?:\s*;\s*[\w-]+=[\w.:"-]+)*$/,
  'a media type, such as text/html',
);

const headSize: ArgumentType<number> = {
  usage: 'SIZE',
  expected: 'a size from 1k to 1m, such as 16k',
  json: argument.size.json.map((schema) =>
    schema.type === 'integer' ? { ...schema, minimum: KIB, maximum: KIB * KIB } : schema,
  ),
  read: (text) => {
    const value = argument.size.read(text);
    return value !== undefined && value >= KIB && value <= KIB * KIB ? value : undefined;
  },
};

/** nginx has more of them: each is written from the nearest level on that is here. */
const LEVELS_OF_NGINX: ReadonlyMap<string, LogLevel> = new Map([
  ['notice', 'info'],
  ['crit', 'error'],
  ['alert', 'error'],
  ['emerg', 'error'],
]);

const logLevel: ArgumentType<LogLevel> = {
  ...argument.oneOf(logLevels),
  json: [{ enum: [...logLevels, ...LEVELS_OF_NGINX.keys()] }],
  read: (text, scope) => LEVELS_OF_NGINX.get(text) ?? argument.oneOf(logLevels).read(text, scope),
};

/** `on` is nginx's, without the version: that is never sent. `off` leaves nothing of it, the field neither. */
const serverName: ArgumentType<string> = {
  usage: 'on|off|TEXT',
  expected: 'on, off or a text of printable ASCII',
  json: [{ type: 'string', pattern: '^[ -~]{0,128}$' }, { type: 'boolean' }],
  read: (text) => {
    if (text === 'on') return 'webserv';
    if (text === 'off') return '';
    return /^[ -~]{0,128}$/.test(text) ? text.trim() : undefined;
  },
};

const NO_SCOPE: Scope = { base: '/', variables: {} };

const inConnections = ['main', 'server'] as const;
const everywhere = ['main', 'server', 'location'] as const;
const inRoutes = ['server', 'location'] as const;

const method: ArgumentType<string> = {
  usage: 'METHOD',
  expected: 'a method in capitals, such as GET',
  json: [{ type: 'string', pattern: '^[A-Z][A-Z-]{0,30}$' }],
  read: (text) => (/^[A-Z][A-Z-]{0,30}$/.test(text) ? text : undefined),
};

/** RFC 9110 §9.3.8: TRACE would echo a request's secrets; §9.3.6: CONNECT is for proxies. */
const REFUSED_METHODS = new Set(['TRACE', 'CONNECT']);

function readMethods(use: DirectiveUse, scope: Scope): readonly string[] {
  return use.arguments.map((word) => {
    const name = readArgument(method, word, scope);
    if (REFUSED_METHODS.has(name)) {
      throw new ArgumentError(`${name} is never served`, { argument: word, hint: 'remove it' });
    }
    return name;
  });
}

export const core = {
  server_dir: path({
    in: ['main'],
    default: undefined,
    help: 'sets the base directory of relative paths (default: the directory of the configuration file)',
    example: 'server_dir /srv/site;',
  }),
  state_dir: path({
    in: ['main'],
    default: undefined,
    help: 'sets the directory for persistent state, such as the key of the local certificate authority; it is created with mode 0700 when it is first needed (default: $STATE_DIRECTORY; else /var/lib/webserv for root, and $XDG_STATE_HOME/webserv or ~/.local/state/webserv for others)',
    example: 'state_dir /var/lib/webserv;',
  }),
  error_log: directive<ErrorLogSetting, ErrorLogSetting>({
    in: ['main'],
    usage: `PATH|stderr [${logLevels.join('|')}]`,
    arguments: [1, 2],
    argumentTypes: [argument.path, logLevel],
    default: { path: undefined, level: 'info' },
    writtenDefault: 'stderr info',
    help: 'sets the error log and the lowest severity that is logged',
    example: 'error_log logs/error.log warn;',
    parse: ({ arguments: [where, level] }, scope) => ({
      path:
        where === undefined || where.text === 'stderr'
          ? undefined
          : readArgument(argument.path, where, scope),
      level: level === undefined ? 'info' : readArgument(logLevel, level, scope),
    }),
    combine: (values, outer) => values.at(-1) ?? outer,
  }),
  workers: single(
    {
      usage: 'N|auto',
      expected: 'a number of processes from 1 to 512, or "auto" for one a processor',
      json: [
        { type: 'integer', minimum: 1, maximum: 512 },
        { type: 'string', pattern: '^(?:auto|[0-9]{1,15})$' },
      ],
      read: (text) =>
        text === 'auto' ? availableParallelism() : argument.integer(1, 512).read(text, NO_SCOPE),
    } satisfies ArgumentType<number>,
    {
      in: ['main'],
      default: 1,
      help: 'sets the number of worker processes; auto starts one per processor',
      example: 'workers auto;',
    },
  ),
  worker_shutdown_timeout: single(timeout, {
    in: ['main'],
    default: 30_000,
    help: 'limits the time that a stopping or replaced worker may take to finish its open requests',
    example: 'worker_shutdown_timeout 30s;',
  }),
  pid: path({
    in: ['main'],
    default: undefined,
    help: "sets the file with the master's process id, which webserv -s reads",
    example: 'pid run/webserv.pid;',
  }),
  user: directive<UserSetting | undefined, UserSetting>({
    in: ['main'],
    usage: 'NAME [GROUP]',
    arguments: [1, 2],
    default: undefined,
    help: 'sets the user and group that the workers switch to after binding, when the server was started as root',
    example: 'user www-data;',
    parse: ({ arguments: [name, group] }) => ({ name: name?.text ?? '', group: group?.text }),
    combine: (values, outer) => values.at(-1) ?? outer,
  }),
  max_connections: integer({
    in: ['main'],
    min: 1,
    max: 1_000_000,
    default: 10_000,
    help: 'limits the open client connections of each worker process',
    example: 'max_connections 10000;',
  }),
  plugin_timeout: single(timeout, {
    in: everywhere,
    default: MINUTE,
    help: 'limits the time of each plugin for a request or response; beyond it the client gets 504, and the log names the plugin',
    example: 'plugin_timeout 10s;',
  }),
  trace: oneOf(traceModes, {
    in: everywhere,
    default: 'off',
    help: 'logs every step of a request (level info): hook, stage, plugin, decision, time; server_timing also sends them to the client',
    example: 'trace on;',
  }),
  client_header_timeout: single(timeout, {
    in: inConnections,
    default: 30_000,
    help: 'limits the time until a request’s header section is complete; 408 beyond it',
    example: 'client_header_timeout 30s;',
  }),
  client_body_timeout: single(timeout, {
    in: inConnections,
    default: MINUTE,
    help: 'limits the time between two successive reads of a request body; 408 beyond it',
    example: 'client_body_timeout 1m;',
  }),
  send_timeout: single(timeout, {
    in: inConnections,
    default: MINUTE,
    help: 'limits the time between two successive writes of a response; then the connection is closed',
    example: 'send_timeout 1m;',
  }),
  send_min_rate: size({
    in: inConnections,
    default: 500,
    help: 'sets the lowest rate, in bytes per second, at which a client may receive a response for longer than send_timeout; a slower one is disconnected; 0 disables the check',
    example: 'send_min_rate 500;',
  }),
  keepalive_timeout: duration({
    in: inConnections,
    default: 75_000,
    help: 'sets how long an idle connection stays open for the next request; 0 closes it after each response',
    example: 'keepalive_timeout 75s;',
  }),
  keepalive_requests: integer({
    in: inConnections,
    min: 1,
    max: 1_000_000_000,
    default: 1000,
    help: 'limits the number of requests per connection',
    example: 'keepalive_requests 1000;',
  }),
  client_max_request_line: single(headSize, {
    in: inConnections,
    default: 8 * KIB,
    help: 'limits the size of the request line; 414 beyond it',
    example: 'client_max_request_line 8k;',
  }),
  client_max_header_size: single(headSize, {
    in: inConnections,
    default: 16 * KIB,
    help: 'limits the size of the whole header section, request line included; 431 beyond it',
    example: 'client_max_header_size 16k;',
  }),
  client_max_header_count: integer({
    in: inConnections,
    min: 1,
    max: 10_000,
    default: 100,
    help: 'limits the number of header fields in a request; 431 beyond it',
    example: 'client_max_header_count 100;',
  }),
  root: path({
    in: inRoutes,
    default: undefined,
    help: 'sets the directory that the URL prefix of this block maps to',
    example: 'root www/images;',
  }),
  follow_symlinks: flag({
    in: everywhere,
    default: false,
    help: 'allows symbolic links that lead out of the root',
    example: 'follow_symlinks on;',
  }),
  server_tokens: single(serverName, {
    in: inConnections,
    default: 'webserv',
    writtenDefault: 'on',
    help: 'sets the Server field: on sends the name without a version, off omits the field, any other text is sent as it is',
    example: 'server_tokens off;',
  }),
  ignore_client_abort: flag({
    in: everywhere,
    default: false,
    help: 'keeps scripts and plugins running when the client disconnects before it has the whole response',
    example: 'ignore_client_abort on;',
  }),
  hidden_files: flag({
    in: everywhere,
    default: false,
    help: 'serves files and directories whose names start with a dot; those below /.well-known are always served',
    example: 'hidden_files on;',
  }),
  client_max_body_size: size({
    in: everywhere,
    default: KIB * KIB,
    help: 'limits the size of a request body; 413 beyond it; 0 disables the limit',
    example: 'client_max_body_size 10m;',
  }),
  methods: directive<readonly string[] | undefined, readonly string[]>({
    in: inRoutes,
    usage: 'METHOD…',
    arguments: [1, Number.POSITIVE_INFINITY],
    argumentTypes: [method],
    default: undefined,
    help: 'sets the accepted methods, HEAD only if it is named; others get 405 (default: the methods that the plugins of the route support)',
    example: 'methods GET HEAD POST;',
    parse: readMethods,
    combine: (values) => [...new Set(values.flat())],
  }),
  error_page: directive<ReadonlyMap<number, ErrorPage>, readonly ErrorPageEntry[]>({
    in: everywhere,
    usage: 'CODE… [=CODE] URI',
    arguments: [2, Number.POSITIVE_INFINITY],
    repeatable: true,
    inherit: 'merge',
    default: new Map(),
    help: 'serves another path, or a redirect, in place of an error; the status is kept unless =CODE is given',
    example: 'error_page 500 502 503 504 /50x.html;',
    argumentTypes: [errorPageWord],
    parse: readErrorPage,
    combine: (values, outer) => new Map([...outer, ...values.flat()]),
  }),
  charset: single(
    argument.word(
      'NAME|off',
      /^[A-Za-z0-9][\w.:+-]{0,63}$/,
      'the name of an encoding, such as utf-8, or off',
    ),
    {
      in: everywhere,
      default: 'utf-8',
      help: 'sets the charset that Content-Type names for text files; off names none, for files that declare their own',
      example: 'charset windows-1252;',
    },
  ),
  default_type: single(mediaType, {
    in: everywhere,
    default: 'application/octet-stream',
    help: 'sets the media type of files whose extension has none',
    example: 'default_type text/plain;',
  }),
  ...tlsDirectives,
} satisfies DirectiveTable;

/** Other names people know a directive by. */
export const aliases: ReadonlyMap<string, string> = new Map([['alias', 'root']]);

export { mediaType };
