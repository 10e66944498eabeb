import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../free-port.js';
import { eventually } from '../hostile/client.js';
import { startCommand } from '../hostile/command.js';
import { Load } from './load.js';
import { deployNumbered, numberedConf, numberedFiles, pluginFile, replaceFile } from './numbered-site.js';
import { type Figure, Verdict } from './verdict.js';

/** How long the master lets a worker start, plus a margin. */
const START_MS = 45_000;

interface Deploy {
  readonly name: string;
  readonly code: string;
  /** Expected text in the log. */
  readonly reason: RegExp;
}

const plugin = (methods: string): string => `
import { definePlugin } from '@webserv/server';
export default definePlugin({ name: 'numbered', directives: {}, ${methods} });
`;

const deploys = (loop: string): readonly Deploy[] => [
  {
    name: 'a syntax error',
    code: 'export default { name: "numbered", apply( { ;',
    reason: /numbered-2\.mjs.*[\s\S]*(?:SyntaxError|Unexpected token)/,
  },
  {
    name: 'throws at setup',
    code: plugin("setup() { throw new Error('no database today'); }, apply() {}"),
    reason: /numbered[\s\S]*no database today/,
  },
  {
    name: 'throws in apply',
    code: plugin("apply() { throw new TypeError('no such table'); }"),
    reason: /numbered[\s\S]*no such table/,
  },
  {
    name: 'ends the process at setup',
    code: plugin('setup() { process.exit(7); }, apply() {}'),
    reason: /a worker ended before it served \(exit 7\)/,
  },
  {
    name: 'loops for ever in apply',
    code: plugin(`apply() { for (;;) { ${loop} } }`),
    reason: /did not start to serve within \d+ s/,
  },
];

export interface DeploysOptions {
  /** Whether the endless loop uses a whole processor; otherwise it sleeps, which hangs the worker just as well. */
  readonly busy: boolean;
}

/**
 * Deploys plugins that cannot work. Each time the old generation continues to serve without a failed request, the log
 * has the reason, no worker is left over, and a working plugin can be deployed afterwards.
 */
export async function badDeploys({ busy }: DeploysOptions): Promise<readonly Figure[]> {
  const loop = busy ? '' : 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);';
  const verdict = new Verdict();
  const runs = await Promise.all(deploys(loop).map((deploy) => run(deploy)));
  for (const [name, add] of runs) add(verdict, name);
  return verdict.close();
}

type Add = (verdict: Verdict, name: string) => void;

async function run({ name, code, reason }: Deploy): Promise<readonly [string, Add]> {
  const port = await freePort();
  await using server = await startCommand(numberedConf(port, 1), numberedFiles(1));
  const before = (await server.processes()).join();
  const [master = 0] = await server.processes();
  let newest = 1;
  const load = new Load({
    port,
    keepAlive: 4,
    oneShot: 2,
    pauseMs: 50,
    versions: () => ({ oldest: 1, newest }),
  });
  await sleep(300);
  await replaceFile(server.directory, pluginFile(2), code);
  await replaceFile(server.directory, 'test.conf', numberedConf(port, 2).replace('numbered 2;', ''));
  const asked = performance.now();
  process.kill(master, 'SIGHUP');
  await eventually(`${name}: told`, () => server.log().includes('not reloaded'), START_MS);
  const told = performance.now() - asked;
  const log = server.log();
  await eventually(`${name}: nobody left over`, async () => (await server.processes()).join() === before);
  newest = 3;
  await deployNumbered(server.directory, port, 3);
  process.kill(master, 'SIGHUP');
  await eventually('the next version', () => (load.versions.get(3) ?? 0) > 0, 30_000).catch(() => {});
  await load.stop();
  const exit = await server.end('SIGTERM');
  return [
    name,
    (verdict) => {
      verdict.tell(`${name}: told after`, `${(told / 1000).toFixed(1)} s`);
      verdict.expect(`${name}: the log says why`, reason.test(log) ? 'yes' : 'no', 'yes');
      verdict.atLeast(`${name}: answers`, load.answered, 1);
      verdict.none(`${name}: failed requests`, load.failures.length);
      verdict.atLeast(`${name}: answers of a good version deployed next`, load.versions.get(3) ?? 0, 1);
      verdict.expect(`${name}: exit`, String(exit), '0');
      verdict.detail(...(reason.test(log) ? [] : [log]), ...load.examples.slice(0, 3));
    },
  ];
}
