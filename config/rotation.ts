/** What a password depends on: another text is another password. None where nothing is configured. */
export function effectiveRotation(...keys: (string | undefined)[]): string | undefined {
  const given = keys.filter((key) => key !== undefined);
  return given.length === 0 ? undefined : given.join("+");
}
