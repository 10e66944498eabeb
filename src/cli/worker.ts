/** What a worker process runs: the master starts it, with its order in its environment. */
// Static imports are resolved before the first line runs: where one was missing, the master would not learn of it.
try {
  const { startWorker } = await import('./start-worker.js');
  await startWorker();
} catch (error) {
  const [reason = ''] = String(error instanceof Error ? error.message : error).split('\n', 1);
  const report = `webserv: ${reason}: the program is not whole; install it again\n`;
  process.send?.({ type: 'refused', report }, () => process.exit(1));
}
