#!/usr/bin/env node
import { closeUnaskedDebugger, takeSignalsEarly } from './early-signals.js';
import { unexpected } from './unexpected.js';

takeSignalsEarly();
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
