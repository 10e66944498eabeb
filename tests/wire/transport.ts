import { once } from 'node:events';
import { connect as connectTcp, type NetConnectOpts, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/**
 * The suites that use sockets run over TCP, and over TLS by `npm run tls`: there the servers of the tests listen with
 * `ssl`, and the clients encrypt.
 */
export const isSecure = process.env.WEBSERV_TEST_TRANSPORT === 'tls';

export const scheme = isSecure ? 'https' : 'http';

/** A connection of a client. */
export interface Dialled {
  /** The bytes of HTTP. */
  readonly socket: Socket;
  /** Sends a reset instead of an end. */
  reset(): void;
}

/** Connects by the transport of this run. */
export async function dial(options: NetConnectOpts): Promise<Dialled> {
  const raw = connectTcp(options);
  const settled = isSecure ? 'secureConnect' : 'connect';
  const socket = isSecure ? connectTls({ socket: raw, rejectUnauthorized: false }) : raw;
  await once(socket, settled);
  return { socket, reset: () => raw.resetAndDestroy() };
}

/** The configuration for the transport of this run: every `listen` gets `ssl`, with the certificate of the run. */
export function forTransport(conf: string): string {
  if (!isSecure) return conf;
  const file = process.env.WEBSERV_TEST_CERTIFICATE;
  const listens = conf.replace(/\blisten ([^;]*);/g, 'listen $1 ssl;');
  return `ssl_certificate ${file}.pem; ssl_certificate_key ${file}.key;\n${listens}`;
}

/**
 * Whether a test runs that makes no sense over TLS. Over TLS it is left out, and the reason is printed.
 * @param what the test, as the list of those that were left out has it
 */
export function onlyOverTcp(what: string, reason: string): boolean {
  if (isSecure) process.stdout.write(`left out over TLS: ${what}: ${reason}\n`);
  return !isSecure;
}

/** Reasons that hold for several tests. */
export const HTTPS_IS_RIGHT = 'a target with the scheme https is right there';
export const CLOSED_EARLY =
  'clients beyond max_connections are closed before their handshake (tests/tls/slots.test.ts)';
