import { resolve } from 'node:path';
import {
  type Argument,
  ArgumentError,
  type ArgumentType,
  type JsonSchema,
  type Scope,
} from '../../contract/directive.js';
import { compileTemplate, type Template, UnknownVariable } from '../../contract/template.js';
import { variablePrefixes } from '../../contract/variables.js';
import { nearest } from '../../diagnostics/suggest.js';

/** The types of arguments there are, and how they are read. */

type JsonScalar = string | number | boolean;

const SIZE_UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };
const TIME_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
  M: 2_592_000_000,
  y: 31_536_000_000,
};

/** `10m`, as nginx: bytes, or with k, m or g (powers of 1024). */
export function readSize(text: string): number | undefined {
  const match = /^(\d{1,15})([kmg]?)$/i.exec(text);
  const unit = SIZE_UNITS[match?.[2]?.toLowerCase() ?? ''];
  if (match === null || unit === undefined) return undefined;
  const bytes = Number(match[1]) * unit;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** `1h30m`, as nginx: parts from the largest unit to the smallest; a bare number is seconds. In milliseconds. */
export function readDuration(text: string): number | undefined {
  if (!/^(?:\d{1,10}(?:ms|[smhdwMy]))*(?:\d{1,10})?$/.test(text) || text === '') return undefined;
  let total = 0;
  let previous = Number.POSITIVE_INFINITY;
  for (const [, digits, unit] of text.matchAll(/(\d+)(ms|[smhdwMy])?/g)) {
    const factor = TIME_UNITS[unit ?? 's'] ?? 1000;
    if (factor >= previous) return undefined;
    previous = factor;
    total += Number(digits) * factor;
  }
  return Number.isSafeInteger(total) ? total : undefined;
}

const part = (unit: string): string => `(?:[0-9]{1,10}${unit})?`;
/** The units of `readDuration`, in order. Seconds need no unit where nothing follows. */
const DURATION_PATTERN = `^(?=.)${['y', 'M', 'w', 'd', 'h', 'm'].map(part).join('')}(?:${part('s')}${part('ms')}|[0-9]{1,10})$`;

function readTemplate(text: string, { variables }: Scope): Template {
  try {
    return compileTemplate(text, variables);
  } catch (error) {
    if (!(error instanceof UnknownVariable)) throw error;
    const meant = nearest(error.variable, [...Object.keys(variables), ...Object.keys(variablePrefixes)]);
    const hint = meant === undefined ? 'for a dollar sign itself write $$' : `did you mean "$${meant}"?`;
    throw new ArgumentError(error.message, { hint });
  }
}

/** In JSON and YAML, `on` may be written as true, and `5` as a number. */
function jsonSpellings(word: string): readonly JsonScalar[] {
  if (word === 'on' || word === 'off') return [word, word === 'on'];
  return String(Number(word)) === word ? [word, Number(word)] : [word];
}

/** In JSON and YAML, what looks like a number or a switch is one. */
function jsonOf(form: RegExp): readonly JsonSchema[] {
  const others = [
    ...(form.test('80') ? ['number'] : []),
    ...(form.test('on') && form.test('off') ? ['boolean'] : []),
  ];
  const strings = { type: 'string', pattern: form.source };
  return others.length === 0 ? [strings] : [strings, { type: others }];
}

/** Types of arguments, for `single`, `list`, `map` and `namedBlocks`. */
export const argument = {
  /** `on` or `off`: a boolean. */
  flag: {
    usage: 'on|off',
    expected: '"on" or "off"',
    json: [{ enum: ['on', 'off'].flatMap(jsonSpellings) }],
    read: (text) => (text === 'on' ? true : text === 'off' ? false : undefined),
  },
  /** Bytes, as `readSize` reads them: a number. */
  size: {
    usage: 'SIZE',
    expected: 'a size in bytes, such as 512, 16k, 10m or 1g',
    json: [
      { type: 'integer', minimum: 0, maximum: 999_999_999_999_999 },
      { type: 'string', pattern: '^[0-9]{1,15}[kmgKMG]?$' },
    ],
    read: readSize,
  },
  /** Milliseconds, as `readDuration` reads them: a number. */
  duration: {
    usage: 'TIME',
    expected: 'a time, such as 30s, 500ms or 1h30m',
    json: [
      { type: 'integer', minimum: 0, maximum: 9_999_999_999 },
      { type: 'string', pattern: DURATION_PATTERN },
    ],
    read: readDuration,
  },
  /** Any text. */
  text: { usage: 'TEXT', expected: 'a text', read: (text) => text },
  /** An absolute path; a relative one starts from `server_dir`. */
  path: {
    usage: 'PATH',
    expected: 'a path',
    json: [{ type: ['string', 'number', 'boolean'], minLength: 1 }],
    read: (text, scope) => (text === '' || text.includes('\0') ? undefined : resolve(scope.base, text)),
  },
  /** A text with `$variables`: a `Template`. */
  template: { usage: 'TEXT', expected: 'a text, with $variables', read: readTemplate },
  /** A whole number from `min` to `max`, both included. */
  integer: (min: number, max: number): ArgumentType<number> => ({
    usage: 'N',
    expected: `a whole number from ${min} to ${max}`,
    json: [
      { type: 'integer', minimum: min, maximum: max },
      { type: 'string', pattern: min < 0 ? '^-?[0-9]{1,15}$' : '^[0-9]{1,15}$' },
    ],
    read: (text) => {
      const value = /^-?\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      return value >= min && value <= max ? value : undefined;
    },
  }),
  /** A word out of the given ones. */
  oneOf: <const Word extends string>(words: readonly Word[]): ArgumentType<Word> => ({
    usage: words.join('|'),
    expected: words.length === 1 ? `"${words[0]}"` : `one of ${words.map((word) => `"${word}"`).join(', ')}`,
    json: [{ enum: words.flatMap(jsonSpellings) }],
    read: (text) => words.find((word) => word === text),
  }),
  /** A word of a given form. */
  word: (usage: string, form: RegExp, expected: string): ArgumentType<string> => ({
    usage,
    expected,
    // JSON Schema's patterns have no flags.
    ...(form.flags === '' ? { json: jsonOf(form) } : {}),
    read: (text) => (form.test(text) ? text : undefined),
  }),
} satisfies Record<string, ArgumentType<unknown> | ((...args: never[]) => ArgumentType<unknown>)>;

/** Reads one argument or fails with what was expected. */
export function readArgument<T>(type: ArgumentType<T>, from: Argument, scope: Scope): T {
  const value = readAt(type, from, scope);
  if (value === undefined) {
    throw new ArgumentError(`expected ${type.expected}, got "${from.text}"`, { argument: from });
  }
  return value;
}

function readAt<T>(type: ArgumentType<T>, from: Argument, scope: Scope): T | undefined {
  try {
    return type.read(from.text, scope);
  } catch (error) {
    if (!(error instanceof ArgumentError) || error.argument !== undefined) throw error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    throw new ArgumentError(error.message, { argument: from, ...hint });
  }
}

/** The same, for a caller that only reports the error. */
export function readReported<T>(
  type: ArgumentType<T>,
  from: Argument,
  scope: Scope,
  report: (error: ArgumentError) => void,
): T | undefined {
  try {
    return readArgument(type, from, scope);
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    report(error);
    return undefined;
  }
}
