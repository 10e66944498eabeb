/** A worker that does not serve within 30 s is given up; by then it should have been said which plugin keeps it. */
const LONGEST_MS = 20_000;

/**
 * What a plugin does while it is loaded, while a server is built, or ends, for as long as `plugin_timeout` allows, and 20 s at most.
 * @throws Error when it takes longer; nobody waits for it any more
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
