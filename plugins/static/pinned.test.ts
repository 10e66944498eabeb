import { describe, expect, it } from 'vitest';
import { FileCache, type KeptFile } from './cache.js';
import { represent } from './representation.js';

const MIB = 1024 * 1024;

function fileOf(name: string, size: number): KeptFile {
  const version = { size, mtimeMs: 1e12, ctimeMs: 1e12, ino: 1 };
  const options = { contentType: 'a/b', fields: {}, etag: true, cacheControl: undefined };
  return {
    version,
    url: `/${name}`,
    aliases: new Set(),
    representation: represent(version, new Uint8Array(0), options),
    forget: () => {},
    readers: 0,
    dropped: false,
  };
}

const old = { size: MIB, mtimeMs: 1e12, ctimeMs: 1e12, ino: 1 };

describe('files that the cache drops while slow clients take them', () => {
  it('count up to the size of the cache: then further files are not kept, until they are taken', () => {
    const cache = new FileCache({ size: 8 * MIB, valid: 1000 });
    const pins = Array.from({ length: 20 }, (_, index) => {
      const file = fileOf(`${index}`, MIB - 2048);
      cache.keep(file);
      return cache.pin(file);
    });
    expect(cache.accepts(old)).toBe(false);
    for (const pin of pins) {
      pin?.close();
      pin?.close();
    }
    expect(cache.accepts(old)).toBe(true);
  });

  it('do not count when they are kept again, nor when nobody takes them', () => {
    const cache = new FileCache({ size: MIB, valid: 1000 });
    const file = fileOf('a', 100_000);
    const pins = Array.from({ length: 50 }, () => {
      cache.keep(file);
      const pin = cache.pin(file);
      cache.drop(file);
      return pin;
    });
    expect(cache.accepts({ ...old, size: 1000 })).toBe(true);
    cache.keep(file);
    for (const pin of pins) pin?.close();
    for (let index = 0; index < 50; index += 1) cache.keep(fileOf(`${index}`, 100_000));
    expect(cache.accepts({ ...old, size: 1000 })).toBe(true);
  });

  it('that are small are not counted', () => {
    expect(new FileCache({ size: MIB, valid: 1000 }).pin(fileOf('a', 1000))).toBeUndefined();
  });
});
