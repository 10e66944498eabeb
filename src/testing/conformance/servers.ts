import type { Plugin } from '../../kernel/contract/plugin.js';
import { SocketlessServer } from '../socketless.js';
import type { Subject } from './subject.js';

/** Opens a new server with the configuration of the plugin's author. */
export function open(subject: Subject, ...more: readonly Plugin[]): Promise<SocketlessServer> {
  const { conf, files, plugin, plugins } = subject;
  return SocketlessServer.open({ conf, files, plugins: [plugin, ...plugins, ...more] });
}

/** Maximum time for work in progress to finish, in milliseconds. */
const TIMEOUT_MS = 5_000;

/**
 * Waits until a condition is true.
 * @returns false when it is still false after 5 s
 */
export async function until(condition: () => boolean): Promise<boolean> {
  const end = performance.now() + TIMEOUT_MS;
  while (!condition()) {
    if (performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return true;
}
