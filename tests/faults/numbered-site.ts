import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Files } from '../hostile/command.js';

/** Body sizes in bytes: one write, several writes, and more than the system's buffers of a new socket. */
const SIZES = [10, 3000, 40_000, 300_000];
/** Milliseconds until a response: most are immediate, some are in progress when something happens. */
const WAITS = [0, 0, 0, 0, 0, 0, 0, 0, 0, 40];

/** A request to the numbered site. It is computed from a number so that no two in a row are alike. */
export interface Ask {
  /** Repeated in the response, so that a response to another request is detected. */
  readonly id: string;
  readonly size: number;
  readonly wait: number;
}

export function askOf(client: string, number: number): Ask {
  const id = `${client}.${number}`;
  return { id, size: SIZES[number % SIZES.length] ?? 0, wait: WAITS[number % WAITS.length] ?? 0 };
}

export const targetOf = ({ id, size, wait }: Ask): string => `/?${id}&${size}&${wait}`;

/** A response of the numbered site in which every byte was found to be correct. */
export interface NumberedAnswer {
  readonly version: number;
  readonly worker: number;
}

/**
 * @returns undefined unless it is the whole response to this very request, with code and configuration of the same
 * version
 */
export function readAnswer(ask: Ask, body: string): NumberedAnswer | undefined {
  const found = /^configuration=(\d+) code=(\d+) worker=(\d+) request=([^\n]*)\n/.exec(body);
  if (found === null || found[1] !== found[2] || found[4] !== ask.id) return undefined;
  const [head, version = ''] = found;
  const pattern = `${ask.id}/${version};`;
  const content = pattern.repeat(Math.ceil(ask.size / pattern.length)).slice(0, ask.size);
  if (body.length !== head.length + ask.size || !body.endsWith(content)) return undefined;
  return { version: Number(version), worker: Number(found[3]) };
}

/** The plugin that responds: one version number is in its code, another comes from the configuration by a directive. */
const plugin = (version: number): string => `
import { definePlugin, Stage, text } from '@webserv/server';
import { setTimeout as sleep } from 'node:timers/promises';

const CODE = '${version}';

export default definePlugin({
  name: 'numbered',
  directives: { numbered: text({ default: undefined, help: 'the number of the configuration', example: 'numbered 1;' }) },
  apply({ options, hooks }) {
    const configuration = options.numbered;
    if (configuration === undefined) return;
    hooks.onRoute.tapPromise({ stage: Stage.handler, methods: ['GET'] }, async ({ request }) => {
      const [id = '', size = '0', wait = '0'] = request.query.split('&');
      if (wait !== '0') await sleep(Number(wait));
      const pattern = id + '/' + configuration + ';';
      const content = pattern.repeat(Math.ceil(Number(size) / pattern.length)).slice(0, Number(size));
      const head = 'configuration=' + configuration + ' code=' + CODE + ' worker=' + process.pid + ' request=' + id;
      return { status: 200, headers: { 'content-type': 'text/plain' }, body: head + '\\n' + content };
    });
  },
});
`;

export const pluginFile = (version: number): string => `numbered-${version}.mjs`;

/** @param more directives of the server block */
export function numberedConf(port: number, version: number, { more = '', main = '' } = {}): string {
  return `workers 2;
worker_shutdown_timeout 10s;
pid webserv.pid;
${main}
load_plugin ./${pluginFile(version)};
server { listen 127.0.0.1:${port}; numbered ${version}; ${more} }
`;
}

/** The plugin file of a version; the caller writes the configuration. */
export const numberedFiles = (version: number): Files => ({ [pluginFile(version)]: plugin(version) });

/** Replaces a file in one step, as a deploy does: no reader sees half of it. */
export async function replaceFile(directory: string, name: string, text: string): Promise<void> {
  await writeFile(join(directory, `${name}.new`), text);
  await rename(join(directory, `${name}.new`), join(directory, name));
}

/** Installs another version, without a reload. */
export async function deployNumbered(directory: string, port: number, version: number): Promise<void> {
  await replaceFile(directory, pluginFile(version), plugin(version));
  await replaceFile(directory, 'test.conf', numberedConf(port, version));
}
