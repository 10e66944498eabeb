import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type Export, publicApi } from './public-api.js';
import { ENTRIES, referencePage, topicsOf, undocumented } from './reference.js';

const page = fileURLToPath(new URL('../../docs/plugins-reference.md', import.meta.url));
const entries = publicApi(ENTRIES.map(([, source]) => source));
const exported = entries.flat();

describe('docs/plugins-reference.md', () => {
  /** After a change of an export or its comment: `UPDATE_REFERENCE=1 npx vitest run tests/docs/reference.test.ts`. */
  it('holds the reference printed from the doc comments', async () => {
    const reference = referencePage(entries);
    if (process.env.UPDATE_REFERENCE === '1') await writeFile(page, reference);
    expect(await readFile(page, 'utf8')).toBe(reference);
  });

  it('has every export and member, each with a doc comment', () => {
    expect(undocumented(exported)).toEqual([]);
  });

  it('has the entries of the package', async () => {
    const manifest = fileURLToPath(new URL('../../package.json', import.meta.url));
    const { exports }: { exports: Record<string, unknown> } = JSON.parse(await readFile(manifest, 'utf8'));
    const code = Object.keys(exports).filter((name) => name !== './package.json');
    expect(ENTRIES.map(([specifier]) => specifier)).toEqual(
      code.map((name) => `@webserv/server${name.slice(1)}`),
    );
  });
});

describe('the reading of exports', () => {
  const named = (name: string, kind?: string): Export => {
    const found = exported.find((each) => each.name === name && (kind === undefined || each.kind === kind));
    if (found === undefined) throw new Error(`${name} is not exported`);
    return found;
  };
  const members = (name: string) => named(name).members.map((member) => member.signature);

  it('leaves out private members', () => {
    expect(members('WorkLimit')).toEqual([
      'new(options: WorkLimitOptions)',
      'full: boolean',
      expect.stringMatching(/^acquire\(/),
    ]);
  });

  it('reads constants that are functions, and tables', () => {
    expect(named('flag').signature).toBe(
      'function flag(options: DirectiveOptions<boolean>): Directive<boolean>',
    );
    expect(members('Stage')).toContain('Stage.access: 200');
    expect(members('argument')).toContain('argument.integer(min: number, max: number): ArgumentType<number>');
  });

  it('reads what a comment says of errors', () => {
    const set = named('Exchange').members.find(({ name }) => name === 'forward');
    expect(set?.tags.map(({ name }) => name)).toEqual(['param', 'throws']);
  });

  it('objects to an export, and a member, without a comment', () => {
    const bare = { text: '', tags: [] };
    const one: Export = {
      ...named('Exchange'),
      ...bare,
      members: [
        { name: 'open', signature: 'open()', ...bare },
        { name: 'own', signature: 'own()', text: 'Owns.', tags: [] },
      ],
    };
    expect(undocumented([one])).toEqual(['Exchange', 'Exchange.open']);
  });

  it('refuses an export that belongs to no topic', () => {
    expect(() => topicsOf([{ ...named('Exchange'), file: 'src/new.ts' }])).toThrow('src/new.ts');
  });
});
