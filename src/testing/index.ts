/** Entry for plugins' tests: `@webserv/server/testing`. It does not depend on a test runner. */
export type { Check } from './check.js';
export { type ConformanceOptions, conformance } from './conformance/index.js';
export {
  type DirectiveCases,
  directiveChecks,
  type ExpectedDiagnostic,
  type InvalidCase,
  type ValidCase,
} from './directive-checks.js';
export type { TestFiles } from './files.js';
export { type InjectedResponse, inject } from './inject.js';
export type { InjectRequest } from './request.js';
export { startTestServer, type TestServer, type TestServerOptions } from './test-server.js';
