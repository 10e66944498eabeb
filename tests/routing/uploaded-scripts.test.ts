import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startTestServer } from '@webserv/server/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ConfigError } from '../../src/kernel/diagnostics/config-error.js';
import { renderDiagnostics } from '../../src/kernel/diagnostics/render.js';

/** Creates a directory with `w/up/run` and `store`, and links to them. */
async function site(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'webserv-uploads-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'w/up/run'), { recursive: true });
  await mkdir(join(folder, 'store'));
  await symlink(join(folder, 'w'), join(folder, 'link'));
  return folder;
}

/** The errors of a configuration; empty without errors. */
async function refusal(conf: string): Promise<string> {
  const folder = await site();
  try {
    await using server = await startTestServer(conf.replaceAll('DIR', folder));
    return server.warnings.some(({ code }) => code === 'uploaded-scripts') ? 'a warning' : '';
  } catch (error) {
    return error instanceof ConfigError ? renderDiagnostics(error.diagnostics) : String(error);
  }
}

const php = 'cgi .php /bin/sh;';
const other = (inside: string, name: string) =>
  `server { listen 127.0.0.1:0; server_name ${name}; ${inside} }`;

describe('uploads into a directory where scripts run are rejected', () => {
  it.each([
    ['scripts inherited', `root DIR/w; ${php} location /up { root DIR/store; upload on; }`],
    [
      'an extension location',
      `root DIR/w; location *.php { ${php} } location /up { root DIR/store; upload on; }`,
    ],
    [
      'an extension location without cgi of its own',
      `root DIR/w; ${php} location /up { upload on; location *.php { return 403; } }`,
    ],
    [
      'an exact location',
      `location = /run { root DIR/store/run.php; ${php} } location /up { root DIR/store; upload on; }`,
    ],
    ['an exact location below', `root DIR/w; location = /up/run.php { ${php} } location /up { upload on; }`],
    ['the same block', `location /up { root DIR/store; upload on; ${php} }`],
    [
      'a store apart',
      `root DIR/w; ${php} location /in { root DIR/store; cgi off; upload on; upload_store DIR/w/up/run; }`,
    ],
    [
      'a store without a root',
      `location /in { upload on; upload_store DIR/w; } location /run { root DIR/w/up; ${php} }`,
    ],
    ['a store above', `location /up { root DIR/w; upload on; } location /run { root DIR/w/up/run; ${php} }`],
    ['a store below', `location /up { root DIR/w/up; upload on; } location /run { root DIR/w; ${php} }`],
    ['a link', `location /up { root DIR/link/up; upload on; } location /run { root DIR/w; ${php} }`],
    ['a location around', `root DIR/w; ${php} location /x { root DIR/w/up; upload on; cgi off; }`],
    ['a nested location', `root DIR/w; location /up { upload on; location /up/run { ${php} } }`],
    [
      'another server',
      `${other(`root DIR/w; ${php}`, 'a')} ${other('location /up { root DIR/w/up; upload on; }', 'b')}`,
    ],
    ['every program', 'location /up { root DIR/store; upload on; cgi *; }'],
    ['an exact upload', `root DIR/w; location *.php { ${php} } location = /x.php { upload on; }`],
  ])('%s', async (_name, conf) => {
    const said = await refusal(conf);
    expect(said).toContain('error[uploaded-scripts]');
    expect(said).toContain('cgi off;');
    expect(said).toContain('upload_scripts on;');
    expect(said.match(/error\[/g)).toHaveLength(1);
  });

  it('with both lines', async () => {
    const said = await refusal(`root DIR/w;\n${php}\nlocation /up {\n  root DIR/store;\n  upload on;\n}`);
    expect(said).toMatch(/test\.conf:7:3: error\[uploaded-scripts\]/);
    expect(said).toMatch(/test\.conf:4:1: note: scripts run by this line/);
  });
});

describe('uploads are accepted', () => {
  it.each([
    ['with cgi off', `root DIR/w; ${php} location /up { root DIR/store; upload on; cgi off; }`],
    ['with cgi off below the root of scripts', `root DIR/w; ${php} location /up { upload on; cgi off; }`],
    [
      'with cgi off beside an extension location',
      `root DIR/w; location *.php { ${php} } location /up { upload on; cgi off; }`,
    ],
    ['in a location with ^~', `root DIR/w; location *.php { ${php} } location ^~ /up { upload on; }`],
    ['when that is meant', `root DIR/w; ${php} location /up { upload on; upload_scripts on; }`],
    ['beside scripts', `root DIR/w; location /up { upload on; } location /run { root DIR/store; ${php} }`],
    ['beside scripts of the same root', `root DIR/w; location /up { upload on; } location /up2 { ${php} }`],
    ['where nothing runs', 'location /up { root DIR/w; upload on; }'],
  ])('%s', async (_name, conf) => {
    expect(await refusal(conf)).toBe('');
  });

  it('and an uploaded file is sent, not run', async () => {
    await using server = await startTestServer(
      `root w; location *.sh { cgi .sh /bin/sh; } location /up { upload on; cgi off; }`,
      { 'w/up/': null },
    );
    expect((await server.fetch('/up/x.sh', { method: 'PUT', body: 'echo ran' })).status).toBe(201);
    for (const path of ['/up/x.sh', '//up/x.sh', '/up/../up/x.sh'])
      expect(await (await server.fetch(path)).text()).toBe('echo ran');
    expect((await server.fetch('/up/x.sh/y')).status).toBe(404);
  });
});
