/** One test, for any runner: `for (const { name, run } of checks) test(name, run);` */
export interface Check {
  readonly name: string;
  /** @throws Error that says what is wrong */
  run(): Promise<void>;
}
