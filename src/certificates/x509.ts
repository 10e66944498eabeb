import { createHash, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';
import {
  bitFlags,
  bitString,
  type Der,
  elementsIn,
  implicit,
  objectIdentifier,
  octetString,
  sequence,
  set,
  TRUE,
  tagged,
  time,
  unsigned,
  utf8String,
} from './der.js';
import type { SubjectName } from './names.js';

/** X.509 certificates of version 3 by RFC 5280, for keys of ECDSA on P-256, signed with SHA-256. */

const OID = {
  commonName: '2.5.4.3',
  organization: '2.5.4.10',
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
} as const;

/** Bits of keyUsage (RFC 5280 §4.2.1.3). */
const USAGE = { digitalSignature: 0, keyCertSign: 5, crlSign: 6 } as const;

/** Tags of GeneralName (RFC 5280 §4.2.1.6). */
const NAME_TAG = { dns: 2, address: 7 } as const;

/** RFC 5758 §3.2: without parameters. */
const SIGNATURE_ALGORITHM = sequence(objectIdentifier(OID.ecdsaWithSha256));
const ORGANIZATION = 'webserv';
/** Upper bound of a common name, in characters (RFC 5280 appendix A.1, ub-common-name). */
const MAX_COMMON_NAME = 64;
/** RFC 5280 §4.1.2.2 allows 20 octets, of a positive number. */
const SERIAL_BYTES = 16;
/** An uncompressed point of P-256 (RFC 5480 §2.2): the end of its SubjectPublicKeyInfo. */
const POINT_BYTES = 65;

/** The period in which a certificate is valid. Both moments are in it; milliseconds are dropped. */
export interface Validity {
  readonly from: Date;
  readonly to: Date;
}

/** A certificate with the key that signs with it. */
export interface Issuer {
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}

/** A key pair on P-256. */
export interface EcKeys {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/**
 * Makes the certificate of an authority, signed by its own key. It can sign servers' certificates, and no further
 * authority.
 * @param commonName cut to 64 characters
 * @returns PEM
 */
export function authorityCertificate(
  { publicKey, privateKey }: EcKeys,
  commonName: string,
  validity: Validity,
): string {
  const name = distinguishedName([
    [OID.organization, ORGANIZATION],
    [OID.commonName, commonName.slice(0, MAX_COMMON_NAME)],
  ]);
  const extensions = [
    critical(OID.basicConstraints, sequence(TRUE, unsigned(Buffer.of(0)))),
    critical(OID.keyUsage, bitFlags(USAGE.keyCertSign, USAGE.crlSign)),
    extension(OID.subjectKeyIdentifier, octetString(keyIdentifier(publicKey))),
  ];
  return signed({ issuer: name, subject: name, publicKey, validity, extensions }, privateKey);
}

/**
 * Makes the certificate of a server.
 * @param names at least one
 * @returns PEM
 */
export function serverCertificate(
  publicKey: KeyObject,
  names: readonly SubjectName[],
  validity: Validity,
  { certificate, key }: Issuer,
): string {
  const { subject: issuer, keyIdentifier: issuerKey } = readAuthority(certificate);
  const subject = distinguishedName([[OID.organization, `${ORGANIZATION} local certificate`]]);
  const extensions = [
    critical(OID.basicConstraints, sequence()),
    critical(OID.keyUsage, bitFlags(USAGE.digitalSignature)),
    extension(OID.extendedKeyUsage, sequence(objectIdentifier(OID.serverAuth))),
    extension(OID.subjectAltName, sequence(...names.map(generalName))),
    extension(OID.subjectKeyIdentifier, octetString(keyIdentifier(publicKey))),
    extension(OID.authorityKeyIdentifier, sequence(implicit(0, issuerKey))),
  ];
  return signed({ issuer, subject, publicKey, validity, extensions }, key);
}

/**
 * Checks a certificate and a key that were stored.
 * @throws Error that completes "the certificate …": what is wrong
 */
export function checkIssuer({ certificate, key }: Issuer): void {
  const { namedCurve } = certificate.publicKey.asymmetricKeyDetails ?? {};
  if (namedCurve !== 'prime256v1') throw new Error('has no key of ECDSA on P-256');
  if (!certificate.checkPrivateKey(key)) throw new Error('does not belong to the key');
  if (!certificate.ca || !certificate.verify(certificate.publicKey))
    throw new Error('is not that of an authority, signed by itself');
  readAuthority(certificate);
}

interface Contents {
  readonly issuer: Der;
  readonly subject: Der;
  readonly publicKey: KeyObject;
  readonly validity: Validity;
  readonly extensions: readonly Der[];
}

function signed({ issuer, subject, publicKey, validity, extensions }: Contents, key: KeyObject): string {
  const toBeSigned = sequence(
    tagged(0, unsigned(Buffer.of(2))), // version 3
    unsigned(randomBytes(SERIAL_BYTES)),
    SIGNATURE_ALGORITHM,
    issuer,
    sequence(time(validity.from), time(validity.to)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(3, sequence(...extensions)),
  );
  const signature = sign('sha256', toBeSigned, { key, dsaEncoding: 'der' });
  return new X509Certificate(sequence(toBeSigned, SIGNATURE_ALGORITHM, bitString(signature))).toString();
}

function distinguishedName(attributes: readonly (readonly [type: string, value: string])[]): Der {
  return sequence(
    ...attributes.map(([type, value]) => set(sequence(objectIdentifier(type), utf8String(value)))),
  );
}

function generalName(name: SubjectName): Der {
  return name.kind === 'dns'
    ? implicit(NAME_TAG.dns, Buffer.from(name.name, 'ascii'))
    : implicit(NAME_TAG.address, name.bytes);
}

const extension = (oid: string, value: Der): Der => sequence(objectIdentifier(oid), octetString(value));

const critical = (oid: string, value: Der): Der => sequence(objectIdentifier(oid), TRUE, octetString(value));

/** RFC 7093 §2, method 1: the first 160 bits of the hash of the public key. */
function keyIdentifier(publicKey: KeyObject): Buffer {
  const point = publicKey.export({ type: 'spki', format: 'der' }).subarray(-POINT_BYTES);
  return createHash('sha256').update(point).digest().subarray(0, 20);
}

interface AuthorityNames {
  readonly subject: Der;
  readonly keyIdentifier: Buffer;
}

/**
 * Reads what the certificates of an authority repeat of its own one, byte by byte: clients find the authority by it.
 * Node gives them as text only.
 * @throws Error for a certificate without them
 */
function readAuthority(certificate: X509Certificate): AuthorityNames {
  const toBeSigned = elementsIn(elementsIn(certificate.raw)[0]?.contents ?? Buffer.alloc(0))[0];
  const [_version, _serial, _algorithm, _issuer, _validity, subject, _key, ...rest] = elementsIn(
    toBeSigned?.contents ?? Buffer.alloc(0),
  );
  const wanted = objectIdentifier(OID.subjectKeyIdentifier);
  const extensions = elementsIn(rest.at(-1)?.contents ?? Buffer.alloc(0))[0];
  for (const { contents } of elementsIn(extensions?.contents ?? Buffer.alloc(0))) {
    const [oid, value] = elementsIn(contents);
    if (subject === undefined || value === undefined || oid?.whole.equals(wanted) !== true) continue;
    const [identifier] = elementsIn(value.contents);
    if (identifier !== undefined) return { subject: subject.whole, keyIdentifier: identifier.contents };
  }
  throw new Error('has no subject key identifier');
}
