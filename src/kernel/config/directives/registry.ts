import type { Context, Directive } from '../../contract/directive.js';
import type { Plugin } from '../../contract/plugin.js';
import { kernelVariables, type VariableDefinition, type VariableTable } from '../../contract/variables.js';
import type { Place } from '../../diagnostics/diagnostic.js';
import type { Findings } from '../../diagnostics/findings.js';
import { aliases, core } from './core.js';
import { guardedVariable } from './guarded-variable.js';
import { type StructuralDirective, structure } from './structure.js';

/** The properties of a directive that the check of a block needs, whether it belongs to the kernel or to a plugin. */
export type Rule = StructuralDirective;

/** A plugin with where the configuration loads it; a built-in one has no place. */
export interface LoadedPlugin {
  readonly plugin: Plugin;
  readonly place: Place | undefined;
  /** Absolute; undefined for a built-in one, and for one that could not be loaded again. */
  readonly file: string | undefined;
  /** As `load_plugin` names it; undefined for a built-in one. */
  readonly word?: string;
}

/** Every directive that may be used, by name. */
export class Registry {
  readonly plugins: readonly Plugin[];
  readonly #rules = new Map<string, Rule>();
  readonly #owners = new Map<string, string>();
  readonly #variables: Record<string, VariableDefinition> = { ...kernelVariables };

  constructor(loaded: readonly LoadedPlugin[], findings: Findings) {
    for (const [name, rule] of Object.entries(structure)) this.#add(name, rule, 'the kernel');
    for (const [name, row] of Object.entries(core)) this.#add(name, ruleOf(row), 'the kernel');
    const plugins: Plugin[] = [];
    const names = new Set<string>();
    const variableOwners = new Map<string, string>();
    for (const { plugin, place } of loaded) {
      if (names.has(plugin.name)) {
        findings.error('duplicate-plugin', `there are two plugins named "${plugin.name}"`, place);
        continue;
      }
      names.add(plugin.name);
      let conflicts = 0;
      for (const [name, row] of Object.entries(plugin.directives)) {
        const owner = this.#owners.get(name) ?? (aliases.has(name) ? 'the kernel' : undefined);
        if (owner === undefined) this.#add(name, ruleOf(row), `plugin "${plugin.name}"`);
        else {
          const message = `directive "${name}" of plugin "${plugin.name}" is already one of ${owner}`;
          findings.error('directive-conflict', message, place);
          conflicts += 1;
        }
      }
      for (const [name, variable] of Object.entries(plugin.variables)) {
        const owner =
          variableOwners.get(name) ?? (Object.hasOwn(kernelVariables, name) ? 'the kernel' : undefined);
        if (owner === undefined) {
          this.#variables[name] = guardedVariable(plugin.name, name, variable);
          variableOwners.set(name, `plugin "${plugin.name}"`);
        } else {
          const message = `variable "$${name}" of plugin "${plugin.name}" is already one of ${owner}`;
          findings.error('variable-conflict', message, place);
        }
      }
      // Reading a directive of another owner by this plugin's rules would report errors that do not exist.
      if (conflicts === 0) plugins.push(plugin);
    }
    this.plugins = plugins;
  }

  /** Variables available in templates. */
  get variables(): VariableTable {
    return this.#variables;
  }

  /** The name a directive is filed under: `root` for `alias`. */
  canonical(name: string): string {
    return aliases.get(name) ?? name;
  }

  /** @param name canonical */
  rule(name: string): Rule | undefined {
    return this.#rules.get(name);
  }

  isKnown(name: string): boolean {
    return this.#rules.has(this.canonical(name));
  }

  /** The plugin that a directive is of; undefined for one of the kernel's. @param name canonical */
  pluginOf(name: string): string | undefined {
    return this.plugins.find(({ directives }) => Object.hasOwn(directives, name))?.name;
  }

  /** The name of every directive. */
  get names(): readonly string[] {
    return [...this.#rules.keys(), ...aliases.keys()];
  }

  /** Names allowed in a block, for suggestions. */
  namesIn(context: Context): readonly string[] {
    const canBeIn = (name: string) =>
      this.#rules.get(this.canonical(name))?.contexts.includes(context) ?? false;
    return this.names.filter(canBeIn);
  }

  #add(name: string, rule: Rule, owner: string): void {
    this.#rules.set(name, rule);
    this.#owners.set(name, owner);
  }
}

/** @see Rule */
export function ruleOf(row: Directive<unknown>): Rule {
  return {
    contexts: row.contexts,
    help: row.help,
    usage: row.usage,
    minArguments: row.minArguments,
    maxArguments: row.maxArguments,
    repeatable: row.repeatable,
    example: row.example,
    hasBlock: row.block !== undefined,
    block: row.block,
  };
}
