/** Names of a new plugin where it is installed, loaded and configured. */
export interface PluginNames {
  /** The npm package: `webserv-plugin-foo`, `@me/webserv-plugin-foo`. */
  readonly package: string;
  /** Argument of `load_plugin`: `foo`, `@me/foo`. */
  readonly load: string;
  /** Name in the code: `foo`. */
  readonly plugin: string;
  /** Name of its first directive: `foo`, with underscores for dashes. */
  readonly directive: string;
}

/** Versions of the packages it is built with. */
export interface TemplateVersions {
  readonly server: string;
  readonly typescript: string;
  readonly nodeTypes: string;
}

/** Files that `webserv init --plugin` creates: the path from the package's directory, and the content. */
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

/** Visible characters with single spaces between them, which a header field may contain. */
const words = argument.word('TEXT', /^[!-~]+(?: [!-~]+)*$/, 'visible characters with single spaces between them');

export default definePlugin({
  name: '${names.plugin}',
  directives: {
    ${names.directive}: single<string, undefined>(words, {
      default: undefined,
      help: 'adds the header field ${field(names)} to every response',
      example: '${names.directive} hello;',
    }),
  },
  // Called for each route when the configuration is loaded.
  apply({ options, hooks }) {
    const { ${names.directive}: value } = options;
    // Routes without the directive get no tap, so they have no cost.
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

test('a route with the directive sends the field, and a route without it does not', async () => {
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

Adds a header field to every response of a route.

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
| \`${names.directive} TEXT\` | adds \`${field(names)}: TEXT\` to responses; inherited by inner locations |

    npm install     # installs its dependencies
    npm test        # builds and tests it
    npx webserv     # tries it: curl -i http://localhost:8080/on
    npm publish     # publishes it; to install it: npm install ${names.package}
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
    // Lets webserv name this package to users of the directive who forgot to load it.
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
