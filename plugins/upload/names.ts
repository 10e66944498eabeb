import { randomBytes } from 'node:crypto';
import { safeFileName } from '@webserv/server';
import mime from 'mime';

/**
 * Number of numbered alternatives before random ones: a hundred files of one name must not probe each other's numbers.
 */
const MAX_NUMBER = 5;
/** Maximum bytes of a name in common file systems. */
const MAX_NAME = 255;
/** Maximum bytes of a suffix that counts as a file extension. */
const MAX_EXTENSION = 100;

function random(): string {
  return randomBytes(4).toString('hex');
}

/**
 * Whether a client may give a file this name in a URL. Names are accepted unchanged or rejected, because the file must
 * be available at the URL it was PUT to.
 */
export function isAcceptable(name: string): boolean {
  return safeFileName(name) === name.normalize('NFC');
}

/** Generates a name that starts with the time, so that listings are in order: `20250131T235959-1a2b3c4d.png`. */
export function generateName(type: string): string {
  const time = new Date().toISOString().replace(/[-:]|\.\d+Z$/g, '');
  return `${time}-${random()}.${mime.getExtension(type) || 'bin'}`;
}

/**
 * Returns the name that a client proposes for a file of a form, made safe, or a generated name when nothing of it is
 * usable.
 */
export function chooseName(proposed: string, type: string): string {
  return safeFileName(proposed) ?? generateName(type);
}

/** Removes characters from the end of `start` until it fits into `bytes` bytes. */
function shortened(start: string, bytes: number): string {
  if (Buffer.byteLength(start) <= bytes) return start;
  const characters = Array.from(start);
  let length = 0;
  const kept = characters.filter((character) => {
    length += Buffer.byteLength(character);
    return length <= bytes;
  });
  return kept.join('');
}

/** Returns the name for an attempt: `a.txt`, `a-1.txt`, `a-2.txt` …, then random numbers, one of which is free. */
export function alternative(name: string, attempt: number): string {
  if (attempt === 0) return name;
  const dot = name.lastIndexOf('.');
  const isExtension = dot > 0 && Buffer.byteLength(name.slice(dot)) <= MAX_EXTENSION;
  const stem = isExtension ? name.slice(0, dot) : name;
  const rest = `-${attempt <= MAX_NUMBER ? attempt : random()}${name.slice(stem.length)}`;
  return shortened(stem, MAX_NAME - Buffer.byteLength(rest)) + rest;
}
