import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { webserv } from '../e2e/command.js';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const probes = here('../../../shared/probes/');
const runner = join(probes, 'run-cases.py');

/** A case's verdict and the observed behaviour, by its name. */
type Verdicts = Readonly<Record<string, readonly [verdict: string, seen: string]>>;

async function run(cases: string): Promise<Verdicts> {
  const folder = await mkdtemp(join(tmpdir(), 'webserv-probes-'));
  try {
    await using command = await webserv(['--config', here('probes.conf')], /http:\/\/127\.0\.0\.1:[0-9]+/);
    const [, port = ''] = /127\.0\.0\.1:([0-9]+)/.exec(command.stdout()) ?? [];
    const out = join(folder, 'verdicts.json');
    await promisify(execFile)('python3', [runner, '127.0.0.1', port, join(probes, cases), '--json', out]);
    const verdicts: Verdicts = JSON.parse(await readFile(out, 'utf8'));
    return verdicts;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The rows of a table in the README: case and verdict. */
async function explained(cases: string): Promise<readonly string[]> {
  const readme = await readFile(here('README.md'), 'utf8');
  const section = readme.split(/^## /m).find((text) => text.startsWith(`${cases}\n`)) ?? '';
  return section
    .split('\n')
    .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| /, '').trim()))
    .filter(([, verdict]) => verdict === 'warn' || verdict === 'fail')
    .map(([name, verdict]) => `${verdict} ${name}`);
}

describe('public probes against the real command', { timeout: 180_000 }, () => {
  it.concurrent.each([
    ['http11probe-a.json', 100],
    ['llhttp.json', 90],
  ])('%s passes except for explained cases', async (cases, least) => {
    const verdicts = Object.entries(await run(cases));
    expect(verdicts.length).toBeGreaterThan(least);
    const open = verdicts
      .filter(([, [verdict]]) => verdict !== 'pass')
      .map(([name, [verdict]]) => `${verdict} ${name}`);
    expect(open.sort()).toEqual([...(await explained(cases))].sort());
  });
});
