import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTestServer, type TestFiles, type TestServer } from '@webserv/server/testing';

export const CONF =
  'location /files { root top/store; upload on; upload_delete on; upload_conflict replace; client_max_body_size 100m; }';

/** Creates a store two directories deep, with canaries above it. */
export const start = (files: TestFiles = {}, conf = CONF): Promise<TestServer> =>
  startTestServer(conf, { canary: 'alive', 'top/canary': 'alive', 'top/store/': null, ...files });

/** All files below the server's directory, including hidden ones. */
export async function tree(server: TestServer): Promise<string[]> {
  const entries = await readdir(server.directory, { recursive: true, withFileTypes: true });
  const path = (entry: (typeof entries)[number]): string => join(entry.parentPath, entry.name);
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => path(entry).slice(server.directory.length + 1))
    .sort();
}

export const UNTOUCHED = ['canary', 'top/canary'];
export const inStore = (server: TestServer, name: string): string =>
  join(server.directory, 'top/store', name);

/** Number of this process's descriptors of the store or of files in it. Zero except on Linux. */
export async function openInStore(server: TestServer): Promise<number> {
  const descriptors = await readdir('/proc/self/fd').catch(() => []);
  const targets = await Promise.all(descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
  return targets.filter((target) => target.startsWith(inStore(server, ''))).length;
}

/** Waits until the server has noticed the client's action. */
export async function eventually(check: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; await sleep(10))
    if (await check()) return;
  throw new Error('it did not come to pass within 10 seconds');
}

/** A part of a form with the boundary `XX`, and the form's end. */
export const filePart = (name: string, content: string): string =>
  `--XX\r\nContent-Disposition: form-data; name=f; filename="${name}"\r\n\r\n${content}\r\n`;
export const END = '--XX--\r\n';
