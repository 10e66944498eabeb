import { parentPort } from 'node:worker_threads';
import { verify } from './verify.js';

/** A password to check. */
export interface CheckRequest {
  readonly hash: string;
  readonly password: Uint8Array;
}

export interface CheckResult {
  readonly matches: boolean;
  /** Why the check failed. */
  readonly problem?: string;
}

function check({ hash, password }: CheckRequest): CheckResult {
  try {
    return { matches: verify(hash, password) };
  } catch (error) {
    return { matches: false, problem: error instanceof Error ? error.message : String(error) };
  }
}

parentPort?.on('message', (request: CheckRequest) => parentPort?.postMessage(check(request)));
