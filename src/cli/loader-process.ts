import { type ChildProcess, spawn } from 'node:child_process';
import { url as debuggerUrl } from 'node:inspector';
import { fileURLToPath } from 'node:url';
import { packageDirectory } from '../package-directory.js';
import { EXIT } from './exit.js';
import { hasColour, print, redirectOutput, say } from './terminal.js';

/**
 * A configuration may run code: a .ts file, a plugin. That code may call process.exit, loop forever, never settle a
 * promise, crash, or print to stdout; the command must not take any of that for a result. So a separate process loads
 * the configuration, and this process prints what it sends and fails when no result comes.
 */

/** The same time that a worker may take to start: a configuration that can be served must pass the test too. */
const TIME_LIMIT_MS = 30_000;
/** Time after which the user sees that the configuration is still being loaded. */
const NOTICE_MS = 15_000;
/** Time to exit by itself after its result was sent. */
const EXIT_MS = 1000;

/** Set in the environment of the separate process: whether this process's terminal has colours. */
const VARIABLE = 'WEBSERV_LOADER';

type Message =
  | { readonly type: 'print'; readonly text: string }
  /** The configuration is loaded: what the command does now may take longer. */
  | { readonly type: 'loaded' }
  | { readonly type: 'result'; readonly code: number };

/** Whether this process is the separate one. */
let started = false;

/**
 * True where a configuration may be loaded: in the separate process, or under a debugger, which should see the load.
 */
export function mayLoadHere(): boolean {
  return started || debuggerUrl() !== undefined;
}

/** Called first in the process. Removes the variable: the code it loads and the programs it starts do not need it. */
export function becomeLoaderProcess(environment: NodeJS.ProcessEnv): void {
  const value = environment[VARIABLE];
  delete environment[VARIABLE];
  started = value !== undefined && process.send !== undefined;
  redirectOutput(
    started ? { write: (text) => send({ type: 'print', text }), colour: value === 'colour' } : undefined,
  );
}

/** Ends the time limit in the separate process. Call it when the command does more than read the configuration. */
export function configurationLoaded(): Promise<void> {
  return started ? send({ type: 'loaded' }) : Promise.resolve();
}

/** Sends the exit code from the separate process. */
export function sendResult(code: number): Promise<void> {
  return started ? send({ type: 'result', code }) : Promise.resolve();
}

function send(message: Message): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined) resolve();
    // If the other process has ended, the message is dropped.
    else process.send(message, () => resolve());
  });
}

/**
 * Runs the same command line in a separate process.
 * @returns its exit code
 */
export function runInLoaderProcess(args: readonly string[], timeLimitMs = TIME_LIMIT_MS): Promise<number> {
  const main = fileURLToPath(new URL('dist/src/cli/main.js', packageDirectory));
  const child = spawn(process.execPath, [...process.execArgv, main, ...args], {
    env: { ...process.env, [VARIABLE]: hasColour(process.stdout) ? 'colour' : 'plain' },
    // The configuration's own output to stdout is not the command's output: it goes to stderr.
    stdio: ['inherit', 2, 2, 'ipc'],
  });
  const release = endWith(child);
  return resultOf(child, timeLimitMs).finally(release);
}

function resultOf(child: ChildProcess, timeLimitMs: number): Promise<number> {
  return new Promise((resolve) => {
    let code: number | undefined;
    const fail = (why: string): void => {
      say(`${why}; the configuration was not checked`);
      settle(EXIT.failure);
    };
    const notice = setTimeout(() => {
      say(`still loading the configuration after ${NOTICE_MS / 1000} s`);
    }, NOTICE_MS);
    const limit = setTimeout(() => {
      fail(
        `the configuration was not loaded within ${timeLimitMs / 1000} s (does it wait for something, or loop?)`,
      );
    }, timeLimitMs);
    const release = (): void => {
      clearTimeout(notice);
      clearTimeout(limit);
    };
    const settle = (settled: number): void => {
      release();
      child.removeAllListeners();
      child.on('error', () => {});
      child.kill('SIGKILL');
      resolve(settled);
    };
    child.on('message', (message: unknown) => {
      if (!isMessage(message)) return;
      if (message.type === 'print') {
        print(message.text);
        return;
      }
      if (message.type === 'loaded') {
        release();
        return;
      }
      const result = message.code;
      code = result;
      setTimeout(() => settle(result), EXIT_MS).unref();
    });
    child.on('error', (error) => fail(`could not start a process to load it: ${error.message}`));
    // Messages may still arrive after "exit".
    child.on('close', (exit, signal) => {
      if (code === undefined) fail(endedBecause(exit, signal));
      else settle(code);
    });
  });
}

/** Node's exit code when the program waits for a promise and nothing is left that could settle it. */
const UNSETTLED = 13;

function endedBecause(exit: number | null, signal: NodeJS.Signals | null): string {
  const ended = 'the process that loaded the configuration ended without a result';
  if (signal !== null) return `${ended} (${signal})`;
  const why =
    exit === UNSETTLED ? 'a promise that it waits for never settles' : 'does it call process.exit()?';
  return `${ended} (exit ${exit}: ${why})`;
}

function isMessage(message: unknown): message is Message {
  if (typeof message !== 'object' || message === null || !('type' in message)) return false;
  if (message.type === 'print') return 'text' in message && typeof message.text === 'string';
  if (message.type === 'loaded') return true;
  return message.type === 'result' && 'code' in message && typeof message.code === 'number';
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A signal that ends this process also ends the separate one, which may be in an endless loop. */
function endWith(child: ChildProcess): () => void {
  const forward = (signal: NodeJS.Signals): void => {
    child.kill('SIGKILL');
    release();
    process.kill(process.pid, signal);
  };
  const release = (): void => {
    for (const signal of SIGNALS) process.off(signal, forward);
  };
  for (const signal of SIGNALS) process.on(signal, forward);
  return release;
}
