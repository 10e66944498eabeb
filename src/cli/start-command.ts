import { closeUnaskedDebugger, SERVER_SIGNALS, takeSignalsEarly } from './early-signals.js';
import { unexpected } from './unexpected.js';

/** What `main.ts` runs. */
export async function startCommand(): Promise<void> {
  takeSignalsEarly(...SERVER_SIGNALS);
  try {
    const [{ takeApart }, { runCommandLine }] = await Promise.all([
      import('./apart.js'),
      import('./command-line.js'),
    ]);
    closeUnaskedDebugger();
    takeApart(process.env);
    await runCommandLine(process.argv.slice(2));
  } catch (error) {
    // The program itself could not be loaded.
    process.stderr.write(`webserv: ${unexpected(error)}\n`);
    process.exitCode = 1;
  }
}
