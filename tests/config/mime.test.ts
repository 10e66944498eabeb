import mime from 'mime';
import { describe, expect, it } from 'vitest';
import { contentTypeOf, defaultTypes } from '../../src/kernel/files/mime.js';

const standard = { types: defaultTypes, defaultType: 'application/octet-stream', charset: 'utf-8' };
const typeOf = (name: string, charset = 'utf-8') => contentTypeOf({ ...standard, charset }, name);

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
    expect(contentTypeOf({ ...standard, types }, 'x.txt')).toBe('text/plain; charset=iso-8859-1');
  });

  it('names no charset where it is off, so that HTML and XML can declare their own', () => {
    expect(typeOf('a.html', 'off')).toBe('text/html');
    expect(typeOf('a.xml', 'off')).toMatch(/^[a-z]+\/xml$/);
    expect(typeOf('a.svg', 'off')).toBe('image/svg+xml');
    expect(typeOf('a.json', 'off')).toBe('application/json');
  });

  it('names the charset that the configuration has, but for JSON', () => {
    expect(typeOf('a.html', 'windows-1252')).toBe('text/html; charset=windows-1252');
    expect(typeOf('a.css', 'koi8-r')).toBe('text/css; charset=koi8-r');
    expect(typeOf('a.json', 'windows-1252')).toBe('application/json');
    expect(typeOf('a.json', 'UTF-8')).toBe('application/json; charset=UTF-8');
    expect(typeOf('a.png', 'windows-1252')).toBe('image/png');
  });

  it('is the default where there is no extension, or an unknown one', () => {
    for (const name of ['README', '.profile', 'a.', 'a.nosuch', '', 'dir.html/README', 'constructor']) {
      expect(contentTypeOf({ ...standard, defaultType: 'text/plain' }, name)).toBe(
        'text/plain; charset=utf-8',
      );
    }
  });
});

it('the table is that of the mime package', () => {
  for (const [extension, type] of defaultTypes) expect(mime.getType(extension)).toBe(type);
  expect(defaultTypes.size).toBeGreaterThan(1000);
});
