// Errors that no compiler has seen: each entry is a location of the test, and its error.
import { definePlugin, HttpError, Stage, text } from '@webserv/server';

const answer = (fields) => () => ({ status: 200, body: 'x', ...fields });
const stream = (piece, headers) =>
  answer({
    headers,
    body: (async function* () {
      yield piece;
    })(),
  });
const throwing = (make) => () => {
  throw make();
};

/** The whole response is a 500. */
export const faults = {
  'no-object': () => 5,
  'status-text': answer({ status: '200' }),
  'status-100': answer({ status: 100 }),
  'status-600': answer({ status: 600 }),
  'body-null': answer({ body: null }),
  'body-number': answer({ body: 42 }),
  'body-object': answer({ body: { a: 1 } }),
  'body-array': answer({ body: [1, 2] }),
  'body-words': answer({ body: new Uint16Array(2) }),
  'body-getter': () => ({
    status: 200,
    get body() {
      throw new Error('no body');
    },
  }),
  'file-name': answer({ body: { file: '/etc/hostname', start: 0, end: 1 } }),
  'file-without-end': answer({ body: { file: {}, start: 0, end: Number.NaN } }),
  'file-backwards': answer({ body: { file: {}, start: 10, end: 5 } }),
  'headers-null': answer({ headers: null }),
  'headers-map': answer({ headers: new Map([['x-a', 'b']]) }),
  'headers-text': answer({ headers: 'x-a: b' }),
  'field-number': answer({ headers: { 'x-a': 5 } }),
  'field-numbers': answer({ headers: { 'x-a': [5] } }),
  'field-in-disguise': answer({ headers: { 'x-a': [{ length: 0, toString: () => 'a\r\nx-b: c' }] } }),
  'error-42': throwing(() => new HttpError(42)),
  'error-200': throwing(() => new HttpError(200)),
  'error-field': throwing(() => new HttpError(403, { headers: { 'x-a': 'a\r\nb: c' } })),
  'error-without-text': throwing(() => Object.create(null)),
  'error-that-throws': throwing(() =>
    Object.defineProperty(new Error(), 'message', { get: throwing(() => new Error('no message')) }),
  ),
};

/** The head was out, or its length told: the connection ends, and nothing that is no bytes was sent. */
export const broken = {
  'piece-text': stream('text'),
  'piece-text-longer-than-told': stream('h€llo', { 'content-length': '5' }),
  'piece-words': stream(new Uint16Array(2), { 'content-length': '2' }),
  'piece-null': stream(null),
  'breaks-with-what-cannot-be-shown': answer({
    body: {
      [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(Object.create(null)) }),
    },
  }),
  'no-iterator': answer({ body: { [Symbol.asyncIterator]: throwing(() => new Error('no iterator')) } }),
};

/** The client has its response; the rest is for the log. */
export const afterwards = {
  'owned-throws': (exchange) => {
    exchange.own({ close: throwing(() => new Error('cannot be closed')) });
    return { status: 200, body: 'x' };
  },
  'owned-nothing': (exchange) => {
    exchange.own(undefined);
    return { status: 200, body: 'x' };
  },
};

/** Untidy, but not an error. */
export const fine = {
  'method-changed': ({ request }) => {
    request.method = 'GET';
    return { status: 200, body: 'x' };
  },
  'error-logged': (_exchange, log) => {
    log.error(new Error('logged as it is'));
    return { status: 200, body: 'x' };
  },
};

export default definePlugin({
  name: 'rubbish',
  directives: { rubbish: text({ default: undefined, help: 'answers with rubbish' }) },
  apply({ options, hooks, log }) {
    const stage = Stage.rewrite - 10;
    const untidy = fine[options.rubbish];
    // They return a value where a promise is expected.
    if (untidy) hooks.onRoute.tapPromise({ stage }, (exchange) => untidy(exchange, log));
    const run = { ...faults, ...broken, ...afterwards }[options.rubbish];
    if (run) hooks.onRoute.tap({ stage }, run);
  },
});
