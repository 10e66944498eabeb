import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { CertificateFiles } from '../contract/tls.js';
import { displayPath } from '../diagnostics/display-path.js';
import { errorCode } from '../diagnostics/error-code.js';
import { errorMessage } from '../diagnostics/error-text.js';
import { PERMISSIONS_OF_OTHERS } from '../rights/private-directory.js';
import { readPemFile } from './pem-file.js';

/** A certificate with its key, as PEM texts: plain data, which may go to another process of the server. */
export interface KeyPair {
  /** The server's certificate, then those of its authorities. */
  readonly certificate: string;
  /** PKCS #8, not encrypted. Never log it. */
  readonly key: string;
  /** Whether users other than its owner can read the key's file. */
  readonly isKeyExposed: boolean;
}

/** Why a certificate and its key cannot be used, as plain data. */
export interface KeyPairProblem {
  /** Which of the two files is to blame. */
  readonly part: 'certificate' | 'key';
  readonly message: string;
  readonly hint?: string;
  /** The system's code where a file cannot be read, such as `EACCES`; empty otherwise. */
  readonly code?: string;
}

/** A certificate and its key cannot be used together. */
export class KeyPairError extends Error {
  readonly problem: KeyPairProblem;

  constructor(problem: KeyPairProblem) {
    super(problem.message);
    this.name = 'KeyPairError';
    this.problem = problem;
  }
}

const BLOCK =
  /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[^-]*-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;
/** Certificates of one chain. */
const MAX_CHAIN = 32;

/**
 * Reads a certificate with its key from their files, and checks that they fit.
 * @throws KeyPairError
 */
export async function readKeyPair({ certificate, key, passwords }: CertificateFiles): Promise<KeyPair> {
  const text = (await part('certificate', certificate)).bytes.toString('latin1');
  const [own] = certificatesOf(text, displayPath(certificate));
  const { bytes, mode } = await part('key', key);
  const privateKey = await decrypt(bytes, key, passwords);
  if (own === undefined || !own.checkPrivateKey(privateKey)) {
    throw new KeyPairError({
      part: 'key',
      message: `the key in ${displayPath(key)} does not fit the certificate in ${displayPath(certificate)}`,
      hint: "the first certificate of the file must be the server's own",
    });
  }
  return {
    certificate: text,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    isKeyExposed: (mode & PERMISSIONS_OF_OTHERS) !== 0,
  };
}

/**
 * The certificates of a PEM text, in their order.
 * @param name the file's, for messages
 * @throws KeyPairError if there is none, or one is not well formed
 */
export function certificatesOf(text: string, name: string): readonly X509Certificate[] {
  const blocks = text.match(BLOCK) ?? [];
  if (blocks.length === 0) {
    throw new KeyPairError({
      part: 'certificate',
      message: `${name} has no certificate`,
      hint: 'it must be in PEM: -----BEGIN CERTIFICATE-----',
    });
  }
  if (blocks.length > MAX_CHAIN)
    throw new KeyPairError({
      part: 'certificate',
      message: `${name} has more than ${MAX_CHAIN} certificates`,
    });
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch {
      const which = blocks.length === 1 ? 'the certificate' : `certificate ${index + 1}`;
      throw new KeyPairError({ part: 'certificate', message: `${which} in ${name} is damaged` });
    }
  });
}

async function part(which: 'certificate' | 'key', path: string) {
  try {
    return await readPemFile(path);
  } catch (error) {
    throw new KeyPairError({ part: which, message: errorMessage(error), code: errorCode(error) });
  }
}

async function decrypt(pem: Buffer, path: string, passwords: string | undefined): Promise<KeyObject> {
  const name = displayPath(path);
  const isEncrypted = pem.includes('ENCRYPTED');
  if (isEncrypted && passwords === undefined) {
    throw new KeyPairError({
      part: 'key',
      message: `the key in ${name} is encrypted`,
      hint: 'name the file with its password: ssl_password_file FILE;',
    });
  }
  const candidates = isEncrypted && passwords !== undefined ? await passwordsOf(passwords) : [undefined];
  for (const passphrase of candidates) {
    try {
      return createPrivateKey({ key: pem, format: 'pem', ...(passphrase !== undefined && { passphrase }) });
    } catch {
      // Another password may fit.
    }
  }
  if (isEncrypted)
    throw new KeyPairError({
      part: 'key',
      message: `no password in ${displayPath(passwords ?? '')} opens ${name}`,
    });
  throw new KeyPairError({
    part: 'key',
    message: `${name} has no private key`,
    hint: 'it must be in PEM: -----BEGIN PRIVATE KEY-----',
  });
}

/** As nginx: one a line, without the line break. */
async function passwordsOf(path: string): Promise<readonly string[]> {
  const { bytes } = await part('key', path);
  return bytes
    .toString('utf8')
    .split(/\r?\n/)
    .filter((line) => line !== '');
}
