/** Files of the suites that do not run over TLS, each with the reason. Single tests say theirs where they are. */
export const NOT_OVER_TLS: Readonly<Record<string, string>> = {
  'tests/hostile/crowd.test.ts': 'measures response times, and needs the machine to itself',
  'src/testing/conformance/conformance.test.ts': 'its connections are in memory, without sockets',
};
