import {
  ArgumentError,
  argument,
  type Directive,
  directive,
  readArgument,
  type Template,
} from '@webserv/server';

/** Makes the realm of WWW-Authenticate; `off` where nobody is asked. */
export type Challenge = { readonly realm: Template } | 'off';

function hasControl(text: string): boolean {
  return Array.from(text).some((character) => character < ' ' || character === '\x7f');
}

/** RFC 7617 §2 and §2.1; the realm is a quoted-string (RFC 9110 §5.6.4), in which a variable may bring anything. */
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
  help: 'asks for a name and a password; the realm tells people what for',
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
