import { isAlias, isMap, isPair, isScalar, isSeq, type Node, type Scalar } from 'yaml';
import type { Argument, DirectiveUse } from '../../contract/directive.js';
import type { Place } from '../../diagnostics/diagnostic.js';
import { type Findings, shown } from '../../diagnostics/findings.js';
import { structure } from '../directives/structure.js';
import { type Environment, expandReferences } from '../language/environment.js';
import { MAX_DEPTH } from '../language/parser.js';
import type { Source } from '../language/source.js';

/** An alias counts as all it stands for: nine lines of aliases make a billion values. */
const MAX_NODES = 1_000_000;
/** Only an alias in its own anchor comes here: the text itself is checked before. */
const MAX_NESTING = 4 * MAX_DEPTH;

type Value = Node | null;

/** The value of a key: arguments, and a block if it has one. */
type Written = Pick<DirectiveUse, 'arguments' | 'block' | 'keyed'>;

/** Directives whose object is their block, because they take no arguments: `server`, `types`; nginx's outer ones. */
const plainBlocks: ReadonlySet<string> = new Set([
  'http',
  'events',
  ...Object.entries(structure)
    .filter(([, rule]) => rule.hasBlock && rule.maxArguments === 0)
    .map(([name]) => name),
]);

/** A configuration written as an object → directives. */
export class ObjectForm {
  readonly #source: Source;
  readonly #environment: Environment;
  readonly #findings: Findings;
  readonly #anchors = new Map<string, Node>();
  #nodes = 0;
  #exceeded = false;

  constructor(source: Source, environment: Environment, findings: Findings) {
    this.#source = source;
    this.#environment = environment;
    this.#findings = findings;
  }

  /** True when aliases made too much of it: then only a part was read. */
  get exceeded(): boolean {
    return this.#exceeded;
  }

  /** The directives of an object. */
  block(value: Value, depth: number): readonly DirectiveUse[] {
    return this.#entries(value, depth).flatMap(([key, inner]) => {
      const name = this.#word(key);
      return name === undefined ? [] : this.#uses(name, inner, depth + 1);
    });
  }

  #uses(name: Argument, value: Value, depth: number): readonly DirectiveUse[] {
    return this.#written(name.text, value, depth).map((written) => ({
      name: name.text,
      place: name.place,
      ...written,
    }));
  }

  /** Converts the value of a directive to its uses. */
  #written(name: string, value: Value, depth: number): readonly Written[] {
    const node = this.#resolve(value, depth);
    if (isSeq<Node>(node)) {
      const items = node.items.map((item) => this.#resolve(item, depth + 1));
      if (items.some((item) => isMap(item) || isSeq(item))) {
        return items.flatMap((item) => this.#written(name, item, depth + 1));
      }
      // A list of no uses, or a directive without arguments: that is known when the plugins are.
      if (items.length === 0) return plainBlocks.has(name) ? [] : [{ arguments: [], block: [], keyed: true }];
      return [{ arguments: this.#words(items), block: undefined }];
    }
    if (isMap(node)) {
      if (plainBlocks.has(name)) return [{ arguments: [], block: this.block(node, depth) }];
      // Nothing, or an empty block: that is known when the plugins are.
      if (node.items.length === 0) return [{ arguments: [], block: [], keyed: true }];
      return this.#entries(node, depth).flatMap(([key, inner]) => this.#keyed(name, key, inner, depth + 1));
    }
    if (plainBlocks.has(name) && isNothing(node)) return [{ arguments: [], block: [] }];
    return [{ arguments: isNothing(node) ? [] : this.#words([node]), block: undefined }];
  }

  /** `location: { '/img': { … } }`, `cgi: { .php: /usr/bin/php-cgi }`: the key is the first argument. */
  #keyed(name: string, key: Node, value: Value, depth: number): readonly Written[] {
    const word = this.#word(key);
    if (word === undefined) return [];
    const first = name === 'location' ? locationWords(word) : [word];
    const node = this.#resolve(value, depth);
    if (isMap(node) || (name === 'location' && isNothing(node))) {
      return [{ arguments: first, block: this.block(node, depth), keyed: true }];
    }
    const isEmptyList = isSeq(node) && node.items.length === 0;
    if (isEmptyList) return [{ arguments: first, block: undefined, keyed: true }];
    return this.#written('', node, depth).map(({ arguments: rest }) => ({
      arguments: [...first, ...rest],
      block: undefined,
      keyed: true,
    }));
  }

  /** The keys and values of an object; what is no object is reported. */
  #entries(value: Value, depth: number): readonly (readonly [Node, Value])[] {
    const node = this.#resolve(value, depth);
    if (isNothing(node)) return [];
    if (!isMap<Node, Value>(node)) {
      this.#unexpected(node, 'directives by name are expected here');
      return [];
    }
    const seen = new Set<unknown>();
    const merged: Value[] = [];
    const own = node.items.flatMap((pair) => {
      if (!isPair(pair)) return [];
      const { key, value: inner } = pair;
      if (isMergeKey(key)) {
        merged.push(inner);
        return [];
      }
      const name = isScalar(key) ? key.value : undefined;
      if (seen.has(name)) {
        this.#findings.error(
          'syntax',
          `"${shown(String(name))}" appears twice in this object`,
          this.#place(key),
          {
            hint: 'where a directive may be repeated, give it a list of lists or of objects',
          },
        );
        return [];
      }
      seen.add(name);
      return [[key, inner] as const];
    });
    return merged.length === 0 ? own : [...own, ...this.#mergedEntries(merged, seen, depth)];
  }

  /**
   * The keys that `<<: *base` and `<<: [*one, *other]` add: those that the map does not have itself.
   * https://yaml.org/type/merge.html
   */
  #mergedEntries(
    merged: readonly Value[],
    seen: Set<unknown>,
    depth: number,
  ): readonly (readonly [Node, Value])[] {
    const added: (readonly [Node, Value])[] = [];
    const sources = merged.flatMap((value) => {
      const node = this.#resolve(value, depth);
      return isSeq<Node>(node) ? node.items : [node];
    });
    for (const source of sources) {
      for (const [key, inner] of this.#entries(source, depth + 1)) {
        const name = isScalar(key) ? key.value : undefined;
        if (seen.has(name)) continue;
        seen.add(name);
        added.push([key, inner]);
      }
    }
    return added;
  }

  #words(nodes: readonly Value[]): readonly Argument[] {
    return nodes.map((node) => this.#word(node)).filter((word) => word !== undefined);
  }

  /** A single value as a word. */
  #word(value: Value): Argument | undefined {
    const node = this.#resolve(value, 0);
    if (isScalar(node) && !isNothing(node)) {
      const place = this.#place(node);
      return { text: expandReferences(textOf(node), this.#environment, place, this.#findings), place };
    }
    this.#unexpected(node, 'a text, a number, true or false is expected here');
    return undefined;
  }

  /** The target of an alias; any other node is returned as it is. */
  #resolve(value: Value, depth: number): Value {
    if (value === null || this.#isTooMuch(value, depth)) return null;
    if (isAlias(value)) {
      const target = this.#anchors.get(value.source);
      if (target === undefined) {
        const message = `there is no anchor "${shown(value.source)}" before this`;
        this.#findings.error('syntax', message, this.#place(value));
      }
      return target ?? null;
    }
    if ('anchor' in value && typeof value.anchor === 'string') this.#anchors.set(value.anchor, value);
    return value;
  }

  #isTooMuch(value: Node, depth: number): boolean {
    this.#nodes += 1;
    const isTooDeep = depth > MAX_NESTING;
    if (this.#exceeded || (this.#nodes < MAX_NODES && !isTooDeep)) return this.#exceeded;
    this.#exceeded = true;
    if (isTooDeep) {
      this.#findings.error('too-deep', 'an alias is part of its own value', this.#place(value));
    } else {
      const message = `there are more than ${MAX_NODES} values, those of aliases counted each time`;
      this.#findings.error('too-large', message, this.#place(value));
    }
    return true;
  }

  #unexpected(node: Value, message: string): void {
    if (this.#exceeded) return;
    this.#findings.error('unexpected-value', message, node === null ? undefined : this.#place(node));
  }

  #place(node: Node): Place {
    const [start, end] = node.range ?? [0, 1];
    return this.#source.place(start, end);
  }
}

/** A quoted one, as in JSON, is a name like any other. */
function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.value === '<<' && key.type === 'PLAIN';
}

function isNothing(node: Value): boolean {
  return node === null || (isScalar(node) && node.value === null);
}

/** As it is written, so that 1.10 stays that; `true` and `false` are the language's `on` and `off`. */
function textOf({ value, source }: Scalar): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  return source ?? String(value);
}

/** `= /path` is two words; a path alone may have spaces. */
function locationWords(word: Argument): readonly Argument[] {
  const [, modifier, path] = /^(=|\^~) +(.*)$/s.exec(word.text) ?? [];
  if (modifier === undefined || path === undefined) return [word];
  return [
    { ...word, text: modifier },
    { ...word, text: path },
  ];
}
