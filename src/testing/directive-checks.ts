import { deepStrictEqual, fail } from 'node:assert';
import type { RouteConfig } from '../kernel/contract/config.js';
import type { OptionValues } from '../kernel/contract/directive.js';
import type { Plugin } from '../kernel/contract/plugin.js';
import { ConfigError } from '../kernel/diagnostics/config-error.js';
import type { Diagnostic } from '../kernel/diagnostics/diagnostic.js';
import { renderDiagnostic, renderDiagnostics } from '../kernel/diagnostics/render.js';
import { assemble } from '../kernel/server/assembly.js';
import type { Check } from './check.js';
import { addedLines, readTestConfig } from './configuration.js';
import { makeDirectory, type TestFiles } from './files.js';
import { recordingLog } from './recording-log.js';

/**
 * An expected diagnostic: its whole message, a pattern for it, or some of its parts. Lines are counted from the first
 * line of the case's own text.
 */
export type ExpectedDiagnostic =
  | string
  | RegExp
  | {
      readonly code?: string;
      readonly message?: string | RegExp;
      readonly hint?: string | RegExp;
      readonly line?: number;
      readonly column?: number;
    };

/** A configuration that the server should accept. */
export interface ValidCase {
  /** Text of one `server` block, or a whole configuration. */
  readonly conf: string;
  /**
   * Expected values of some of the plugin's directives, in the first location of `conf`, or in its server without one.
   */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Expected warnings, in the order of the lines; not checked when left out. */
  readonly warnings?: readonly ExpectedDiagnostic[];
}

/** A configuration that the server should reject. */
export interface InvalidCase {
  /** Text of one `server` block, or a whole configuration. */
  readonly conf: string;
  /** All expected errors, in the order of the lines. */
  readonly errors: readonly ExpectedDiagnostic[];
}

/** Cases of `directiveChecks`. */
export interface DirectiveCases {
  /** A plain string is a case that is only accepted, without checking values. */
  readonly valid?: readonly (string | ValidCase)[];
  /** Cases that are to be refused. */
  readonly invalid?: readonly InvalidCase[];
  /** Files in the configurations' directory. */
  readonly files?: TestFiles;
}

/** Creates a test for each case: whether the server accepts the configuration, and which diagnostics it reports. */
export function directiveChecks(
  plugin: Plugin,
  { valid = [], invalid = [], files = {} }: DirectiveCases,
): readonly Check[] {
  const accepted = valid.map((given) => (typeof given === 'string' ? { conf: given } : given));
  return [
    ...accepted.map((expected) => ({
      name: `accepts ${onOneLine(expected.conf)}`,
      run: async () => checkAccepted(expected, await read(plugin, expected.conf, files)),
    })),
    ...invalid.map((expected) => ({
      name: `rejects ${onOneLine(expected.conf)}`,
      run: async () => checkRejected(expected, await read(plugin, expected.conf, files)),
    })),
  ];
}

function onOneLine(conf: string): string {
  return conf.replace(/\s+/g, ' ').trim() || 'an empty configuration';
}

/** Result of reading a configuration. */
interface Reading {
  readonly diagnostics: readonly Diagnostic[];
  /** undefined when the configuration is rejected. */
  readonly options: OptionValues | undefined;
}

/**
 * Reads a configuration as a start would, up to the sockets: a plugin may refuse settings that the loader cannot judge.
 */
async function read(plugin: Plugin, conf: string, files: TestFiles): Promise<Reading> {
  const { directory, remove } = await makeDirectory(files);
  const moved = addedLines(conf);
  const reading = (diagnostics: readonly Diagnostic[], options?: OptionValues): Reading => ({
    diagnostics: diagnostics.map((one) => ({
      ...one,
      place: one.place && { ...one.place, line: one.place.line - moved },
    })),
    options,
  });
  try {
    const { config, diagnostics } = await readTestConfig(conf, directory, [plugin]);
    if (config === undefined) return reading(diagnostics);
    const { warnings, dispose } = await assemble(config, recordingLog().log);
    await dispose();
    const [server] = config.servers;
    const route = server && innermost(server.route);
    return reading([...diagnostics, ...warnings], route?.options.get(plugin.name) ?? {});
  } catch (error) {
    if (error instanceof ConfigError) return reading(error.diagnostics);
    throw error;
  } finally {
    await remove();
  }
}

function innermost(route: RouteConfig): RouteConfig {
  const [first] = route.children;
  return first === undefined ? route : innermost(first);
}

function checkAccepted({ options, warnings }: ValidCase, { diagnostics, options: values }: Reading): void {
  if (values === undefined) fail(`it is rejected:\n${renderDiagnostics(diagnostics)}`);
  for (const [name, value] of Object.entries(options ?? {})) {
    if (!(name in values)) fail(`the plugin has no directive "${name}"`);
    deepStrictEqual(values[name], value, `"${name}" has another value`);
  }
  if (warnings !== undefined) compare(of('warning', diagnostics), warnings, 'warning');
}

function checkRejected({ errors }: InvalidCase, { diagnostics, options }: Reading): void {
  if (options !== undefined) fail('it is accepted');
  compare(of('error', diagnostics), errors, 'error');
}

function of(severity: Diagnostic['severity'], diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics.filter((one) => one.severity === severity);
}

function compare(found: readonly Diagnostic[], expected: readonly ExpectedDiagnostic[], kind: string): void {
  if (found.length !== expected.length) {
    fail(
      `expected ${expected.length} diagnostics (${kind}), found ${found.length}:\n${renderDiagnostics(found)}`,
    );
  }
  for (const [index, diagnostic] of found.entries()) {
    const wanted = expected[index] ?? '';
    const wrong = difference(diagnostic, wanted);
    if (wrong !== undefined) fail(`${kind} ${index + 1}: ${wrong}:\n${renderDiagnostic(diagnostic)}`);
  }
}

/** @returns the first difference from the expected diagnostic; undefined when it matches */
function difference(found: Diagnostic, wanted: ExpectedDiagnostic): string | undefined {
  const parts = typeof wanted === 'string' || wanted instanceof RegExp ? { message: wanted } : wanted;
  const { code, message, hint, line, column } = parts;
  if (code !== undefined && found.code !== code) return `the code is not ${code}`;
  if (message !== undefined && !matches(found.message, message))
    return `the message is not ${String(message)}`;
  if (hint !== undefined && !matches(found.hint ?? '', hint)) return `the hint is not ${String(hint)}`;
  if (line !== undefined && found.place?.line !== line) return `the line is not ${line}`;
  if (column !== undefined && found.place?.column !== column) return `the column is not ${column}`;
  return undefined;
}

function matches(text: string, wanted: string | RegExp): boolean {
  return typeof wanted === 'string' ? text === wanted : wanted.test(text);
}
