/**
 * Upper limit for any timeout. A worker that does not serve within 30 s is killed; by then the log must name the plugin
 * that blocks it.
 */
const LONGEST_MS = 20_000;

/**
 * Waits for a plugin's work (loading, starting or closing a server) for at most `plugin_timeout` or 20 s, whichever is
 * shorter.
 * @throws Error if it takes longer; its later result is ignored
 */
export async function withTimeout(pluginTimeout: number, work: () => Promise<void>): Promise<void> {
  const limitMs = Math.min(pluginTimeout, LONGEST_MS);
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`did not end within ${limitMs / 1000} s`)), limitMs);
  });
  try {
    await Promise.race([work(), tooLong]);
  } finally {
    clearTimeout(timer);
  }
}
