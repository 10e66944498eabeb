import { definePlugin, type Finding, type Place, Stage } from '@webserv/server';
import { addHeader } from './add-header.js';
import { addedFields } from './added-fields.js';
import { type CorsPolicy, permissions } from './cors.js';
import { corsDirectives } from './cors-directives.js';
import { isOneOf, type Origins } from './origins.js';
import { insteadOfRefusal, isPreflight, respondToPreflight } from './preflight.js';

/** After all other plugins that change responses: the configuration overrides them. */
const LAST = Stage.fallback + 100;

/** Before redirects and authentication: browsers send no credentials with a preflight, and follow no redirects. */
const FIRST = Stage.rewrite - 50;

function credentialsForAll(directive: string, place: Place | undefined): Finding {
  const message = `"${directive} *" cannot be combined with "cors_credentials on": browsers reject that`;
  return {
    code: 'cors-credentials',
    message,
    place,
    hint: 'list the names instead of *, or remove cors_credentials',
  };
}

export default definePlugin({
  name: 'headers',
  directives: { add_header: addHeader, ...corsDirectives },
  codes: { 'cors-credentials': 'cors_credentials is not possible for any origin' },
  setup: () => ({ refused: new Set<Origins>() }),
  apply({ options, state, hooks, route, announce, placeOf, refuse }) {
    const policy: CorsPolicy = {
      origins: options.cors,
      methods: options.cors_methods,
      headers: options.cors_headers,
      expose: options.cors_expose,
      credentials: options.cors_credentials,
      maxAge: options.cors_max_age === undefined ? undefined : Math.floor(options.cors_max_age / 1000),
    };
    if (policy.credentials && (policy.origins.kind === 'any' || policy.expose === '*')) {
      const directive = policy.origins.kind === 'any' ? 'cors' : 'cors_expose';
      const own = placeOf(directive) ?? placeOf('cors_credentials');
      // Reported once, no matter how many blocks inherit it.
      if (own !== undefined || !state.refused.has(policy.origins))
        refuse(credentialsForAll(directive, own ?? route.place));
      state.refused.add(policy.origins);
      return;
    }
    const { origins } = policy;
    if (origins.kind !== 'none') {
      announce('cors', (origin) => isOneOf(origin, origins));
      const permit = permissions(policy);
      hooks.onRoute.tap({ stage: FIRST, methods: ['OPTIONS'] }, (exchange) =>
        isPreflight(exchange) ? respondToPreflight(policy, exchange) : undefined,
      );
      hooks.onResponse.tap({ stage: LAST }, (response, exchange) =>
        permit(insteadOfRefusal(policy, response, exchange), exchange),
      );
    }
    if (options.add_header.size > 0) hooks.onResponse.tap({ stage: LAST }, addedFields(options.add_header));
  },
});
