import { Certificates } from '../certificates.js';
import { NOT_OVER_TLS } from './left-out.js';

/** Vitest's global setup: makes the certificate of the run, and says what is left out. @returns the certificate's removal */
export default async function setup(): Promise<() => Promise<void>> {
  for (const [file, reason] of Object.entries(NOT_OVER_TLS))
    process.stdout.write(`left out over TLS: ${file}: ${reason}\n`);
  const made = await Certificates.make();
  await made.server('server', ['localhost', '127.0.0.1']);
  process.env.WEBSERV_TEST_CERTIFICATE = made.path('server');
  return () => made.remove();
}
