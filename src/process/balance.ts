/** Workers accept for themselves, and chance is not even: so much above its share is no reason to do anything. */
const TOLERANCE = 0.1;
const SLACK = 8;
/** Of its share, what a worker lets go of at once at most: each costs a client a new connection. */
const STEP = 0.2;
const MIN_STEP = 8;

/**
 * How many of its connections a worker should let go of, so that its clients connect anew and the others get some.
 * @param own how many it has
 * @param all how many each worker has, this one included
 */
export function excessOf(own: number, all: readonly number[]): number {
  const share = all.reduce((sum, count) => sum + count, 0) / all.length;
  if (all.length < 2 || own <= share * (1 + TOLERANCE) + SLACK) return 0;
  return Math.ceil(Math.min(own - share, Math.max(MIN_STEP, share * STEP)));
}
