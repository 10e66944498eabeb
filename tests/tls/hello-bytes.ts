import { randomBytes } from 'node:crypto';
import { handshakeRecord } from './reshaped.js';

/** A field with its length in front. */
export function vector(lengthBytes: 1 | 2 | 3, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const length = Buffer.alloc(lengthBytes);
  length.writeUIntBE(content.length, 0, lengthBytes);
  return Buffer.concat([length, content]);
}

export function number(bytes: 1 | 2, value: number): Buffer {
  const field = Buffer.alloc(bytes);
  field.writeUIntBE(value, 0, bytes);
  return field;
}

export const extension = (type: number, content: Buffer): Buffer =>
  Buffer.concat([number(2, type), vector(2, content)]);

/** RFC 6066 §3. */
export const serverNames = (...names: readonly string[]): Buffer =>
  extension(
    0,
    vector(2, ...names.map((name) => Buffer.concat([number(1, 0), vector(2, Buffer.from(name, 'latin1'))]))),
  );

/**
 * A ClientHello of TLS 1.2 that OpenSSL takes, without its record header: RFC 5246 §7.4.1.2.
 * @param extensions besides those that name groups, point formats and signature algorithms
 */
export function helloMessage(...extensions: readonly Buffer[]): Buffer {
  const body = Buffer.concat([
    number(2, 0x0303),
    randomBytes(32),
    vector(1),
    // ECDHE with ECDSA or RSA and AES-128-GCM.
    vector(2, number(2, 0xc02b), number(2, 0xc02f)),
    vector(1, number(1, 0)),
    vector(
      2,
      extension(10, vector(2, number(2, 29), number(2, 23))),
      extension(11, vector(1, number(1, 0))),
      extension(13, vector(2, number(2, 0x0403), number(2, 0x0804), number(2, 0x0401))),
      ...extensions,
    ),
  ]);
  return Buffer.concat([number(1, 1), vector(3, body)]);
}

export const hello = (...extensions: readonly Buffer[]): Buffer =>
  handshakeRecord(helloMessage(...extensions));
