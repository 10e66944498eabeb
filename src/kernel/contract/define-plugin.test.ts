import { definePlugin, flag, text } from '@webserv/server';
import { describe, expect, expectTypeOf, it } from 'vitest';

/** As in plain JavaScript, where no compiler objects. */
const define = (definition: unknown): unknown => Reflect.apply(definePlugin, undefined, [definition]);

describe('definePlugin refuses what would do nothing, and says what was meant', () => {
  const row = { ...flag({ default: false, help: 'tests' }) };
  it.each<[object, string]>([
    [{ aply() {} }, 'plugin "p" has an unknown property "aply": did you mean "apply"?'],
    [{ apply: 'x' }, 'plugin "p": "apply" must be a function, got string'],
    [{ directives: [] }, 'plugin "p": "directives" must be an object, got list'],
    [
      { scripts: { names: () => undefined, of: 'p off;' } },
      'scripts has an unknown property "of": did you mean "off"?',
    ],
    [{ scripts: { off: 'p off;' } }, 'plugin "p", scripts: "names" is missing'],
    [{ scripts: { names: [], off: 'p off;' } }, 'plugin "p", scripts: "names" must be a function, got list'],
    [
      { variables: { user: { help: 'the user', valeu: () => '' } } },
      'plugin "p", variable "user" has an unknown property "valeu": did you mean "value"?',
    ],
    [{ variables: { http_user: { help: 'x' } } }, "the name is one of the request's own variables"],
    [{ variables: { user: () => '' } }, 'plugin "p", variable "user" must be an object, got function'],
    [
      { directives: { p: { ...row, defalt: true } } },
      'plugin "p", directive "p" has an unknown property "defalt"',
    ],
    [{ directives: { p: { ...row, read: 1 } } }, 'directive "p": "read" must be a function, got number'],
    [
      { directives: { p: { help: 'x' } } },
      'plugin "p", directive "p" is not a directive: make it with flag()',
    ],
    [{ directives: { p: flag } }, 'plugin "p", directive "p" must be an object, got function'],
    [
      { directives: { p: { ...row, block: { q: { ...row, hlep: '' } } } } },
      'plugin "p", directive "p", directive "q" has an unknown property "hlep": did you mean "help"?',
    ],
    [{ directives: { P: row } }, 'plugin "p", directive "P": use lower case words joined with underscores'],
    [{ codes: { a_b: 'x' } }, 'plugin "p", code "a_b": use lower case words joined with dashes'],
    [{ name: undefined }, 'plugin name "undefined": use lower case words'],
  ])('%o', (part, message) => {
    expect(() => define({ name: 'p', ...part })).toThrow(message);
  });

  it('an option of a directive that no builder has', () => {
    expect(() => Reflect.apply(flag, undefined, [{ defalt: false, help: 'tests' }])).toThrow(
      'a directive has an unknown property "defalt": did you mean "default"?',
    );
  });
});

it('the type of the state is that of what setup returns', () => {
  definePlugin({
    name: 'plain',
    directives: { plain: text({ default: undefined, help: 'tests' }) },
    setup() {
      return {
        count: 0,
        serve() {
          this.count += 1;
        },
      };
    },
    apply({ state, options }) {
      expectTypeOf(state.count).toEqualTypeOf<number>();
      expectTypeOf(options.plain).toEqualTypeOf<string | undefined>();
    },
  });
  definePlugin({
    name: 'with-context',
    directives: { limit: flag({ default: false, help: 'tests' }) },
    setup({ options }) {
      return {
        isLimited: options.limit,
        dispose() {
          this.isLimited = false;
        },
      };
    },
    apply({ state }) {
      expectTypeOf(state.isLimited).toEqualTypeOf<boolean>();
    },
  });
  definePlugin({
    name: 'later',
    setup: async () => new Map<string, number>(),
    apply({ state }) {
      expectTypeOf(state).toEqualTypeOf<Map<string, number>>();
    },
  });
  definePlugin({
    name: 'without-state',
    apply({ state }) {
      expectTypeOf(state).toEqualTypeOf<undefined>();
    },
  });
});
