/** `me:secret` */
const USERS = 'me:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n';

export interface Loss {
  readonly what: string;
  /** Name of its directory, which has the files, and which relative paths in `conf` start from. */
  readonly name: string;
  readonly conf: (directory: string) => string;
  readonly files?: Readonly<Record<string, string>>;
  /** Directories to create besides those of the files. */
  readonly directories?: readonly string[];
  /** The file or directory that is removed and restored. */
  readonly gone: string;
  /** Path, method → status while it is missing; `/free` always gets 200. */
  readonly without: readonly (readonly [string, string, number])[];
  /** The same after it was restored, without a reload. */
  readonly again: readonly (readonly [string, string, number])[];
  /** The report, once it is missing. */
  readonly told: (directory: string) => string;
}

export const LOSSES: readonly Loss[] = [
  {
    what: 'the directory of an access log',
    name: 'log',
    conf: (at) => `access_log ${at}/logs/access.log; location /x { return 200 x; }`,
    directories: ['logs'],
    gone: 'logs',
    without: [['GET', '/x', 200]],
    again: [['GET', '/x', 200]],
    told: (at) => `access log ${at}/logs/access.log cannot be opened: its directory does not exist`,
  },
  {
    what: 'a password file',
    name: 'password-file',
    conf: (at) => `location /x { root ${at}/files; auth_basic it; auth_basic_user_file ${at}/auth/users; }`,
    files: { 'auth/users': USERS, 'files/a': 'a' },
    gone: 'auth/users',
    without: [
      ['GET', '/x/a', 503],
      ['HEAD', '/x/a', 503],
    ],
    again: [['GET', '/x/a', 401]],
    told: (at) => `the password file ${at}/auth/users: it does not exist`,
  },
  {
    what: 'the directory of a password file',
    name: 'password-directory',
    conf: (at) => `location /x { root ${at}/files; auth_basic it; auth_basic_user_file ${at}/auth/users; }
      location /y { root ${at}/files; auth_basic it; auth_basic_user_file ${at}/auth/users; }`,
    files: { 'auth/users': USERS, 'files/a': 'a' },
    gone: 'auth',
    without: [
      ['GET', '/x/a', 503],
      ['GET', '/y/a', 503],
    ],
    again: [['GET', '/y/a', 401]],
    told: (at) => `the password file ${at}/auth/users: it does not exist`,
  },
  {
    what: 'the directory for uploads',
    name: 'uploads',
    conf: (at) => `location /x { upload on; upload_store ${at}/up; upload_delete on; }`,
    directories: ['up'],
    gone: 'up',
    without: [
      ['PUT', '/x/a', 503],
      ['POST', '/x/', 503],
      ['DELETE', '/x/a', 503],
    ],
    again: [
      ['PUT', '/x/a', 201],
      ['DELETE', '/x/a', 204],
    ],
    told: (at) => `${at}/up does not exist`,
  },
  {
    what: 'a root',
    name: 'root',
    conf: (at) => `location /x { root ${at}/files; }`,
    files: { 'files/a': 'a' },
    gone: 'files',
    without: [['GET', '/x/a', 404]],
    again: [['GET', '/x/a', 200]],
    told: (at) => `${at}/files does not exist`,
  },
  {
    what: "an error page's directory",
    name: 'error-page',
    conf: (at) => `root ${at}; error_page 404 /errors/404.html; location /errors { root ${at}/errors; }`,
    files: { 'errors/404.html': 'a page' },
    gone: 'errors',
    without: [['GET', '/absent', 404]],
    again: [['GET', '/errors/404.html', 200]],
    told: (at) => `${at}/errors does not exist`,
  },
  {
    what: 'an interpreter',
    name: 'interpreter',
    conf: (at) => `location /x { root ${at}/files; cgi .sh ${at}/bin/interpreter; }`,
    files: {
      'bin/interpreter': '#!/bin/sh\nexec /bin/sh "$@"\n',
      'files/a.sh': 'echo Content-Type: text/plain; echo; echo a',
    },
    gone: 'bin/interpreter',
    without: [['GET', '/x/a.sh', 500]],
    again: [['GET', '/x/a.sh', 200]],
    told: (at) => `program "${at}/bin/interpreter" not found`,
  },
];

/** A plugin that refuses a route without the file `wanted`. */
export const PICKY = `import { existsSync } from 'node:fs';
  import { definePlugin, flag } from '@webserv/server';
  export default definePlugin({
    name: 'picky',
    directives: { picky: flag({ default: false, help: 'wants a file', example: 'picky on;' }) },
    codes: { 'picky-file': 'there is no file' },
    apply({ options, route, refuse }) {
      if (options.picky && !existsSync(new URL('wanted', import.meta.url)))
        refuse({ code: 'picky-file', message: 'the wanted file is gone', place: route.place });
    },
  });`;

/** Reads the file it needs in `setup`. */
export const gate = (name: string): string => `import { readFileSync } from 'node:fs';
  import { argument, definePlugin, flag, list, Stage } from '@webserv/server';
  export default definePlugin({
    name: '${name}',
    directives: {
      ${name}: flag({ default: false, help: 'asks for a key', example: '${name} on;' }),
      ${name}_words: list(argument.text, { default: [], usage: 'WORD…', help: 'more', example: '${name}_words a b;' }),
    },
    variables: { ${name}_word: { help: 'a word', value: () => 'word' } },
    setup: () => ({ key: readFileSync(new URL('${name}.key', import.meta.url), 'utf8') }),
    apply({ options, state, hooks }) {
      if (!options.${name}) return;
      hooks.onRoute.tap({ stage: Stage.access, answers: false }, ({ request }) => {
        if (request.headers.get('x-key') !== state.key) throw new Error('no key');
      });
    },
  });`;

/** Has no directive and uses onRequest, so no route shows that it needs this plugin. */
export const WALL = `import { readFileSync } from 'node:fs';
  import { definePlugin, flag } from '@webserv/server';
  export default definePlugin({
    name: 'wall',
    directives: { wall: flag({ default: false, help: 'is a wall', example: 'wall on;' }) },
    setup({ hooks }) {
      const key = readFileSync(new URL('key', import.meta.url), 'utf8');
      hooks.onRequest.tap({}, ({ headers }) =>
        headers.get('x-key') === key ? undefined : { status: 403, headers: {} });
    },
    apply() {},
  });`;

/** The same routes in both formats, each with a plugin of its own. */
export const locations = (name: string): string => `location = /free { return 200 free; }
    location /gated { ${name} on; ${name}_words "a b" c; return 200 gated; location /gated/inner { return 200 inner; } }
    location /said { return 200 "[$${name}_word]"; }`;
export const yamlServer = (port: number, name: string): string => `
server:
  listen: 127.0.0.1:${port}
  location:
    = /free: { return: [200, free] }
    /gated:
      ${name}: on
      ${name}_words: [a, b]
      return: [200, gated]
      location: { /gated/inner: { return: [200, inner] } }
    /said: { return: [200, '[$${name}_word]'] }`;
