import { formatPlace } from '../kernel/diagnostics/diagnostic.js';
import type { EffectiveBlock, Setting } from './effective-block.js';

/** The comments start in one column, where the directive leaves room. */
const COMMENT_COLUMN = 56;

/** A configuration in its own language, each directive with where it comes from. Read again, it is the same server. */
export function printConfig(main: EffectiveBlock, file: string): string {
  const head = [
    `What ${oneLine(file)} configures, with what is default and what is inherited. The comments tell where each`,
    'directive is written. One behind a "#" is in effect as well, and shared: repeated here, it would be another.',
  ];
  const lines = [...head.map((line) => `# ${line}`), '', ...inside(main, '')];
  return `${lines.join('\n')}\n`;
}

function inside(block: EffectiveBlock, indent: string): readonly string[] {
  return [
    ...block.settings.map((setting) => settingLine(setting, indent)),
    ...block.blocks.flatMap((inner) => ['', ...blockLines(inner, indent)]),
  ];
}

function blockLines(block: EffectiveBlock, indent: string): readonly string[] {
  const head = `${indent}${[block.name, ...block.words].map(quoteWord).join(' ')} {`;
  const origin = block.place === undefined ? '' : formatPlace(block.place);
  return [withComment(head, origin), ...inside(block, `${indent}    `), `${indent}}`];
}

function settingLine({ name, words, place, mayBeWritten }: Setting, indent: string): string {
  const text = `${[name, ...words].map(quoteWord).join(' ')};`;
  const origin = place === undefined ? 'default' : formatPlace(place);
  if (mayBeWritten) return withComment(`${indent}${text}`, origin);
  return withComment(`${indent}# ${text}`, `${origin}, shared`);
}

function withComment(text: string, comment: string): string {
  return `${text.padEnd(COMMENT_COLUMN - 1)} # ${oneLine(comment)}`;
}

/** A file's name may hold a line break. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');
}

/** Words that need no quotes anywhere in a directive. */
const BARE = /^[\p{L}\p{N}_./:=*,@%+~^$|?&!<>()[\]-]+$/u;

const ESCAPED: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['${', '\\${'],
]);

/** A word so that it is read back as it is; `${` would be an environment variable. */
export function quoteWord(word: string): string {
  if (BARE.test(word)) return word;
  return `"${word.replace(/["\\\n\r\t]|\$\{/g, (found) => ESCAPED.get(found) ?? found)}"`;
}
