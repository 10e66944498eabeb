import { styleText } from 'node:util';
import { errorCode } from '../kernel/diagnostics/error-code.js';
import { printable } from '../kernel/diagnostics/render.js';

/** Results go to stdout, messages about them to stderr. */

interface Output {
  write(text: string): unknown;
  /** Whether it is a terminal with colours. */
  readonly colour: boolean;
}

let redirected: Output | undefined;
/** Error of a write to stdout. */
let outputError: Error | undefined;

/** Sends printed text to `output` from now on; to stdout if it is undefined. */
export function redirectOutput(output: Output | undefined): void {
  redirected = output;
}

/** Prints a result, which may go into a pipe or a file. */
export function print(text: string): void {
  if (redirected === undefined) process.stdout.write(text);
  else redirected.write(text);
}

/** Shows a message to the user at the terminal. Control characters in names it quotes are made printable. */
export function say(text: string): void {
  process.stderr.write(`webserv: ${text.split('\n').map(printable).join('\n')}\n`);
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Whether to colour output to a stream: on a terminal, unless NO_COLOR is set (https://no-color.org); FORCE_COLOR
 * overrides both, as it does in Node itself.
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

/** Formats text in bold if the output has colours. */
export function heading(text: string): string {
  const isBold = redirected?.colour ?? hasColour(process.stdout);
  return isBold ? styleText('bold', text, { validateStream: false }) : text;
}

/** A lost terminal, or a full disk behind stdout, must not end a server. */
export function ignoreOutputErrors(): void {
  outputError = undefined;
  process.stdout.on('error', (error) => {
    outputError ??= error;
  });
  process.stderr.on('error', () => {});
}

/**
 * Waits until the printed text has been written: a pipe may accept it only after the process would have ended.
 * @returns the error, if it could not be written; a reader that has closed the pipe (`webserv -T | head`) is not an
 * error
 */
export async function written(): Promise<string | undefined> {
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
  const isReaderGone = errorCode(outputError) === 'EPIPE';
  return isReaderGone ? undefined : outputError?.message;
}
