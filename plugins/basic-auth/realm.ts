import {
  ArgumentError,
  argument,
  type Directive,
  directive,
  readArgument,
  type Template,
} from '@webserv/server';

/** The realm of WWW-Authenticate; `off` where no password is required. */
export type Challenge = { readonly realm: Template } | 'off';

function hasControl(text: string): boolean {
  return Array.from(text).some((character) => character < ' ' || character === '\x7f');
}

/** Escapes the realm as a quoted-string (RFC 7617 §2 and §2.1, RFC 9110 §5.6.4), since variables may have any value. */
export function challengeOf(realm: string): string {
  const visible = realm.replace(/\p{Cc}/gu, ' ');
  const quoted = Buffer.from(visible.replace(/["\\]/g, '\\$&')).toString('latin1');
  return `Basic realm="${quoted}", charset="UTF-8"`;
}

export const authBasic: Directive<Challenge> = directive<Challenge, Challenge>({
  default: 'off',
  in: ['main', 'server', 'location'],
  usage: 'REALM|off',
  arguments: [1, 1],
  help: 'requires a user name and password; REALM names the area they are for',
  example: 'auth_basic "Members only";',
  parse({ arguments: [realm] }, scope) {
    if (realm === undefined) throw new ArgumentError('expected a realm, or "off"');
    if (realm.text === 'off') return 'off';
    if (realm.text !== '' && !hasControl(realm.text)) {
      return { realm: readArgument(argument.template, realm, scope) };
    }
    throw new ArgumentError('expected a realm of one line of text, or "off"', { argument: realm });
  },
  combine: (values, outer) => values.at(-1) ?? outer,
});
