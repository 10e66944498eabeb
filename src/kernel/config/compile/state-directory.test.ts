import { userInfo } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { defaultStateDirectory } from './state-directory.js';

it.each([
  [
    'the directory that systemd creates',
    { STATE_DIRECTORY: '/var/lib/site', HOME: '/home/me' },
    '/var/lib/site',
  ],
  ['the first of several', { STATE_DIRECTORY: '/var/lib/site:/var/lib/other' }, '/var/lib/site'],
  ['that of XDG', { XDG_STATE_HOME: '/home/me/state', HOME: '/home/me' }, '/home/me/state/webserv'],
  ['that below the home directory', { HOME: '/home/me' }, '/home/me/.local/state/webserv'],
  [
    'not a relative one',
    { STATE_DIRECTORY: 'site', XDG_STATE_HOME: 'state', HOME: '/home/me' },
    '/home/me/.local/state/webserv',
  ],
  ['that of the account without HOME', {}, join(userInfo().homedir, '.local/state/webserv')],
])('is %s', (_, environment, directory) => {
  expect(defaultStateDirectory(environment, false)).toBe(directory);
});

it('is that of the system for root, unless systemd names one', () => {
  expect(defaultStateDirectory({ XDG_STATE_HOME: '/root/state', HOME: '/root' }, true)).toBe(
    '/var/lib/webserv',
  );
  expect(defaultStateDirectory({ STATE_DIRECTORY: '/var/lib/site' }, true)).toBe('/var/lib/site');
});
