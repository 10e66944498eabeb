import type { Readable } from 'node:stream';
import type { Content } from '../spool.js';

/** A program and all it gets. Nothing of the server's own environment comes with it. */
export interface Invocation {
  /** The program, a path, and its arguments. No shell looks at them. */
  readonly command: readonly string[];
  /** The folder it runs in. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Its standard input. */
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
  /** Settles when the system has given back the process: it is no zombie any more. */
  readonly exited: Promise<Exit>;
  /** Settles when it has exited and nobody holds its output and errors open. */
  readonly closed: Promise<void>;
}

/** Starts a program. @throws Error with a `code` such as ENOENT when the system refuses */
export type Launch = (invocation: Invocation) => Promise<Child>;
