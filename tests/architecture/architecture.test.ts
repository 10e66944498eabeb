import { describe, expect, it } from 'vitest';
import { cyclesIn, type Import, importsOf, linesOf, sourcesBelow } from './imports.js';
import { ENTRIES, FLOORS, IMPORTED_BY, LONG_FILES, MAX_LINES, OPEN_ENTRIES } from './rooms.js';

const sources = sourcesBelow('src');
const plugins = sourcesBelow('plugins');
const imports = [...sources, ...plugins].flatMap(importsOf);

/** `kernel/http` of `src/kernel/http/errors.ts`, `cli` of `src/cli/main.ts`; undefined for a file of `src` itself. */
function roomOf(file: string): string | undefined {
  const [, first = '', second = '', third] = file.split('/');
  if (third !== undefined && first === 'kernel') return `kernel/${second}`;
  return second === '' ? undefined : first;
}

const floorOf = (room: string): number => FLOORS.findIndex((floor) => floor.includes(room));

/** Why an import is not allowed; undefined when it is. */
function objection({ file, target }: Import): string | undefined {
  if (!target.startsWith('src/') && !target.startsWith('plugins/')) return undefined;
  const room = roomOf(file);
  const to = target.startsWith('plugins/') ? 'plugins' : roomOf(target);
  const entry = target.slice('src/'.length);
  if (room === undefined) {
    return to === undefined || ENTRIES[file.slice('src/'.length)]?.includes(to)
      ? undefined
      : `an entry imports ${to}`;
  }
  if (to === undefined)
    return OPEN_ENTRIES[entry]?.includes(room) ? undefined : `${room} must not import ${entry}`;
  if (to === room) return undefined;
  if (IMPORTED_BY[to]?.includes(room) === false) return `${room} must not import ${to}`;
  return floorOf(to) !== -1 && floorOf(to) < floorOf(room) ? undefined : `${room} must not import ${to}`;
}

const shown = (found: Import, why: string): string => `${found.file} → ${found.target}: ${why}`;

describe('the house', () => {
  it('has no other rooms than those of the plan', () => {
    const rooms = new Set(sources.map(roomOf).filter((room) => room !== undefined));
    expect([...rooms].sort()).toEqual(FLOORS.flat().sort());
    const entries = sources.filter((file) => roomOf(file) === undefined);
    expect(entries.map((file) => file.slice('src/'.length)).sort()).toEqual(Object.keys(ENTRIES).sort());
  });

  it('has no arrow from a room to one that rests on it', () => {
    const own = imports.filter(({ file }) => file.startsWith('src/'));
    expect(own.length).toBeGreaterThan(1000);
    const wrong = own.flatMap((each) => {
      const why = objection(each);
      return why === undefined ? [] : [shown(each, why)];
    });
    expect(wrong).toEqual([]);
  });

  it('has no cycle between files, types included', () => {
    expect(cyclesIn(imports)).toEqual([]);
  });

  it('has plugins that reach the public entry and their own folder only', () => {
    const wrong = imports
      .filter(({ file }) => file.startsWith('plugins/'))
      .filter(({ file, target }) => {
        const folder = file.split('/').slice(0, 2).join('/');
        const isOwn = target.startsWith(`${folder}/`);
        const isPackage =
          !target.startsWith('src/') && !target.startsWith('plugins/') && !target.startsWith('..');
        return !(isOwn || (isPackage && target !== '@webserv/server/testing'));
      });
    expect(wrong.map((each) => shown(each, 'a plugin has the public entry'))).toEqual([]);
  });

  it(`has no file of more than ${MAX_LINES} lines without a reason`, () => {
    const long = [...sources, ...plugins].filter((file) => linesOf(file) > MAX_LINES);
    expect(long).toEqual(Object.keys(LONG_FILES).sort());
  });
});

describe('the check of it', () => {
  const from = (file: string, target: string): Import => ({ file, target, atRunTime: true });

  it('knows a forbidden arrow', () => {
    expect(objection(from('src/kernel/http/errors.ts', 'src/kernel/net/peer.ts'))).toBeDefined();
    expect(objection(from('src/kernel/http1/writer.ts', 'src/kernel/http/errors.ts'))).toBeUndefined();
    expect(objection(from('src/process/master.ts', 'src/inspect/print.ts'))).toBeDefined();
    expect(objection(from('src/kernel/server/server.ts', 'src/certificates/x509.ts'))).toBeDefined();
    expect(objection(from('src/process/master.ts', 'src/certificates/x509.ts'))).toBeUndefined();
    expect(objection(from('src/certificates/x509.ts', 'src/kernel/http/date.ts'))).toBeDefined();
    expect(objection(from('src/kernel/files/mime.ts', 'src/kernel/log/log.ts'))).toBeDefined();
    expect(objection(from('src/kernel/hooks/guard.ts', 'src/index.ts'))).toBeDefined();
    expect(objection(from('src/kernel/config/files/load.ts', 'plugins/static/index.ts'))).toBeDefined();
  });

  it('finds a cycle of three files', () => {
    const ring = [from('a', 'b'), from('b', 'c'), from('c', 'a'), from('c', 'd')];
    expect(cyclesIn(ring)).toEqual([['a', 'b', 'c']]);
  });

  it('reads every form of import', () => {
    const targets = importsOf('src/cli/start-command.ts').map(({ target }) => target);
    expect(targets).toContain('src/cli/command-line.ts'); // import() of several lines
    const builtins = importsOf('src/builtin-directives.ts');
    expect(
      builtins.filter(({ target }) => target.startsWith('plugins/')).every((each) => !each.atRunTime),
    ).toBe(true);
    const entry = importsOf('src/index.ts').map(({ target }) => target);
    expect(entry).toContain('src/kernel/http/message.ts'); // export … from
  });
});
