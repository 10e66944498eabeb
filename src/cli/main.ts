#!/usr/bin/env node
// Static imports are resolved before the first line runs: if a file were missing, Node would print a stack.
try {
  const { startCommand } = await import('./start-command.js');
  await startCommand();
} catch (error) {
  const [reason = ''] = String(error instanceof Error ? error.message : error).split('\n', 1);
  process.stderr.write(
    `webserv: ${reason}: the installation is incomplete; install webserv again, ` +
      'or in a checkout: npm ci && npm run build\n',
  );
  process.exitCode = 1;
}
