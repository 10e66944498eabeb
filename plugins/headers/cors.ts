import type { Exchange, Response } from '@webserv/server';
import { type Fields, FixedChange, setField, withFields } from './fields.js';
import { isOfFamily, type Origins } from './origins.js';

/** CORS settings of a route. */
export interface CorsPolicy {
  readonly origins: Origins;
  /** Value of the field; undefined: the methods of the route. */
  readonly methods: string | undefined;
  /** Value of the field; undefined: the requested fields. */
  readonly headers: string | undefined;
  readonly expose: string | undefined;
  readonly credentials: boolean;
  /** Seconds. */
  readonly maxAge: number | undefined;
}

/**
 * Allows the browser to show a response to the requesting page (https://fetch.spec.whatwg.org/#http-cors-protocol).
 * Fields that a script set for this purpose are removed, so that only the configuration decides.
 * @param allowed value of the field; undefined when the origin is not allowed
 */
function permit(fields: Fields, policy: CorsPolicy, allowed: string | undefined): void {
  for (const name of [...fields.keys()]) if (isPermission(name)) fields.delete(name);
  if (policy.origins.kind === 'listed') setField(fields, 'vary', ['origin']);
  if (allowed === undefined) return;
  fields.set('access-control-allow-origin', allowed);
  if (policy.credentials) fields.set('access-control-allow-credentials', 'true');
  if (policy.expose !== undefined) fields.set('access-control-expose-headers', policy.expose);
}

/** Fields of a response to a preflight are not included, because this plugin writes them. */
function isPermission(name: string): boolean {
  return (
    name === 'access-control-allow-origin' ||
    name === 'access-control-allow-credentials' ||
    name === 'access-control-expose-headers'
  );
}

/** Returns a function that adds to a route's responses the permissions of the requesting origin. */
export function permissions(policy: CorsPolicy): (response: Response, exchange: Exchange) => Response {
  const { origins } = policy;
  if (origins.kind === 'none') return (response) => response;
  if (origins.kind === 'any') {
    const any = new FixedChange((fields) => permit(fields, policy, '*'));
    return (response) => any.of(response);
  }
  const denied = new FixedChange((fields) => permit(fields, policy, undefined));
  const listed = new Map(
    Array.from(origins.exact, (origin) => [
      origin,
      new FixedChange((fields) => permit(fields, policy, origin)),
    ]),
  );
  return (response, { request }) => {
    const origin = request.headers.get('origin');
    if (origin === undefined) return denied.of(response);
    const known = listed.get(origin);
    if (known !== undefined) return known.of(response);
    if (!origins.families.some((family) => isOfFamily(origin, family))) return denied.of(response);
    return withFields(response, (fields) => permit(fields, policy, origin));
  };
}
