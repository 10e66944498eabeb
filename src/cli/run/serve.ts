import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { quoteWord } from '../../inspect/print.js';
import { readListen, readServerName } from '../../kernel/config/compile/listen.js';
import { ArgumentError } from '../../kernel/contract/directive.js';
import { workingDirectory } from '../../kernel/diagnostics/working-directory.js';
import { isRoot } from '../../kernel/rights/account.js';
import { UsageError } from '../arguments.js';
import { isDirectory } from '../configuration-file.js';
import { namedPath } from '../named-path.js';
import { supervise } from '../supervise.js';
import { hasColour, say } from '../terminal.js';

/**
 * Listens on this machine only: a directory served for a moment, especially one that accepts files, is not for every
 * client.
 */
const DEFAULT_PORT = '8080';
const DEFAULT_TLS_PORT = '8443';
/** Names of this machine in a certificate. */
const OWN_NAMES = ['localhost', '127.0.0.1', '[::1]'];

interface ServeFlags {
  readonly port?: string | undefined;
  readonly https?: boolean | undefined;
  readonly host?: readonly string[] | undefined;
  readonly upload?: boolean | undefined;
  readonly listing?: boolean | undefined;
}

/**
 * @returns the exit code
 * @throws UsageError
 */
export async function serveDirectory(flags: ServeFlags, path = '.'): Promise<number> {
  const launch = {
    kind: 'text',
    text: directoryConfiguration(flags, path),
    file: 'webserv serve',
    base: workingDirectory() ?? '/',
    colour: hasColour(process.stderr),
    trace: false,
  } as const;
  return supervise({ launch, name: namedPath(path) });
}

/**
 * Returns the equivalent configuration file. Tells the user what they may not expect of it.
 * @throws UsageError
 */
export function directoryConfiguration(
  { https = false, port = https ? DEFAULT_TLS_PORT : DEFAULT_PORT, ...flags }: ServeFlags,
  path: string,
): string {
  const { host = [], upload = false, listing = false } = flags;
  const directory = namedPath(path);
  if (!isDirectory(directory)) throw new UsageError(`${path} is not a directory`);
  const hosts = host.map(hostName);
  const address = listenAddress(port);
  const text = configuration(directory, address, { https, hosts, upload, listing });
  if (https) sayHttps(address, hosts);
  if (isRoot()) say("started as root: files are read, and uploads stored, with root's rights");
  if (!listing && !existsSync(join(directory, 'index.html'))) {
    say(`${path} has no index.html, so a request for / gets 404; use --listing to list the files`);
  }
  return text;
}

/** Browsers warn of a certificate by an authority that they do not know, or for another name. */
function sayHttps({ isLoopback }: Address, hosts: readonly string[]): void {
  say('browsers warn of the certificate until they trust the local authority: webserv trust');
  if (isLoopback || hosts.length > 0) return;
  const names = OWN_NAMES.join(', ');
  say(`the certificate is for ${names} only; for a name or address that other machines use: --host NAME`);
}

interface Address {
  readonly text: string;
  readonly isLoopback: boolean;
}

interface Content {
  readonly https: boolean;
  readonly hosts: readonly string[];
  readonly upload: boolean;
  readonly listing: boolean;
}

function configuration(
  directory: string,
  { text: address, isLoopback }: Address,
  { https, hosts, upload, listing }: Content,
): string {
  const lines = [`listen ${quoteWord(address)}${https ? ' ssl' : ''};`, `root ${quoteWord(directory)};`];
  if (https) lines.push(`server_name ${[...OWN_NAMES, ...hosts].join(' ')};`, 'ssl_certificate internal;');
  // On other addresses without a given name, clients may use any name for this machine.
  if (isLoopback || hosts.length > 0) lines.push(`allow_hosts ${['loopback', ...hosts].join(' ')};`);
  if (listing) lines.push('autoindex on;');
  if (upload) lines.push('upload on;', 'client_max_body_size 1g;');
  // A client on this machine can do more than upload a page that this address serves.
  if (upload && isLoopback) lines.push('upload_trusted on;');
  // The message about root says so: `webserv serve` has no way to name another user.
  const user = isRoot() ? 'user root;\n' : '';
  return `${user}server {\n${lines.map((line) => `    ${line}\n`).join('')}}\n`;
}

/**
 * @throws UsageError for an address that `listen` would reject; it names the flag, not a line of the generated
 * configuration
 */
function listenAddress(port: string): Address {
  const place = { file: '', line: 1, column: 1, length: 1, text: '' };
  try {
    const use = { name: 'listen', place, arguments: [{ text: port, place }], block: undefined };
    const listen = readListen(use, { base: workingDirectory() ?? '/', variables: {} });
    if (/^\d+$/.test(port)) return { text: `127.0.0.1:${port}`, isLoopback: true };
    const isLoopback = listen.kind === 'tcp' && (listen.host === '::1' || listen.host.startsWith('127.'));
    return { text: port, isLoopback };
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    throw new UsageError(`--port: ${error.message}`, error.hint);
  }
}

/** @throws UsageError */
function hostName(text: string): string {
  const place = { file: '', line: 1, column: 1, length: 1, text: '' };
  try {
    return readServerName({ text, place });
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error;
    throw new UsageError(`--host: ${error.message}`, error.hint);
  }
}
