/**
 * Workers accept connections for themselves, so the distribution is uneven. An excess within these limits is ignored.
 */
const TOLERANCE = 0.1;
const SLACK = 8;
/** Maximum share of connections a worker sheds in one step: each costs a client a new connection. */
const STEP = 0.2;
const MIN_STEP = 8;

/**
 * Returns how many connections a worker should close, so that its clients reconnect and other workers get some of them.
 * @param own number of connections of this worker
 * @param all number of connections of each worker, including this one
 */
export function excessOf(own: number, all: readonly number[]): number {
  const share = all.reduce((sum, count) => sum + count, 0) / all.length;
  if (all.length < 2 || own <= share * (1 + TOLERANCE) + SLACK) return 0;
  return Math.ceil(Math.min(own - share, Math.max(MIN_STEP, share * STEP)));
}
