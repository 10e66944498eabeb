import { expect, it } from 'vitest';
import { folderOfPattern } from './watched.js';

it.each([
  ['sites/*.conf', '/etc/web/sites', '.conf'],
  ['*.conf', '/etc/web', '.conf'],
  ['/srv/*/site.conf', '/srv', ''],
  ['/*.conf', '/', '.conf'],
  ['a/**/b.conf', '/etc/web/a', ''],
  ['sites/*', '/etc/web/sites', ''],
  ['../x/[ab].{conf,yaml}', '/etc/x', ''],
])('files of the pattern %s would appear in %s, and end with "%s"', (pattern, path, ending) => {
  expect(folderOfPattern(pattern, '/etc/web')).toEqual({ path, endings: [ending] });
});
