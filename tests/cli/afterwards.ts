import { AsyncLocalStorage } from 'node:async_hooks';
import { beforeAll, onTestFinished, type TestContext } from 'vitest';

type Undo = () => unknown;

/** Registers what is to be undone; undefined: Vitest's function for the current test does. */
const scope = new AsyncLocalStorage<(undo: Undo) => void>();

/** Undoes something after the test, or after all tests that share it. The last is undone first. */
export function afterwards(undo: Undo): void {
  const register = scope.getStore();
  if (register === undefined) onTestFinished(async () => void (await undo()));
  else register(undo);
}

/** Time for servers to start before the first test of a block: Vitest's own limit is 10 s. */
const START_TIMEOUT_MS = 120_000;

/**
 * Creates something once, for all tests of a `describe` block or of a file.
 * @returns a function that returns it to a test
 */
export function shared<T>(create: () => Promise<T>): () => T {
  let created: { readonly value: T } | undefined;
  beforeAll(async () => {
    const undos: Undo[] = [];
    const undoAll = async (): Promise<void> => {
      for (const undo of undos.toReversed()) await undo();
    };
    try {
      const value = await scope.run((undo) => undos.push(undo), create);
      created = { value };
    } catch (error) {
      await undoAll();
      throw error;
    }
    return undoAll;
  }, START_TIMEOUT_MS);
  return () => {
    if (created === undefined)
      throw new Error('it is created before the first test, not while tests are collected');
    return created.value;
  };
}

/** Runs the body of a concurrent test: Vitest does not know which of several running tests calls `onTestFinished`. */
export function inTest<T>(context: TestContext, body: () => Promise<T>): Promise<T> {
  return scope.run((undo) => context.onTestFinished(async () => void (await undo())), body);
}
