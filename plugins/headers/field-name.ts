import { type Argument, ArgumentError } from '@webserv/server';

/** token, RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;

/** What frames an answer or tells of the connection: written by the server, from what it really does. */
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

/** In lower case. @throws ArgumentError for what is no name */
export function readFieldName(word: Argument): string {
  if (TOKEN.test(word.text)) return word.text.toLowerCase();
  const hint = word.text.endsWith(':')
    ? { hint: 'write the name without its colon, and the value as the next argument' }
    : {};
  const message = `expected the name of a header field, got ${JSON.stringify(word.text)}`;
  throw new ArgumentError(message, { argument: word, ...hint });
}

/** In lower case. @throws ArgumentError for what is no name, or one that only the server can give a value */
export function readSettableName(word: Argument): string {
  const name = readFieldName(word);
  if (OWNED.has(name)) {
    throw new ArgumentError(`the server itself writes "${word.text}"`, {
      argument: word,
      hint: 'take it out: its value follows from what is sent',
    });
  }
  return name;
}
