/** Data goes to stdout, all that is said about it to stderr. */

/** What goes into a pipe or a file. */
export function print(text: string): void {
  process.stdout.write(text);
}

/** What is said to the person at the terminal. */
export function say(text: string): void {
  process.stderr.write(`webserv: ${text}\n`);
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Whether to colour what is written to a stream: on a terminal, unless NO_COLOR is set (https://no-color.org);
 * FORCE_COLOR overrules both, as it does in Node itself.
 */
export function hasColour(
  stream: { readonly isTTY?: boolean | undefined },
  environment: Environment = process.env,
): boolean {
  const { FORCE_COLOR: forced, NO_COLOR: refused, TERM: terminal } = environment;
  if (forced !== undefined && forced !== '') return forced !== '0' && forced !== 'false';
  if (refused !== undefined && refused !== '') return false;
  return stream.isTTY === true && terminal !== 'dumb';
}

/** Bold on a terminal that has it. */
export function heading(text: string): string {
  return hasColour(process.stdout) ? `\u001b[1m${text}\u001b[0m` : text;
}

/** A reader that has seen enough (`webserv -T | head`) is no fault, and a lost terminal must not end a server. */
export function surviveLostReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}

/** A pipe may take what is written later than the process would end. */
export function written(): Promise<void> {
  return new Promise((resolve) => process.stdout.write('', () => resolve()));
}
