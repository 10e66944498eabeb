import { describe, expect, it } from 'vitest';
import { commentsIn, objectionsTo } from './prose.js';

describe('a comment', () => {
  it.each([
    ['Who looks sees it.', 'begins with "Who"'],
    ['What a plugin gets.', 'begins with "What"'],
    ['One that cannot be closed keeps nobody from the others.', 'begins with "One"'],
    ['The worker is told of it.', '"is told"'],
    ['Makes it anew.', '"anew"'],
    ['Made at once.', '"at once"'],
    ['The answer of a script.', '"answer"'],
    ['Keeps the folder.', '"folder"'],
  ])('like "%s" is objected to', (text, objection) => {
    expect(objectionsTo(text).join('\n')).toContain(objection);
  });

  it.each([
    'Returns the response that the client gets.',
    'The `answers` of a tap, and `/folder/` in a path.',
    'Once per process.',
    'Whether the client left.',
  ])('like "%s" is not', (text) => {
    expect(objectionsTo(text)).toEqual([]);
  });
});

describe('the comments of a source', () => {
  it('are those of both kinds, with their lines, and no strings', () => {
    const source = [
      "const url = 'http://a/*b*/'; // first",
      '/**',
      ' * Second, over',
      ' * two lines.',
      ' */',
      '// third,',
      '// which goes on',
      'const text = `// not one`;',
    ].join('\n');
    expect(commentsIn(source)).toEqual([
      { line: 1, text: 'first' },
      { line: 2, text: 'Second, over two lines.' },
      { line: 6, text: 'third, which goes on' },
    ]);
  });
});
