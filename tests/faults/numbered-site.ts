import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Files } from '../hostile/command.js';

/** Sizes of answers, in bytes: one write, several, and more than the system's buffers of a socket that is new. */
const SIZES = [10, 3000, 40_000, 300_000];
/** Milliseconds an answer takes: most are at once, some are in flight when something happens. */
const WAITS = [0, 0, 0, 0, 0, 0, 0, 0, 0, 40];

/** What a client asks of the numbered site, made of a number so that no two in a row are alike. */
export interface Ask {
  /** Stands in the answer, so that one meant for another request is seen. */
  readonly id: string;
  readonly size: number;
  readonly wait: number;
}

export function askOf(client: string, number: number): Ask {
  const id = `${client}.${number}`;
  return { id, size: SIZES[number % SIZES.length] ?? 0, wait: WAITS[number % WAITS.length] ?? 0 };
}

export const targetOf = ({ id, size, wait }: Ask): string => `/?${id}&${size}&${wait}`;

/** An answer of the numbered site, once every byte of it has been found to be right. */
export interface NumberedAnswer {
  readonly version: number;
  readonly worker: number;
}

/**
 * @returns undefined when it is not the whole answer to this very request, by code and configuration of one version
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

/** The plugin that answers: its number is in its code, the configuration's comes by a directive. */
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

/** The files of a version; the configuration is startCommand's. */
export const numberedFiles = (version: number): Files => ({ [pluginFile(version)]: plugin(version) });

/** Replaces a file in one step, as a deploy does: nobody reads half of it. */
export async function replaceFile(directory: string, name: string, text: string): Promise<void> {
  await writeFile(join(directory, `${name}.new`), text);
  await rename(join(directory, `${name}.new`), join(directory, name));
}

/** Puts another version in place; a reload is still to come. */
export async function deployNumbered(directory: string, port: number, version: number): Promise<void> {
  await replaceFile(directory, pluginFile(version), plugin(version));
  await replaceFile(directory, 'test.conf', numberedConf(port, version));
}
