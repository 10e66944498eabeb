#!/usr/bin/env node
import { closeUnaskedDebugger, takeSignalsEarly } from './early-signals.js';

takeSignalsEarly();
const { runCommandLine } = await import('./command-line.js');
closeUnaskedDebugger();
await runCommandLine(process.argv.slice(2));
