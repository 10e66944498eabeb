/** What was thrown, as text for the log: with its place in the code where it has one. Never throws itself. */
export function describeError(error: unknown): string {
  try {
    return error instanceof Error ? (error.stack ?? String(error)) : String(error);
  } catch {
    return 'something that cannot be shown'; // anything can be thrown, also what throws when it is looked at
  }
}
