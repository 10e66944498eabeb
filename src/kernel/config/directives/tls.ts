import { ArgumentError, type ArgumentType, type DirectiveTable } from '../../contract/directive.js';
import {
  type CertificateOrigin,
  type NamedFile,
  type TlsVersion,
  tlsVersions,
  verifyModes,
} from '../../contract/tls.js';
import type { Place } from '../../diagnostics/diagnostic.js';
import { argument, readArgument } from './arguments.js';
import { type DirectiveOptions, directive, flag, integer, oneOf, single } from './directives.js';
import { timeout } from './timeout.js';

/** The directives of TLS: nginx's names and meanings. */

/** A certificate or key as one directive names it: a path, or a word that stands for another origin. */
export interface WrittenCertificate {
  /** Absolute; undefined for `internal`. */
  readonly path: string | undefined;
  readonly place: Place | undefined;
}

const inServers = ['main', 'server'] as const;

/** Words that stand for a certificate of another origin than files. */
const INTERNAL = 'internal' satisfies CertificateOrigin['kind'];

/** A path to a file with keys or certificates. Nothing secret may be written in the configuration itself. */
export const pemPath: ArgumentType<string> = {
  ...argument.path,
  read: (text, scope) => {
    if (/^(?:data|engine|store):/.test(text)) {
      throw new ArgumentError(`"${text.slice(0, text.indexOf(':') + 1)}…" is not supported`, {
        hint: 'write it into a PEM file that only the server may read, and name that',
      });
    }
    if (text.includes('$'))
      throw new ArgumentError('a path with variables is not supported', { hint: 'name one file a server' });
    return argument.path.read(text, scope);
  },
};

const certificateSource: ArgumentType<string> = {
  ...pemPath,
  usage: 'PATH|internal',
  expected: 'a path, or internal',
  read: (text, scope) => (text === INTERNAL ? INTERNAL : pemPath.read(text, scope)),
};

function pemFiles(
  type: ArgumentType<string>,
  options: Omit<DirectiveOptions<readonly WrittenCertificate[]>, 'default' | 'in'>,
) {
  return directive<readonly WrittenCertificate[], WrittenCertificate>({
    ...options,
    in: inServers,
    default: [],
    usage: type.usage,
    arguments: [1, 1],
    argumentTypes: [type],
    repeatable: true,
    parse: (use, scope) => {
      const [word] = use.arguments;
      if (word === undefined) throw new ArgumentError('a path is missing');
      const path = readArgument(type, word, scope);
      return { path: path === INTERNAL ? undefined : path, place: word.place };
    },
    combine: (values) => values,
  });
}

function pemFile(options: Pick<DirectiveOptions<unknown>, 'help' | 'example'>) {
  return directive<NamedFile | undefined, NamedFile>({
    ...options,
    in: inServers,
    default: undefined,
    usage: 'PATH',
    arguments: [1, 1],
    argumentTypes: [pemPath],
    parse: (use, scope) => {
      const [word] = use.arguments;
      if (word === undefined) throw new ArgumentError('a path is missing');
      return { path: readArgument(pemPath, word, scope), place: word.place };
    },
    combine: (values, outer) => values.at(-1) ?? outer,
  });
}

/** Versions that nginx knows and that are never offered (RFC 7568, RFC 8996). */
export const OLD_VERSIONS: readonly string[] = ['SSLv2', 'SSLv3', 'TLSv1', 'TLSv1.1'];

const versionWord: ArgumentType<TlsVersion | undefined> = {
  usage: tlsVersions.join('|'),
  expected: tlsVersions.join(' or '),
  json: [{ enum: [...tlsVersions, ...OLD_VERSIONS] }],
  read: (text) => tlsVersions.find((version) => version === text),
};

/** Forward secrecy and authenticated encryption only: Mozilla's "intermediate" without finite-field Diffie-Hellman. */
export const DEFAULT_CIPHERS =
  'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305';

const MINUTE = 60_000;

export const tlsDirectives = {
  ssl_certificate: pemFiles(certificateSource, {
    help: "sets the server's certificate, followed by those of its authorities, in PEM; once more for another type of key; internal makes one for development",
    example: 'ssl_certificate /etc/webserv/example.org.pem;',
  }),
  ssl_certificate_key: pemFiles(pemPath, {
    help: 'sets the private key of the certificate, in PEM; in the same order as the certificates',
    example: 'ssl_certificate_key /etc/webserv/example.org.key;',
  }),
  ssl_password_file: pemFile({
    help: 'sets the file with the passwords of private keys, one a line; each is tried',
    example: 'ssl_password_file /etc/webserv/keys.pass;',
  }),
  ssl_protocols: directive<readonly TlsVersion[], readonly TlsVersion[]>({
    in: inServers,
    default: tlsVersions,
    usage: `${tlsVersions.join('|')}…`,
    arguments: [1, Number.POSITIVE_INFINITY],
    argumentTypes: [versionWord],
    help: 'sets the versions of TLS that are offered; older ones never are',
    example: 'ssl_protocols TLSv1.3;',
    parse: (use) => {
      const versions: TlsVersion[] = [];
      for (const word of use.arguments) {
        const version = tlsVersions.find((each) => each === word.text);
        if (version !== undefined) versions.push(version);
        else if (!OLD_VERSIONS.includes(word.text)) {
          throw new ArgumentError(`expected ${tlsVersions.join(' or ')}, got "${word.text}"`, {
            argument: word,
          });
        }
      }
      if (versions.length === 0) {
        throw new ArgumentError(`${use.arguments.map(({ text }) => text).join(' ')} is never offered`, {
          hint: `it is not safe; write: ssl_protocols ${tlsVersions.join(' ')};`,
        });
      }
      return versions;
    },
    combine: (values, outer) => values.at(-1) ?? outer,
  }),
  ssl_ciphers: single(argument.word('LIST', /^[A-Za-z0-9!@+:=_-]{1,2048}$/, "OpenSSL's list of ciphers"), {
    in: inServers,
    default: DEFAULT_CIPHERS,
    help: "sets the cipher suites of TLS 1.2, in OpenSSL's format; those of TLS 1.3 stay, unless it names some",
    example: 'ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;',
  }),
  ssl_prefer_server_ciphers: flag({
    in: inServers,
    default: true,
    help: "prefers the order of the server's cipher suites to the client's; a client that prefers ChaCha20, because it has no AES in hardware, gets it",
    example: 'ssl_prefer_server_ciphers off;',
  }),
  ssl_ecdh_curve: single(
    argument.word('LIST|auto', /^[A-Za-z0-9:_-]{1,512}$/, 'auto, or groups such as X25519:prime256v1'),
    {
      in: inServers,
      default: 'auto',
      help: 'sets the groups for the exchange of keys, in order of preference',
      example: 'ssl_ecdh_curve X25519:prime256v1;',
    },
  ),
  ssl_session_tickets: flag({
    in: inServers,
    default: true,
    help: 'lets clients resume sessions by tickets; never where client certificates are verified',
    example: 'ssl_session_tickets off;',
  }),
  ssl_session_ticket_key: directive<readonly NamedFile[], NamedFile>({
    in: inServers,
    default: [],
    usage: 'PATH',
    arguments: [1, 1],
    argumentTypes: [pemPath],
    repeatable: true,
    help: 'sets a file with the 48-byte key of the tickets, for several machines; without it the server draws keys and changes them every 12 hours; of several the first is used',
    example: 'ssl_session_ticket_key /etc/webserv/ticket.key;',
    parse: (use, scope) => {
      const [word] = use.arguments;
      if (word === undefined) throw new ArgumentError('a path is missing');
      return { path: readArgument(pemPath, word, scope), place: word.place };
    },
    combine: (values) => values,
  }),
  ssl_session_timeout: single(timeout, {
    in: inServers,
    default: 5 * MINUTE,
    help: 'limits the time in which a client may resume a session',
    example: 'ssl_session_timeout 5m;',
  }),
  ssl_verify_client: oneOf(verifyModes, {
    in: inServers,
    default: 'off',
    help: 'asks clients for a certificate: on requires a verified one, optional takes none too, optional_no_ca also one of an unknown authority',
    example: 'ssl_verify_client on;',
  }),
  ssl_client_certificate: pemFile({
    help: "sets the authorities of the clients' certificates, in PEM; clients are told their names",
    example: 'ssl_client_certificate /etc/webserv/clients-ca.pem;',
  }),
  ssl_trusted_certificate: pemFile({
    help: "sets further authorities of the clients' certificates, in PEM",
    example: 'ssl_trusted_certificate /etc/webserv/more-ca.pem;',
  }),
  ssl_verify_depth: integer({
    in: inServers,
    min: 0,
    max: 100,
    default: 1,
    help: "limits the certificates of authorities between a client's and a root",
    example: 'ssl_verify_depth 2;',
  }),
  ssl_crl: pemFile({
    help: "sets the lists of revoked certificates, in PEM: one for each authority in a client's chain",
    example: 'ssl_crl /etc/webserv/clients.crl;',
  }),
  ssl_reject_handshake: flag({
    in: inServers,
    default: false,
    help: 'rejects the handshake of clients that ask for this server: as a default server, for names that no other has',
    example: 'ssl_reject_handshake on;',
  }),
  ssl_handshake_timeout: single(timeout, {
    in: inServers,
    default: 10_000,
    help: 'limits the time of a TLS handshake',
    example: 'ssl_handshake_timeout 10s;',
  }),
} satisfies DirectiveTable;
