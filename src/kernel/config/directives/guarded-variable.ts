import type { VariableDefinition } from '../../contract/variables.js';
import { attributed } from '../../http/plugin-error.js';

/** A variable of a plugin, whose value is asked for while another plugin renders it. */
export function guardedVariable(
  plugin: string,
  name: string,
  definition: VariableDefinition,
): VariableDefinition {
  return {
    help: definition.help,
    value: (exchange) => {
      try {
        const value = definition.value?.(exchange);
        return value === undefined ? undefined : String(value);
      } catch (error) {
        throw attributed({ plugin, hook: `$${name}`, route: exchange.route.name }, error);
      }
    },
  };
}
