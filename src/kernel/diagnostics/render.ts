import { styleText } from 'node:util';
import { type Diagnostic, formatPlace, type Place } from './diagnostic.js';

/** Renders findings for the terminal, one after the other. */

/** Maximum characters of a source line that are shown; of a longer line, those around the error. */
const MAX_WIDTH = 160;
const BEFORE_CARET = 60;
const MAX_MESSAGE = 1000;

export interface RenderOptions {
  /** Use the escape sequences of a terminal. */
  readonly colour?: boolean;
}

type Paint = (style: 'red' | 'yellow' | 'cyan' | 'bold', text: string) => string;

const plain: Paint = (_style, text) => text;
/** The caller knows whether the stream is a terminal. */
const coloured: Paint = (style, text) =>
  styleText(style === 'bold' ? style : ['bold', style], text, { validateStream: false });

/** Renders all findings, separated by empty lines, with a line break at the end; empty without findings. */
export function renderDiagnostics(diagnostics: readonly Diagnostic[], options: RenderOptions = {}): string {
  return diagnostics.map((diagnostic) => `${renderDiagnostic(diagnostic, options)}\n`).join('\n');
}

/** Renders one finding, without a line break at the end. */
export function renderDiagnostic(diagnostic: Diagnostic, { colour = false }: RenderOptions = {}): string {
  const paint = colour ? coloured : plain;
  const { severity, code, message, place, hint, related = [] } = diagnostic;
  const style = severity === 'error' ? 'red' : 'yellow';
  const lines = [
    `${where(place)}${paint(style, `${severity}[${code}]`)}: ${paint('bold', printable(clip(message)))}`,
    ...excerpt(place, style, paint),
  ];
  if (hint !== undefined) lines.push(`${paint('cyan', 'help')}: ${printable(clip(hint))}`);
  for (const note of related) {
    lines.push(`${where(note.place)}${paint('cyan', 'note')}: ${printable(clip(note.message))}`);
    lines.push(...excerpt(note.place, 'cyan', paint));
  }
  return lines.join('\n');
}

function where(place: Place | undefined): string {
  return place === undefined ? '' : `${printable(formatPlace(place))}: `;
}

/** The source line with a line of carets under it. */
function excerpt(
  place: Place | undefined,
  style: 'red' | 'yellow' | 'cyan',
  paint: Paint,
): readonly string[] {
  if (place === undefined) return [];
  const number = String(place.line);
  const gutter = ' '.repeat(number.length);
  const at = place.column - 1;
  const from = place.text.length > MAX_WIDTH ? Math.max(0, at - BEFORE_CARET) : 0;
  const shown = place.text.slice(from, from + MAX_WIDTH);
  const before = `${from > 0 ? '...' : ''}${shown.slice(0, at - from)}`;
  const after = from + MAX_WIDTH < place.text.length ? '...' : '';
  const length = Math.max(1, Math.min(place.length, shown.length - (at - from)));
  // Tabs stay tabs in both lines, so that the caret is under its word at any tab width.
  const indent = before.replace(/[^\t]/g, ' ');
  return [
    `${number} | ${printable(`${before}${shown.slice(at - from)}${after}`)}`,
    `${gutter} | ${indent}${paint(style, '^'.repeat(length))}`,
  ];
}

function clip(message: string): string {
  return message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE)}...` : message;
}

/** Control characters except tab, format characters (bidirectional, zero width), line separators, lone surrogates. */
const INVISIBLE = /(?!\t)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/gu;

/**
 * Makes text safe to show. Text of a file must not control the terminal, nor be disguised as other text: control
 * characters become their Unicode pictures, and each other invisible character becomes a replacement character.
 */
export function printable(text: string): string {
  return text.replace(INVISIBLE, (char) => {
    const code = char.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : '\ufffd'.repeat(char.length);
  });
}
