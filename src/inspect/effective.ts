import { checkBlock } from '../kernel/config/compile/check.js';
import { core } from '../kernel/config/directives/core.js';
import type { LoadedPlugin, Registry } from '../kernel/config/directives/registry.js';
import type { ConfigSource } from '../kernel/config/files/load.js';
import type { CheckedBlock, Config } from '../kernel/contract/config.js';
import type { Context, Directive, DirectiveUse, Scope } from '../kernel/contract/directive.js';
import type { Plugin } from '../kernel/contract/plugin.js';
import type { Place } from '../kernel/diagnostics/diagnostic.js';
import { Findings } from '../kernel/diagnostics/findings.js';
import type { EffectiveBlock, Setting } from './effective-block.js';
import { writtenValue } from './reference.js';
import { isPlainValue, isSameValue } from './same-value.js';

/** A directive's value somewhere, and the uses that gave it: none for the default. */
interface InEffect {
  readonly value: unknown;
  readonly uses: readonly DirectiveUse[];
}

type InEffectByName = ReadonlyMap<string, InEffect>;

const CONTEXTS: readonly Context[] = ['main', 'server', 'location'];
const noUses: readonly DirectiveUse[] = [];
const noProviders: ReadonlyMap<string, string> = new Map();

/**
 * What a configuration without mistakes comes to: the tree of its blocks, with defaults and inheritance applied. A
 * default is shown in the outermost block that may have the directive, any other inherited value wherever it is in effect.
 * What is printed of it, read and printed again, is the same.
 */
export function effectiveConfig(config: Config, { tree, registry, plugins }: ConfigSource): EffectiveBlock {
  const walk = new Walk(registry, { base: config.main.serverDir, variables: registry.variables });
  const main = walk.block({ name: 'main', words: [], place: undefined, uses: tree.uses }, 'main', new Map());
  const serverDir = main.settings.find(({ name }) => name === 'server_dir');
  return {
    ...main,
    settings: [
      {
        name: 'server_dir',
        words: [config.main.serverDir],
        origin: serverDir?.origin ?? 'default',
        place: serverDir?.place,
        mayBeWritten: true,
      },
      ...plugins.flatMap(loadedPlugin),
      ...main.settings.filter(({ name }) => name !== 'server_dir'),
    ],
  };
}

/** By its file, so that it is found from wherever the configuration is read again. */
function loadedPlugin({ file, place }: LoadedPlugin): readonly Setting[] {
  if (file === undefined) return [];
  return [{ name: 'load_plugin', words: [file], origin: 'own', place, mayBeWritten: true }];
}

interface WrittenBlock {
  readonly name: string;
  readonly words: readonly string[];
  readonly place: Place | undefined;
  readonly uses: readonly DirectiveUse[];
}

class Walk {
  readonly #registry: Registry;
  readonly #scope: Scope;
  readonly #rows: readonly (readonly [name: string, row: Directive<unknown>])[];

  constructor(registry: Registry, scope: Scope) {
    this.#registry = registry;
    this.#scope = scope;
    this.#rows = rowsOf(registry.plugins);
  }

  block({ name, words, place, uses }: WrittenBlock, context: Context, outer: InEffectByName): EffectiveBlock {
    const check = {
      registry: this.#registry,
      findings: new Findings(),
      complete: true,
      providers: noProviders,
    };
    const block = checkBlock(uses, context, check);
    const inEffect = new Map<string, InEffect>();
    const settings = [...written(block, 'listen'), ...written(block, 'server_name')];
    for (const [directive, row] of this.#rows) {
      const default_: InEffect = { value: row.fallback, uses: noUses };
      const around = row.inheritance === 'none' ? default_ : (outer.get(directive) ?? default_);
      const own = block.get(directive) ?? noUses;
      const here: InEffect = {
        value: own.length === 0 ? around.value : this.#read(row, own, around.value),
        uses: own.length === 0 || row.inheritance === 'merge' ? [...around.uses, ...own] : own,
      };
      inEffect.set(directive, here);
      if (!row.contexts.includes(context) || row.block !== undefined) continue;
      settings.push(...this.#settings(directive, row, { own, around, here, context }));
    }
    const inner = (directive: string, innerContext: Context) =>
      (block.get(directive) ?? noUses).map((use) => this.block(writtenBlock(use), innerContext, inEffect));
    return {
      name,
      words,
      place,
      settings,
      blocks: [
        ...(block.get('types') ?? noUses).map(writtenAsIs),
        ...this.#rows.flatMap(([directive, row]) =>
          row.block === undefined ? [] : (block.get(directive) ?? noUses).map(writtenAsIs),
        ),
        ...inner('server', 'server'),
        ...inner('location', 'location'),
      ],
    };
  }

  #settings(
    name: string,
    row: Directive<unknown>,
    found: {
      readonly own: readonly DirectiveUse[];
      readonly around: InEffect;
      readonly here: InEffect;
      readonly context: Context;
    },
  ): readonly Setting[] {
    const { own, around, here, context } = found;
    if (here.uses.length === 0) {
      const isOutermost = outermost(row.contexts) === context || row.inheritance === 'none';
      return isOutermost ? this.#default(name, row, context) : [];
    }
    // What is written out once would be written out in every block inside when it is read again.
    if (own.length === 0 && isSameValue(here.value, row.fallback)) return [];
    const mayRepeat =
      name !== 'root' &&
      isPlainValue(here.value) &&
      isSameValue(this.#read(row, here.uses, around.value), here.value);
    const inherited = here.uses.length - own.length;
    const repeated = new Set(own.map(wordsOf));
    return here.uses.flatMap((use, index): readonly Setting[] => {
      const isOwn = index >= inherited;
      if (!isOwn && repeated.has(wordsOf(use))) return [];
      return [
        {
          name,
          words: use.arguments.map(({ text }) => text),
          origin: isOwn ? 'own' : 'inherited',
          place: use.place,
          mayBeWritten: isOwn || mayRepeat,
        },
      ];
    });
  }

  /** Nothing where there is none, or none that could be written. */
  #default(name: string, row: Directive<unknown>, context: Context): readonly Setting[] {
    const words = defaultWords(row);
    if (words.length === 0) return [];
    const use: DirectiveUse = {
      name,
      place: nowhere,
      arguments: words.map((text) => ({ text, place: nowhere })),
      block: undefined,
    };
    const isSame = isSameValue(this.#read(row, [use], row.fallback), row.fallback);
    // In main, all that inherit it share it as before.
    const mayBeWritten = isSame && (context === 'main' || isPlainValue(row.fallback));
    return [{ name, words, origin: 'default', place: undefined, mayBeWritten }];
  }

  /** The configuration has no mistakes; words that are no value of the directive give a value like no other. */
  #read(row: Directive<unknown>, uses: readonly DirectiveUse[], outer: unknown): unknown {
    let failed = false;
    const value = row.read(uses, outer, this.#scope, () => {
      failed = true;
    });
    return failed ? unreadable : value;
  }
}

function wordsOf(use: DirectiveUse): string {
  return JSON.stringify(use.arguments.map(({ text }) => text));
}

const unreadable = Symbol('unreadable');
const nowhere: Place = { file: '', line: 1, column: 1, length: 1, text: '' };

function rowsOf(plugins: readonly Plugin[]): readonly (readonly [string, Directive<unknown>])[] {
  return [
    ...Object.entries<Directive<unknown>>(core),
    ...plugins.flatMap(({ directives }) => Object.entries(directives)),
  ];
}

function outermost(contexts: readonly Context[]): Context | undefined {
  return CONTEXTS.find((context) => contexts.includes(context));
}

function defaultWords({ fallback, usage, writtenDefault }: Directive<unknown>): readonly string[] {
  if (writtenDefault !== undefined) return writtenDefault.split(' ');
  const values: readonly unknown[] = Array.isArray(fallback) ? fallback : [fallback];
  return values.map((value) => writtenValue(value, usage)).filter((word) => word !== '');
}

/** Directives that no block inherits. */
function written(block: CheckedBlock, name: string): readonly Setting[] {
  return (block.get(name) ?? noUses).map((use) => ({
    name,
    words: use.arguments.map(({ text }) => text),
    origin: 'own',
    place: use.place,
    mayBeWritten: true,
  }));
}

function writtenBlock(use: DirectiveUse): WrittenBlock {
  const words = use.arguments.map(({ text }) => text);
  return { name: use.name, words, place: use.place, uses: use.block ?? noUses };
}

/** A block that the blocks inside of this one inherit or add to as a whole. */
function writtenAsIs(block: DirectiveUse): EffectiveBlock {
  const { name, words, place, uses } = writtenBlock(block);
  const settings = uses
    .filter((use) => use.block === undefined)
    .map((use): Setting => {
      const inner = use.arguments.map(({ text }) => text);
      return { name: use.name, words: inner, origin: 'own', place: use.place, mayBeWritten: true };
    });
  const blocks = uses.filter((use) => use.block !== undefined).map(writtenAsIs);
  return { name, words, place, settings, blocks };
}
