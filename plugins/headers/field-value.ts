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

/** A value of a field: text ready to be sent, one character per byte, or a template rendered for each exchange. */
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

/** Text from a request already has one character per byte; a path is decoded and may have characters beyond that. */
function asBytes(text: string): string {
  for (let index = 0; index < text.length; index += 1) if (text.charCodeAt(index) > 0xff) return utf8(text);
  return text;
}

/** @throws ArgumentError for a text without variables that contains a control character */
export function readFieldValue(word: Argument, scope: Scope): FieldValue {
  const template = readArgument(argument.template, word, scope);
  // A template without variables renders its source text, with "$$" replaced.
  if (!template.constant) return template;
  const text = word.text.replaceAll('$$', '$');
  if (!hasControl(text)) return utf8(text);
  throw new ArgumentError('control characters are not allowed in a header field', { argument: word });
}

/** @throws HttpError 400 for a control character from a variable */
export function renderValue(value: FieldValue, exchange: Exchange): string {
  if (typeof value === 'string') return value;
  const text = value.render(exchange);
  if (hasControl(text)) throw new HttpError(400, { reason: 'control character in a header field' });
  return asBytes(text);
}
