import { importsOf, sourcesBelow } from './imports.js';

/** The rooms that the picture shows, with what each imports. */
export interface RoomGraph {
  /** Number of source files by room; tests are not counted. */
  readonly files: ReadonlyMap<string, number>;
  /** The rooms that a room imports from. */
  readonly imports: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Files of `src` itself that are small parts of another entry, or paths: arrows to them would say little. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'builtin-directives.ts',
  'define-config.ts',
  'package-directory.ts',
]);

/** `kernel/http` of `src/kernel/http/errors.ts`, `index.ts` of `src/index.ts`; undefined for a package from npm. */
export function pictureRoomOf(target: string): string | undefined {
  if (target === '@webserv/server') return 'index.ts';
  const [top = '', first = '', second = ''] = target.split('/');
  if (top === 'plugins') return 'plugins';
  if (top !== 'src' || LEFT_OUT.has(first)) return undefined;
  return first === 'kernel' ? `kernel/${second}` : first;
}

export function readRoomGraph(): RoomGraph {
  const files = new Map<string, number>();
  const imports = new Map<string, Set<string>>();
  for (const file of [...sourcesBelow('src'), ...sourcesBelow('plugins')]) {
    const room = pictureRoomOf(file);
    if (room === undefined) continue;
    files.set(room, (files.get(room) ?? 0) + 1);
    const targets = imports.get(room) ?? new Set();
    imports.set(room, targets);
    for (const { target } of importsOf(file)) {
      const to = pictureRoomOf(target);
      if (to !== undefined && to !== room) targets.add(to);
    }
  }
  return { files, imports };
}

/** The arrows that no chain of other arrows implies: the transitive reduction of a graph without cycles. */
export function reduced(imports: RoomGraph['imports']): RoomGraph['imports'] {
  const reach = reachOf(imports);
  return new Map(
    [...imports].map(([room, targets]) => {
      const implied = new Set([...targets].flatMap((target) => [...reach(target)]));
      return [room, new Set([...targets].filter((target) => !implied.has(target)))];
    }),
  );
}

/** The rooms that a room rests on, over any number of arrows. */
function reachOf(imports: RoomGraph['imports']): (room: string) => ReadonlySet<string> {
  const known = new Map<string, ReadonlySet<string>>();
  return function reach(room): ReadonlySet<string> {
    const before = known.get(room);
    if (before !== undefined) return before;
    const targets = [...(imports.get(room) ?? [])];
    const all: ReadonlySet<string> = new Set(targets.flatMap((target) => [target, ...reach(target)]));
    known.set(room, all);
    return all;
  };
}

/**
 * The floor of each room, 0 at the bottom: above all rooms that it imports from. A room with nothing below it is moved up
 * to the floor under the lowest room that imports it, so that its arrow is short.
 */
export function floorsOf(imports: RoomGraph['imports']): ReadonlyMap<string, number> {
  const floors = new Map<string, number>();
  const floorOf = (room: string): number => {
    const known = floors.get(room);
    if (known !== undefined) return known;
    const below = [...(imports.get(room) ?? [])].map(floorOf);
    const floor = below.length === 0 ? 0 : Math.max(...below) + 1;
    floors.set(room, floor);
    return floor;
  };
  for (const room of imports.keys()) floorOf(room);
  for (const [room, targets] of imports) {
    const above = [...imports].filter(([, others]) => others.has(room)).map(([other]) => floorOf(other));
    if (targets.size === 0 && above.length > 0) floors.set(room, Math.min(...above) - 1);
  }
  return floors;
}
