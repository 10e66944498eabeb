import type { Comment, Export, Member } from './public-api.js';

/** Writes docs/plugins-reference.md: the exports of the package by topic, each with its doc comment. */

/** The entries of package.json, each with its title on the page. */
export const ENTRIES: readonly (readonly [specifier: string, source: string])[] = [
  ['@webserv/server', 'src/index.ts'],
  ['@webserv/server/config', 'src/define-config.ts'],
  ['@webserv/server/testing', 'src/testing/index.ts'],
];

/** Topics of the page in their order, with the beginnings of the paths whose exports belong there; the first match counts. */
const TOPICS: readonly (readonly [topic: string, paths: readonly string[]])[] = [
  ['Plugins', ['src/kernel/contract/plugin', 'src/kernel/contract/define-plugin']],
  ['Hooks', ['src/kernel/contract/hooks']],
  [
    'Requests and responses',
    ['src/kernel/http/message', 'src/kernel/http/errors', 'src/kernel/http/discard'],
  ],
  [
    'Exchanges and routes',
    [
      'src/kernel/contract/exchange',
      'src/kernel/contract/route-view',
      'src/kernel/contract/script',
      'src/kernel/contract/offers',
      'src/kernel/contract/config.ts',
    ],
  ],
  ['Directives', ['src/kernel/config/', 'src/kernel/contract/directive']],
  ['Variables', ['src/kernel/contract/template', 'src/kernel/contract/variables']],
  ['Diagnostics', ['src/kernel/diagnostics/']],
  ['Paths', ['src/kernel/path/']],
  ['Files', ['src/kernel/files/']],
  ['HTTP', ['src/kernel/http/']],
  ['Limits', ['src/kernel/limits/']],
  ['Logs', ['src/kernel/log/']],
  ['Metrics', ['src/kernel/metrics/']],
  ['Other contracts', ['src/kernel/contract/']],
  ['Configuration as an object', ['src/define-config.ts']],
  ['Testing', ['src/testing/']],
];

export interface Topic {
  readonly title: string;
  readonly exports: readonly Export[];
}

/** @throws Error for an export of a file that belongs to no topic */
export function topicsOf(exports: readonly Export[]): readonly Topic[] {
  const titleOf = ({ file, name }: Export): string => {
    const topic = TOPICS.find(([, paths]) => paths.some((path) => file.startsWith(path)));
    if (topic === undefined) throw new Error(`expected a topic for ${file}, which declares ${name}`);
    return topic[0];
  };
  return TOPICS.map(([title]) => ({
    title,
    exports: exports.filter((each) => titleOf(each) === title),
  })).filter((topic) => topic.exports.length > 0);
}

/** Returns the names of exports and members without a doc comment; a constructor needs none. */
export function undocumented(exports: readonly Export[]): readonly string[] {
  return exports.flatMap((each) => [
    ...(isEmpty(each) ? [each.name] : []),
    ...each.members
      .filter((member) => member.name !== 'constructor' && isEmpty(member))
      .map((member) => `${each.name}.${member.name}`),
  ]);
}

const isEmpty = ({ text, tags }: Comment): boolean => text === '' && tags.length === 0;

/** @param entries the exports of each of `ENTRIES` */
export function referencePage(entries: readonly (readonly Export[])[]): string {
  const topics = topicsOf(entries.flat());
  const index = topics.map(
    ({ title, exports }) => `- [${title}](#${anchor(title)}): ${exports.map(link).join(', ')}`,
  );
  const sections = topics.flatMap(({ title, exports }) => [
    `## ${title}`,
    `Exported by \`${specifierOf(exports, entries)}\`.`,
    ...exports.flatMap(sectionOf),
  ]);
  return `${[HEAD, index.join('\n'), ...sections].join('\n\n')}\n`;
}

/** A topic's exports come from one entry. */
function specifierOf(exports: readonly Export[], entries: readonly (readonly Export[])[]): string {
  const index = entries.findIndex((entry) => exports.every((each) => entry.includes(each)));
  const [specifier] = ENTRIES[index] ?? [];
  if (specifier === undefined) throw new Error('expected the exports of a topic to come from one entry');
  return specifier;
}

const HEAD = `# Reference for plugins

Every export of the package, with every member, printed from the doc comments. [docs/plugins.md](plugins.md) explains how
they work together.

<!-- Generated: UPDATE_REFERENCE=1 npx vitest run tests/docs/reference.test.ts -->`;

/** Names may differ in capitals only, as `directive` and `Directive`: the kind keeps their anchors apart. */
const heading = ({ kind, name }: Export): string => `${kind} ${name}`;

const anchor = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');

const link = (each: Export): string => `[\`${each.name}\`](#${anchor(heading(each))})`;

function sectionOf(each: Export): readonly string[] {
  const { signature } = each;
  const members = each.members.map(itemOf).join('\n');
  return [
    `### ${heading(each)}`,
    ...(signature === heading(each) ? [] : [`\`\`\`ts\n${signature}\n\`\`\``]),
    ...paragraphsOf(each),
    ...(members === '' ? [] : [members]),
  ];
}

function itemOf(member: Member): string {
  const lines = paragraphsOf(member).join('\n').split('\n');
  const body = lines.filter((line) => line !== '').map((line) => `  ${line}`);
  return [`- \`${member.signature}\`  `, ...body].join('\n').trimEnd();
}

/** Text first, then the tags as a list. */
function paragraphsOf({ text, tags }: Comment): readonly string[] {
  const items = tags.map(({ name, text: about }) => tagText(name, about));
  return [...(text === '' ? [] : [text]), ...(items.length === 0 ? [] : [items.join('\n')])];
}

function tagText(name: string, about: string): string {
  const text = about.replace(/\s+/g, ' ');
  if (name === 'param') return `- ${text.replace(/^(\S+)\s+(?:- )?/, '`$1`: ')}`;
  if (name === 'returns') return `- Returns ${text}`;
  if (name === 'throws') return `- Throws ${text.replace(/^(\w*Error\w*)/, '`$1`')}`;
  if (name === 'see') return `- See \`${text}\``;
  return `- ${name}: ${text}`;
}
