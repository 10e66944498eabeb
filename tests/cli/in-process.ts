import type { EventEmitter } from 'node:events';
import { closeSync, openSync, writeSync } from 'node:fs';
import { vi } from 'vitest';
import { runCommand, runCommandLine } from '../../src/cli/command-line.js';
import { becomeLoaderProcess } from '../../src/cli/loader-process.js';
import { redirectOutput } from '../../src/cli/terminal.js';
import { takeWorkingDirectory } from '../../src/kernel/diagnostics/working-directory.js';
import { startTestServer, type TestServer } from '../../src/testing/index.js';
import { type Ended, type RunOptions, repository } from './webserv.js';

type InProcessOptions = Pick<RunOptions, 'cwd' | 'environment'>;

/**
 * Runs a command from the sources in the test's process, in the role of the process that loads a configuration. Quicker
 * than `webserv`, which starts two processes. Use it to check what a command reports; use `webserv` for signals, streams
 * and how the process ends.
 */
export function command(args: readonly string[], options: InProcessOptions = {}): Promise<Ended> {
  return inProcess(options, (texts) => {
    becomeLoaderProcess({ WEBSERV_LOADER: 'plain' });
    redirectOutput({ write: (text) => (texts.stdout += text), colour: false });
    return runCommand(args);
  });
}

/**
 * Serves in the test's process what `webserv` with these arguments would serve: the configuration that it prints with
 * `--print-config`.
 */
export async function served(args: readonly string[], options: InProcessOptions = {}): Promise<TestServer> {
  const { code, stdout, stderr } = await command(['--print-config', ...args], options);
  if (code !== 0) throw new Error(stderr);
  return startTestServer(stdout);
}

interface CommandLineOptions extends InProcessOptions {
  /** File behind stdout. */
  readonly stdout?: string;
}

/**
 * Runs a command line from the sources in the test's process, in the role of the process that the user starts. If it
 * loads a configuration, a process of the built program loads it, whose own stderr is not captured.
 */
export function commandLine(
  args: readonly string[],
  { stdout: file, ...options }: CommandLineOptions = {},
): Promise<Ended> {
  return inProcess(options, async (texts) => {
    const restore = keepListeners();
    const descriptor = file === undefined ? undefined : openSync(file, 'w');
    const stdout = vi.spyOn(process.stdout, 'write').mockImplementation((...written: readonly unknown[]) => {
      const [text, done] = written;
      try {
        if (descriptor !== undefined) writeSync(descriptor, String(text));
        texts.stdout += String(text);
      } catch (error) {
        process.stdout.emit('error', error);
      }
      if (typeof done === 'function') done();
      return true;
    });
    const exit = vi.spyOn(process, 'exit').mockImplementation((code) => {
      throw new ExitCode(Number(code));
    });
    becomeLoaderProcess({});
    try {
      return await runCommandLine(args);
    } catch (error) {
      if (error instanceof ExitCode) return error.code;
      throw error;
    } finally {
      exit.mockRestore();
      stdout.mockRestore();
      restore();
      if (descriptor !== undefined) closeSync(descriptor);
    }
  });
}

class ExitCode extends Error {
  readonly code: number;

  constructor(code: number) {
    super(`process.exit(${code})`);
    this.code = code;
  }
}

/** @returns a function that removes the listeners that were added meanwhile */
function keepListeners(): () => void {
  const events: readonly (readonly [EventEmitter, string])[] = [
    [process.stdout, 'error'],
    [process.stderr, 'error'],
    [process, 'uncaughtException'],
  ];
  const kept = events.map(([emitter, event]) => emitter.rawListeners(event));
  return () => {
    for (const [at, [emitter, event]] of events.entries()) {
      for (const listener of emitter.rawListeners(event)) {
        if (!kept[at]?.includes(listener)) Reflect.apply(emitter.off, emitter, [event, listener]);
      }
    }
  };
}

interface Texts {
  stdout: string;
  stderr: string;
}

/** Captures stderr, with the working directory and the environment of a command. */
async function inProcess(
  { cwd = repository, environment = {} }: InProcessOptions,
  run: (texts: Texts) => Promise<number>,
): Promise<Ended> {
  const texts = { stdout: '', stderr: '' };
  const before = process.cwd();
  const restore = setVariables({ FORCE_COLOR: undefined, NO_COLOR: undefined, ...environment });
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    texts.stderr += String(text);
    return true;
  });
  process.chdir(cwd);
  takeWorkingDirectory(cwd);
  try {
    const code = await run(texts);
    return { code, ...texts };
  } finally {
    stderr.mockRestore();
    process.chdir(before);
    takeWorkingDirectory(before);
    restore();
  }
}

/**
 * Sets environment variables, or removes those that are undefined.
 * @returns a function that restores them
 */
function setVariables(variables: Readonly<Record<string, string | undefined>>): () => void {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  const set = (name: string, value: string | undefined): void => {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  };
  for (const [name, value] of Object.entries(variables)) set(name, value);
  return () => {
    for (const [name, value] of before) set(name, value);
  };
}
