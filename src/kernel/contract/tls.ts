import type { Place } from '../diagnostics/diagnostic.js';

/** Modes of `ssl_verify_client`, as nginx has them. */
export const verifyModes = ['off', 'on', 'optional', 'optional_no_ca'] as const;
export type VerifyMode = (typeof verifyModes)[number];

/** The versions of TLS that are offered; older ones never are (RFC 8996). */
export const tlsVersions = ['TLSv1.2', 'TLSv1.3'] as const;
export type TlsVersion = (typeof tlsVersions)[number];

/** A certificate with its key in two PEM files. */
export interface CertificateFiles {
  readonly kind: 'files';
  /** Absolute. The server's certificate, then those of the authorities between it and a root. */
  readonly certificate: string;
  /** Absolute. */
  readonly key: string;
  /** Absolute. Passwords of keys, one a line; undefined without. */
  readonly passwords: string | undefined;
}

/** A certificate that the local authority makes, for development. */
export interface InternalCertificate {
  readonly kind: 'internal';
  /** The names it is for; never empty. */
  readonly names: readonly string[];
  /** Where the authority is kept. Absolute. */
  readonly stateDirectory: string;
}

/** Where a certificate and its key come from. */
export type CertificateOrigin = CertificateFiles | InternalCertificate;

/** An `ssl_certificate` with its key. */
export interface CertificateSetting {
  readonly origin: CertificateOrigin;
  /** Where the certificate is written in the configuration. */
  readonly place: Place | undefined;
  /** Where its key is. */
  readonly keyPlace: Place | undefined;
}

/** A file that a directive names. */
export interface NamedFile {
  /** Absolute. */
  readonly path: string;
  readonly place: Place | undefined;
}

/** TLS of one server. */
export interface TlsSettings {
  /** Several of different key types may serve one name. Empty where every handshake is rejected. */
  readonly certificates: readonly CertificateSetting[];
  readonly protocols: readonly TlsVersion[];
  /** OpenSSL's list, for TLS 1.2; those of TLS 1.3 are added where it names none. */
  readonly ciphers: string;
  readonly preferServerCiphers: boolean;
  /** OpenSSL's list of groups, or `auto`. */
  readonly curves: string;
  readonly sessionTickets: boolean;
  /** Holds the key of the tickets instead of one that the server draws. */
  readonly ticketKey: NamedFile | undefined;
  /** Milliseconds that a session can be resumed. */
  readonly sessionTimeout: number;
  readonly verifyClient: VerifyMode;
  /** Authorities of clients, told to them. */
  readonly clientCertificate: NamedFile | undefined;
  /** Further authorities of clients. */
  readonly trustedCertificate: NamedFile | undefined;
  /** Certificates of authorities between a client's and a root. */
  readonly verifyDepth: number;
  /** Revoked certificates of clients. */
  readonly crl: NamedFile | undefined;
  readonly rejectHandshake: boolean;
  /** Where these are written; undefined for a default. */
  readonly places: {
    readonly ciphers: Place | undefined;
    readonly curves: Place | undefined;
    readonly verifyClient: Place | undefined;
  };
  /** Milliseconds. */
  readonly handshakeTimeout: number;
}
