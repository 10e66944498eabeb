import { usageLine } from '../kernel/config/compile/check.js';
import { argument } from '../kernel/config/directives/arguments.js';
import { aliases, core, mediaType } from '../kernel/config/directives/core.js';
import { ruleOf } from '../kernel/config/directives/registry.js';
import { type StructuralDirective, structure } from '../kernel/config/directives/structure.js';
import type { ArgumentType, Context, Directive, JsonSchema } from '../kernel/contract/directive.js';
import type { Plugin } from '../kernel/contract/plugin.js';

/** The directive tables as a JSON Schema for the forms in which a configuration is an object: YAML, JSON, TypeScript. */

type Types = readonly ArgumentType<unknown>[];

const reference = (name: string): JsonSchema => ({ $ref: `#/definitions/${name}` });
const anyOf = (schemas: readonly JsonSchema[]): JsonSchema =>
  schemas.length === 1 && schemas[0] !== undefined ? schemas[0] : { anyOf: schemas };
const noItems: JsonSchema = { type: 'array', maxItems: 0 };

/** @param plugins whose directives are known beside the kernel's */
export function configSchema(plugins: readonly Plugin[]): JsonSchema {
  const directives = directivesOf(plugins);
  const block = (context: Context, others: Readonly<Record<string, JsonSchema>> = {}): JsonSchema => ({
    type: 'object',
    properties: { ...others, ...propertiesIn(context, directives) },
    additionalProperties: false,
  });
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'A configuration of webserv',
    ...block('main', { $schema: { description: 'where this schema is, for editors', type: 'string' } }),
    // An included file may contain what is missing here.
    anyOf: [{ required: ['server'] }, { required: ['include'] }],
    definitions: {
      server: { ...block('server'), anyOf: [{ required: ['listen'] }, { required: ['include'] }] },
      location: block('location'),
      argument: { type: ['string', 'number', 'boolean'] },
      environment: {
        description: 'a text with an environment variable in it, with or without a default',
        type: 'string',
        pattern: '\\$\\{[A-Z][A-Z0-9_]*(?::-[^}\\n]*)?\\}',
      },
      ...Object.fromEntries(directives.map(({ name, schema }) => [definitionOf(name), schema])),
    },
  };
}

interface DescribedDirective {
  readonly name: string;
  readonly contexts: readonly Context[];
  readonly schema: JsonSchema;
}

function directivesOf(plugins: readonly Plugin[]): readonly DescribedDirective[] {
  const described = (name: string, rule: StructuralDirective, schema: JsonSchema): DescribedDirective => ({
    name,
    contexts: rule.contexts,
    schema: { description: `${usageLine(name, rule)}\n${rule.help}`, ...schema },
  });
  const shaping = Object.entries<StructuralDirective>(structure).map(([name, rule]) =>
    described(name, rule, shapes[name] ?? uses(rule, [])),
  );
  const tables = [core, ...plugins.map(({ directives }) => directives)];
  const valued = tables
    .flatMap((table) => Object.entries<Directive<unknown>>(table))
    .map(([name, row]) => described(name, ruleOf(row), schemaOf(row)));
  return [...shaping, ...valued];
}

function definitionOf(directive: string): string {
  return `directive-${directive}`;
}

function propertiesIn(
  context: Context,
  directives: readonly DescribedDirective[],
): Readonly<Record<string, JsonSchema>> {
  const names = directives.filter(({ contexts }) => contexts.includes(context)).map(({ name }) => name);
  const known = [
    ...names,
    ...[...aliases].filter(([, name]) => names.includes(name)).map(([alias]) => alias),
  ];
  return Object.fromEntries(known.map((name) => [name, reference(definitionOf(aliases.get(name) ?? name))]));
}

const extensions = uses({ ...structure.types, minArguments: 1, maxArguments: Infinity }, []);

/** The values of `listen` and `server_name`, as precisely as a pattern can describe them. */
const address: ArgumentType<string> = {
  ...argument.text,
  json: [
    { type: 'integer', minimum: 0, maximum: 65_535 },
    { type: 'string', pattern: '^(?:(?:\\*|localhost|[0-9.]+|\\[[0-9A-Fa-f:.]+\\]):)?[0-9]{1,5}$|^unix:.+' },
  ],
};
const hostName: ArgumentType<string> = {
  ...argument.text,
  json: [
    { type: ['number', 'boolean'], minimum: 0 },
    {
      type: 'string',
      pattern: '^(?:\\*\\.)?(?!-)[^\\s./:;,=~$*]+(?:\\.[^\\s./:;,=~$*]+)*$|^\\[[0-9A-Fa-f:.]+\\]$',
    },
  ],
};

/** The directives that have a block, or words that their rule does not tell of. */
const shapes: Readonly<Record<string, JsonSchema>> = {
  listen: uses({ ...structure.listen, maxArguments: 2 }, [address, argument.oneOf(['default_server'])]),
  server_name: uses(structure.server_name, [hostName]),
  server: one(reference('server')),
  types: one({
    type: ['object', 'null'],
    propertyNames: word(mediaType),
    additionalProperties: extensions,
  }),
  location: one({
    type: 'object',
    propertyNames: anyOf([
      { pattern: '^(?:(?:=|\\^~) +)?/' },
      { pattern: '^\\*\\.[^\\s/\\\\*?%]{1,64}$' },
      reference('environment'),
    ]),
    additionalProperties: { anyOf: [reference('location'), { type: 'null' }] },
  }),
};

/** A value, or a list of values. */
function one(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: 'array', items: schema }] };
}

/** The forms of a row's value: a block, blocks by their keys, or uses. */
function schemaOf(row: Directive<unknown>): JsonSchema {
  const types = row.argumentTypes ?? [];
  if (row.block === undefined) return uses(row, types);
  const inner: JsonSchema = {
    type: 'object',
    properties: Object.fromEntries(Object.entries(row.block).map(([name, each]) => [name, schemaOf(each)])),
    additionalProperties: false,
  };
  if (row.maxArguments === 0) return inner;
  return { type: 'object', propertyNames: word(types[0]), additionalProperties: inner };
}

type Counts = Pick<StructuralDirective, 'minArguments' | 'maxArguments' | 'repeatable'>;

/** A directive's value: one use; an object whose keys are the first arguments; or, where it may be, several uses. */
function uses(counts: Counts, types: Types): JsonSchema {
  const alternatives = [...use(counts, types, 0)];
  if (counts.maxArguments > 1) {
    alternatives.push({
      type: 'object',
      propertyNames: word(types[0]),
      additionalProperties: oneOrSeveral(counts, use(counts, types, 1)),
      ...(counts.repeatable ? {} : { maxProperties: 1 }),
    });
  }
  return oneOrSeveral(counts, alternatives);
}

/** @param alternatives what one use may be */
function oneOrSeveral({ repeatable }: Counts, alternatives: readonly JsonSchema[]): JsonSchema {
  if (!repeatable) return anyOf(alternatives);
  // A list of texts alone is the arguments of one use.
  const contains = { type: ['array', 'object'] };
  return anyOf([...alternatives, { type: 'array', contains, items: anyOf(alternatives) }]);
}

/** The arguments of one use from the one at `from` on: one alone, or a list; nothing where none has to be. */
function use({ minArguments, maxArguments }: Counts, types: Types, from: number): readonly JsonSchema[] {
  const least = Math.max(0, minArguments - from);
  const most = maxArguments - from;
  const typeAt = (index: number): JsonSchema => word(types[Math.min(from + index, types.length - 1)]);
  const alternatives: JsonSchema[] = [];
  if (least <= 1 && most >= 1) alternatives.push(typeAt(0));
  if (most >= 1) {
    const known = Math.max(1, types.length - from);
    alternatives.push({
      type: 'array',
      ...(known === 1
        ? { items: typeAt(0) }
        : {
            items: Array.from({ length: known }, (_, index) => typeAt(index)),
            additionalItems: typeAt(known),
          }),
      minItems: Math.max(1, least),
      ...(most === Number.POSITIVE_INFINITY ? {} : { maxItems: most }),
    });
  }
  if (least === 0) alternatives.push({ type: 'null' });
  return [...alternatives, noItems];
}

/** A single argument. Where the type does not restrict it, any text, number or boolean is allowed. */
function word(type: ArgumentType<unknown> | undefined): JsonSchema {
  return type?.json === undefined ? reference('argument') : anyOf([...type.json, reference('environment')]);
}
