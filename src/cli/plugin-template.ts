/** What a plugin is called where it is installed, loaded and configured. */
export interface PluginNames {
  /** The npm package: `webserv-plugin-foo`, `@me/webserv-plugin-foo`. */
  readonly package: string;
  /** What `load_plugin` takes: `foo`, `@me/foo`. */
  readonly load: string;
  /** In code: `foo`. */
  readonly plugin: string;
  /** Its first directive: `foo`, with underscores for dashes. */
  readonly directive: string;
}

/** The versions the package is made for. */
export interface TemplateVersions {
  readonly server: string;
  readonly typescript: string;
  readonly nodeTypes: string;
}

/** What `webserv init --plugin` makes: a file's path from the package's folder, and its content. */
export function pluginFiles(
  names: PluginNames,
  versions: TemplateVersions,
): readonly (readonly [name: string, content: string])[] {
  return [
    ['src/index.ts', source(names)],
    ['src/index.test.ts', tests(names)],
    ['webserv.conf', configuration(names)],
    ['README.md', readme(names)],
    ['tsconfig.json', TSCONFIG],
    ['.gitignore', 'node_modules/\ndist/\n'],
    ['package.json', `${JSON.stringify(manifest(names, versions), undefined, 2)}\n`],
  ];
}

const field = ({ plugin }: PluginNames): string => `x-${plugin}`;

function source(names: PluginNames): string {
  return `import { argument, definePlugin, single } from '@webserv/server';

/** Visible characters with single spaces between: what may stand in a header field. */
const words = argument.word('TEXT', /^[!-~]+(?: [!-~]+)*$/, 'visible characters with single spaces between');

export default definePlugin({
  name: '${names.plugin}',
  directives: {
    ${names.directive}: single<string, undefined>(words, {
      default: undefined,
      help: 'sends the header field ${field(names)} with every answer',
      example: '${names.directive} hello;',
    }),
  },
  // Once for each route, when the configuration is loaded.
  apply({ options, hooks }) {
    const { ${names.directive}: value } = options;
    // A route that does not ask for the plugin gets no tap, and pays nothing for it.
    if (value === undefined) return;
    hooks.onResponse.tap({}, (response) => ({
      ...response,
      headers: { ...response.headers, '${field(names)}': value },
    }));
  },
});
`;
}

function tests(names: PluginNames): string {
  return `import { strictEqual } from 'node:assert';
import { test } from 'node:test';
import { conformance, directiveChecks, inject } from '@webserv/server/testing';
import plugin from './index.js';

const conf = \`
location /on  { ${names.directive} hello; return 200 "with it"; }
location /off { return 200 "without"; }
\`;

test('a route that asks for it sends the field, and its sibling does not', async () => {
  strictEqual((await inject(plugin, conf, '/on')).headers.get('${field(names)}'), 'hello');
  strictEqual((await inject(plugin, conf, '/off')).headers.get('${field(names)}'), null);
});

const checks = [
  ...directiveChecks(plugin, {
    valid: [
      { conf: '${names.directive} "hello there";', options: { ${names.directive}: 'hello there' } },
      { conf: '', options: { ${names.directive}: undefined } },
    ],
    invalid: [
      { conf: '${names.directive};', errors: [{ code: 'argument-count' }] },
      { conf: '${names.directive} "a  b";', errors: [{ code: 'wrong-argument', line: 1 }] },
    ],
  }),
  ...conformance(plugin, { conf, requests: ['/on', { method: 'POST', path: '/on', body: 'content' }] }),
];
for (const { name, run } of checks) test(name, run);
`;
}

function configuration(names: PluginNames): string {
  return `# To try the plugin: npx webserv
load_plugin ./src/index.ts;

server {
    listen 127.0.0.1:8080;
    location /on  { ${names.directive} hello; return 200 "with it\\n"; }
    location /off { return 200 "without\\n"; }
}
`;
}

function readme(names: PluginNames): string {
  return `# ${names.package}

Sends a header field with every answer of a route.

\`\`\`nginx
load_plugin ${names.load};

server {
    listen 8080;
    root www;
    location /greeted { ${names.directive} hello; }
}
\`\`\`

| directive | meaning |
|---|---|
| \`${names.directive} TEXT\` | sends \`${field(names)}: TEXT\`; inherited by the locations inside |

    npm install     # what it is built with
    npm test        # builds and tests it
    npx webserv     # tries it: curl -i http://localhost:8080/on
    npm publish     # then, where it is wanted: npm install ${names.package}
`;
}

const TSCONFIG = `{
  "compilerOptions": {
    "target": "ES2022",
    "lib": ["ES2023", "ESNext.Disposable"],
    "module": "NodeNext",
    "rootDir": "src",
    "outDir": "dist",
    "types": ["node"],
    "declaration": true,
    "strict": true,
    "noUncheckedIndexedAccess": true,
    "verbatimModuleSyntax": true
  },
  "include": ["src"]
}
`;

function manifest(names: PluginNames, { server, typescript, nodeTypes }: TemplateVersions): object {
  return {
    name: names.package,
    version: '0.1.0',
    description: 'A plugin for webserv',
    keywords: ['webserv-plugin'],
    type: 'module',
    exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' } },
    files: ['dist', '!dist/*.test.*'],
    // What it has is told to who uses a directive of it and forgot to load it.
    webservPlugin: { directives: [names.directive] },
    scripts: {
      build: 'tsc',
      test: 'npm run build && node --test dist/index.test.js',
      prepack: 'npm run build',
    },
    peerDependencies: { '@webserv/server': server },
    devDependencies: { '@types/node': nodeTypes, '@webserv/server': server, typescript },
  };
}
