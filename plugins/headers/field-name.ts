import { type Argument, ArgumentError } from '@webserv/server';

/** token, RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;

/** Fields about framing and the connection, which the server writes itself. */
const OWNED: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'proxy-connection',
  'server',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Returns the name in lower case. @throws ArgumentError for text that is not a field name */
export function readFieldName(word: Argument): string {
  if (TOKEN.test(word.text)) return word.text.toLowerCase();
  const hint = word.text.endsWith(':')
    ? { hint: 'write the name without its colon, and the value as the next argument' }
    : {};
  const message = `expected the name of a header field, got ${JSON.stringify(word.text)}`;
  throw new ArgumentError(message, { argument: word, ...hint });
}

/**
 * Returns the name in lower case. @throws ArgumentError for text that is not a field name, or a field that only the
 * server may set
 */
export function readSettableName(word: Argument): string {
  const name = readFieldName(word);
  if (OWNED.has(name)) {
    throw new ArgumentError(`"${word.text}" is set by the server and cannot be changed`, {
      argument: word,
      hint: 'remove this line',
    });
  }
  return name;
}
