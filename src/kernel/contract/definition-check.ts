import type { Directive, DirectiveTable } from './directive.js';
import { checkKeys, checkObject } from './known-keys.js';
import type { PluginDefinition, ScriptRunner } from './plugin.js';
import { type VariableDefinition, variablePrefixes } from './variables.js';

/** The checks of `definePlugin`: everything in a definition that would do nothing, or could not be written, is refused. */

const NAME = /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/;
const WORD = /^[a-z][a-z0-9_]*$/;

/** Everything a definition may have, and what each must be. */
const DEFINITION: Readonly<Record<keyof PluginDefinition<DirectiveTable, unknown>, Kind>> = {
  name: 'string',
  apiVersion: 'number',
  directives: 'object',
  variables: 'object',
  codes: 'object',
  setup: 'function',
  apply: 'function',
  scripts: 'object',
};
const SCRIPTS: Readonly<Record<keyof ScriptRunner<unknown>, Kind>> = { names: 'function', off: 'string' };
const VARIABLE: Readonly<Record<keyof VariableDefinition, Kind>> = { help: 'string', value: 'function' };
const DIRECTIVE: Readonly<Record<keyof Directive<unknown>, Kind>> = {
  contexts: 'list',
  help: 'string',
  usage: 'string',
  minArguments: 'number',
  maxArguments: 'number',
  argumentTypes: 'list',
  repeatable: 'boolean',
  inheritance: 'string',
  example: 'string',
  fallback: 'any',
  writtenDefault: 'string',
  outranks: 'function',
  block: 'object',
  read: 'function',
};

type Kind = 'string' | 'number' | 'boolean' | 'object' | 'list' | 'function' | 'any';

/** @throws TypeError that names the plugin, the part of its definition, and what was meant */
export function checkDefinition<Table extends DirectiveTable, Made>(
  definition: PluginDefinition<Table, Made>,
): void {
  checkObject('a plugin', definition);
  const plugin = `plugin "${String(definition.name)}"`;
  checkPart(plugin, definition, DEFINITION);
  const { name, directives = {}, variables = {}, codes = {}, scripts } = definition;
  if (typeof name !== 'string' || !NAME.test(name))
    throw new TypeError(`plugin name "${name}": use lower case words joined with dashes`);
  checkNames(plugin, 'directive', Object.keys(directives), WORD, 'underscores');
  checkNames(plugin, 'variable', Object.keys(variables), WORD, 'underscores');
  checkNames(plugin, 'code', Object.keys(codes), NAME, 'dashes');
  checkTable(plugin, directives);
  for (const [variable, row] of Object.entries(variables)) {
    if (Object.keys(variablePrefixes).some((prefix) => variable.startsWith(prefix)))
      throw new TypeError(
        `${plugin}, variable "${variable}": the name is one of the request's own variables`,
      );
    checkPart(`${plugin}, variable "${variable}"`, row, VARIABLE);
  }
  if (scripts === undefined) return;
  checkPart(`${plugin}, scripts`, scripts, SCRIPTS);
  for (const key of ['names', 'off'] as const) {
    if (scripts[key] === undefined) throw new TypeError(`${plugin}, scripts: "${key}" is missing`);
  }
}

function checkTable(owner: string, table: DirectiveTable): void {
  for (const [name, row] of Object.entries(table)) {
    const what = `${owner}, directive "${name}"`;
    checkPart(what, row, DIRECTIVE);
    if (typeof row.read !== 'function')
      throw new TypeError(`${what} is not a directive: make it with flag(), text(), directive() or the like`);
    if (row.block !== undefined) checkTable(what, row.block);
  }
}

function checkPart(what: string, part: object, kinds: Readonly<Record<string, Kind>>): void {
  checkObject(what, part);
  checkKeys(what, part, Object.keys(kinds));
  for (const [key, value] of Object.entries(part)) {
    const kind = kinds[key];
    const given = value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value;
    if (kind === undefined || kind === 'any' || value === undefined || given === kind) continue;
    throw new TypeError(`${what}: "${key}" must be ${kind === 'object' ? 'an' : 'a'} ${kind}, got ${given}`);
  }
}

function checkNames(
  plugin: string,
  kind: string,
  names: readonly string[],
  form: RegExp,
  joint: string,
): void {
  const wrong = names.find((name) => !form.test(name));
  if (wrong === undefined) return;
  throw new TypeError(`${plugin}, ${kind} "${wrong}": use lower case words joined with ${joint}`);
}
