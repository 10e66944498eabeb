import { usageLine } from '../kernel/config/compile/check.js';
import { aliases, core } from '../kernel/config/directives/core.js';
import { ruleOf } from '../kernel/config/directives/registry.js';
import { type StructuralDirective, structure } from '../kernel/config/directives/structure.js';
import type { Directive, Inheritance } from '../kernel/contract/directive.js';
import type { Plugin } from '../kernel/contract/plugin.js';
import { kernelVariables, variablePrefixes } from '../kernel/contract/variables.js';
import { codes } from '../kernel/diagnostics/codes.js';

/** The reference in `docs/configuration.md`, printed from the tables the loader itself goes by. */

const INHERITED: Readonly<Record<Inheritance, string>> = {
  nearest: 'Inherited.',
  merge: 'Added to what the blocks around it have.',
  none: 'Not inherited.',
};

type Documented = Pick<Plugin, 'name' | 'directives' | 'variables' | 'codes'>;

/** @param plugins whose directives are listed behind the kernel's */
export function referenceOf(plugins: readonly Documented[]): string {
  const sections = [
    '### Blocks and structure',
    ...Object.entries(structure).map(([name, rule]) => entry(name, rule, '')),
    "### The kernel's values",
    ...Object.entries(core).map(([name, row]) => entry(name, ruleOf(row), valueLine(row))),
    ...plugins.flatMap(({ name, directives }) => [
      `### Plugin \`${name}\``,
      ...Object.entries(directives).map(([key, row]) => entry(key, ruleOf(row), valueLine(row))),
    ]),
    '### Variables',
    variableTable(plugins),
    '### Diagnostics',
    codeTable(plugins),
  ];
  return sections.join('\n\n');
}

function entry(name: string, rule: StructuralDirective, value: string): string {
  const repeated = rule.repeatable ? ' May be repeated.' : '';
  const lines = [`In ${rule.contexts.join(', ')}.${repeated}${value}`];
  const also = [...aliases].filter(([, canonical]) => canonical === name).map(([alias]) => `\`${alias}\``);
  if (also.length > 0) lines.push(`Also called ${also.join(', ')}.`);
  if (rule.example !== undefined) lines.push(`Example: \`${rule.example}\``);
  if (rule.block !== undefined) lines.push('', ...Object.entries(rule.block).map(innerLine));
  return `#### \`${usageLine(name, rule)}\`\n\n${sentence(rule.help)}\n\n${lines.join('\n')}`;
}

/** A directive of a block; the ones in a block of its own follow it. */
function innerLine([name, row]: readonly [string, Directive<unknown>]): string {
  const inner = Object.entries(row.block ?? {}).map(
    (each) => `\n  ${innerLine(each).replaceAll('\n', '\n  ')}`,
  );
  return `- \`${usageLine(name, ruleOf(row))}\`: ${row.help}. Default: ${defaultOf(row)}.${inner.join('')}`;
}

/** Default and inheritance; a directive allowed only in main inherits nothing. */
function valueLine(row: Directive<unknown>): string {
  const isOnlyMain = row.contexts.every((context) => context === 'main');
  return ` Default: ${defaultOf(row)}.${isOnlyMain ? '' : ` ${INHERITED[row.inheritance]}`}`;
}

function sentence(help: string): string {
  return `${help.charAt(0).toUpperCase()}${help.slice(1)}.`;
}

/** The default as it would be written; the help text describes values that cannot be written. */
function defaultOf({ fallback, usage, writtenDefault }: Directive<unknown>): string {
  const written = writtenDefault ?? writtenValue(fallback, usage);
  return written === '' ? 'none' : `\`${written}\``;
}

export function writtenValue(value: unknown, usage: string): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value === 'number') {
    if (usage === 'SIZE') return writtenSize(value);
    return usage === 'TIME' ? writtenTime(value) : String(value);
  }
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map((item) => writtenValue(item, '')).join(' ');
  if (typeof value === 'object' && value !== null && 'source' in value) return writtenValue(value.source, '');
  return '';
}

function writtenSize(bytes: number): string {
  for (const [unit, factor] of [
    ['g', 1024 ** 3],
    ['m', 1024 ** 2],
    ['k', 1024],
  ] as const) {
    if (bytes > 0 && bytes % factor === 0) return `${bytes / factor}${unit}`;
  }
  return String(bytes);
}

function writtenTime(milliseconds: number): string {
  if (milliseconds % 1000 !== 0) return `${milliseconds}ms`;
  const seconds = milliseconds / 1000;
  return seconds > 0 && seconds % 60 === 0 ? `${seconds / 60}m` : `${seconds}s`;
}

function variableTable(plugins: readonly Documented[]): string {
  const row = (name: string, help: string): string => `| \`$${name}\` | ${help} |`;
  const own = Object.entries(kernelVariables).map(([name, { help }]) => row(name, help));
  const families = Object.entries(variablePrefixes).map(([prefix, { help }]) => row(`${prefix}…`, help));
  const others = plugins.flatMap((plugin) =>
    Object.entries(plugin.variables).map(([name, { help }]) =>
      row(name, `${help} (plugin \`${plugin.name}\`)`),
    ),
  );
  return ['| variable | stands for |', '|---|---|', ...own, ...families, ...others].join('\n');
}

function codeTable(plugins: readonly Documented[]): string {
  const rows = Object.entries(codes).map(([code, meaning]) => `| \`${code}\` | ${meaning} |`);
  const others = plugins.flatMap((plugin) =>
    Object.entries(plugin.codes).map(
      ([code, meaning]) => `| \`${code}\` | ${meaning} (plugin \`${plugin.name}\`) |`,
    ),
  );
  return ['| code | meaning |', '|---|---|', ...rows, ...others].join('\n');
}
