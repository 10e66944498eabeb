import { hkdfSync } from 'node:crypto';

/** Bytes of a ticket key as Node takes it: name, HMAC key and AES key of 16 bytes each. */
export const TICKET_KEY_SIZE = 48;
/** Bytes of the secret that the keys are derived from. */
export const TICKET_SECRET_SIZE = 32;

/**
 * The ticket key of one server (RFC 5077 §4). Each server has its own, so that a session of one server is never resumed
 * at another: that would skip the verification of the client's certificate (CVE-2025-23419).
 * @param secret the secret of all servers, in all processes
 * @param identity the server's; @see SecureServer
 */
export function ticketKey(secret: Uint8Array, identity: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `webserv session tickets ${identity}`, TICKET_KEY_SIZE));
}
