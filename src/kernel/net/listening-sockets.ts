import { createReadStream } from 'node:fs';
import { SocketAddress } from 'node:net';
import { endianness } from 'node:os';
import type { Address } from './address.js';

/** A listening socket of this machine (in this network namespace), as listed by Linux. */
export interface ListeningSocket {
  readonly address: Address;
  /** The inode by which a process's descriptor names it: `socket:[INODE]`. */
  readonly inode: string;
}

/** Maximum bytes read of a list; listening sockets come first in it, before any number of connections. */
const MAX_LIST = 1024 * 1024;
const LISTEN = '0A';
/** __SO_ACCEPTCON. */
const ACCEPTS = 0x10000;

/** All listening sockets. Empty without /proc. */
export async function listeningSockets(): Promise<readonly ListeningSocket[]> {
  const [tcp, tcp6, unix] = await Promise.all(['tcp', 'tcp6', 'unix'].map(linesOf));
  return [...[...(tcp ?? []), ...(tcp6 ?? [])].flatMap(tcpSocket), ...(unix ?? []).flatMap(unixSocket)];
}

async function linesOf(list: string): Promise<readonly string[]> {
  const pieces: Buffer[] = [];
  try {
    // This path works even if /proc only shows processes (mount option subset=pid).
    for await (const piece of createReadStream(`/proc/self/net/${list}`, { end: MAX_LIST }))
      pieces.push(piece);
  } catch {
    return [];
  }
  return Buffer.concat(pieces).toString('utf8').split('\n').slice(1);
}

/** `sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …` */
function tcpSocket(line: string): readonly ListeningSocket[] {
  const [, local = '', , state, , , , , , inode] = line.trim().split(/\s+/);
  const [host, port] = local.split(':');
  if (state !== LISTEN || host === undefined || port === undefined || inode === undefined) return [];
  const bytes = bytesOf(host);
  const text = bytes.length === 4 ? bytes.join('.') : ipv6(bytes);
  return [{ address: { kind: 'tcp', host: text, port: Number.parseInt(port, 16) }, inode }];
}

/** `Num RefCount Protocol Flags Type St Inode Path`; the path may contain spaces. */
function unixSocket(line: string): readonly ListeningSocket[] {
  const found = /^\S+: \S+ \S+ (\S+) \S+ \S+ +(\d+) (\/.*)$/.exec(line);
  const [, flags = '', inode = '', path = ''] = found ?? [];
  if (found === null || (Number.parseInt(flags, 16) & ACCEPTS) === 0) return [];
  return [{ address: { kind: 'unix', path }, inode }];
}

/** Words of 32 bits, each in the machine's byte order. */
function bytesOf(hex: string): Buffer {
  const bytes = Buffer.from(hex, 'hex');
  return endianness() === 'LE' ? bytes.swap32() : bytes;
}

/** The canonical form, as in `listen`. */
function ipv6(bytes: Buffer): string {
  const groups: string[] = [];
  for (let at = 0; at + 1 < bytes.length; at += 2) groups.push(bytes.readUInt16BE(at).toString(16));
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}
