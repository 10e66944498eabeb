import { compile } from '../kernel/config/compile/compile.js';
import { Provenance, type Settled } from '../kernel/config/compile/provenance.js';
import { core } from '../kernel/config/directives/core.js';
import type { LoadedPlugin, Registry } from '../kernel/config/directives/registry.js';
import type { ConfigSource } from '../kernel/config/files/load.js';
import type { CheckedBlock, Config, RouteConfig } from '../kernel/contract/config.js';
import type { Context, Directive, DirectiveUse, Scope } from '../kernel/contract/directive.js';
import type { Plugin } from '../kernel/contract/plugin.js';
import type { Place } from '../kernel/diagnostics/diagnostic.js';
import { Findings } from '../kernel/diagnostics/findings.js';
import type { EffectiveBlock, Setting } from './effective-block.js';
import { writtenValue } from './reference.js';
import { isPlainValue, isSameValue } from './same-value.js';

const CONTEXTS: readonly Context[] = ['main', 'server', 'location'];
const noUses: readonly DirectiveUse[] = [];

/**
 * Returns the meaning of a configuration without errors: the tree of its blocks, with defaults and inheritance applied. A
 * default is shown in the outermost block that may have the directive, any other inherited value wherever it is in effect.
 * What is printed of it, read and printed again, is the same.
 */
export function effectiveConfig(config: Config, { tree, registry, plugins }: ConfigSource): EffectiveBlock {
  // Compiled again, with a record of where each value comes from: a process that serves keeps none.
  const provenance = new Provenance();
  const { uses, servers } = compile(tree, registry, new Findings(), provenance);
  const printer = new EffectivePrinter(registry, {
    base: config.main.serverDir,
    variables: registry.variables,
  });
  const routes = servers.map(({ route }) => route);
  const main = printer.block(
    { name: 'main', words: [], place: undefined, uses, children: routes },
    'main',
    provenance,
  );
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

/** A block with its directives, and the blocks in it that inherit. */
interface CompiledBlock extends Heading {
  readonly uses: CheckedBlock;
  readonly children: readonly Pick<RouteConfig, 'uses' | 'children'>[];
}

class EffectivePrinter {
  readonly #scope: Scope;
  readonly #rows: readonly (readonly [name: string, row: Directive<unknown>])[];

  constructor({ plugins }: Registry, scope: Scope) {
    this.#scope = scope;
    this.#rows = rowsOf(plugins);
  }

  block(block: CompiledBlock, context: Context, provenance: Provenance): EffectiveBlock {
    const { name, words, place, uses, children } = block;
    const settings = [...written(uses, 'listen'), ...written(uses, 'server_name')];
    for (const [directive, row] of this.#rows) {
      if (!row.contexts.includes(context) || row.block !== undefined) continue;
      const own = uses.get(directive) ?? noUses;
      const around = provenance.around(directive, row);
      const here = provenance.here(directive, row);
      settings.push(...this.#settings(directive, row, { own, around, here, context }));
    }
    const innerContext = context === 'main' ? 'server' : 'location';
    const inner = (uses.get(innerContext) ?? noUses).flatMap((use, index): readonly EffectiveBlock[] => {
      const child = children[index];
      const within = provenance.inner[index];
      if (child === undefined || within === undefined) return [];
      return [
        this.block({ ...headingOf(use), uses: child.uses, children: child.children }, innerContext, within),
      ];
    });
    return {
      name,
      words,
      place,
      settings,
      blocks: [
        ...(uses.get('types') ?? noUses).map(writtenAsIs),
        ...this.#rows.flatMap(([directive, row]) =>
          row.block === undefined ? [] : (uses.get(directive) ?? noUses).map(writtenAsIs),
        ),
        ...inner,
      ],
    };
  }

  #settings(
    name: string,
    row: Directive<unknown>,
    found: {
      readonly own: readonly DirectiveUse[];
      readonly around: Settled;
      readonly here: Settled;
      readonly context: Context;
    },
  ): readonly Setting[] {
    const { own, around, here, context } = found;
    if (here.uses.length === 0) {
      const isOutermost = outermost(row.contexts) === context || row.inheritance === 'none';
      return isOutermost ? this.#default(name, row, context) : [];
    }
    // A directive written once would appear in every inner block when the output is read again.
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

  /**
   * The configuration has no errors here; words that are not a value of the directive produce a value that equals no
   * other.
   */
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

interface Heading {
  readonly name: string;
  readonly words: readonly string[];
  readonly place: Place | undefined;
}

function headingOf({ name, arguments: words, place }: DirectiveUse): Heading {
  return { name, words: words.map(({ text }) => text), place };
}

/** A block that the blocks inside of this one inherit or add to as a whole. */
function writtenAsIs(block: DirectiveUse): EffectiveBlock {
  const { name, words, place } = headingOf(block);
  const uses = block.block ?? noUses;
  const settings = uses
    .filter((use) => use.block === undefined)
    .map((use): Setting => {
      const inner = use.arguments.map(({ text }) => text);
      return { name: use.name, words: inner, origin: 'own', place: use.place, mayBeWritten: true };
    });
  const blocks = uses.filter((use) => use.block !== undefined).map(writtenAsIs);
  return { name, words, place, settings, blocks };
}
