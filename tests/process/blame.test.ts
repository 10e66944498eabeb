import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { definePlugin } from '../../src/index.js';
import { blameFinder } from '../../src/process/blame.js';
import { repository } from '../cli/webserv.js';

const shared = join(repository, 'dist/shared');
const files = readdirSync(shared).filter((name) => name.endsWith('.js'));

/** A frame of a stack at the first line of the built program that contains the text. */
function frameAt(text: string): string {
  for (const name of files) {
    const index = readFileSync(join(shared, name), 'utf8')
      .split('\n')
      .findIndex((line) => line.includes(text));
    if (index !== -1) return `    at called (${pathToFileURL(join(shared, name)).href}:${index + 1}:7)\n`;
  }
  throw new Error(`nothing in the built program contains ${text}`);
}

const CGI = 'function scriptNames(';
/** In a file that is only loaded where a form may be sent. */
const UPLOAD = 'function readFormType(';
const KERNEL = 'LiveExchange = class';
const MINE = '    at later (/srv/mine.js:3:5)\n';

const mine = definePlugin({ name: 'mine', setup() {} });
const blame = blameFinder([{ plugin: mine, file: '/srv/mine.js', place: undefined }]);
const stackOf = (...frames: readonly string[]): string => `Error: late\n${frames.join('')}`;

it.each([
  ['a built-in plugin', [CGI], 'cgi'],
  ['a built-in plugin that the kernel calls', [CGI, KERNEL], 'cgi'],
  ['a built-in plugin that calls the kernel', [KERNEL, UPLOAD], 'upload'],
  ['the kernel alone', [KERNEL], undefined],
])('an error in the code of %s is blamed on the plugin in it', (_where, texts, name) => {
  expect(blame(stackOf(...texts.map(frameAt)))).toBe(name);
});

it('the plugin whose frame comes first is blamed', () => {
  expect(blame(stackOf(frameAt(KERNEL), MINE, frameAt(CGI)))).toBe('mine');
  expect(blame(stackOf(frameAt(CGI), MINE))).toBe('cgi');
});

it('a file of another program that has the same path below its own directory is not read', () => {
  expect(blame(stackOf('    at other (/srv/dist/shared/server-x.js:1:1)\n'))).toBeUndefined();
});
