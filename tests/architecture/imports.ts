import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository, absolute. */
export const repository = fileURLToPath(new URL('../../', import.meta.url));

export interface Import {
  /** From the repository's root. */
  readonly file: string;
  /** From the repository's root; a package's name for what is not in the repository. */
  readonly target: string;
  /** False for types only: they are gone when the program runs. */
  readonly atRunTime: boolean;
}

/** `import …`, `export … from`, `import('…')`: as biome formats them. */
const STATEMENT =
  /^(?:import|export)\s+(?<type>type\s)?(?:(?<clause>[^'";]*?)\s+from\s+)?'(?<from>[^']+)';|\b(?<typeof>typeof\s+)?import\(\s*'(?<late>[^']+)'\s*\)/gm;

/** The sources below a directory, tests and their fixtures left out. */
export function sourcesBelow(directory: string): readonly string[] {
  return readdirSync(join(repository, directory), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/\.(?:test|bench)\./.test(name))
    .map((name) => join(directory, name))
    .sort();
}

export function linesOf(file: string): number {
  return readFileSync(join(repository, file), 'utf8').split('\n').length - 1;
}

export function importsOf(file: string): readonly Import[] {
  const text = readFileSync(join(repository, file), 'utf8');
  return [...text.matchAll(STATEMENT)].flatMap(({ groups = {} }) => {
    const specifier = groups.from ?? groups.late;
    if (specifier === undefined) return [];
    const atRunTime = groups.type === undefined && groups.typeof === undefined && !isOfTypes(groups.clause);
    return [{ file, target: targetOf(file, specifier), atRunTime }];
  });
}

/** `{ type A, type B }` */
function isOfTypes(clause: string | undefined): boolean {
  const names = clause
    ?.match(/^\{([^}]*)\}$/)?.[1]
    ?.split(',')
    .map((name) => name.trim());
  return names?.filter((name) => name !== '').every((name) => name.startsWith('type ')) === true;
}

function targetOf(file: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier;
  const path = normalize(join(dirname(file), specifier)).replace(/\.js$/, '.ts');
  return relative('.', path);
}

/** Rings of files that import each other, types included; each named by its files. */
export function cyclesIn(imports: readonly Import[]): readonly (readonly string[])[] {
  const targets = new Map<string, string[]>();
  for (const { file, target } of imports) targets.set(file, [...(targets.get(file) ?? []), target]);
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const open: string[] = [];
  const cycles: string[][] = [];
  /** Tarjan's algorithm. */
  const visit = (file: string): number => {
    const index = order.size;
    order.set(file, index);
    open.push(file);
    let low = index;
    for (const target of targets.get(file) ?? []) {
      if (!order.has(target)) low = Math.min(low, visit(target));
      else if (open.includes(target)) low = Math.min(low, order.get(target) ?? low);
    }
    lowest.set(file, low);
    if (low === index) {
      const ring = open.splice(open.indexOf(file));
      if (ring.length > 1) cycles.push(ring.sort());
    }
    return low;
  };
  for (const file of targets.keys()) if (!order.has(file)) visit(file);
  return cycles;
}
