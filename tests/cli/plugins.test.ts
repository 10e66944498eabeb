import { describe, expect, it } from 'vitest';
import { command } from './in-process.js';
import { folderWith, webserv } from './webserv.js';

const tea = `
import { definePlugin, flag, Stage, text } from '@webserv/server';
export default definePlugin({
  name: 'tea',
  directives: {
    tea: text({ default: undefined, help: 'answers with it' }),
    milk: flag({ in: ['main'], default: false, help: 'adds some' }),
  },
  setup({ hooks }) {
    hooks.onRequest.tap({ stage: Stage.access + 5 }, () => undefined);
  },
  apply({ options, hooks }) {
    if (options.tea === undefined) return;
    hooks.onRoute.tap({ stage: Stage.handler, methods: ['BREW'] }, () => ({ status: 200, body: options.tea }));
    hooks.onResponse.tap({ stage: 50 }, (response) => response);
  },
});
`;

/** The part of the output about one plugin. */
function about(stdout: string, plugin: string): string {
  return stdout.split('\n\n').find((part) => part.startsWith(`${plugin},`)) ?? '';
}

describe('webserv plugins', () => {
  it('shows each plugin’s origin, directives, and taps with their routes', async () => {
    const cwd = await folderWith({
      'tea.mjs': tea,
      'webserv.conf': [
        'load_plugin ./tea.mjs;',
        'server { listen 8080; return 403;',
        '  location /a { tea green; }',
        '  location *.tea { tea black; }',
        '}',
      ].join('\n'),
    });
    const { code, stdout, stderr } = await webserv(['plugins'], { cwd });
    expect([code, stderr]).toEqual([0, '']);
    expect(about(stdout, 'tea').trimEnd()).toBe(
      [
        'tea, tea.mjs, loaded at webserv.conf:1:13',
        '  tea TEXT;',
        '      answers with it',
        '      in server, location',
        '  milk on|off;',
        '      adds some',
        '      in main',
        '  taps onRequest at stage access+5 (205):',
        '      every server',
        '  taps onRoute at stage handler (300) for BREW:',
        '      location *.tea at webserv.conf:4:3',
        '      location /a at webserv.conf:3:3',
        '  taps onResponse at stage 50 (50):',
        '      location *.tea at webserv.conf:4:3',
        '      location /a at webserv.conf:3:3',
      ].join('\n'),
    );
    expect(about(stdout, 'compress')).toContain('  taps nothing in this configuration');
    expect(about(stdout, 'redirect')).toMatch(/^redirect, built in, \d+\.\d+\.\d+\n/);
  });

  it('shows the version of a plugin from npm', async () => {
    const directory = 'node_modules/@me/webserv-plugin-tea';
    const cwd = await folderWith({
      [`${directory}/package.json`]:
        '{"name":"x","version":"1.2.3","type":"module","exports":"./lib/index.js"}',
      [`${directory}/lib/index.js`]: tea,
      'webserv.conf': 'load_plugin @me/tea; server { listen 80; tea x; }',
    });
    const { stdout } = await command(['plugins'], { cwd });
    expect(about(stdout, 'tea')).toContain(
      `tea, 1.2.3, ${directory}/lib/index.js, loaded at webserv.conf:1:13`,
    );
  });

  it('without a configuration lists the built-in plugins, with a message', async () => {
    const { code, stdout, stderr } = await command(['plugins'], { cwd: await folderWith() });
    expect(code).toBe(0);
    expect(about(stdout, 'autoindex')).toContain('  autoindex on|off;\n');
    expect(stdout).not.toContain('taps');
    expect(stderr).toContain('found no configuration');
  });

  it('with a missing or invalid configuration is exit 1', async () => {
    const cwd = await folderWith({ 'a.conf': 'nonsense;' });
    expect(await command(['plugins', '-c', 'b.conf'], { cwd })).toMatchObject({ code: 1, stdout: '' });
    expect(await command(['plugins', '-c', 'a.conf'], { cwd })).toMatchObject({ code: 1, stdout: '' });
  });
});
