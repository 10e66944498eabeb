import type { Readable } from 'node:stream';
import type { Content } from '../spool.js';

/** A program with its arguments and environment. The server's own environment is not inherited. */
export interface Invocation {
  /** Path of the program, and its arguments. No shell interprets them. */
  readonly command: readonly string[];

  /** Its working directory. */
  readonly workingDirectory: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Standard input. */
  readonly input: Content;
}

export interface Exit {
  /** undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

/** A running program, the leader of its own session and process group. */
export interface Child {
  readonly pid: number;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when the system has released the process, so that it is not a zombie any more. */
  readonly exited: Promise<Exit>;
  /** Resolves when it has exited and no process holds its stdout or stderr open. */
  readonly closed: Promise<void>;
}

/** Starts a program. @throws Error with a `code` such as ENOENT when the system refuses */
export type Launch = (invocation: Invocation) => Promise<Child>;
