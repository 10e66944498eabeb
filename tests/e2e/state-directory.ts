import { mkdtemp, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/**
 * The certificates of the demonstration come from an authority of this run: that of the user stays as it is. Not in /tmp,
 * where a server that root starts keeps no keys.
 */
export default async function setup(): Promise<() => Promise<void>> {
  const directory = await mkdtemp(fileURLToPath(new URL('state-', import.meta.url)));
  process.env.STATE_DIRECTORY = directory;
  return () => rm(directory, { recursive: true, force: true });
}

/** The certificate to trust. It exists once the demonstration serves. */
export function authorityFile(): string {
  return `${process.env.STATE_DIRECTORY}/authority/1/certificate.pem`;
}
