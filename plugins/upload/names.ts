import { randomBytes } from 'node:crypto';
import { safeFileName } from '@webserv/server';
import mime from 'mime';

/** After these a random number is tried: a hundred files of one name must not look at each other's numbers. */
const MAX_NUMBER = 5;
/** Bytes of a name, in the usual file systems. */
const MAX_NAME = 255;
/** What follows the last dot is an extension when it is as short as this, in bytes. */
const MAX_EXTENSION = 100;

function random(): string {
  return randomBytes(4).toString('hex');
}

/**
 * True for a name a client may give a file by its URL. It is taken as it is or not at all: the file must be found
 * again under the very URL it was put to.
 */
export function isAcceptable(name: string): boolean {
  return safeFileName(name) === name.normalize('NFC');
}

/** A new name, by time so that a listing is in order: `20250131T235959-1a2b3c4d.png`. */
export function generateName(type: string): string {
  const time = new Date().toISOString().replace(/[-:]|\.\d+Z$/g, '');
  return `${time}-${random()}.${mime.getExtension(type) || 'bin'}`;
}

/** The name a client proposes for a file of a form, made safe; a generated one where nothing of it is usable. */
export function chooseName(proposed: string, type: string): string {
  return safeFileName(proposed) ?? generateName(type);
}

/** `start` without as many characters at its end as make it too long for `bytes` bytes. */
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

/** What to try for a name: `a.txt`, `a-1.txt`, `a-2.txt` …, and random numbers after a few, so that one is free. */
export function alternative(name: string, attempt: number): string {
  if (attempt === 0) return name;
  const dot = name.lastIndexOf('.');
  const isExtension = dot > 0 && Buffer.byteLength(name.slice(dot)) <= MAX_EXTENSION;
  const stem = isExtension ? name.slice(0, dot) : name;
  const rest = `-${attempt <= MAX_NUMBER ? attempt : random()}${name.slice(stem.length)}`;
  return shortened(stem, MAX_NAME - Buffer.byteLength(rest)) + rest;
}
