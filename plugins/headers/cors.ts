import type { Exchange, Response } from '@webserv/server';
import { type Fields, FixedChange, setField, withFields } from './fields.js';
import { isOfFamily, type Origins } from './origins.js';

/** What `cors` and the directives beside it say for a route. */
export interface CorsPolicy {
  readonly origins: Origins;
  /** As it stands in the field; undefined: what the route takes. */
  readonly methods: string | undefined;
  /** As it stands in the field; undefined: what is asked for. */
  readonly headers: string | undefined;
  readonly expose: string | undefined;
  readonly credentials: boolean;
  /** Seconds. */
  readonly maxAge: number | undefined;
}

/**
 * Lets the browser show an answer to the page that asked (https://fetch.spec.whatwg.org/#http-cors-protocol). What a
 * script has said of this is taken back: there is one who decides.
 * @param allowed the field's value; undefined: not to this origin
 */
function permit(fields: Fields, policy: CorsPolicy, allowed: string | undefined): void {
  for (const name of [...fields.keys()]) if (isPermission(name)) fields.delete(name);
  if (policy.origins.kind === 'listed') setField(fields, 'vary', ['origin']);
  if (allowed === undefined) return;
  fields.set('access-control-allow-origin', allowed);
  if (policy.credentials) fields.set('access-control-allow-credentials', 'true');
  if (policy.expose !== undefined) fields.set('access-control-expose-headers', policy.expose);
}

/** Those of the answer to a preflight were written by this plugin. */
function isPermission(name: string): boolean {
  return (
    name === 'access-control-allow-origin' ||
    name === 'access-control-allow-credentials' ||
    name === 'access-control-expose-headers'
  );
}

/** Gives a route's answers the permissions of whoever asked. */
export function permissions(policy: CorsPolicy): (response: Response, exchange: Exchange) => Response {
  const { origins } = policy;
  if (origins.kind === 'none') return (response) => response;
  if (origins.kind === 'any') {
    const any = new FixedChange((fields) => permit(fields, policy, '*'));
    return (response) => any.of(response);
  }
  const nobody = new FixedChange((fields) => permit(fields, policy, undefined));
  const listed = new Map(
    Array.from(origins.exact, (origin) => [
      origin,
      new FixedChange((fields) => permit(fields, policy, origin)),
    ]),
  );
  return (response, { request }) => {
    const origin = request.headers.get('origin');
    if (origin === undefined) return nobody.of(response);
    const known = listed.get(origin);
    if (known !== undefined) return known.of(response);
    if (!origins.families.some((family) => isOfFamily(origin, family))) return nobody.of(response);
    return withFields(response, (fields) => permit(fields, policy, origin));
  };
}
