/** Exit codes of the command. Documented in every `--help` and in docs/operations.md. */
export const EXIT = {
  /** Done, or stopped as asked. */
  ok: 0,
  /** The configuration or an address in it cannot be used, or the output cannot be written. */
  failure: 1,
  /** An error in the command line. */
  usage: 2,
} as const;

export const EXIT_HELP =
  'exit codes: 0 done, or stopped as asked; 1 the configuration or an address cannot be used;\n' +
  '            2 an error in the command line\n';
