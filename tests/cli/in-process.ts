import { vi } from 'vitest';
import { runCommand } from '../../src/cli/command-line.js';
import { becomeLoaderProcess } from '../../src/cli/loader-process.js';
import { redirectOutput } from '../../src/cli/terminal.js';
import { takeWorkingDirectory } from '../../src/kernel/diagnostics/working-directory.js';
import { type Ended, type RunOptions, repository } from './webserv.js';

/**
 * Runs a command from the sources in the test's process, in the role of the process that loads a configuration. Quicker
 * than `webserv`, which starts two processes. Use it to check what a command reports; use `webserv` for signals, streams
 * and how the process ends.
 */
export async function command(
  args: readonly string[],
  { cwd = repository }: Pick<RunOptions, 'cwd'> = {},
): Promise<Ended> {
  const texts = { stdout: '', stderr: '' };
  const before = process.cwd();
  const { FORCE_COLOR: forced } = process.env;
  delete process.env.FORCE_COLOR;
  const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    texts.stderr += String(text);
    return true;
  });
  becomeLoaderProcess({ WEBSERV_LOADER: 'plain' });
  redirectOutput({ write: (text) => (texts.stdout += text), colour: false });
  process.chdir(cwd);
  takeWorkingDirectory(cwd);
  try {
    const code = await runCommand(args);
    return { code, ...texts };
  } finally {
    stderr.mockRestore();
    process.chdir(before);
    takeWorkingDirectory(before);
    if (forced !== undefined) process.env.FORCE_COLOR = forced;
  }
}
