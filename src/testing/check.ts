/** A test for any runner: `for (const { name, run } of checks) test(name, run);` */
export interface Check {
  /** Title of the test. */
  readonly name: string;
  /**
   * Runs the test.
   * @throws Error that says what is wrong
   */
  run(): Promise<void>;
}
