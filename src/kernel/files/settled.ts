const SETTLED_AFTER_MS = 1000;

/**
 * Whether a file was last changed long enough ago that its next change shows in its timestamps. Within one tick of the file
 * system's clock, a whole second on some, a file can change twice without a visible difference: what was read of a file
 * that is not settled may be outdated although its version is the same.
 * @param ctimeMs the time of its last change, by `Date.now()`: unlike mtime, programs cannot set it
 * @param afterMs milliseconds without a change; default: 1,000
 */
export function isSettled(ctimeMs: number, afterMs: number = SETTLED_AFTER_MS): boolean {
  return Date.now() - ctimeMs >= afterMs;
}
