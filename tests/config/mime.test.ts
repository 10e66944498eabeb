import mime from 'mime';
import { describe, expect, it } from 'vitest';
import { contentTypeOf, defaultTypes } from '../../src/kernel/mime.js';

const typeOf = (name: string) => contentTypeOf(defaultTypes, 'application/octet-stream', name);

describe('the media type of a file', () => {
  it('is the one of its extension, in any case of letters', () => {
    expect(typeOf('photo.JPEG')).toBe('image/jpeg');
    expect(typeOf('archive.tar.gz')).toBe('application/gzip');
  });

  it('says that text is UTF-8', () => {
    expect(typeOf('a.html')).toBe('text/html; charset=utf-8');
    expect(typeOf('a.json')).toBe('application/json; charset=utf-8');
    expect(typeOf('a.svg')).toBe('image/svg+xml; charset=utf-8');
    expect(typeOf('a.xml')).toMatch(/xml; charset=utf-8$/);
    expect(typeOf('a.js')).toBe('text/javascript; charset=utf-8');
  });

  it('keeps a charset that is there', () => {
    const types = new Map([['txt', 'text/plain; charset=iso-8859-1']]);
    expect(contentTypeOf(types, 'a/b', 'x.txt')).toBe('text/plain; charset=iso-8859-1');
  });

  it('is the default where there is no extension, or an unknown one', () => {
    for (const name of ['README', '.profile', 'a.', 'a.nosuch', '', 'dir.html/README', 'constructor']) {
      expect(contentTypeOf(defaultTypes, 'text/plain', name)).toBe('text/plain; charset=utf-8');
    }
  });
});

it('the table is that of the mime package', () => {
  for (const [extension, type] of defaultTypes) expect(mime.getType(extension)).toBe(type);
  expect(defaultTypes.size).toBeGreaterThan(1000);
});
