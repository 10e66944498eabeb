import { styleText } from 'node:util';
import { errorCode } from '../kernel/diagnostics/error-code.js';
import { printable } from '../kernel/diagnostics/render.js';

/** Data goes to stdout, all that is said about it to stderr. */

interface Output {
  write(text: string): unknown;
  /** Whether people look at it, on a terminal with colours. */
  readonly colour: boolean;
}

let redirected: Output | undefined;
/** Why stdout could not be written. */
let outputError: Error | undefined;

/** From now on, what is printed goes there, and not to stdout. */
export function redirectOutput(output: Output): void {
  redirected = output;
}

/** What goes into a pipe or a file. */
export function print(text: string): void {
  if (redirected === undefined) process.stdout.write(text);
  else redirected.write(text);
}

/** What is said to the person at the terminal. A name that it quotes must not steer that terminal. */
export function say(text: string): void {
  process.stderr.write(`webserv: ${text.split('\n').map(printable).join('\n')}\n`);
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
  const isBold = redirected?.colour ?? hasColour(process.stdout);
  return isBold ? styleText('bold', text, { validateStream: false }) : text;
}

/** A lost terminal, or a full disk behind stdout, must not end a server. */
export function surviveLostReaders(): void {
  process.stdout.on('error', (error) => {
    outputError ??= error;
  });
  process.stderr.on('error', () => {});
}

/**
 * Waits for what was printed: a pipe may take it later than the process would end.
 * @returns why it could not be written. A reader that has seen enough (`webserv -T | head`) is no reason
 */
export async function written(): Promise<string | undefined> {
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
  const isReaderGone = errorCode(outputError) === 'EPIPE';
  return isReaderGone ? undefined : outputError?.message;
}
