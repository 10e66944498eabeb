import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { builtinPlugins } from '../../src/builtin.js';
import { loadConfigText } from '../../src/kernel/config/files/load.js';
import type { Config } from '../../src/kernel/contract/config.js';
import { formatAddress } from '../../src/kernel/net/address.js';
import { startTestServer } from '../../src/testing/index.js';
import { command } from '../cli/in-process.js';
import { folderWith, repository } from '../cli/webserv.js';

const run = promisify(execFile);
const read = (name: string): Promise<string> => readFile(join(repository, 'deploy', name), 'utf8');
/** Time that the master adds to the workers' grace period before it kills them. */
const KILL_MARGIN_MS = 2000;

async function configOf(text: string): Promise<Config> {
  const { config } = await loadConfigText(text, {
    file: 'webserv.conf',
    base: '/etc/webserv',
    builtins: builtinPlugins(),
  });
  if (config === undefined) throw new Error(`this is no configuration:\n${text}`);
  return config;
}

const listens = ({ servers }: Config): string[] =>
  servers.flatMap(({ listens: own }) => own.map((listen) => formatAddress(listen)));

/** The values of a setting in a unit file. */
const settings = (unit: string, name: string): string[] =>
  unit.split('\n').flatMap((line) => (line.startsWith(`${name}=`) ? [line.slice(name.length + 1)] : []));

/** Returns a value of a parsed document by keys and indices. */
const at = (value: unknown, ...path: readonly (string | number)[]): unknown =>
  path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );

async function packageJson(): Promise<unknown> {
  return JSON.parse(await readFile(join(repository, 'package.json'), 'utf8'));
}

/** The response of a server with this configuration to `/healthz`. */
async function health(conf: string): Promise<string> {
  const here = conf.replace(/listen \d+;/, 'listen 127.0.0.1:0;').replace(/^\s*pid .*;$/m, '');
  await using server = await startTestServer(here);
  const response = await server.fetch('/healthz');
  return `${response.status} ${await response.text()}`;
}

it('the sample configuration is valid, and its health check succeeds', async () => {
  const conf = await read('webserv.conf');
  const folder = await folderWith({ 'webserv.conf': conf });
  expect((await command(['--test', join(folder, 'webserv.conf')])).code).toBe(0);
  expect(await health(conf)).toBe('200 ok\n');
});

it("the unit runs the package's command, with flags and times that agree with the sample", async () => {
  const unit = await read('webserv.service');
  const { main } = await configOf(await read('webserv.conf'));
  const [start = ''] = settings(unit, 'ExecStart');
  const [reload = ''] = settings(unit, 'ExecReload');
  expect(at(await packageJson(), 'bin', basename(start.split(' ')[0] ?? ''))).toBeTypeOf('string');
  expect(reload).toBe(`${start} --signal reload`);
  expect(start).toMatch(/ --config \/etc\/webserv\/webserv\.conf$/);
  expect(settings(unit, 'KillSignal')).toEqual(['SIGTERM']);
  const [stop] = settings(unit, 'TimeoutStopSec');
  expect(Number(stop) * 1000).toBeGreaterThan(main.workerShutdownTimeout + KILL_MARGIN_MS);
  expect(dirname(main.pidFile ?? '')).toBe(`/run/${settings(unit, 'RuntimeDirectory')[0]}`);
  expect(settings(unit, 'Type')).toEqual(['notify']);
  expect(settings(unit, 'NotifyAccess')).toEqual(['all']);
});

it('the socket unit opens exactly what the sample listens on', async () => {
  const config = await configOf(await read('webserv.conf'));
  expect(settings(await read('webserv.socket'), 'ListenStream')).toEqual(listens(config));
});

it('systemd accepts the units', async (context) => {
  const hasSystemd = await run('systemd-analyze', ['--version']).then(
    () => true,
    () => false,
  );
  if (!hasSystemd && process.env.CI === undefined) context.skip();
  expect(hasSystemd).toBe(true);
  // systemd-analyze verifies that the program exists too.
  const unit = (await read('webserv.service')).replaceAll('/usr/local/bin/webserv', process.execPath);
  const folder = await folderWith({
    'webserv.service': unit,
    'webserv.socket': await read('webserv.socket'),
  });
  const verify = (): Promise<{ stderr: string }> =>
    run('systemd-analyze', ['verify', join(folder, 'webserv.service'), join(folder, 'webserv.socket')]);
  expect((await verify()).stderr).toBe('');
  await writeFile(join(folder, 'webserv.service'), unit.replace('KillMode=mixed', 'KillMode=odd'));
  await expect(verify().then(({ stderr }) => stderr)).resolves.toContain('odd');
});

it('the image runs the packaged command as another user than root, without a shell, and checks its health', async () => {
  const dockerfile = await read('Dockerfile');
  const config = await configOf(await read('webserv.conf'));
  const json = (instruction: string): unknown =>
    JSON.parse(new RegExp(`^${instruction} (\\[.*\\])$`, 'm').exec(dockerfile)?.[1] ?? 'null');
  const own = await packageJson();
  const main = `/opt/webserv/node_modules/${at(own, 'name')}/${at(own, 'bin', 'webserv')}`;
  expect(json('ENTRYPOINT')).toEqual(['tini', '--', 'node', main]);
  expect(json('CMD')).toEqual(['--config', '/etc/webserv/webserv.conf']);
  expect(dockerfile).toMatch(/^USER 1000:1000$/m);
  expect(dockerfile).toMatch(/^STOPSIGNAL SIGTERM$/m);
  const [listen] = config.servers.flatMap(({ listens: all }) => all);
  const port = listen?.kind === 'tcp' ? listen.port : 0;
  expect(/^EXPOSE (\d+)$/m.exec(dockerfile)?.[1]).toBe(String(port));
  const check = json(' +CMD');
  expect(at(check, 2)).toContain(`http://127.0.0.1:${port}/healthz`);
  // The files it copies must exist, also for the build: none of them may be ignored.
  const ignored = await read('Dockerfile.dockerignore');
  for (const needed of [
    'deploy/webserv.conf',
    'src',
    'plugins',
    'package-lock.json',
    'tsconfig.build.json',
  ]) {
    expect(ignored).toContain(`!${needed}\n`);
  }
});

it('the health check of the image fails for an error status and for a missing response', async () => {
  const program = /"--eval", "(.*)"\]/.exec(await read('Dockerfile'))?.[1] ?? '';
  await using server = await startTestServer(
    'location = /healthz { return 200 ok; } location = /ill/healthz { return 503; }',
  );
  const codeAt = (base: string): Promise<unknown> =>
    run(process.execPath, ['--eval', program.replace('http://127.0.0.1:8080', base)]).then(
      () => 0,
      (error: unknown) => at(error, 'code'),
    );
  expect(await codeAt(server.url)).toBe(0);
  expect(await codeAt(`${server.url}/ill`)).toBe(1);
  expect(await codeAt('http://127.0.0.1:1')).toBe(1);
});

it("Kubernetes' objects agree with the configuration they carry, and with one another", async () => {
  const documents = parseAllDocuments(await read('kubernetes.yaml'));
  const objects = documents.map((document): unknown => {
    expect(document.errors).toEqual([]);
    return document.toJS();
  });
  const kind = (name: string): unknown => objects.find((object) => at(object, 'kind') === name);
  const conf = String(at(kind('ConfigMap'), 'data', 'webserv.conf'));
  const config = await configOf(conf);
  expect(await health(conf)).toBe('200 ok\n');

  const deployment = at(kind('Deployment'), 'spec');
  const pod = at(deployment, 'template', 'spec');
  const container = at(pod, 'containers', 0);
  expect(listens(config)).toEqual([`0.0.0.0:${at(container, 'ports', 0, 'containerPort')}`]);
  const named = at(container, 'ports', 0, 'name');
  for (const probe of ['readinessProbe', 'livenessProbe']) {
    expect(at(container, probe, 'httpGet')).toEqual({ path: '/healthz', port: named });
  }
  expect(at(kind('Service'), 'spec', 'ports', 0, 'targetPort')).toBe(named);
  const labels = at(deployment, 'template', 'metadata', 'labels');
  expect(at(deployment, 'selector', 'matchLabels')).toEqual(labels);
  expect(at(kind('Service'), 'spec', 'selector')).toEqual(labels);
  expect(at(kind('PodDisruptionBudget'), 'spec', 'selector', 'matchLabels')).toEqual(labels);
  expect(at(pod, 'topologySpreadConstraints', 0, 'labelSelector', 'matchLabels')).toEqual(labels);

  const wait = Number(at(container, 'lifecycle', 'preStop', 'exec', 'command', 1)) * 1000;
  const grace = Number(at(pod, 'terminationGracePeriodSeconds')) * 1000;
  expect(grace).toBeGreaterThan(wait + config.main.workerShutdownTimeout + KILL_MARGIN_MS);
  expect(at(container, 'image')).toBe(`webserv:${at(await packageJson(), 'version')}`);
  // The file system is read-only, so the pid file must be on a volume.
  const mounts = at(container, 'volumeMounts');
  expect(Array.isArray(mounts) && mounts.map((mount) => at(mount, 'mountPath'))).toContain(
    dirname(config.main.pidFile ?? ''),
  );
});
