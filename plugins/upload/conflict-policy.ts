/** Policy for a file whose name is taken. */
export type ConflictPolicy = 'replace' | 'rename' | 'refuse';
