import { parentPort } from 'node:worker_threads';
import { verify } from './verify.js';

/** A password to be checked. */
export interface Question {
  readonly hash: string;
  readonly password: Uint8Array;
}

export interface Answer {
  readonly matches: boolean;
  /** Why it could not be told. */
  readonly problem?: string;
}

function answer({ hash, password }: Question): Answer {
  try {
    return { matches: verify(hash, password) };
  } catch (error) {
    return { matches: false, problem: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.on('message', (question: Question) => parentPort?.postMessage(answer(question)));
