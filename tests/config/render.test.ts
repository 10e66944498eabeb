import { describe, expect, it } from 'vitest';
import type { Diagnostic } from '../../src/kernel/diagnostics/diagnostic.js';
import { renderDiagnostic, renderDiagnostics } from '../../src/kernel/diagnostics/render.js';

const place = { file: 'a.conf', line: 12, column: 5, length: 8, text: '    autoindx on;' };
const finding: Diagnostic = {
  severity: 'error',
  code: 'unknown-directive',
  message: 'unknown directive "autoindx" in location',
  place,
  hint: 'did you mean "autoindex"?',
};

describe('a diagnostic is rendered', () => {
  it('with file, line, column, code, source line, caret and help', () => {
    expect(renderDiagnostic(finding).split('\n')).toEqual([
      'a.conf:12:5: error[unknown-directive]: unknown directive "autoindx" in location',
      '12 |     autoindx on;',
      '   |     ^^^^^^^^',
      'help: did you mean "autoindex"?',
    ]);
  });

  it('with its related places behind it', () => {
    const related = [{ message: 'first used here', place: { ...place, line: 3 } }];
    expect(
      renderDiagnostic({ ...finding, related })
        .split('\n')
        .slice(4),
    ).toEqual(['a.conf:3:5: note: first used here', '3 |     autoindx on;', '  |     ^^^^^^^^']);
  });

  it('without a place as one line', () => {
    const { hint: _hint, ...rest } = finding;
    expect(renderDiagnostic({ ...rest, place: undefined, message: 'gone' })).toBe(
      'error[unknown-directive]: gone',
    );
  });

  it('with tabs kept in the line of the caret', () => {
    const text = '\t\tautoindx\ton;';
    const [, line, caret] = renderDiagnostic({ ...finding, place: { ...place, column: 3, text } }).split(
      '\n',
    );
    expect(line).toBe('12 | \t\tautoindx\ton;');
    expect(caret).toBe('   | \t\t^^^^^^^^');
  });

  it('with only the surroundings of the mistake when its line is long', () => {
    const text = `${'a '.repeat(1000)}autoindx ${'b '.repeat(1000)}`;
    const [, line, caret] = renderDiagnostic({ ...finding, place: { ...place, column: 2001, text } }).split(
      '\n',
    );
    expect(line).toMatch(/^12 \| \.\.\.(?:a )+autoindx (?:b )+b?\.\.\.$/);
    expect(line?.length).toBeLessThan(180);
    expect(caret?.indexOf('^')).toBe(line?.indexOf('autoindx'));
  });

  it('with a caret that ends where the line does', () => {
    const [, , caret] = renderDiagnostic({ ...finding, place: { ...place, length: 500 } }).split('\n');
    expect(caret).toBe(`   |     ${'^'.repeat('autoindx on;'.length)}`);
    const behind = { ...place, column: 17, length: 1 };
    expect(renderDiagnostic({ ...finding, place: behind }).split('\n')[2]).toBe(`   | ${' '.repeat(16)}^`);
  });

  it('with nothing in it that steers a terminal', () => {
    const text = '\u001b]0;title\u0007 \u009b31m \u202e \r';
    const rendered = renderDiagnostic({ ...finding, message: text, hint: text, place: { ...place, text } });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not come through
    expect(rendered).not.toMatch(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/);
  });

  it.each([
    ['zero width', '\u200b\u200c\u200d\u2060\ufeff\u00ad'],
    ['direction', '\u200e\u200f\u061c\u202a\u202e\u2066\u2069'],
    ['line and paragraph', '\u2028\u2029'],
    ['tags, and a private use', '\u{e0001}\u{e0061}\ue000'],
    ['half a character', '\ud800'],
  ])('with nothing in it that a terminal obeys without showing it: %s', (_what, text) => {
    const shown = { ...place, text: `a${text}b`, file: `c${text}d` };
    const rendered = renderDiagnostic({
      ...finding,
      message: text,
      hint: text,
      place: shown,
      related: [{ message: text, place: shown }],
    });
    expect(rendered.match(/[\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu)).toBeNull();
    // Each character is replaced by one other: the caret stays under its word.
    expect(rendered).toContain(`| a${'\ufffd'.repeat(text.length)}b\n`);
  });

  it('in colour only when asked', () => {
    const coloured = renderDiagnostic(finding, { colour: true });
    expect(coloured).toContain('\u001b[1m\u001b[31merror[unknown-directive]\u001b[39m\u001b[22m');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape sequences of the colours
    expect(coloured.replaceAll(/\u001b\[[\d;]*m/g, '')).toBe(renderDiagnostic(finding));
  });
});

it('several are set apart by an empty line', () => {
  const rendered = renderDiagnostics([finding, { ...finding, severity: 'warning' }]);
  expect(rendered.split('\n\n')).toHaveLength(2);
  expect(rendered.endsWith('autoindex"?\n')).toBe(true);
  expect(renderDiagnostics([])).toBe('');
});
