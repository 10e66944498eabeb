import { readFile } from 'node:fs/promises';

/** A process as /proc shows it to all users. */
export interface ProcessSeen {
  readonly name: string;
  /** A single letter, `Z` for a zombie. */
  readonly state: string;
  readonly parent: number;
}

/** @returns undefined if the process has ended or is not visible */
export async function processOf(pid: number): Promise<ProcessSeen | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // `PID (NAME) STATE PARENT …`: the name may contain any character, even parentheses.
  const close = text.lastIndexOf(')');
  if (close < 0) return undefined;
  const [state = '', parent] = text.slice(close + 2).split(' ');
  return { name: text.slice(text.indexOf('(') + 1, close), state, parent: Number(parent) };
}
