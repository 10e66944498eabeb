import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const PUBLIC = [
  'basicConstraints=critical,CA:FALSE',
  'keyUsage=critical,digitalSignature',
  'extendedKeyUsage=serverAuth',
  'crlDistributionPoints=URI:http://127.0.0.1:9/revoked.crl',
];

/** Certificates made by the `openssl` command, independent of the server's own code. Files are named `NAME.pem` and `NAME.key`. */
export class Certificates {
  readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async make(): Promise<Certificates> {
    return new Certificates(await mkdtemp(join(tmpdir(), 'webserv-tls-')));
  }

  path(file: string): string {
    return join(this.directory, file);
  }

  read(file: string): Promise<string> {
    return readFile(this.path(file), 'utf8');
  }

  /** An authority, signed by itself, or by another one. */
  authority(name: string, issuer?: string): Promise<void> {
    return this.#issue(name, ['basicConstraints=critical,CA:TRUE', 'keyUsage=critical,keyCertSign,cRLSign'], {
      issuer,
    });
  }

  /** A certificate for host names, signed by an authority, or by itself. */
  async server(
    name: string,
    hosts: readonly string[],
    options: {
      readonly issuer?: string;
      readonly days?: number;
      readonly rsa?: boolean;
      /** With what public authorities add: usages, and where to ask whether it is revoked. */
      readonly like?: 'public';
    } = {},
  ): Promise<void> {
    const names = hosts.map((host) => `${/^[\d.:]+$/.test(host) ? 'IP' : 'DNS'}:${host}`).join(',');
    const added = options.like === 'public' ? PUBLIC : [];
    await this.#issue(name, [`subjectAltName=${names}`, ...added], options);
  }

  /** A client's certificate. */
  client(name: string, options: { readonly issuer?: string; readonly days?: number } = {}): Promise<void> {
    return this.#issue(name, ['extendedKeyUsage=clientAuth'], options);
  }

  /** Writes a list of an authority's revoked certificates. */
  async revoke(list: string, authority: string, revoked: readonly string[]): Promise<void> {
    const config = this.path(`${list}.cnf`);
    await writeFile(this.path(`${list}.db`), '');
    await writeFile(this.path(`${list}.db.attr`), 'unique_subject = no\n');
    await writeFile(
      config,
      `[ca]\ndefault_ca = d\n[d]\ndatabase = ${this.path(`${list}.db`)}\ndefault_md = sha256\ndefault_crl_days = 30\n`,
    );
    const signer = ['-cert', this.path(`${authority}.pem`), '-keyfile', this.path(`${authority}.key`)];
    for (const name of revoked)
      await run('openssl', ['ca', '-config', config, ...signer, '-revoke', this.path(`${name}.pem`)]);
    await run('openssl', ['ca', '-config', config, ...signer, '-gencrl', '-out', this.path(list)]);
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  async #issue(
    name: string,
    extensions: readonly string[],
    { issuer, days = 30, rsa = false }: { issuer?: string | undefined; days?: number; rsa?: boolean },
  ): Promise<void> {
    const key = this.path(`${name}.key`);
    const kind = rsa ? ['-algorithm', 'RSA'] : ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'];
    await run('openssl', ['genpkey', ...kind, '-out', key], { env: { ...process.env } });
    const request = this.path(`${name}.csr`);
    await run('openssl', ['req', '-new', '-key', key, '-subj', `/O=Tests/CN=${name}`, '-out', request]);
    const extensionFile = this.path(`${name}.ext`);
    await writeFile(extensionFile, extensions.join('\n'));
    const signer =
      issuer === undefined
        ? ['-signkey', key]
        : ['-CA', this.path(`${issuer}.pem`), '-CAkey', this.path(`${issuer}.key`), '-CAcreateserial'];
    await run('openssl', [
      'x509',
      '-req',
      '-in',
      request,
      ...signer,
      '-days',
      String(days),
      '-extfile',
      extensionFile,
      '-out',
      this.path(`${name}.pem`),
    ]);
  }
}
