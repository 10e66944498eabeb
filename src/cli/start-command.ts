import { catchSignalsEarly, closeUnrequestedDebugger, SERVER_SIGNALS } from './early-signals.js';
import { unexpected } from './unexpected.js';

/** Called by `main.ts`. */
export async function startCommand(): Promise<void> {
  catchSignalsEarly(...SERVER_SIGNALS);
  try {
    const [{ becomeLoaderProcess }, { runCommandLine }] = await Promise.all([
      import('./loader-process.js'),
      import('./command-line.js'),
    ]);
    closeUnrequestedDebugger();
    becomeLoaderProcess(process.env);
    await runCommandLine(process.argv.slice(2));
  } catch (error) {
    // The program itself could not be loaded.
    process.stderr.write(`webserv: ${unexpected(error)}\n`);
    process.exitCode = 1;
  }
}
