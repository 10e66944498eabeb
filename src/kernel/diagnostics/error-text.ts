/** Text of a thrown value for the log: the stack if it has one. Never throws. */
export function describeError(error: unknown): string {
  try {
    return error instanceof Error ? (error.stack ?? String(error)) : String(error);
  } catch {
    return 'something that cannot be shown'; // any value can be thrown, even one whose properties throw when they are read
  }
}

/** Message of a thrown value, without a stack. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
