import { type ChildProcess, spawn } from 'node:child_process';
import { url as debuggerUrl } from 'node:inspector';
import { fileURLToPath } from 'node:url';
import { packageFolder } from '../package-folder.js';
import { EXIT } from './exit.js';
import { hasColour, print, redirectOutput, say } from './terminal.js';

/**
 * A configuration may run code: a .ts file, a plugin. Whatever that code does (process.exit, an endless loop, a promise that
 * never settles, a crash, its own words on stdout), the command must not take it for a result. So a process of its own
 * loads the configuration; this one prints what it sends, and fails when no result comes.
 */

/** As long as a worker may take to start: what could be served must pass the test too. */
const TIME_LIMIT_MS = 30_000;
/** Before this nobody wonders. */
const NOTICE_MS = 15_000;
/** With its result sent, a process has nothing left to do. */
const EXIT_MS = 1000;

/** Set in the environment of that process, with what it has to know of this one's terminal. */
const VARIABLE = 'WEBSERV_APART';

type Message =
  | { readonly type: 'print'; readonly text: string }
  | { readonly type: 'result'; readonly code: number };

/** Whether this process is the one apart. */
let started = false;

/** True where a configuration may be loaded: here it is apart already, or a debugger wants to see it. */
export function isApart(): boolean {
  return started || debuggerUrl() !== undefined;
}

/** First thing in the process: nothing it loads or starts needs to know of it. */
export function takeApart(environment: NodeJS.ProcessEnv): void {
  const value = environment[VARIABLE];
  if (value === undefined) return;
  delete environment[VARIABLE];
  if (process.send === undefined) return;
  started = true;
  redirectOutput({ write: (text) => send({ type: 'print', text }), colour: value === 'colour' });
}

/** Sends the result of a process that is apart. */
export function sendResult(code: number): Promise<void> {
  return started ? send({ type: 'result', code }) : Promise.resolve();
}

function send(message: Message): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined) resolve();
    // Where the other process is gone, there is nobody to tell.
    else process.send(message, () => resolve());
  });
}

/** Runs the same command line in a process of its own. @returns its exit code */
export function runApart(args: readonly string[], timeLimitMs = TIME_LIMIT_MS): Promise<number> {
  const main = fileURLToPath(new URL('dist/src/cli/main.js', packageFolder));
  const child = spawn(process.execPath, [...process.execArgv, main, ...args], {
    env: { ...process.env, [VARIABLE]: hasColour(process.stdout) ? 'colour' : 'plain' },
    // What the configuration itself writes to stdout is not the command's output.
    stdio: ['inherit', 2, 2, 'ipc'],
  });
  const release = endWith(child);
  return resultOf(child, timeLimitMs).finally(release);
}

function resultOf(child: ChildProcess, timeLimitMs: number): Promise<number> {
  return new Promise((resolve) => {
    let code: number | undefined;
    const fail = (why: string): void => {
      say(`${why}; nothing is known about the configuration`);
      settle(EXIT.failure);
    };
    const notice = setTimeout(() => {
      say(`the configuration is still being loaded, for ${NOTICE_MS / 1000} s now`);
    }, NOTICE_MS);
    const limit = setTimeout(() => {
      fail(`the configuration was not loaded within ${timeLimitMs / 1000} s (does it wait, or loop?)`);
    }, timeLimitMs);
    const settle = (settled: number): void => {
      clearTimeout(notice);
      clearTimeout(limit);
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
      const result = message.code;
      code = result;
      setTimeout(() => settle(result), EXIT_MS).unref();
    });
    child.on('error', (error) => fail(`no process could be started to load it: ${error.message}`));
    // After "exit" there may be messages on their way.
    child.on('close', (exit, signal) => {
      if (code === undefined) fail(endedBecause(exit, signal));
      else settle(code);
    });
  });
}

/** Node's exit code where the program waits for a promise, and nothing is left that could settle it. */
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
  return message.type === 'result' && 'code' in message && typeof message.code === 'number';
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A signal that ends this process ends the other one too: it may be in an endless loop. */
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
