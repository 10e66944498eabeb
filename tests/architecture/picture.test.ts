import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repository } from './imports.js';
import { PLACES, pictureOf } from './picture.js';
import { floorsOf, type RoomGraph, readRoomGraph, reduced } from './room-graph.js';
import { FLOORS } from './rooms.js';

const graphOf = (rooms: Readonly<Record<string, readonly string[]>>): RoomGraph => ({
  files: new Map(Object.keys(rooms).map((room) => [room, 1])),
  imports: new Map(Object.entries(rooms).map(([room, targets]) => [room, new Set(targets)])),
});

const listed = (graph: ReadonlyMap<string, ReadonlySet<string>>) =>
  Object.fromEntries([...graph].map(([room, targets]) => [room, [...targets]]));

describe('docs/architecture.svg', () => {
  /** After a change of rooms or imports: `UPDATE_REFERENCE=1 npx vitest run tests/architecture/picture.test.ts`. */
  it('is drawn from the imports as they are', async () => {
    const path = join(repository, 'docs/architecture.svg');
    const picture = pictureOf(readRoomGraph());
    if (process.env.UPDATE_REFERENCE === '1') await writeFile(path, picture);
    expect(await readFile(path, 'utf8')).toBe(picture);
  });

  it('has every room', () => {
    expect(Object.keys(PLACES)).toEqual(expect.arrayContaining(FLOORS.flat()));
    const { files } = readRoomGraph();
    expect([...files.keys()].sort()).toEqual(Object.keys(PLACES).sort());
  });

  it('has captions that fit into their boxes', () => {
    for (const [, caption] of Object.values(PLACES)) expect(caption.length, caption).toBeLessThanOrEqual(30);
  });
});

describe('docs/architecture.md', () => {
  it('has a row for each room', async () => {
    const page = await readFile(join(repository, 'docs/architecture.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `([^`]+)` \| /gm)].map(([, room]) => room);
    expect(rows).toEqual(expect.arrayContaining(FLOORS.flat().map((room) => `src/${room}`)));
  });

  it('names files and directories that exist', async () => {
    const page = await readFile(join(repository, 'docs/architecture.md'), 'utf8');
    const named = [...page.matchAll(/`((?:src|plugins|tests|docs|bench|examples)\/[\w./-]+)`/g)];
    expect(named.length).toBeGreaterThan(30);
    for (const [, path = ''] of named)
      await expect(
        readFile(join(repository, path)).catch(({ code }) => code),
        path,
      ).resolves.not.toBe('ENOENT');
  });
});

describe('the picture', () => {
  it('leaves out what a chain of arrows implies', () => {
    const { imports } = graphOf({ a: ['b', 'c', 'd'], b: ['c'], c: [], d: [] });
    expect(listed(reduced(imports))).toEqual({ a: ['b', 'd'], b: ['c'], c: [], d: [] });
  });

  it('puts a room above those it imports from, and a bottom room next to those that import it', () => {
    const { imports } = graphOf({ a: ['b', 'd'], b: ['c'], c: [], d: [] });
    expect([...floorsOf(imports)].sort()).toEqual([
      ['a', 2],
      ['b', 1],
      ['c', 0],
      ['d', 1],
    ]);
  });

  it('refuses a room without a place, and two rooms in one', () => {
    expect(() => pictureOf(graphOf({ attic: [] }))).toThrow('a column and a caption of attic');
    expect(() => pictureOf(graphOf({ cli: [], process: [] }))).toThrow('in one place');
  });

  it('refuses an arrow that would cross a box', () => {
    const rooms = {
      'kernel/server': ['kernel/net', 'kernel/http'],
      'kernel/net': ['kernel/hooks'],
      'kernel/hooks': ['kernel/metrics'],
      'kernel/metrics': [],
      'kernel/config': ['kernel/rights'],
      'kernel/rights': ['kernel/log'],
      'kernel/log': [],
      'kernel/http': ['kernel/path'],
      'kernel/path': [],
    };
    expect(() => pictureOf(graphOf(rooms))).toThrow(
      'from kernel/server to kernel/http crosses kernel/config',
    );
  });
});
