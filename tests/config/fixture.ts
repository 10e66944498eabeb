import { argument, definePlugin, duration, flag, integer, list, map, oneOf, size } from '@webserv/server';
import { type LoadResult, loadConfigText } from '../../src/kernel/config/files/load.js';

/** A plugin with a directive of every kind, so that these tests do not depend on the real ones. */
export const sample = definePlugin({
  name: 'sample',
  directives: {
    autoindex: flag({ default: false, help: 'list a directory', example: 'autoindex on;' }),
    index: list(argument.text, { default: ['index.html'], help: 'files that stand for a directory' }),
    expires: duration({ default: 0, help: 'how long an answer is fresh', example: 'expires 1h;' }),
    cache: size({ in: ['main'], default: 0, help: 'memory for files' }),
    conflict: oneOf(['replace', 'rename', 'refuse'], { default: 'replace', help: 'what to do' }),
    copies: integer({ default: 1, min: 1, max: 9, help: 'how many' }),
    label: map(argument.text, { default: new Map(), inherit: 'merge', help: 'names and values' }),
    note: flag({ default: false, inherit: 'none', help: 'only for the block it stands in' }),
    banner: list(argument.text, {
      in: ['main', 'server', 'location'],
      default: [],
      inherit: 'merge',
      help: 'lines',
    }),
  },
});

/** Loads a text as `test.conf` (or another name) in a directory that need not exist. */
export function load(
  text: string,
  { file = 'test.conf', base = '/srv/site', environment = {} }: Partial<LoadTextDetails> = {},
): Promise<LoadResult> {
  return loadConfigText(text, { file, base, environment, builtins: [sample] });
}

interface LoadTextDetails {
  readonly file: string;
  readonly base: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** The codes of what is wrong with a text, in order; `warning:` in front of those of warnings. */
export async function codesOf(text: string, details: Partial<LoadTextDetails> = {}): Promise<string[]> {
  const { diagnostics } = await load(text, details);
  return diagnostics
    .filter(({ code }) => code !== 'missing-root')
    .map(({ severity, code }) => (severity === 'error' ? code : `${severity}:${code}`));
}
