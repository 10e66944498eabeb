export async function findConfig(_cwd: string): Promise<string | undefined> {
  return undefined;
}
