import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codesOf, load } from './fixture.js';

/** The values `label` collects are how these tests see what the language made of a text. */
async function labels(text: string, environment: Record<string, string> = {}): Promise<[string, unknown][]> {
  const { config, diagnostics } = await load(`server { listen 80; ${text} }`, { environment });
  expect(diagnostics).toEqual([]);
  const label = config?.servers[0]?.route.options.get('sample')?.label;
  return label instanceof Map ? [...label] : [];
}

async function value(word: string, environment: Record<string, string> = {}): Promise<unknown> {
  return (await labels(`label name ${word};`, environment))[0]?.[1];
}

describe('words', () => {
  it('end at white space, ";" and braces', async () => {
    expect(await labels('label a b;label c d;\n\tlabel\r\n e\tf ;')).toEqual([
      ['a', 'b'],
      ['c', 'd'],
      ['e', 'f'],
    ]);
  });

  it('may hold "#" and quotes inside; a comment starts only where a word could', async () => {
    expect(await labels('label a b#c; # label x y;\n label d e"f\'g; #\n')).toEqual([
      ['a', 'b#c'],
      ['d', 'e"f\'g'],
    ]);
  });

  it('may be quoted either way, over several lines, and be empty', async () => {
    expect(await value('"a b;{}#\'"')).toBe("a b;{}#'");
    expect(await value('\'a "b"\'')).toBe('a "b"');
    expect(await value('"one\ntwo"')).toBe('one\ntwo');
    expect(await value('""')).toBe('');
  });

  it('take a backslash before what would end them, and before a quote', async () => {
    expect(await value('a\\ b\\;c\\{d\\}')).toBe('a b;c{d}');
    expect(await value('"a \\" b \\\\ c"')).toBe('a " b \\ c');
    expect(await value("'it\\'s'")).toBe("it's");
    expect(await value('"a\\tb\\nc"')).toBe('a\tb\nc');
  });

  it('keep a backslash before any other character', async () => {
    expect(await value('\\.php\\d')).toBe('\\.php\\d');
  });
});

describe('environment variables', () => {
  it('are filled in by name, in words and in both kinds of quotes', async () => {
    const environment = { HOME_DIR: '/home/me', N: '8' };
    expect(await value(`\${HOME_DIR}/www\${N}`, environment)).toBe('/home/me/www8');
    expect(await value(`"a \${N} b"`, environment)).toBe('a 8 b');
    expect(await value(`'\${N}'`, environment)).toBe('8');
  });

  it('have a default for when they are unset or empty', async () => {
    expect(await value(`\${PORT:-80 80}`)).toBe('80 80');
    expect(await value(`\${PORT:-}`)).toBe('');
    expect(await value(`\${PORT:-80}`, { PORT: '' })).toBe('80');
    expect(await value(`\${PORT:-80}`, { PORT: '81' })).toBe('81');
    expect(await value(`\${PORT}`, { PORT: '' })).toBe('');
  });

  it('leave the variables of templates alone', async () => {
    expect(await value(`$uri$HOME\${uri}\${remote_addr:-x}\${Mixed}`, { HOME: 'no' })).toBe(
      `$uri$HOME\${uri}\${remote_addr:-x}\${Mixed}`,
    );
  });

  it('are not looked for in what they were filled in with, nor behind a backslash', async () => {
    expect(await value(`\${A}`, { A: `\${B} "; {`, B: 'no' })).toBe(`\${B} "; {`);
    expect(await value(`\\\${A}`, { A: 'no' })).toBe(`\${A}`);
  });

  it('must be set', async () => {
    expect(await codesOf(`server { listen \${__proto__}; }`)).toEqual(['wrong-argument']);
    expect(await codesOf(`server { listen \${CONSTRUCTOR}; }`)).toEqual(['unset-variable']);
  });
});

describe('any text', () => {
  const word = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'));

  it('can be written as a quoted word and is read back as it was', async () => {
    await fc.assert(
      fc.asyncProperty(word, async (text) => {
        const quoted = `"${text.replace(/["\\$]/g, '\\$&')}"`;
        expect(await value(quoted)).toBe(text);
      }),
      { numRuns: 300 },
    );
  });

  it('is read the same with comments and white space between its words', async () => {
    const space = fc.constantFrom(' ', '\n', '\t', '\r\n', ' # comment; { "\n', '\n\n');
    await fc.assert(
      fc.asyncProperty(fc.array(space, { minLength: 5, maxLength: 5 }), async ([a, b, c, d, e]) => {
        const { config, diagnostics } = await load(
          `server${a}{${b}listen${c}80${d};${e}label ${c}x${b}y;${a}}${d}`,
        );
        expect(diagnostics).toEqual([]);
        expect(config?.servers[0]?.listens).toHaveLength(1);
      }),
      { numRuns: 200 },
    );
  });
});
