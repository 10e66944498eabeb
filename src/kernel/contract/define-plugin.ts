import { checkDefinition } from './definition-check.js';
import type { DirectiveTable, OptionsOf, OptionValues } from './directive.js';
import type {
  ApplyContext,
  Lifecycle,
  Plugin,
  PluginDefinition,
  RunningPlugin,
  ScriptRunner,
  SetupContext,
} from './plugin.js';

/** The version of the contract between kernel and plugins. It changes when a working plugin would stop to work. */
export const API_VERSION = 1;

function hasMethod<Name extends keyof Lifecycle>(
  state: unknown,
  name: Name,
): state is Required<Pick<Lifecycle, Name>> {
  if (typeof state !== 'object' || state === null) return false;
  return name in state && typeof Reflect.get(state, name) === 'function';
}

/** A plugin that still shows its table, so that `defineConfig` can be typed by it. */
export interface DefinedPlugin<Table extends DirectiveTable> extends Plugin {
  /** Its directives by name, with their types. */
  readonly directives: Table;
}

/** For a definition without directives. */
const noDirectives = {};

/** Makes a plugin. Its directives' types become the types of `options` in `setup` and `apply`. */
export function definePlugin<const Table extends DirectiveTable = typeof noDirectives, Made = undefined>(
  definition: PluginDefinition<Table, Made>,
): DefinedPlugin<Table> {
  checkDefinition(definition);
  return Object.freeze({
    name: definition.name,
    apiVersion: definition.apiVersion ?? API_VERSION,
    directives: typed<Table, Table>(definition.directives ?? noDirectives),
    codes: definition.codes ?? {},
    variables: definition.variables ?? {},
    scripts: runnerOf<Table>(definition.scripts),
    async start(context: SetupContext<OptionValues>) {
      const state = (await definition.setup?.(
        typed<Table, SetupContext<OptionsOf<Table>>>(context),
      )) as Awaited<Made>;
      return {
        apply: (route) =>
          definition.apply?.(
            typed<Table, ApplyContext<OptionsOf<Table>, Awaited<Made>>>({ ...route, state }),
          ),
        serve: async () => {
          if (hasMethod(state, 'serve')) await state.serve();
        },
        dispose: async () => {
          if (hasMethod(state, 'dispose')) await state.dispose();
        },
        reopen: async () => {
          if (hasMethod(state, 'reopen')) await state.reopen();
        },
      } satisfies RunningPlugin;
    },
  });
}

/**
 * The registry line: the loader fills each option from the same table its type comes from, which the compiler
 * cannot follow through a record keyed by name.
 */
function typed<_Table extends DirectiveTable, Typed>(context: unknown): Typed {
  return context as Typed;
}

function runnerOf<Table extends DirectiveTable>(
  runner: ScriptRunner<OptionsOf<Table>> | undefined,
): ScriptRunner<OptionValues> | undefined {
  if (runner === undefined) return undefined;
  return { names: (options) => runner.names(typed<Table, OptionsOf<Table>>(options)), off: runner.off };
}
