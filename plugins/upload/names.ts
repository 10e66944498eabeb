import { randomBytes } from 'node:crypto';
import { safeFileName } from '@webserv/server';
import mime from 'mime';

/** A name taken this often already gets a random number instead of the next one. */
const MAX_NUMBER = 99;

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

/** What to try for a name: `a.txt`, `a-1.txt`, `a-2.txt` …, and random numbers after that, so that one is free. */
export function alternative(name: string, attempt: number): string {
  if (attempt === 0) return name;
  const dot = name.lastIndexOf('.');
  const stem = dot > 0 ? name.slice(0, dot) : name;
  return `${stem}-${attempt <= MAX_NUMBER ? attempt : random()}${name.slice(stem.length)}`;
}
