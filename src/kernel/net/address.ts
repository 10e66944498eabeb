export type Address =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** An address that a server listens on. */
export type ServedAddress = Address & {
  /** Whether TLS is spoken there. */
  readonly tls: boolean;
};

/** `127.0.0.1:8080`, `[::1]:8080`, `unix:/run/webserv.sock`. */
export function formatAddress(address: Address): string {
  if (address.kind === 'unix') return `unix:${address.path}`;
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
