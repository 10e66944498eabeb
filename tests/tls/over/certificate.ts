import { Certificates } from '../certificates.js';

/** Vitest's global setup: makes the certificate of the run, once. @returns its removal */
export default async function setup(): Promise<() => Promise<void>> {
  const made = await Certificates.make();
  await made.server('server', ['localhost', '127.0.0.1']);
  process.env.WEBSERV_TEST_CERTIFICATE = made.path('server');
  return () => made.remove();
}
