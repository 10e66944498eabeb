import { HttpError } from '../http/errors.js';
import type { Exchange } from './exchange.js';
import { type VariableTable, variablePrefixes } from './variables.js';

/** A variable of the environment: in capitals, where `$uri` and `${remote_addr}` are variables of templates. */
export const ENVIRONMENT_NAME = /^[A-Z][A-Z0-9_]*$/;

/** A directive argument with `$name` or `${name}` in it, compiled once and filled in for each exchange. */
export interface Template {
  /** As written in the configuration. */
  readonly source: string;
  /** True when there is no variable in it. */
  readonly constant: boolean;
  /**
   * Fills the variables in. A variable without a value is empty.
   * @throws HttpError 400 when a variable's value has a CR, LF or NUL: none may reach a header field
   */
  render(exchange: Exchange): string;
}

/** Thrown for a variable that is not defined. */
export class UnknownVariable extends Error {
  /** Without its `$`. */
  readonly variable: string;

  constructor(variable: string) {
    super(`there is no variable "$${variable}"`);
    this.name = 'UnknownVariable';
    this.variable = variable;
  }
}

type Part = string | ((exchange: Exchange) => string);

function reader(name: string, table: VariableTable): (exchange: Exchange) => string {
  const definition = Object.hasOwn(table, name) ? table[name] : undefined;
  if (definition !== undefined) {
    return (exchange) => exchange.variable(name) ?? definition.value?.(exchange) ?? '';
  }
  for (const [prefix, family] of Object.entries(variablePrefixes)) {
    if (name.startsWith(prefix) && name.length > prefix.length)
      return family.value(name.slice(prefix.length));
  }
  throw new UnknownVariable(name);
}

function checked(value: string): string {
  for (let index = 0; index < value.length; index += 1) {
    const code = value.charCodeAt(index);
    if (code === 0 || code === 10 || code === 13)
      throw new HttpError(400, { reason: 'control character in a variable' });
  }
  return value;
}

/**
 * @param source text in which `$name` and `${name}` are replaced; `$$` is one dollar sign, any other `$` is itself. A
 * `${NAME}` in capitals is text: as a variable of the environment it was filled in before, unless a `\` kept it
 * @throws UnknownVariable
 */
export function compileTemplate(source: string, table: VariableTable): Template {
  const parts: Part[] = [];
  let end = 0;
  for (const match of source.matchAll(/\$(?:\{(\w+)\}|([a-z_]\w*)|\$)/gi)) {
    if (match.index > end) parts.push(source.slice(end, match.index));
    const name = match[1] ?? match[2];
    if (match[1] !== undefined && ENVIRONMENT_NAME.test(match[1])) parts.push(match[0]);
    else parts.push(name === undefined ? '$' : reader(name, table));
    end = match.index + match[0].length;
  }
  if (end < source.length) parts.push(source.slice(end));
  const constant = parts.every((part) => typeof part === 'string');
  const text = constant ? parts.join('') : '';
  return {
    source,
    constant,
    render: constant
      ? () => text
      : (exchange) =>
          parts.map((part) => (typeof part === 'string' ? part : checked(part(exchange)))).join(''),
  };
}
