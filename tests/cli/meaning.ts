import type { CompiledConfig } from '../../src/kernel/config/compile/compiled-config.js';
import type { RouteConfig } from '../../src/kernel/contract/config.js';
import { defaultTypes } from '../../src/kernel/files/mime.js';

/** Values keep it for messages. */
const isPlace = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'line' in value && 'column' in value;

const ownTypes = new WeakMap<RouteConfig['types'], unknown>();

/** The types that are not the default ones. Blocks share their table, which is long. */
function typesOf({ types }: RouteConfig): unknown {
  const known = ownTypes.get(types);
  if (known !== undefined) return known;
  const found = [...types].filter(([extension, type]) => defaultTypes.get(extension) !== type);
  ownTypes.set(types, found);
  return found;
}

/**
 * The meaning of a compiled configuration, without the places of its directives: it is equal for two servers that
 * behave the same. It includes which blocks share an object, since a shared limit counts for all of them.
 */
export function meaning(config: CompiledConfig): unknown {
  const shared = new Map<object, number>();
  const plain = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return typeof value === 'function' ? 'function' : value;
    if (value instanceof Map) return [...value].map(([key, inner]) => [key, plain(inner)]);
    if (value instanceof Set || Array.isArray(value)) return [...value].map(plain);
    const entries = Object.entries(value).filter(([key, inner]) => !(key === 'place' && isPlace(inner)));
    return Object.fromEntries(entries.map(([key, inner]) => [key, plain(inner)]));
  };
  const option = (value: unknown): unknown => {
    const isObject = typeof value === 'object' && value !== null;
    if (!isObject || Array.isArray(value) || value instanceof Map || 'render' in value) return plain(value);
    const identity = shared.get(value) ?? shared.size;
    shared.set(value, identity);
    return [identity, plain(value)];
  };
  const options = (of: CompiledConfig['options']): unknown =>
    [...of].map(([plugin, values]) => [
      plugin,
      Object.entries(values).map(([name, value]) => [name, option(value)]),
    ]);
  const route = (block: RouteConfig): unknown => {
    const { place: _place, uses: _uses, types: _types, options: own, children, ...rest } = block;
    return {
      ...(plain(rest) ?? {}),
      types: typesOf(block),
      options: options(own),
      children: children.map(route),
    };
  };
  return {
    main: config.main,
    plugins: config.plugins.map(({ name }) => name),
    options: options(config.options),
    servers: config.servers.map((server) => ({
      names: server.names,
      connection: server.connection,
      listens: server.listens.map(({ place: _place, ...listen }) => listen),
      route: route(server.route),
    })),
  };
}
