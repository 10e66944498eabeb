import { ArgumentError, type Directive, directive } from '@webserv/server';

/** The value of WWW-Authenticate; `off` where nobody is asked. */
export type Challenge = { readonly field: string } | 'off';

function hasControl(text: string): boolean {
  return Array.from(text).some((character) => character < ' ' || character === '\x7f');
}

/** RFC 7617 §2 and §2.1; the realm is a quoted-string (RFC 9110 §5.6.4). */
export function challenge(realm: string): { readonly field: string } {
  const quoted = Buffer.from(realm.replace(/["\\]/g, '\\$&')).toString('latin1');
  return { field: `Basic realm="${quoted}", charset="UTF-8"` };
}

export const authBasic: Directive<Challenge> = directive<Challenge, Challenge>({
  default: 'off',
  in: ['main', 'server', 'location'],
  usage: 'REALM|off',
  arguments: [1, 1],
  help: 'asks for a name and a password; the realm tells people what for',
  example: 'auth_basic "Members only";',
  parse({ arguments: [realm] }) {
    if (realm === undefined) throw new ArgumentError('expected a realm, or "off"');
    if (realm.text === 'off') return 'off';
    if (realm.text !== '' && !hasControl(realm.text)) return challenge(realm.text);
    throw new ArgumentError('expected a realm of one line of text, or "off"', { argument: realm });
  },
  combine: (values, outer) => values.at(-1) ?? outer,
});
