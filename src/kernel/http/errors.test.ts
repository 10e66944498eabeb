import { describe, expect, it } from 'vitest';
import { asHttpError, HttpError } from './errors.js';

const failed = (code: unknown, options: ErrorOptions = {}): Error =>
  Object.assign(new Error('failed', options), { code });

describe('asHttpError', () => {
  it.each([
    ['no descriptors in the process', failed('EMFILE'), 503],
    ['no descriptors on the machine', failed('ENFILE'), 503],
    ['no memory', failed('ENOMEM'), 503],
    [
      'one of them as a cause',
      new Error('outer', { cause: failed('EIO', { cause: failed('EMFILE') }) }),
      503,
    ],
    ['a broken disk', failed('EIO'), 500],
    ['a code that is not text', failed(24), 500],
    ['text', 'EMFILE', 500],
    ['undefined', undefined, 500],
  ])('%s', (_, thrown, status) => {
    const error = asHttpError(thrown);
    expect([error.status, error.headers]).toEqual([status, status === 503 ? { 'retry-after': '1' } : {}]);
    expect(error.cause).toBe(thrown);
  });

  it('returns an HttpError as it is, whatever its cause', () => {
    const error = new HttpError(404, { cause: failed('EMFILE') });
    expect(asHttpError(error)).toBe(error);
  });
});
