import { isIPv6 } from 'node:net';

/** The last two groups of an address that ends as IPv4 does (RFC 4291 §2.2, form 3) as the two groups they are. */
function withoutDots(address: string): string {
  const [, start = '', a, b, c, d] = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address) ?? [];
  if (a === undefined) return address;
  const group = (high = '', low = ''): string => (Number(high) * 256 + Number(low)).toString(16);
  return `${start}${group(a, b)}:${group(c, d)}`;
}

/** All eight groups. */
function groupsOf(address: string): readonly number[] {
  const [head = '', tail] = withoutDots(address).split('::');
  const read = (part: string): number[] =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const before = read(head);
  const after = read(tail ?? '');
  const left = Array.from({ length: 8 - before.length - after.length }, () => 0);
  return [...before, ...left, ...after];
}

/**
 * What to count a client by, where something is limited or shared by client: its address, but of an IPv6 address the
 * first 64 bits. Whoever has one address of such a network has all of them (RFC 4291 §2.5.4). An IPv4 address in
 * IPv6's clothes (`::ffff:192.0.2.1`) is that IPv4 address.
 * @param address as `peer.remoteAddress`; anything that is no IP address, such as a UNIX socket's, stays as it is
 */
export function clientNetwork(address: string): string {
  if (!isIPv6(address)) return address;
  const [bare = ''] = address.split('%');
  const groups = groupsOf(bare);
  const [high = 0, low = 0] = groups.slice(6);
  if (groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff) {
    return `${high >> 8}.${high & 0xff}.${low >> 8}.${low & 0xff}`;
  }
  return `${groups
    .slice(0, 4)
    .map((group) => group.toString(16))
    .join(':')}::/64`;
}
