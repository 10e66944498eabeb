/** TLS on a connection, as negotiated. */
export interface TlsConnection {
  /** `TLSv1.2` or `TLSv1.3`. */
  readonly protocol: string;
  /** OpenSSL's name of the cipher suite: `TLS_AES_128_GCM_SHA256`. */
  readonly cipher: string;
  /** The name that the client asked for (RFC 6066 §3), in lower case; empty without one. */
  readonly serverName: string;
  /** The protocol that was agreed on (RFC 7301): `http/1.1`; empty where the client offered none. */
  readonly alpn: string;
  /** True if the client resumed an earlier session instead of a full handshake. */
  readonly sessionReused: boolean;
  /** `SUCCESS`, `FAILED:` with the reason, or `NONE` without a client certificate, as nginx's `$ssl_client_verify`. */
  readonly clientVerify: string;
  /** The client's certificate, whether it was verified or not; undefined without one. */
  readonly clientCertificate: ClientCertificate | undefined;
}

/** A client's certificate. */
export interface ClientCertificate {
  /** Distinguished name of its owner (RFC 2253): `CN=someone,O=Example`. */
  readonly subject: string;
  /** Distinguished name of its authority (RFC 2253). */
  readonly issuer: string;
  /** Hexadecimal, upper case. */
  readonly serial: string;
  /** SHA-1 of the certificate, 40 hexadecimal digits in lower case. */
  readonly fingerprint: string;
  /** SHA-256 of the certificate, 64 hexadecimal digits in lower case. */
  readonly fingerprint256: string;
  /** The certificate itself (PEM). */
  readonly pem: string;
}
