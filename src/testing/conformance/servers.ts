import type { Plugin } from '../../kernel/contract/plugin.js';
import { SocketlessServer } from '../socketless.js';
import type { Subject } from './subject.js';

/** A server as the plugin's author configures it, on which nothing was asked yet. */
export function open(subject: Subject, ...more: readonly Plugin[]): Promise<SocketlessServer> {
  const { conf, files, plugin, plugins } = subject;
  return SocketlessServer.open({ conf, files, plugins: [plugin, ...plugins, ...more] });
}

/** How long what is on its way may take to come to its end, in milliseconds. */
const PATIENCE_MS = 5_000;

/** Waits until something is so. @returns false when it is not in time */
export async function until(isSo: () => boolean): Promise<boolean> {
  const end = performance.now() + PATIENCE_MS;
  while (!isSo()) {
    if (performance.now() > end) return false;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return true;
}
