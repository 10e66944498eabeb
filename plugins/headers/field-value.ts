import {
  type Argument,
  ArgumentError,
  argument,
  type Exchange,
  HttpError,
  readArgument,
  type Scope,
  type Template,
} from '@webserv/server';

/** One value of a field: text that is fit to be sent, one character a byte, or what makes it for each exchange. */
export type FieldValue = string | Template;

const DELETE = 0x7f;
const TAB = 0x09;

function hasControl(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if ((code < 0x20 && code !== TAB) || code === DELETE) return true;
  }
  return false;
}

const utf8 = (text: string): string => Buffer.from(text).toString('latin1');

/** What a request sent is one character a byte already; a path has been decoded and may hold more. */
function asBytes(text: string): string {
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) > 0xff) return utf8(text);
  return text;
}

/** @throws ArgumentError for a text without variables that no field can have */
export function readFieldValue(word: Argument, scope: Scope): FieldValue {
  const template = readArgument(argument.template, word, scope);
  // Without variables in it, a template has the text of its source but for "$$".
  if (!template.constant) return template;
  const text = word.text.replaceAll('$$', '$');
  if (!hasControl(text)) return utf8(text);
  throw new ArgumentError('a control character cannot stand in a header field', { argument: word });
}

/** @throws HttpError 400 for a control character that a variable has brought */
export function renderValue(value: FieldValue, exchange: Exchange): string {
  if (typeof value === 'string') return value;
  const text = value.render(exchange);
  if (hasControl(text)) throw new HttpError(400, { reason: 'control character in a header field' });
  return asBytes(text);
}
