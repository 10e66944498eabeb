/** Entry of a worker process. The master starts it, with its order in the environment. */
// Static imports are resolved before the first line runs: if a file were missing, the master would not learn of it.
try {
  const { startWorker } = await import('./start-worker.js');
  await startWorker();
} catch (error) {
  const [reason = ''] = String(error instanceof Error ? error.message : error).split('\n', 1);
  const report = `webserv: ${reason}: the installation is incomplete; install webserv again\n`;
  process.send?.({ type: 'refused', report }, () => process.exit(1));
}
