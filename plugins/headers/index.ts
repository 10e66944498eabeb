import { definePlugin, type Finding, type Place, Stage } from '@webserv/server';
import { addHeader } from './add-header.js';
import { addedFields } from './added-fields.js';
import { type CorsPolicy, permissions } from './cors.js';
import { corsDirectives } from './cors-directives.js';
import { isOneOf, type Origins } from './origins.js';
import { answerPreflight, insteadOfRefusal, isPreflight } from './preflight.js';

/** After whatever else changes answers: what is written in the configuration has the last word. */
const LAST = Stage.fallback + 100;

/** Before redirects and passwords: browsers send neither of them with the question, nor follow. */
const FIRST = Stage.rewrite - 50;

function credentialsForAll(directive: string, place: Place | undefined): Finding {
  const message = `"${directive} *" cannot stand with "cors_credentials on": browsers refuse that`;
  return { code: 'cors-credentials', message, place, hint: 'name them, or take cors_credentials out' };
}

export default definePlugin({
  name: 'headers',
  directives: { add_header: addHeader, ...corsDirectives },
  codes: { 'cors-credentials': 'cookies and passwords cannot be let through for any origin' },
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
      // Said once, however many blocks inherit it.
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
        isPreflight(exchange) ? answerPreflight(policy, exchange) : undefined,
      );
      hooks.onResponse.tap({ stage: LAST }, (response, exchange) =>
        permit(insteadOfRefusal(policy, response, exchange), exchange),
      );
    }
    if (options.add_header.size > 0) hooks.onResponse.tap({ stage: LAST }, addedFields(options.add_header));
  },
});
